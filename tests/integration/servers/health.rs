//! What a process answers about itself.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use lumimill_tests::Cluster;

use crate::faults::Trial;

/// What a process answers to an HTTP request, head and body; empty when it does not.
pub(super) fn answer(site: &Cluster, name: &str, path: &str) -> String {
    const SAYS: &str = "health and metrics on http://";
    let log = site.log(name);
    let said = log.lines().rfind(|line| line.contains(SAYS));
    let address = said.and_then(|line| line.split(SAYS).nth(1));
    address
        .and_then(|address| ask(address, path))
        .unwrap_or_default()
}

fn ask(address: &str, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

/// A worker and a coordinator answer on loopback alone, and are ready once they are connected.
pub(super) fn assert_healthy(trial: &Trial, name: &str, prefix: &str) {
    let site = &trial.site;
    site.wait_until("a process that is ready", |site| {
        answer(site, name, "/readyz").starts_with("HTTP/1.1 200")
    });
    assert!(answer(site, name, "/healthz").ends_with("ok\n"));
    let metrics = answer(site, name, "/metrics");
    let connected = format!("{prefix}_connected");
    assert!(metrics.contains(&connected), "{metrics}");
    assert!(metrics.trim_end().ends_with("# EOF"), "{metrics}");
    assert!(site.log(name).contains("http://127.0.0.1:"));
}
