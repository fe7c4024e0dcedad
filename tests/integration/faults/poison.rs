//! A job that kills whoever takes it.

use std::time::Duration;

use lumimill_common::count::counted;
use lumimill_tests::{Cluster, DIE_AT, undisturbed};
use serde_json::Value;

use super::{CAMPAIGN, STAGE, Trial, WORKERS};
use crate::pool::{SECOND_STAGE, assert_same};
use crate::{lumimill, lumimill_worker};

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
    let deaths = keep_alive_until_ended(&mut trial.site);
    assert!(deaths >= 3, "one death an attempt at least: {deaths}");
    assert_all_but_one_done(&trial, &poison);
    assert_resubmission_is_told(&trial, &poison);
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

#[test]
fn a_shard_of_an_earlier_stage_that_is_sent_again_holds_back_the_end() {
    const TEST: &str = "a_shard_of_an_earlier_stage_that_is_sent_again_holds_back_the_end";
    let Some(mut site) = Cluster::start(TEST, lumimill(), lumimill_worker()) else {
        return;
    };
    let folder = site.campaign(4_000, 1_000);
    folder.change("max_attempts = 3", "max_attempts = 1");
    let text = std::fs::read_to_string(folder.file()).unwrap();
    folder.write("campaign.toml", format!("{text}{SECOND_STAGE}"));
    let expected = undisturbed(&lumimill(), &folder);
    let done = format!("{STAGE}/_done/");
    let first = expected.keys().find_map(|name| name.strip_prefix(&done));
    site.set(DIE_AT, &format!("taken:{}", first.unwrap()));
    let file = folder.file();
    let _ = site.run(&["submit", file.to_str().unwrap()]).expect_code(0);
    site.serve("serve", &[]);
    for name in WORKERS {
        site.worker(name, &["--slots", "1"]);
    }
    let _ = keep_alive_until_ended(&mut site);
    for name in WORKERS {
        site.kill(name);
    }
    site.unset(DIE_AT);
    let _ = site.run(&["dead", "replay", "--all"]).expect_code(0);
    // Nobody is there to do it: the campaign has to wait, though its last stage is done.
    std::thread::sleep(Duration::from_secs(5));
    assert!(!site.has_ended(CAMPAIGN));
    site.worker("w0", &["--slots", "1"]);
    site.wait_for_campaign(CAMPAIGN);
    assert_same(&expected, &site.objects(CAMPAIGN));
}

/// Starts workers again that died, until the campaign has ended; how often one died.
fn keep_alive_until_ended(site: &mut Cluster) -> usize {
    for look in 0usize.. {
        std::thread::sleep(Duration::from_millis(100));
        for name in WORKERS {
            if site.ended(name).is_some() {
                site.worker(name, &["--slots", "1"]);
            }
        }
        if look % 10 == 0 && site.has_ended(CAMPAIGN) {
            break;
        }
        assert!(look < 3_000, "it does not end\n{}", site.logs());
    }
    let logs = WORKERS.map(|name| site.log(name));
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
    let id = letters[0]["id"].as_str().unwrap();
    let shown = trial.site.run(&["dead", "show", id]).expect_code(0);
    let shown: Value = serde_json::from_str(&shown.out).unwrap();
    assert_eq!(shown, letters[0], "one letter is shown as it is listed");
    let unknown = trial.site.run(&["dead", "show", "0123456789abcdef"]);
    unknown.expect_code(2).says(&["no letter 0123456789abcdef"]);
}

/// What would be done again is named with its events, and nothing is done.
fn assert_resubmission_is_told(trial: &Trial, poison: &str) {
    let file = trial.file();
    let status = trial.site.run(&["status", &file, "--json"]).expect_code(0);
    let status: Value = serde_json::from_str(&status.out).unwrap();
    let stage = &status["stages"][0];
    let events = ["events", "events_done"].map(|name| stage[name].as_u64().unwrap());
    let events = events[0] - events[1];
    assert!(events > 0, "{stage}");
    for (which, would) in [("--dead", 1), ("--failed", 1), ("--missing", 0)] {
        let dry = trial.site.run(&["resubmit", &file, which, "--dry-run"]);
        let dry = dry.expect_code(0).out;
        let would_do = counted(would, "shard");
        let sum = format!("would do {would_do}, {} events", would * events);
        assert!(dry.contains(&sum), "{which}: {dry}");
        assert_eq!(dry.contains(poison), would > 0, "{which}: {dry}");
    }
    assert!(trial.has_ended(), "nothing was begun");
    assert_eq!(trial.done(), trial.shards().len() - 1);
}
