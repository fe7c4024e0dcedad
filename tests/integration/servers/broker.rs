//! A broker that dies, and one that is not there when somebody submits.

use std::time::{Duration, Instant};

use lumimill_common::queue::jobs;
use lumimill_tests::FaultProxy;

use super::health::answer;
use super::{begin_anew, broker_behind, slow_down};
use crate::faults::{CAMPAIGN, Chance, Post, STAGE, Trial, WORKERS, rounds};

/// RabbitMQ 3.10 does not find a leader again for a queue that was declared less than a few
/// seconds before it was killed.
const DECLARED: Duration = Duration::from_secs(6);

#[test]
fn a_broker_that_dies_and_comes_back() {
    let test = "a_broker_that_dies_and_comes_back";
    let Some(mut trial) = Trial::start(test) else {
        return;
    };
    let mut chance = Chance::new(test);
    slow_down(&mut trial, "0.3");
    trial.start_pool();
    trial
        .site
        .worker("w0", &["--slots", "1", "--listen", "127.0.0.1:0"]);
    for name in WORKERS {
        trial.site.wait_until("workers at work", |site| {
            site.log(name).contains("connected to")
        });
    }
    std::thread::sleep(DECLARED);
    trial.submit();
    for round in 0..rounds(1) {
        trial.wait_for_done(usize::try_from(10 + 10 * round.min(4)).unwrap());
        trial.site.broker.kill();
        trial.site.wait_until("a worker that is not ready", |site| {
            answer(site, "w0", "/readyz").starts_with("HTTP/1.1 503")
        });
        assert!(answer(&trial.site, "w0", "/healthz").starts_with("HTTP/1.1 200"));
        chance.wait(Duration::from_secs(2));
        trial.site.broker.start_again();
    }
    trial.assert_undisturbed();
    let metrics = answer(&trial.site, "w0", "/metrics");
    let lost = metrics
        .lines()
        .find(|line| line.starts_with("lumimill_worker_connections_lost_total"));
    let counted = lost.is_some_and(|line| line.ends_with(&format!(" {}", rounds(1))));
    assert!(counted, "{metrics}");
    submitting_waits_for_the_broker(&mut trial);
    publishing_is_broken_off(&mut trial);
    what_has_a_marker_is_not_published(&trial);
}

/// It says that it waits, and nothing is lost meanwhile.
fn submitting_waits_for_the_broker(trial: &mut Trial) {
    const DOWN: Duration = Duration::from_secs(60);
    begin_anew(trial);
    trial.site.broker.kill();
    let begun = Instant::now();
    trial.site.begin("submit", &["submit", &trial.file()]);
    trial.site.wait_until("a word about the broker", |site| {
        site.log("submit").contains("trying again")
    });
    while begun.elapsed() < DOWN {
        assert_eq!(trial.site.ended("submit"), None, "{}", trial.site.logs());
        std::thread::sleep(Duration::from_millis(200));
    }
    trial.site.broker.start_again();
    assert_eq!(
        trial.site.wait_for_end("submit"),
        0,
        "{}",
        trial.site.logs()
    );
    trial.assert_undisturbed();
}

/// The broker dies when it has some of the jobs: they come twice, and count once.
fn publishing_is_broken_off(trial: &mut Trial) {
    /// What `submit` sends before the broker has about half of the jobs.
    const HALF: u64 = 14_000;
    begin_anew(trial);
    for name in WORKERS {
        trial.site.kill(name);
    }
    let proxy = FaultProxy::to(trial.site.broker.port());
    proxy.cut_after_sent(HALF);
    let behind = broker_behind(trial, &proxy);
    let direct = trial.site.broker.address();
    trial.site.set("LUMIMILL_BROKER", &behind);
    trial.site.begin("cut", &["submit", &trial.file()]);
    trial.site.set("LUMIMILL_BROKER", &direct);
    trial
        .site
        .wait_until("a connection", |_| proxy.connections() > 0);
    proxy.refuse(true);
    trial.site.wait_until("a word about it", |site| {
        site.log("cut").contains("trying again")
    });
    let shards = trial.shards().len() as u64;
    let published = Post::at(&trial.site).depth(&jobs("cpu"));
    eprintln!("{published} of {shards} jobs were published when the line was cut");
    assert!(
        (1..shards).contains(&published),
        "in the middle: {published}"
    );
    trial.site.broker.kill();
    trial.site.broker.start_again();
    proxy.pass();
    assert_eq!(trial.site.wait_for_end("cut"), 0, "{}", trial.site.logs());
    let kept = Post::at(&trial.site).depth(&jobs("cpu"));
    // Every job, and those of the first time that the broker had on its disk.
    assert!((shards..2 * shards).contains(&kept), "{kept} jobs");
    for name in WORKERS {
        trial.start_worker(name);
    }
    trial.assert_undisturbed();
}

fn what_has_a_marker_is_not_published(trial: &Trial) {
    let all = trial.shards();
    let dropped = &all[3..10];
    for shard in dropped {
        trial
            .site
            .delete(&format!("{CAMPAIGN}/{STAGE}/_done/{shard}"));
    }
    let submitted = trial.site.run(&["submit", &trial.file()]).expect_code(0);
    let published = format!("{} of {} shards published", dropped.len(), all.len());
    assert!(submitted.out.contains(&published), "{}", submitted.out);
    trial.assert_undisturbed();
    let submitted = trial.site.run(&["submit", &trial.file()]).expect_code(0);
    let published = format!("0 of {} shards published", all.len());
    assert!(submitted.out.contains(&published), "{}", submitted.out);
    trial.assert_undisturbed();
}

#[test]
fn what_a_broker_lost_is_published_again() {
    let Some(mut trial) = Trial::start("what_a_broker_lost_is_published_again") else {
        return;
    };
    slow_down(&mut trial, "0.3");
    trial.start_pool();
    trial.submit();
    trial.wait_for_done(10);
    let lost = Post::at(&trial.site).purge(&jobs("cpu"));
    assert!(lost > 10, "it was in the middle: {lost} jobs were left");
    // After a minute without a word.
    let word = "jobs were lost; published again";
    trial
        .site
        .wait_until("the loss", |site| site.log("serve").contains(word));
    assert!(trial.done() < trial.shards().len());
    trial.assert_undisturbed();
}
