//! Campaigns whose servers, network, credentials, disks and memory fail them, or who are told to
//! wait or to stop.

mod black_hole;
mod broker;
mod changes;
mod credentials;
mod forms;
mod health;
mod line;
mod orders;
mod patience;
mod shortage;
mod store;
mod tampering;
mod waiting;
mod watching;

use std::time::Duration;

use lumimill_tests::{ACCESS_KEY, FaultProxy, SECRET_KEY, SLOW};

use crate::faults::{CAMPAIGN, Trial};

/// How long something has to come to rest.
const REST: Duration = Duration::from_secs(3);

/// Every job takes so many seconds more from now on, so that faults meet jobs that are under way.
pub(crate) fn slow_down(trial: &mut Trial, seconds: &str) {
    trial.site.set(SLOW, &format!("taken:{seconds}"));
}

/// Begins anew: the campaign as if it had never been submitted.
pub(crate) fn begin_anew(trial: &Trial) {
    trial.site.forget(CAMPAIGN);
    assert_eq!(trial.done(), 0);
}

/// The broker's address by way of a proxy, and with a heartbeat that tells in seconds that it is
/// gone.
fn broker_behind(trial: &Trial, proxy: &FaultProxy) -> String {
    let broker = &trial.site.broker;
    let port = format!(":{}", broker.port());
    let address = broker
        .address()
        .replace(&port, &format!(":{}", proxy.port()));
    format!("{address}/%2f?heartbeat=2")
}

fn store_behind(proxy: &FaultProxy) -> String {
    format!("http://{}", proxy.address())
}

/// No process that was ever started has logged what nobody may read.
#[track_caller]
fn assert_no_credentials(trial: &Trial, more: &[&str]) {
    let logs = trial.site.logs();
    let secrets = [ACCESS_KEY, SECRET_KEY, trial.site.broker.password()];
    for secret in secrets.iter().chain(more) {
        let line = logs.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "a credential is in a log");
    }
}
