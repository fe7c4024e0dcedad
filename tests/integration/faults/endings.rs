//! Workers that are asked to end, and pools that grow and shrink.

use std::time::Duration;

use lumimill_tests::{Cluster, DIE_AT, DIE_HOW, DIE_ONCE, SLOW, undisturbed};

use super::{CAMPAIGN, Chance, Trial, rounds};
use crate::pool::assert_same;
use crate::{lumimill, lumimill_worker};

#[test]
fn a_pool_grows_and_shrinks() {
    const TEST: &str = "a_pool_grows_and_shrinks";
    let Some(mut trial) = Trial::start(TEST) else {
        return;
    };
    let mut chance = Chance::new(TEST);
    trial.site.serve("serve", &[]);
    trial.submit();
    let mut pool = Vec::new();
    for round in 0..rounds(8) {
        let name = format!("worker-{round}");
        let grace = *chance.one_of(&["0", "5", "30"]);
        let slots = *chance.one_of(&["1", "2", "3"]);
        trial
            .site
            .worker(&name, &["--slots", slots, "--grace", grace]);
        pool.push(name);
        chance.wait(Duration::from_millis(1_000));
        if chance.below(2) == 0 {
            let place = chance.below(pool.len() as u64);
            let leaver = pool.swap_remove(usize::try_from(place).unwrap());
            // Before that it has nothing to bring to an end.
            trial.site.wait_until("a worker", |site| {
                site.log(&leaver).contains("worker started")
            });
            trial.site.signal(&leaver, "TERM");
            let code = trial.site.wait_for_end(&leaver);
            assert_eq!(code, 0, "{}", trial.site.log(&leaver));
        }
    }
    trial.start_worker("last");
    trial.assert_undisturbed();
}

#[test]
fn a_worker_ends_within_its_grace_or_at_once() {
    let Some(mut trial) = Trial::start("a_worker_ends_within_its_grace_or_at_once") else {
        return;
    };
    trial.submit();
    let folder = tempfile::tempdir().unwrap();
    let once = folder.path().join("once");
    trial.site.set(DIE_AT, "taken");
    trial.site.set(DIE_HOW, "LINGER");
    trial.site.set(DIE_ONCE, once.to_str().unwrap());
    // One that is told twice: it ends with what it is at.
    std::fs::write(&once, "").unwrap();
    trial.start_worker("told twice");
    trial.site.wait_until("a long job", |_| !once.exists());
    trial.site.signal("told twice", "TERM");
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(trial.site.ended("told twice"), None, "it has its grace");
    trial.site.signal("told twice", "TERM");
    assert_eq!(trial.site.wait_for_end("told twice"), 130);
    // One that is told once: with one slot on a long job it goes on with the other, until then.
    std::fs::write(&once, "").unwrap();
    let arguments = ["--slots", "2", "--grace", "3"];
    trial.site.worker("told once", &arguments);
    trial.wait_for_done(3);
    assert!(!once.exists(), "a slot is at a long job");
    trial.site.signal("told once", "TERM");
    std::thread::sleep(Duration::from_secs(2));
    let done = trial.done();
    assert_eq!(trial.site.ended("told once"), None, "it has its grace");
    assert_eq!(trial.site.wait_for_end("told once"), 0);
    assert!(trial.site.log("told once").contains("job handed back"));
    assert_eq!(trial.done(), done, "nothing new was taken");
    assert!(done < trial.shards().len(), "something was left to take");
    for name in [DIE_AT, DIE_HOW, DIE_ONCE] {
        trial.site.unset(name);
    }
    trial.start_pool();
    trial.assert_undisturbed();
}

/// More often than the broker lets a message be returned before it gives it up.
const TIMES: usize = 7;

#[test]
fn a_job_is_handed_back_as_often_as_workers_leave() {
    const TEST: &str = "a_job_is_handed_back_as_often_as_workers_leave";
    let Some(mut site) = Cluster::start(TEST, lumimill(), lumimill_worker()) else {
        return;
    };
    let folder = site.campaign(600, 1_000);
    let expected = undisturbed(&lumimill(), &folder);
    let file = folder.file();
    let _ = site.run(&["submit", file.to_str().unwrap()]).expect_code(0);
    site.set(SLOW, "taken:60");
    for time in 1..=TIMES {
        // It has a slot for every job, and does none in time.
        site.worker("leaver", &["--slots", "8", "--grace", "0"]);
        site.wait_until("jobs at work", |site| {
            site.log("leaver").matches("campaign loaded").count() == time
        });
        std::thread::sleep(Duration::from_millis(500));
        site.signal("leaver", "TERM");
        assert_eq!(site.wait_for_end("leaver"), 0);
        // So long they wait, and so all of them are there for the next one.
        std::thread::sleep(Duration::from_millis(1_500));
    }
    let log = site.log("leaver");
    let (jobs, handed_back) = (
        expected
            .keys()
            .filter(|key| key.contains("/_done/"))
            .count(),
        log.matches("job handed back").count(),
    );
    assert!(jobs > 0);
    assert_eq!(handed_back, jobs * TIMES, "{log}");
    site.unset(SLOW);
    site.serve("serve", &[]);
    site.worker("stayer", &["--slots", "1"]);
    site.wait_for_campaign(CAMPAIGN);
    assert_same(&expected, &site.objects(CAMPAIGN));
    let logs = site.logs();
    assert!(!logs.contains("dead letter"), "{logs}");
    assert!(
        !logs.contains("attempt=2"),
        "no attempt was used up: {logs}"
    );
}
