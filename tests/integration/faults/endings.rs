//! Workers that are asked to end, and pools that grow and shrink.

use std::time::Duration;

use lumimill_tests::{DIE_AT, DIE_HOW, DIE_ONCE};

use super::{Chance, Trial, rounds};

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
    assert_eq!(trial.done(), done, "nothing new was taken");
    assert!(done < trial.shards().len(), "something was left to take");
    for name in [DIE_AT, DIE_HOW, DIE_ONCE] {
        trial.site.unset(name);
    }
    trial.start_pool();
    trial.assert_undisturbed();
}
