//! A store that dies, that answers with errors, that is slow and cuts connections.

use std::time::{Duration, Instant};

use lumimill_tests::{FaultProxy, HttpFault, at_random};

use super::{begin_anew, slow_down, store_behind};
use crate::faults::{CAMPAIGN, Chance, Trial, rounds};

#[test]
fn a_store_that_dies_and_comes_back() {
    let test = "a_store_that_dies_and_comes_back";
    let Some(mut trial) = Trial::start(test) else {
        return;
    };
    let mut chance = Chance::new(test);
    slow_down(&mut trial, "0.2");
    trial.start_pool();
    trial.submit();
    for round in 0..rounds(1) {
        trial.wait_for_done(usize::try_from(10 + 10 * round.min(4)).unwrap());
        trial.site.store.kill();
        // Who begins meanwhile waits for it.
        trial.site.serve("serve", &[]);
        trial.start_worker("w0");
        // Clients bridge a moment by themselves; this is longer.
        std::thread::sleep(Duration::from_secs(5));
        chance.wait(Duration::from_secs(3));
        for name in ["serve", "w0", "w1"] {
            assert_eq!(trial.site.ended(name), None, "{}", trial.site.log(name));
        }
        trial.site.store.start_again();
    }
    trial.assert_undisturbed();
    assert_no_attempt_was_used_up(&trial);
}

/// A store that is not there is no fault of the job.
fn assert_no_attempt_was_used_up(trial: &Trial) {
    let logs = trial.site.logs();
    let second = logs.lines().find(|line| line.contains("attempt=2"));
    assert_eq!(second, None, "a second attempt");
    let letter = logs.lines().find(|line| line.contains("dead letter"));
    assert_eq!(letter, None, "a dead letter");
}

#[test]
fn a_store_that_answers_badly() {
    let test = "a_store_that_answers_badly";
    let Some(mut trial) = Trial::start(test) else {
        return;
    };
    let mut chance = Chance::new(test);
    let proxy = FaultProxy::http_to(trial.site.store.port());
    trial
        .site
        .set("LUMIMILL_S3_ENDPOINT", &store_behind(&proxy));
    slow_down(&mut trial, "0.1");
    trial.start_pool();
    errors(&mut trial, &mut chance, &proxy);
    cuts_and_delays(&mut trial, &mut chance, &proxy);
    assert_no_attempt_was_used_up(&trial);
}

/// One in six requests fails.
fn errors(trial: &mut Trial, chance: &mut Chance, proxy: &FaultProxy) {
    let faults = vec![
        HttpFault::INTERNAL_ERROR,
        HttpFault::SLOW_DOWN,
        HttpFault::Reset,
        HttpFault::LoseAnswer,
    ];
    trial.submit();
    proxy.inject(at_random(chance.below(u64::MAX), 1.0 / 6.0, faults, 20));
    trial.site.wait_for_campaign(CAMPAIGN);
    proxy.pass();
    trial.assert_undisturbed();
    assert!(proxy.faults() > 20, "{} faults", proxy.faults());
}

/// A service that refuses half of what it is asked slows the work down; nobody rests over it, and
/// no shard fails.
#[test]
fn a_store_that_refuses_every_second_request() {
    let test = "a_store_that_refuses_every_second_request";
    let Some(mut trial) = Trial::start(test) else {
        return;
    };
    let mut chance = Chance::new(test);
    let proxy = FaultProxy::http_to(trial.site.store.port());
    trial
        .site
        .set("LUMIMILL_S3_ENDPOINT", &store_behind(&proxy));
    // As long as a shard of a real campaign takes, more or less.
    slow_down(&mut trial, "0.5");
    trial.site.serve("serve", &[]);
    trial.site.worker("w0", &["--slots", "6"]);
    let timed = |trial: &Trial| {
        let begun = Instant::now();
        trial.submit();
        trial.site.wait_for_campaign(CAMPAIGN);
        begun.elapsed()
    };
    let undisturbed = timed(&trial);
    begin_anew(&trial);
    let busy = vec![HttpFault::SLOW_DOWN];
    proxy.inject(at_random(chance.below(u64::MAX), 0.5, busy, 6));
    let disturbed = timed(&trial);
    let faults = proxy.faults();
    proxy.pass();
    trial.assert_undisturbed();
    eprintln!("{undisturbed:.1?} undisturbed, {disturbed:.1?} with {faults} refusals");
    assert!(faults > 200, "{faults} refusals");
    let logs = trial.site.logs();
    let rests = logs.matches("nothing new is taken for a while").count();
    assert_eq!(rests, 0, "a worker rests");
    assert_no_attempt_was_used_up(&trial);
}

/// Every answer takes most of a second; then less, but all connections are reset every second.
fn cuts_and_delays(trial: &mut Trial, chance: &mut Chance, proxy: &FaultProxy) {
    const SHARDS: usize = 9;
    begin_anew(trial);
    trial.submit();
    proxy.slow(Duration::from_millis(300));
    let (begun, done) = (Instant::now(), trial.done());
    trial.wait_for_done(done + SHARDS);
    let took = begun.elapsed();
    eprintln!("{SHARDS} shards in {took:.1?}");
    assert!(took > Duration::from_secs(4), "no delay: {took:?}");
    assert!(!trial.has_ended(), "there is nothing left to cut");
    proxy.slow(Duration::from_millis(5));
    let before = proxy.faults();
    while !trial.has_ended() {
        chance.wait(Duration::from_secs(2));
        proxy.cut();
    }
    proxy.pass();
    trial.assert_undisturbed();
    assert!(proxy.faults() > before + 3, "{} faults", proxy.faults());
}
