//! A campaign that is told to wait, to go on and to stop while it is done.

use super::health::assert_healthy;
use super::{REST, begin_anew, slow_down};
use crate::faults::{CAMPAIGN, STAGE, Trial};

#[test]
fn a_campaign_that_waits_and_one_that_is_cancelled() {
    let Some(mut trial) = Trial::start("a_campaign_that_waits_and_one_that_is_cancelled") else {
        return;
    };
    slow_down(&mut trial, "0.3");
    trial.start_pool();
    assert_healthy(&trial, "serve", "lumimill_coordinator");
    assert_healthy(&trial, "w1", "lumimill_worker");
    paused_and_resumed(&trial);
    a_marker_that_is_lost_after_the_end_is_told(&trial);
    cancelled_and_submitted_again(&trial);
}

fn tell(trial: &Trial, verb: &str) {
    let _ = trial.site.run(&[verb, &trial.file()]).expect_code(0);
}

/// What was told takes effect within seconds; from then on nothing more is done.
#[track_caller]
fn assert_nothing_more_is_done(trial: &Trial) -> usize {
    std::thread::sleep(REST);
    let done = trial.done();
    std::thread::sleep(REST);
    assert_eq!(trial.done(), done, "{}", trial.site.logs());
    assert!(done < trial.shards().len(), "it was too late");
    done
}

fn paused_and_resumed(trial: &Trial) {
    trial.submit();
    trial.wait_for_done(10);
    tell(trial, "pause");
    assert_nothing_more_is_done(trial);
    assert!(!trial.has_ended());
    tell(trial, "resume");
    trial.assert_undisturbed();
}

/// It was "running, 1 queued" for ever, and nobody drove it.
fn a_marker_that_is_lost_after_the_end_is_told(trial: &Trial) {
    let shard = &trial.shards()[0];
    let marker = format!("{CAMPAIGN}/{STAGE}/_done/{shard}");
    trial.site.delete(&marker);
    let status = trial.site.run(&["status", &trial.file()]).expect_code(0);
    for words in [
        "not whole any more",
        "1 shard is not done any more",
        "--missing",
    ] {
        assert!(status.out.contains(words), "{words}: {}", status.out);
    }
    let args = ["resubmit", &trial.file(), "--missing"];
    let _ = trial.site.run(&args).expect_code(0);
    trial.assert_undisturbed();
}

fn cancelled_and_submitted_again(trial: &Trial) {
    begin_anew(trial);
    trial.submit();
    trial.wait_for_done(10);
    tell(trial, "cancel");
    let done = assert_nothing_more_is_done(trial);
    assert!(trial.has_ended(), "nobody drives it");
    trial.submit();
    trial.wait_for_done(done + 1);
    trial.assert_undisturbed();
    // As those are that a worker dropped because it still thought the campaign cancelled.
    let logs = trial.site.logs();
    assert!(!logs.contains("jobs were lost"), "{logs}");
}
