//! The same event more than once: an error, kept, or counted once, held against uproot.

use std::fs;
use std::path::Path;

use lumimill_tests::{CampaignFolder, python, sample, skipped, snapshot};
use serde_json::Value;

use crate::lumimill;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// `hadd in.root a.root a.root`: 1600 entries, 800 events.
fn twice() -> Option<CampaignFolder> {
    let case = |name: &str| sample(&format!("cases/twice-in-one-file/{name}"));
    let (Some(campaign), Some(input), Some(mask)) =
        (case("c.toml"), case("in.root"), case("mask.json"))
    else {
        skipped("twice-in-one-file", "no sample files");
        return None;
    };
    let folder = CampaignFolder::with_text(&fs::read_to_string(campaign).unwrap());
    folder.copy(&input, "in.root");
    folder.copy(&mask, "mask.json");
    folder.change("\"event\"]", "\"event\", \"MET_pt\"]");
    Some(folder)
}

fn with_policy(folder: &CampaignFolder, policy: &str) {
    let mask = "mask = \"mask.json\"";
    folder.change(mask, &format!("{mask}\nduplicates = \"{policy}\""));
}

fn step(folder: &CampaignFolder, name: &str) -> Option<u64> {
    let report = fs::read(folder.join("out/c/report/metrics.json")).unwrap();
    let report: Value = serde_json::from_slice(&report).unwrap();
    let steps = report["stages"][0]["cut_flow"]["steps"]
        .as_array()
        .unwrap()
        .clone();
    let step = steps.iter().find(|step| step["name"] == name)?;
    step["count"].as_u64()
}

fn held_against_uproot(folder: &CampaignFolder, policy: &str, files: &[&str]) {
    let (stage, mask) = (folder.join("out/c/s"), folder.join("mask.json"));
    let files: Vec<_> = files.iter().map(|file| folder.join(file)).collect();
    let mut args = vec![policy, text(&stage), text(&mask)];
    args.extend(files.iter().map(|file| text(file)));
    if let Some(ended) = python("duplicates.py", &args) {
        let _ = ended.expect_code(0);
    }
}

#[test]
fn the_same_event_twice_in_one_file_is_an_error() {
    let Some(folder) = twice() else { return };
    for verb in ["plan", "run"] {
        let ended = lumimill().run(&[verb, text(&folder.file())]).expect_code(2);
        ended.says(&[
            "400 events are there more than once, in 4 lumi sections of in.root",
            "run 278900, lumi section 1",
        ]);
    }
    assert!(
        !folder.join("out/c/plan.parquet").exists(),
        "nothing was begun"
    );
}

#[test]
fn the_same_event_twice_in_one_file_counts_once_where_the_first_is_asked_for() {
    let Some(folder) = twice() else { return };
    with_policy(&folder, "first");
    folder.change("[[stage]]", "[shards]\nevents = 300\n[[stage]]");
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    held_against_uproot(&folder, "first", &["in.root"]);
    assert_eq!(step(&folder, "certified"), Some(800));
    assert_eq!(step(&folder, "first of its duplicates"), Some(400));
    let lumis =
        |name: &str| fs::read_to_string(folder.join(&format!("out/c/report/{name}"))).unwrap();
    assert_eq!(
        lumis("processed_lumis.json").trim(),
        r#"{"278900": [[1, 4]]}"#
    );
    assert_eq!(lumis("missing_lumis.json").trim(), "{}");
    let _ = lumimill().on("verify", &folder.file()).expect_code(0);
    // The same bytes whatever the number of slots.
    let before = snapshot(&folder.join("out"));
    fs::remove_dir_all(folder.join("out")).unwrap();
    let _ = lumimill()
        .run(&["run", text(&folder.file()), "--slots", "8"])
        .expect_code(0);
    assert!(snapshot(&folder.join("out")) == before, "the same files");
}

#[test]
fn the_same_event_twice_in_one_file_is_kept_where_that_is_asked_for() {
    let Some(folder) = twice() else { return };
    with_policy(&folder, "keep");
    let ended = lumimill().on("run", &folder.file()).expect_code(0);
    ended.says(&["warning: 400 events more than once, in 4 lumi sections: each counts as often as it is there"]);
    held_against_uproot(&folder, "keep", &["in.root"]);
    assert_eq!(step(&folder, "first of its duplicates"), None);
    let page = fs::read_to_string(folder.join("out/c/report/index.html")).unwrap();
    assert!(page.contains("100 events more than once, counted"));
}

/// Between files as within one, and whatever of a shard is left: all of it is dropped here.
#[test]
fn the_first_of_several_files_counts() {
    let Some(folder) = twice() else { return };
    with_policy(&folder, "first");
    folder.copy(&folder.join("in.root"), "more/again.root");
    folder.change("\"in.root\"", "\"more/again.root\", \"in.root\"");
    folder.change(
        "[[stage]]",
        "[shards]\nevents = 300\n[[stage]]\nselect = \"MET_pt >= 0\"",
    );
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    held_against_uproot(&folder, "first", &["in.root", "more/again.root"]);
    assert_eq!(step(&folder, "certified"), Some(1600));
    assert_eq!(step(&folder, "first of its duplicates"), Some(400));
    let _ = lumimill().on("verify", &folder.file()).expect_code(0);
}
