//! A worker that is cut off from its servers for a while, without being told.

use std::time::{Duration, Instant};

use lumimill_tests::FaultProxy;

use super::{broker_behind, slow_down, store_behind};
use crate::faults::{Chance, Trial, rounds};

/// Longer than the broker and the worker wait for a sign of life of each other.
const CUT_OFF: Duration = Duration::from_secs(7);

#[test]
fn a_worker_that_is_cut_off() {
    let test = "a_worker_that_is_cut_off";
    let Some(mut trial) = Trial::start(test) else {
        return;
    };
    let mut chance = Chance::new(test);
    let to_broker = FaultProxy::to(trial.site.broker.port());
    let to_store = FaultProxy::to(trial.site.store.port());
    slow_down(&mut trial, "1.0");
    let direct = trial.site.broker.address();
    trial.start_pool();
    let behind = broker_behind(&trial, &to_broker);
    trial.site.set("LUMIMILL_BROKER", &behind);
    trial
        .site
        .set("LUMIMILL_S3_ENDPOINT", &store_behind(&to_store));
    trial.start_worker("w0");
    trial.site.set("LUMIMILL_BROKER", &direct);
    trial.site.unset("LUMIMILL_S3_ENDPOINT");
    trial.submit();
    for _ in 0..rounds(1) {
        let lines = [(&to_broker, "broker"), (&to_store, "store")];
        let orders: [&[usize]; 3] = [&[0], &[1], &[0, 1]];
        for order in orders {
            wait_for_work(&trial);
            chance.wait(Duration::from_secs(1));
            for line in order {
                eprintln!("{test}: no way to the {}", lines[*line].1);
                lines[*line].0.partition();
            }
            std::thread::sleep(CUT_OFF);
            for line in order {
                lines[*line].0.heal();
            }
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
    let begun = Instant::now();
    assert_eq!(trial.site.wait_for_end("w0"), 0);
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(20), "it ended after {took:?}");
}

/// The worker is at work, or all is done.
fn wait_for_work(trial: &Trial) {
    trial.site.wait_until("the worker at work", |site| {
        site.log("w0").contains("shard done") || trial.has_ended()
    });
}
