//! A worker without room on its disk, and one without memory.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::health::answer;
use super::{begin_anew, slow_down};
use crate::faults::Trial;

/// Variable that asks for a limit on files where a tiny disk could be mounted.
const BY_LIMIT: &str = "LUMIMILL_FAULT_BY_LIMIT";

/// A folder on a file system of a few pages; gone when it is dropped.
struct TinyDisk {
    folder: TempDir,
}

impl TinyDisk {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=4k", "tmpfs"]);
        let mounted = mount.arg(folder.path()).status();
        let is_there = mounted.is_ok_and(|status| status.success());
        is_there.then_some(Self { folder })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for TinyDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("-l").arg(self.path()).status();
        // What stays is in the temporary folder of a test.
        let _ = unmounted;
    }
}

#[test]
fn workers_that_lack_something() {
    let Some(mut trial) = Trial::start("workers_that_lack_something") else {
        return;
    };
    a_worker_without_room(&mut trial);
    a_worker_without_memory(&mut trial);
    a_worker_with_too_many_slots(&mut trial);
}

fn a_worker_without_room(trial: &mut Trial) {
    slow_down(trial, "0.3");
    // Only root can mount one; a limit makes writes fail in much the same way.
    let disk = match std::env::var_os(BY_LIMIT) {
        None => TinyDisk::mount(),
        Some(_) => None,
    };
    match &disk {
        Some(disk) => {
            trial.site.set("TMPDIR", disk.path().to_str().unwrap());
            trial.site.worker("w0", &["--slots", "3"]);
            trial.site.unset("TMPDIR");
        }
        None => trial.site.worker_without_room("w0", 2, &["--slots", "3"]),
    }
    trial
        .site
        .wait_until("the worker", |site| site.log("w0").contains("connected to"));
    trial.site.serve("serve", &[]);
    trial.start_worker("w1");
    trial.start_worker("w2");
    trial.submit();
    trial
        .site
        .wait_until("the worker to be named", |_| is_named(trial));
    trial.assert_undisturbed();
    let log = trial.site.log("w0");
    let failed = log.matches("shard failed").count();
    eprintln!("{failed} attempts failed for want of room");
    assert!(log.contains("kind=\"scratch\""), "{log}");
    assert!(
        !log.contains("attempt=2"),
        "it is no fault of the jobs: {log}"
    );
    assert!(!trial.site.logs().contains("dead letter"));
}

/// Whether the coordinator says that one worker, and only one, fails conspicuously often.
fn is_named(trial: &Trial) -> bool {
    let live = trial.site.object("_serve/live.json").unwrap_or_default();
    let live: serde_json::Value = serde_json::from_slice(&live).unwrap_or_default();
    let workers = live["workers"].as_array().cloned().unwrap_or_default();
    let named = workers
        .iter()
        .filter(|worker| worker["conspicuous"] == true);
    let named: Vec<_> = named.collect();
    assert!(named.len() < 2, "{live}");
    named
        .first()
        .is_some_and(|worker| worker["failed"].as_u64() >= Some(5))
}

/// Its jobs are refused in words, and done by somebody who has enough.
fn a_worker_without_memory(trial: &mut Trial) {
    begin_anew(trial);
    for name in ["w1", "w2"] {
        trial.site.kill(name);
    }
    trial
        .site
        .worker("w0", &["--slots", "2", "--memory-limit", "1MiB"]);
    trial.change("max_attempts = 3", "max_attempts = 1");
    trial.submit();
    trial.site.wait_until("the end", |_| trial.has_ended());
    let status = trial
        .site
        .run(&["status", &trial.file(), "--failed", "--json"]);
    let status = status.expect_code(0);
    let status: serde_json::Value = serde_json::from_str(&status.out).unwrap();
    let stage = &status["stages"][0];
    let given_up = ["failed", "dead"].map(|state| stage[state].as_u64().unwrap_or(0));
    assert_eq!(
        given_up.iter().sum::<u64>(),
        trial.shards().len() as u64,
        "{status}"
    );
    let failures = status["failures"].as_array().unwrap();
    assert!(failures.len() <= 2, "like failures are one: {status}");
    for failure in failures {
        assert_eq!(failure["kind"], "memory", "{failure}");
        let message = failure["message"].as_str().unwrap();
        assert!(message.contains("--memory-limit"), "{message}");
        assert!(message.contains("the limit is 1 MiB"), "{message}");
    }
    assert_eq!(trial.site.ended("w0"), None, "it lives");
    trial.change("max_attempts = 1", "max_attempts = 3");
    trial.start_pool();
    trial.submit();
    trial.assert_undisturbed();
}

/// Its jobs use more together than they may: one at a time gives way, and uses up no attempt.
fn a_worker_with_too_many_slots(trial: &mut Trial) {
    begin_anew(trial);
    for name in ["w0", "w1", "w2"] {
        trial.site.kill(name);
    }
    let before = dead_letters(trial);
    let arguments = ["--slots", "3", "--listen", "127.0.0.1:0"];
    trial.site.worker("roomy", &arguments);
    trial.submit();
    trial.wait_for_done(5);
    let metrics = answer(&trial.site, "roomy", "/metrics");
    let memory = metrics
        .lines()
        .find_map(|line| line.strip_prefix("lumimill_worker_memory_bytes{pool=\"cpu\"} "));
    let used: u64 = memory.expect("its memory").parse().unwrap();
    trial.site.kill("roomy");
    // Less than three use, and more than one does, with all that the process has beside it: most of it is
    // the program.
    let limit = format!("{}KiB", used / 20 * 19 / (1 << 10));
    eprintln!("it used {used} bytes; the limit is {limit}");
    let arguments = ["--slots", "3", "--memory-limit", &limit];
    trial.site.worker("crowded", &arguments);
    trial.site.wait_until("one that gives way", |site| {
        site.log("crowded").contains("kind=\"crowded\"")
    });
    trial.assert_undisturbed();
    let log = trial.site.log("crowded");
    assert!(log.contains("this one gives way"), "{log}");
    assert_eq!(dead_letters(trial), before, "nothing was given up");
}

fn dead_letters(trial: &Trial) -> usize {
    let listed = trial.site.run(&["dead", "list", "--json"]).expect_code(0);
    let letters: serde_json::Value = serde_json::from_str(&listed.out).unwrap();
    letters.as_array().unwrap().len()
}
