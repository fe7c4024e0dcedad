//! A worker that is cut off from its servers for a while, without being told.

use std::time::Duration;

use lumimill_tests::{Cluster, FaultProxy};

use super::{begin_anew, broker_behind, slow_down, store_behind};
use crate::faults::{Chance, Trial, rounds};

/// Longer than the broker and the worker wait for a sign of life of each other.
const CUT_OFF: Duration = Duration::from_secs(7);
/// What a worker logs when the broker is gone, and when the store is.
const BROKER_LOST: &str = "the broker is lost";
const STORE_LOST: &str = "this may be tried again";

#[test]
fn a_worker_that_is_cut_off() {
    let test = "a_worker_that_is_cut_off";
    let Some(mut trial) = Trial::start(test) else {
        return;
    };
    let mut chance = Chance::new(test);
    let to_broker = FaultProxy::to(trial.site.broker.port());
    let to_store = FaultProxy::to(trial.site.store.port());
    // So slow that there is work left for the one that is cut off, whenever it comes back.
    slow_down(&mut trial, "4.0");
    let direct = trial.site.broker.address();
    trial.start_pool();
    let behind = broker_behind(&trial, &to_broker);
    trial.site.set("LUMIMILL_BROKER", &behind);
    trial
        .site
        .set("LUMIMILL_S3_ENDPOINT", &store_behind(&to_store));
    slow_down(&mut trial, "0.5");
    trial.start_worker("w0");
    trial.site.set("LUMIMILL_BROKER", &direct);
    trial.site.unset("LUMIMILL_S3_ENDPOINT");
    trial.submit();
    for round in 0..rounds(1) {
        if round > 0 {
            trial.assert_undisturbed();
            begin_anew(&trial);
            trial.submit();
        }
        for (broker, store) in [(true, false), (false, true), (true, true)] {
            wait_for_work(&trial);
            chance.wait(Duration::from_secs(1));
            eprintln!("{test}: no way to the broker: {broker}, to the store: {store}");
            let broker = broker.then_some(&to_broker);
            cut_off(&trial, broker, store.then_some(&to_store));
        }
    }
    trial.assert_undisturbed();
    let connections = |log: String| log.matches("connected to").count();
    trial.site.wait_until("the worker to come back", |site| {
        connections(site.log("w0")) > 2
    });
    // One that is asked to end does not wait for a broker that does not answer.
    to_broker.partition();
    trial.site.signal("w0", "TERM");
    assert_eq!(trial.site.wait_for_end("w0"), 0);
}

fn logged(site: &Cluster, what: &str) -> usize {
    site.log("w0").matches(what).count()
}

/// The worker is at work, now and not only some time ago.
#[track_caller]
fn wait_for_work(trial: &Trial) {
    let before = logged(&trial.site, "shard done");
    trial.site.wait_until("the worker at work", |site| {
        logged(site, "shard done") > before
    });
    assert!(
        !trial.has_ended(),
        "there is nothing left to be cut off from"
    );
}

/// Nothing passes until the worker has noticed each loss.
#[track_caller]
fn cut_off(trial: &Trial, broker: Option<&FaultProxy>, store: Option<&FaultProxy>) {
    let site = &trial.site;
    let before = [BROKER_LOST, STORE_LOST].map(|what| logged(site, what));
    for line in broker.iter().chain(&store) {
        line.partition();
    }
    std::thread::sleep(CUT_OFF);
    if let Some(line) = store {
        // The client waits minutes for an answer; of a line that is reset it has enough sooner.
        line.refuse(true);
        line.cut();
        site.wait_until("a failure of the store", |site| {
            logged(site, STORE_LOST) > before[1]
        });
        line.refuse(false);
    }
    if broker.is_some() {
        site.wait_until("the broker lost", |site| {
            logged(site, BROKER_LOST) > before[0]
        });
    }
    for line in broker.iter().chain(&store) {
        line.heal();
    }
}
