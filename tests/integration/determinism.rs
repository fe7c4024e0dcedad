//! The same bytes whatever the number of slots, and whatever was killed on the way.

use std::thread::sleep;
use std::time::{Duration, Instant};

use lumimill_tests::{CampaignFolder, Snapshot, snapshot};

use crate::lumimill;

const EVENTS: u64 = 24_000;

fn folder() -> CampaignFolder {
    let folder = CampaignFolder::demo(EVENTS);
    folder.change("events = 10_000", "events = 1_000");
    folder
}

fn run(folder: &CampaignFolder, slots: &str) -> Snapshot {
    let file = folder.file();
    let _ = lumimill()
        .run(&["run", file.to_str().unwrap(), "--slots", slots])
        .expect_code(0);
    let _ = lumimill().on("verify", &folder.file()).expect_code(0);
    snapshot(&folder.output())
}

#[track_caller]
fn assert_same(expected: &Snapshot, found: &Snapshot) {
    let names = |files: &Snapshot| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(expected), names(found), "the same files");
    for (name, bytes) in expected {
        assert!(found[name] == *bytes, "{name} differs");
    }
}

#[test]
fn slots_and_kills_leave_no_trace() {
    let undisturbed = run(&folder(), "1");
    assert!(
        undisturbed.len() > 20,
        "several shards: {}",
        undisturbed.len()
    );
    for slots in ["2", "4"] {
        assert_same(&undisturbed, &run(&folder(), slots));
    }
    let killed = folder();
    kill_in_the_middle(&killed);
    assert_same(&undisturbed, &run(&killed, "2"));
}

/// Starts a run, and kills it when some of its shards are done and some are not.
fn kill_in_the_middle(folder: &CampaignFolder) {
    let file = folder.file();
    let done = folder.output().join("dimuon/_done");
    let markers = || std::fs::read_dir(&done).map_or(0, Iterator::count);
    let mut run = lumimill().start(&["run", file.to_str().unwrap(), "--slots", "1"]);
    let patience = Instant::now() + Duration::from_secs(120);
    while markers() < 2 && Instant::now() < patience {
        sleep(Duration::from_millis(1));
    }
    run.kill().unwrap();
    run.wait().unwrap();
    assert!(markers() >= 2, "some shards were done before the kill");
    assert!(
        !folder.output().join("report/index.html").exists(),
        "and some were not"
    );
}

#[test]
fn a_second_run_redoes_nothing() {
    let folder = folder();
    let first = run(&folder, "2");
    let part = first
        .keys()
        .find(|name| name.contains("part-"))
        .unwrap()
        .clone();
    let modified = || {
        std::fs::metadata(folder.output().join(&part))
            .unwrap()
            .modified()
            .unwrap()
    };
    let before = modified();
    assert_same(&first, &run(&folder, "2"));
    assert_eq!(before, modified(), "no object was written again");
}

#[test]
fn a_changed_configuration_reruns_only_when_told() {
    let folder = CampaignFolder::demo(4_000);
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    folder.change("pt > 3", "pt > 4");
    lumimill()
        .on("run", &folder.file())
        .expect_code(2)
        .says(&["earlier configuration", "--replace"]);
    let file = folder.file();
    let _ = lumimill()
        .run(&["run", file.to_str().unwrap(), "--replace"])
        .expect_code(0);
    let _ = lumimill().on("verify", &folder.file()).expect_code(0);
}

#[test]
fn an_interrupt_stops_cleanly() {
    let folder = folder();
    let file = folder.file();
    let done = folder.output().join("dimuon/_done");
    let run_slowly = lumimill().start(&["run", file.to_str().unwrap(), "--slots", "1"]);
    let mut run_slowly = run_slowly;
    while !done.exists() {
        sleep(Duration::from_millis(1));
    }
    let interrupted = std::process::Command::new("kill")
        .args(["-INT", &run_slowly.id().to_string()])
        .status();
    assert!(interrupted.unwrap().success());
    assert_eq!(run_slowly.wait().unwrap().code(), Some(130));
    let ended = lumimill().on("run", &folder.file()).expect_code(0);
    assert!(ended.err.contains("shards in"), "{}", ended.err);
}
