//! A broker that dies, and one that is not there when somebody submits.

use std::time::{Duration, Instant};

use super::health::answer;
use super::{begin_anew, slow_down};
use crate::faults::{CAMPAIGN, Chance, STAGE, Trial, WORKERS, rounds};

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
    what_has_a_marker_is_not_published(&trial);
}

/// It says that it waits, and nothing is lost meanwhile.
fn submitting_waits_for_the_broker(trial: &mut Trial) {
    begin_anew(trial);
    let minute = rounds(0) > 0;
    let down = Duration::from_secs(if minute { 60 } else { 10 });
    trial.site.broker.kill();
    let begun = Instant::now();
    trial.site.begin("submit", &["submit", &trial.file()]);
    trial.site.wait_until("a word about the broker", |site| {
        site.log("submit").contains("trying again")
    });
    while begun.elapsed() < down {
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
