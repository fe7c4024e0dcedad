//! A job that kills whoever takes it.

use std::time::Duration;

use lumimill_tests::DIE_AT;
use serde_json::Value;

use super::{CAMPAIGN, STAGE, Trial, WORKERS};

#[test]
fn a_job_that_kills_every_worker_is_set_aside_and_can_be_sent_again() {
    const TEST: &str = "a_job_that_kills_every_worker_is_set_aside_and_can_be_sent_again";
    let Some(mut trial) = Trial::start(TEST) else {
        return;
    };
    let shards = trial.shards();
    let poison = shards[shards.len() / 2].clone();
    trial.site.set(DIE_AT, &format!("taken:{poison}"));
    trial.start_pool();
    trial.submit();
    let deaths = keep_alive_until_ended(&mut trial);
    assert!(deaths >= 3, "one death an attempt at least: {deaths}");
    assert_all_but_one_done(&trial, &poison);
    trial.site.unset(DIE_AT);
    for name in WORKERS {
        trial.start_worker(name);
    }
    let replayed = trial.site.run(&["dead", "replay", "--all"]).expect_code(0);
    assert!(replayed.out.contains("1 of 1 "), "{}", replayed.out);
    trial.assert_undisturbed();
    let list = trial.site.run(&["dead", "list"]).expect_code(0);
    assert!(list.out.contains("0 dead letters"), "{}", list.out);
}

/// Starts workers again that died, until the campaign has ended; how often one died.
fn keep_alive_until_ended(trial: &mut Trial) -> usize {
    let ended = format!("_campaigns/ended/{CAMPAIGN}");
    for look in 0usize.. {
        std::thread::sleep(Duration::from_millis(100));
        for name in WORKERS {
            if trial.site.ended(name).is_some() {
                trial.start_worker(name);
            }
        }
        if look % 10 == 0 && trial.site.keys("_campaigns/ended").contains(&ended) {
            break;
        }
        assert!(look < 3_000, "it does not end\n{}", trial.site.logs());
    }
    let logs = WORKERS.map(|name| trial.site.log(name));
    let starts: usize = logs
        .iter()
        .map(|log| log.matches("worker started").count())
        .sum();
    starts - WORKERS.len()
}

fn assert_all_but_one_done(trial: &Trial, poison: &str) {
    let shards = trial.shards().len();
    assert_eq!(trial.done(), shards - 1, "all others are done");
    let failed = trial.site.keys(&format!("{CAMPAIGN}/{STAGE}/_failed"));
    assert_eq!(
        failed,
        [format!("{CAMPAIGN}/{STAGE}/_failed/{poison}.json")]
    );
    let file = trial.file();
    let verified = trial.site.run(&["verify", &file]).expect_code(3);
    assert!(verified.out.contains(poison), "{}", verified.out);
    let status = ["status", &file, "--json", "--failed"];
    let status = trial.site.run(&status).expect_code(0);
    let status: Value = serde_json::from_str(&status.out).unwrap();
    let stage = &status["stages"][0];
    assert_eq!(stage["dead"], 1, "{stage}");
    assert_eq!(stage["done"], shards - 1, "{stage}");
    let group = &status["failures"][0];
    assert_eq!(group["shards"], serde_json::json!([poison]), "{group}");
    assert_eq!(group["kind"], "lost", "{group}");
    let letters = trial.site.run(&["dead", "list", "--json"]).expect_code(0);
    let letters: Value = serde_json::from_str(&letters.out).unwrap();
    assert_eq!(letters.as_array().unwrap().len(), 1, "{letters}");
    assert_eq!(letters[0]["headers"]["shard"], poison, "{letters}");
    let reason = letters[0]["reason"].as_str().unwrap();
    assert!(reason.contains("every worker that took it"), "{reason}");
}
