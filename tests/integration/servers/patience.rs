//! Work that takes longer than the broker lets anybody hold a message.

use lumimill_tests::{Cluster, RabbitMq, SLOW};

use crate::faults::{Chance, Trial};
use crate::{lumimill, lumimill_worker};

#[test]
fn work_that_takes_longer_than_the_broker_waits() {
    let test = "work_that_takes_longer_than_the_broker_waits";
    let Some(broker) = RabbitMq::start_with(test, &["consumer_timeout = 4000"]) else {
        return;
    };
    let Some(site) = Cluster::start_on(test, broker, lumimill(), lumimill_worker()) else {
        return;
    };
    let _ = Chance::new(test);
    let mut trial = Trial::at(site);
    trial.site.serve("serve", &[]);
    // One does its first job for so long that all the others are done, another holds on to its
    // second one past two time-outs.
    for (name, slow) in [("w0", "taken:14:1"), ("w1", "processed:9:2")] {
        trial.site.set(SLOW, slow);
        trial.start_worker(name);
    }
    trial.site.unset(SLOW);
    trial.submit();
    for name in ["w0", "w1"] {
        trial.site.wait_until("a time-out", |site| {
            site.log(name).contains("the broker is lost")
        });
    }
    trial.start_worker("w2");
    trial.assert_undisturbed();
}
