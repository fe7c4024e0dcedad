//! A chain that one process does, is killed at, and does again.

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use lumimill_tests::{CampaignFolder, snapshot};

use super::{chain, folder, text};
use crate::lumimill;
use crate::pool::assert_same;

/// Runs a campaign with so many slots, and kills it when a stage has so many markers; whether that
/// was before its end.
pub(crate) fn is_killed_in_time(
    folder: &CampaignFolder,
    output: &Path,
    (stage, markers, slots): (&str, usize, &str),
) -> bool {
    let (file, done) = (folder.file(), output.join(stage).join("_done"));
    let mut run = lumimill().start(&["run", text(&file), "--slots", slots]);
    let found = || fs::read_dir(&done).map_or(0, Iterator::count);
    while found() < markers && run.try_wait().unwrap().is_none() {
        sleep(Duration::from_millis(1));
    }
    run.kill().unwrap();
    run.wait().unwrap();
    assert!(
        found() >= markers,
        "it ended before stage {stage} had these"
    );
    !output.join("report/index.html").exists()
}

#[test]
fn a_chain_that_is_killed_in_every_stage_leaves_no_trace() {
    let undisturbed = folder(&chain());
    let _ = lumimill().on("run", &undisturbed.file()).expect_code(0);
    let killed = folder(&chain());
    let points = [
        ("events", 1, "1"),
        ("events", 4, "2"),
        ("pairs", 1, "4"),
        ("pairs", 4, "1"),
        ("scored", 1, "2"),
    ];
    let in_time = points.map(|point| is_killed_in_time(&killed, &killed.output(), point));
    // A slow machine may be late for the last one.
    assert_eq!(in_time[..4], [true; 4]);
    let _ = lumimill().on("run", &killed.file()).expect_code(0);
    assert_same(
        &snapshot(&undisturbed.output()),
        &snapshot(&killed.output()),
    );
    let _ = lumimill().on("verify", &killed.file()).expect_code(0);
}
