//! Workers that would fail every job at once, and so take the jobs of all others: their key is not
//! good any more, they do not see the input, or they look in another store.

use std::path::Path;
use std::time::Duration;

use lumimill_tests::{BUCKET, FaultProxy, HttpFault, NO_RUNTIME, SLOW, has_runtime};

use super::health::answer;
use super::{REST, begin_anew, broker_behind, slow_down, store_behind};
use crate::faults::Trial;

/// Failures of a worker that rests as it should, at most, while others do a whole campaign.
const FEW: usize = 20;

const DENIED: HttpFault = HttpFault::Answer {
    status: 403,
    code: "InvalidAccessKeyId",
};

fn fails(trial: &Trial, worker: &str) -> usize {
    let log = trial.site.log(worker);
    ["shard failed", "campaign not found"]
        .map(|words| log.matches(words).count())
        .iter()
        .sum()
}

/// Nothing was given up, and what failed was no fault of the jobs.
#[track_caller]
fn assert_nothing_was_given_up(trial: &Trial) {
    let listed = trial.site.run(&["dead", "list"]).expect_code(0);
    assert!(listed.out.contains("0 dead letters"), "{}", listed.out);
    let logs = trial.site.logs();
    let given_up = logs.lines().find(|line| line.contains("set aside"));
    assert_eq!(given_up, None, "a job was given up");
}

#[test]
fn a_worker_whose_key_is_not_good_any_more() {
    let Some(mut trial) = Trial::start("a_worker_whose_key_is_not_good_any_more") else {
        return;
    };
    slow_down(&mut trial, "0.3");
    let proxy = FaultProxy::http_to(trial.site.store.port());
    let behind = store_behind(&proxy);
    trial.site.set("LUMIMILL_S3_ENDPOINT", &behind);
    let arguments = ["--slots", "2", "--listen", "127.0.0.1:0"];
    trial.site.worker("w0", &arguments);
    trial.site.unset("LUMIMILL_S3_ENDPOINT");
    trial.site.serve("serve", &[]);
    trial.submit();
    trial.site.wait_until("the worker at work", |site| {
        site.log("w0").contains("shard done")
    });
    for name in ["w1", "w2"] {
        trial.start_worker(name);
    }
    proxy.inject(|_| Some(DENIED));
    trial.site.wait_until("a worker that rests", |site| {
        let ready = answer(site, "w0", "/readyz");
        ready.starts_with("HTTP/1.1 503") && ready.contains("resting: store: ")
    });
    assert!(answer(&trial.site, "w0", "/healthz").starts_with("HTTP/1.1 200"));
    trial.site.wait_until("its metric", |site| {
        answer(site, "w0", "/metrics").contains("lumimill_worker_resting{pool=\"cpu\"} 1")
    });
    trial.assert_undisturbed();
    assert_nothing_was_given_up(&trial);
    let failed = fails(&trial, "w0");
    eprintln!("{failed} jobs were refused by the store");
    assert!((2..=FEW).contains(&failed), "{failed} failures");
    let log = trial.site.log("w0");
    assert!(log.contains("credentials"), "what to do: {log}");
    assert!(!log.contains("attempt=2"), "no attempt was used up: {log}");
    assert_eq!(trial.site.ended("w0"), None, "it lives");
    // Once the key is good again it works, and is alone.
    proxy.pass();
    for name in ["w1", "w2"] {
        trial.site.kill(name);
    }
    begin_anew(&trial);
    trial.submit();
    trial.assert_undisturbed();
    one_process_whose_tables_are_refused(&mut trial, &proxy);
}

/// Nobody else would do its jobs, and somebody waits: it does not rest.
fn one_process_whose_tables_are_refused(trial: &mut Trial, proxy: &FaultProxy) {
    for name in ["serve", "w0"] {
        trial.site.kill(name);
    }
    begin_anew(trial);
    proxy.inject(|request| {
        let is_table = request.method == "PUT" && request.target.contains("part-");
        is_table.then_some(DENIED)
    });
    let behind = store_behind(proxy);
    trial.site.set("LUMIMILL_S3_ENDPOINT", &behind);
    trial.site.unset(SLOW);
    let ended = trial.site.run(&["run", &trial.file()]).expect_code(3);
    ended.says(&["access denied", "AWS_SECRET_ACCESS_KEY"]);
    assert!(!ended.err.contains("nothing new is taken"), "{}", ended.err);
    let status = ["status", &trial.file(), "--failed", "--json"];
    let status = trial.site.run(&status).expect_code(0);
    let status: serde_json::Value = serde_json::from_str(&status.out).unwrap();
    let failures = status["failures"].as_array().unwrap();
    assert_eq!(failures.len(), 1, "like failures are one: {status}");
}

#[test]
fn workers_that_look_in_the_wrong_place() {
    let Some(mut trial) = Trial::start("workers_that_look_in_the_wrong_place") else {
        return;
    };
    slow_down(&mut trial, "0.1");
    one_without_the_input(&mut trial);
    one_of_another_store(&mut trial);
    if has_runtime("workers_that_look_in_the_wrong_place") {
        one_without_the_engine(&mut trial);
    }
}

fn one_without_the_input(trial: &mut Trial) {
    trial.site.serve("serve", &[]);
    trial.submit();
    let file = trial.file();
    let folder = Path::new(&file).parent().unwrap();
    let (data, elsewhere) = (folder.join("data"), folder.join("not mounted"));
    std::fs::rename(&data, &elsewhere).unwrap();
    trial.site.worker("w0", &["--slots", "2"]);
    trial.site.wait_until("a missing file", |site| {
        site.log("w0").contains("kind=\"missing\"")
    });
    std::thread::sleep(Duration::from_secs(7));
    let failed = fails(trial, "w0");
    eprintln!("{failed} jobs missed their input");
    assert!((2..=8).contains(&failed), "{failed} failures");
    std::fs::rename(&elsewhere, &data).unwrap();
    trial.start_worker("w1");
    trial.assert_undisturbed();
    assert_nothing_was_given_up(trial);
}

fn one_of_another_store(trial: &mut Trial) {
    for name in ["w0", "w1"] {
        trial.site.kill(name);
    }
    begin_anew(trial);
    let store = format!("s3://{BUCKET}/site");
    trial
        .site
        .set("LUMIMILL_STORE", &format!("s3://{BUCKET}/elsewhere"));
    trial.site.worker("lost", &["--slots", "3"]);
    trial.site.set("LUMIMILL_STORE", &store);
    trial.submit();
    trial.site.wait_until("a job without a campaign", |site| {
        site.log("lost").contains("was not submitted to this store")
    });
    trial.start_worker("w1");
    trial.assert_undisturbed();
    assert_nothing_was_given_up(trial);
    let failed = fails(trial, "lost");
    eprintln!("{failed} jobs were looked for in the wrong store");
    assert!((1..=FEW).contains(&failed), "{failed} failures");
}

/// The plan says that ONNX Runtime evaluates a model, and one worker has none.
fn one_without_the_engine(trial: &mut Trial) {
    for name in ["lost", "w1"] {
        trial.site.kill(name);
    }
    begin_anew(trial);
    let model = "onnx = \"models/HLT_Mu17_Mu8.onnx\"\n";
    trial.change(model, &format!("{model}engine = \"runtime\"\n"));
    trial.expect_anew();
    let (name, none) = NO_RUNTIME;
    trial.site.set(name, none);
    trial.site.worker("lacking", &["--slots", "3"]);
    trial.site.unset(name);
    trial.submit();
    trial.site.wait_until("a worker that rests", |site| {
        let log = site.log("lacking");
        log.contains("found none here: `lumimill runtime install` gets it")
            && log.contains("nothing new is taken for a while")
    });
    trial.start_worker("w1");
    trial.assert_undisturbed();
    assert_nothing_was_given_up(trial);
    let failed = fails(trial, "lacking");
    eprintln!("{failed} jobs lacked their engine");
    assert!((1..=FEW).contains(&failed), "{failed} failures");
    assert!(!trial.site.log("lacking").contains("shard done"));
}

/// It has jobs under way that it took by way of its first connection, and room for no other: what
/// it was sent would wait for it, while somebody else has nothing to do.
#[test]
fn a_worker_that_comes_back_with_all_its_slots_full() {
    let Some(mut trial) = Trial::start("a_worker_that_comes_back_with_all_its_slots_full") else {
        return;
    };
    let proxy = FaultProxy::to(trial.site.broker.port());
    let (direct, behind) = (trial.site.broker.address(), broker_behind(&trial, &proxy));
    trial.site.set("LUMIMILL_BROKER", &behind);
    // Longer than anybody waits.
    trial.site.set(SLOW, "taken:600:2");
    trial.site.worker("full", &["--slots", "2"]);
    trial.site.set("LUMIMILL_BROKER", &direct);
    trial.site.unset(SLOW);
    trial.submit();
    trial.site.wait_until("jobs under way", |site| {
        site.log("full").contains("campaign loaded")
    });
    std::thread::sleep(REST);
    proxy.cut();
    trial.site.wait_until("the worker to come back", |site| {
        site.log("full").matches("connected to").count() == 2
    });
    std::thread::sleep(REST);
    trial.site.serve("serve", &[]);
    trial.start_worker("w1");
    trial.assert_undisturbed();
    assert!(!trial.site.log("full").contains("shard done"));
    assert_eq!(trial.site.ended("full"), None, "it lives");
}
