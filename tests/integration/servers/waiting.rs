//! Whoever waits is told for what: a pool without workers, a campaign that is paused, a coordinator
//! that is gone, a broker that takes nothing, jobs whose campaign is gone, servers that say nothing.

use std::net::TcpListener;
use std::process::{Child, Stdio};

use lumimill_common::job::pack;
use lumimill_common::queue::{DEAD, ORIGIN, REASON, jobs};
use lumimill_tests::Cluster;
use serde_json::Value;

use super::begin_anew;
use crate::faults::{CAMPAIGN, Post, Trial};
use crate::{lumimill, lumimill_worker};

/// What the status of the campaign says of waiting, by what it is about; asked by its name.
fn waits(site: &Cluster) -> Vec<(String, String)> {
    let status = site.run(&["status", CAMPAIGN, "--json"]).expect_code(0);
    let status: Value = serde_json::from_str(&status.out).unwrap();
    let waits = status["waits"].as_array().unwrap();
    let text = |wait: &Value, name: &str| wait[name].as_str().unwrap().to_owned();
    waits
        .iter()
        .map(|wait| (text(wait, "about"), text(wait, "message")))
        .collect()
}

/// Waits until the status says this, and says it to people too.
#[track_caller]
fn wait_for(site: &Cluster, about: &str, words: &str) {
    let mut last = Vec::new();
    site.wait_until(&format!("{words:?}"), |site| {
        last = waits(site);
        let is_it = |(of, message): &(String, String)| of == about && message.contains(words);
        last.iter().any(is_it)
    });
    let text = site.run(&["status", CAMPAIGN]).expect_code(0).out;
    let line = text.lines().find(|line| line.starts_with("  waits: "));
    assert!(line.is_some(), "{text}");
}

fn tell(trial: &Trial, verb: &str) {
    let _ = trial.site.run(&[verb, CAMPAIGN]).expect_code(0);
}

#[test]
fn a_campaign_that_waits_says_for_what() {
    let Some(mut trial) = Trial::start("a_campaign_that_waits_says_for_what") else {
        return;
    };
    trial.submit();
    wait_for(
        &trial.site,
        "coordinator",
        "no coordinator was ever heard of",
    );
    trial.site.serve("serve", &[]);
    wait_for(&trial.site, "pool", "pool cpu has no workers");
    tell(&trial, "pause");
    wait_for(&trial.site, "paused", "`lumimill resume demo`");
    tell(&trial, "resume");
    trial.site.kill("serve");
    wait_for(&trial.site, "coordinator", "the coordinator is silent for ");
    trial.site.serve("serve", &[]);
    a_broker_that_takes_nothing(&mut trial);
    jobs_of_a_campaign_that_is_gone(&mut trial);
    letters_whose_shards_are_done(&mut trial);
    a_worker_that_ends(&mut trial);
}

fn a_broker_that_takes_nothing(trial: &mut Trial) {
    let watermark = |to: &str| {
        let broker = &trial.site.broker;
        broker.control(&["set_vm_memory_high_watermark", to]);
    };
    watermark("0.00001");
    wait_for(&trial.site, "broker", "connection.blocked");
    watermark("0.6");
    wait_for(&trial.site, "pool", "pool cpu has no workers");
}

/// Somebody removed the campaign from the store, and its jobs are still with the broker.
fn jobs_of_a_campaign_that_is_gone(trial: &mut Trial) {
    for key in trial.site.keys(CAMPAIGN) {
        trial.site.delete(&key);
    }
    let count = trial.shards().len();
    trial.site.worker("w0", &["--slots", "2"]);
    trial.site.wait_until("the last of its jobs", |site| {
        site.log("w0").matches("is gone from the store").count() >= count
    });
    let log = trial.site.log("w0");
    assert!(!log.contains("nothing new is taken"), "it rests: {log}");
    begin_anew(trial);
    trial.submit();
    trial.assert_undisturbed();
}

/// What was given up, and done by somebody else.
fn letters_whose_shards_are_done(trial: &mut Trial) {
    let post = Post::at(&trial.site);
    for (number, shard) in trial.shards().iter().take(25).enumerate() {
        let mut letter = pack(1, &trial.job(shard)).unwrap();
        letter.headers.insert(REASON.to_owned(), "odd".to_owned());
        let queue = if number == 0 {
            "elsewhere".to_owned()
        } else {
            jobs("cpu")
        };
        letter.headers.insert(ORIGIN.to_owned(), queue);
        post.publish(DEAD, letter);
    }
    let list = |site: &Cluster| site.run(&["dead", "list"]).expect_code(0).out;
    trial
        .site
        .wait_until("the letters", |site| list(site).contains("25 dead letters"));
    let listed = list(&trial.site);
    assert!(listed.contains("(done meanwhile): odd"), "{listed}");
    assert!(listed.contains("… and 5 lines more"), "{listed}");
    assert!(
        listed.contains("24 of them were done meanwhile"),
        "{listed}"
    );
    let dropped = trial.site.run(&["dead", "drop", "--done"]).expect_code(0);
    assert!(
        dropped.out.contains("24 letters dropped"),
        "{}",
        dropped.out
    );
    let listed = list(&trial.site);
    assert!(
        listed.contains("elsewhere") && listed.contains("1 dead letters"),
        "{listed}"
    );
    let id = listed.split(' ').next().unwrap().to_owned();
    let _ = trial.site.run(&["dead", "drop", &id]).expect_code(0);
    assert!(list(&trial.site).contains("0 dead letters"));
    let nothing = trial.site.run(&["dead", "drop", &id]).expect_code(2);
    nothing.says(&["there is no letter"]);
}

/// One that ends says so, and is listed no more; every command takes the name of a campaign.
fn a_worker_that_ends(trial: &mut Trial) {
    let workers = |site: &Cluster| {
        let status = site.run(&["status", CAMPAIGN, "--json"]).expect_code(0);
        let status: Value = serde_json::from_str(&status.out).unwrap();
        status["workers"].as_array().unwrap().len()
    };
    trial
        .site
        .wait_until("the worker", |site| workers(site) == 1);
    trial.site.signal("w0", "TERM");
    assert_eq!(trial.site.wait_for_end("w0"), 0);
    trial
        .site
        .wait_until("no worker", |site| workers(site) == 0);
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().to_str().unwrap();
    for args in [
        vec!["verify", CAMPAIGN],
        vec!["fetch", CAMPAIGN, "--report-only", "--output", folder],
        vec!["report", CAMPAIGN],
        vec!["resubmit", CAMPAIGN, "--failed", "--dry-run"],
    ] {
        let _ = trial.site.run(&args).expect_code(0);
    }
    let unknown = trial.site.run(&["status", "nobody"]).expect_code(2);
    unknown.says(&["no campaign of this name"]);
}

/// A pool whose queue the user may not declare is the trouble of its campaign alone.
#[test]
fn a_pool_that_nobody_may_declare_says_what_to_import() {
    let test = "a_pool_that_nobody_may_declare_says_what_to_import";
    let Some(broker) = lumimill_tests::RabbitMq::start_defined(test) else {
        return;
    };
    let Some(mut site) = Cluster::start_on(test, broker, lumimill(), lumimill_worker()) else {
        return;
    };
    let address = site.broker.address_of("worker");
    site.set("LUMIMILL_BROKER", &address);
    site.worker("odd", &["--pool", "odd"]);
    assert_eq!(site.wait_for_end("odd"), 2);
    let log = site.log("odd");
    assert!(
        log.contains("import deploy/rabbitmq/definitions.json"),
        "{log}"
    );
}

/// A server that takes connections, and never says a word.
struct Mute {
    listener: TcpListener,
}

impl Mute {
    fn listen() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        Self { listener }
    }

    fn port(&self) -> u16 {
        self.listener.local_addr().unwrap().port()
    }
}

/// Ends with the test.
struct Waiting(Child);

impl Drop for Waiting {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a command says that waits for somebody who says nothing: the first line, whenever it comes.
fn first_line(args: &[&str], settings: &[(&str, &str)]) -> String {
    use std::io::{BufRead, BufReader};
    let mut command = lumimill().command(args);
    command.envs(settings.iter().copied());
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut waiting = Waiting(command.spawn().unwrap());
    let mut line = String::new();
    let errors = waiting.0.stderr.take().unwrap();
    BufReader::new(errors).read_line(&mut line).unwrap();
    line
}

#[test]
fn no_command_waits_for_a_silent_server_without_a_word() {
    // The system accepts for it; nobody ever reads.
    let mute = Mute::listen();
    let endpoint = format!("http://127.0.0.1:{}", mute.port());
    let store = [
        ("LUMIMILL_STORE", "s3://bucket/site"),
        ("LUMIMILL_S3_ENDPOINT", endpoint.as_str()),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ];
    let folder = tempfile::tempdir().unwrap();
    let address = format!("amqp://mill:secret@127.0.0.1:{}", mute.port());
    let broker = [
        ("LUMIMILL_STORE", folder.path().to_str().unwrap()),
        ("LUMIMILL_BROKER", address.as_str()),
    ];
    let at_store = "127.0.0.1:";
    let cases: [(&[&str], &[_], &str); 6] = [
        (&["status", "demo"], &store, at_store),
        (&["status"], &store, at_store),
        (&["status", "s3://bucket/site/demo"], &store, at_store),
        (&["fetch", "demo"], &store, at_store),
        (&["inspect", "s3://bucket/a.root"], &store, at_store),
        (&["dead", "list"], &broker, "(connect)"),
    ];
    std::thread::scope(|scope| {
        for (args, settings, whom) in cases {
            scope.spawn(move || {
                let line = first_line(args, settings);
                assert!(
                    line.contains("has not answered for 9 s"),
                    "{args:?}: {line}"
                );
                assert!(line.contains(whom), "{args:?}: {line}");
            });
        }
    });
}
