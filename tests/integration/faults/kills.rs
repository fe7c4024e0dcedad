//! Processes that die at any time, at the worst time, or that seem to have died.

use std::time::Duration;

use lumimill_tests::{DIE_AT, DIE_HOW, DIE_ONCE, free_port};

use super::{CAMPAIGN, Chance, STAGE, Trial, WORKERS, metric, rounds};
use crate::servers::{begin_anew, slow_down};

#[test]
fn workers_and_coordinators_are_killed_at_any_time() {
    const TEST: &str = "workers_and_coordinators_are_killed_at_any_time";
    let Some(mut trial) = Trial::start(TEST) else {
        return;
    };
    let mut chance = Chance::new(TEST);
    slow_down(&mut trial, "0.4");
    trial.start_pool();
    trial.submit();
    trial.wait_for_done(1);
    let victims = [&WORKERS[..], &["serve", "serve"]].concat();
    let mut in_time = 0;
    for round in 0..rounds(12) {
        chance.wait(Duration::from_millis(800));
        in_time += u64::from(is_under_way(&trial));
        let victim = *chance.one_of(&victims);
        eprintln!("{TEST}: round {round}: {victim}, {} done", trial.done());
        // Whoever starts one of a name kills the one that there is.
        match victim {
            "serve" => trial.site.serve(victim, &[]),
            worker => trial.start_worker(worker),
        }
    }
    assert_mostly(in_time, rounds(12));
    trial.assert_undisturbed();
}

/// Whether there is something to disturb. A campaign that has ended is held against the
/// undisturbed one and begins anew, for those who ask for many rounds.
fn is_under_way(trial: &Trial) -> bool {
    if !trial.has_ended() && trial.done() < trial.shards().len() {
        return true;
    }
    trial.assert_undisturbed();
    begin_anew(trial);
    trial.submit();
    false
}

/// Most faults met a campaign that was under way.
#[track_caller]
fn assert_mostly(in_time: u64, rounds: u64) {
    assert!(4 * in_time >= 3 * rounds, "{in_time} of {rounds} in time");
}

#[test]
fn two_coordinators_do_no_harm() {
    const TEST: &str = "two_coordinators_do_no_harm";
    let Some(mut trial) = Trial::start(TEST) else {
        return;
    };
    let mut chance = Chance::new(TEST);
    slow_down(&mut trial, "0.4");
    trial.start_pool();
    trial.site.serve("another", &[]);
    trial.submit();
    let mut in_time = 0;
    for _ in 0..rounds(4) {
        chance.wait(Duration::from_secs(2));
        in_time += u64::from(is_under_way(&trial));
        // Whoever starts one of a name kills the one that there is.
        let killed = chance.one_of(&["serve", "another"]);
        trial.site.serve(killed, &[]);
    }
    assert_mostly(in_time, rounds(4));
    trial.assert_undisturbed();
    for coordinator in ["serve", "another"] {
        trial.site.signal(coordinator, "TERM");
        assert_eq!(trial.site.wait_for_end(coordinator), 0);
    }
}

#[test]
fn a_worker_dies_at_each_point_of_a_commit() {
    let Some(mut trial) = Trial::start("a_worker_dies_at_each_point_of_a_commit") else {
        return;
    };
    trial.submit();
    trial.site.serve("serve", &[]);
    let folder = tempfile::tempdir().unwrap();
    let once = folder.path().join("once");
    for point in ["taken", "processed", "object-put", "marker-put", "reported"] {
        std::fs::write(&once, "").unwrap();
        trial.site.set(DIE_AT, point);
        trial.site.set(DIE_ONCE, once.to_str().unwrap());
        trial.start_worker("deadly");
        assert_eq!(trial.site.wait_for_end("deadly"), -1, "{point}");
        assert!(!once.exists(), "{point}: it died of something else");
        let (objects, done) = (objects(&trial), trial.done());
        match point {
            "taken" | "processed" => assert_eq!((objects, done), (0, 0), "{point}"),
            "object-put" => assert_eq!((objects, done), (1, 0), "{point}"),
            // Each takes first what the one before died of.
            _ => assert_eq!((objects, done), (1, 1), "{point}"),
        }
    }
    trial.site.unset(DIE_AT);
    trial.start_pool();
    trial.assert_undisturbed();
}

/// Parquet objects of the stage, with a marker or without.
fn objects(trial: &Trial) -> usize {
    let keys = trial.site.keys(&format!("{CAMPAIGN}/{STAGE}"));
    keys.iter().filter(|key| key.ends_with(".parquet")).count()
}

#[test]
fn a_worker_that_slept_past_its_heartbeat_counts_nothing_twice() {
    const TEST: &str = "a_worker_that_slept_past_its_heartbeat_counts_nothing_twice";
    let Some(mut trial) = Trial::start(TEST) else {
        return;
    };
    trial.submit();
    let folder = tempfile::tempdir().unwrap();
    let once = folder.path().join("once");
    std::fs::write(&once, "").unwrap();
    let address = trial.site.broker.address();
    let hasty = format!("{address}/%2f?heartbeat=2");
    let meanwhile = [
        (DIE_AT, "processed"),
        (DIE_HOW, "STOP"),
        (DIE_ONCE, once.to_str().unwrap()),
        ("LUMIMILL_BROKER", &hasty),
    ];
    for (name, value) in meanwhile {
        trial.site.set(name, value);
    }
    let port = free_port();
    let listen = format!("127.0.0.1:{port}");
    let arguments = ["--slots", "1", "--listen", &listen];
    trial.site.worker("sleeper", &arguments);
    trial.site.wait_until("the sleep", |_| !once.exists());
    for (name, _) in meanwhile {
        trial.site.unset(name);
    }
    trial.site.set("LUMIMILL_BROKER", &address);
    trial.start_pool();
    // Its shard is among those that are done in the end: the broker gave it to somebody else.
    trial.assert_undisturbed();
    trial.site.signal("sleeper", "CONT");
    let lost = "the lease was lost";
    let log = |trial: &Trial| trial.site.log("sleeper");
    trial
        .site
        .wait_until("its loss", |site| site.log("sleeper").contains(lost));
    trial.site.wait_until("its return", |site| {
        let log = site.log("sleeper");
        let after = log.split_once("the broker is lost");
        after.is_some_and(|(_, after)| after.contains("connected to"))
    });
    assert_eq!(metric(port, "lumimill_worker_leases_lost_total"), 1);
    assert_eq!(log(&trial).matches(lost).count(), 1, "{}", log(&trial));
    trial.site.signal("sleeper", "TERM");
    assert_eq!(trial.site.wait_for_end("sleeper"), 0, "{}", log(&trial));
    trial.assert_undisturbed();
}
