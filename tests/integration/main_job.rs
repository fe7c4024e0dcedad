//! The main job, start to end, on generated data, held against other people's tools.

use std::fs;
use std::path::Path;

use lumimill_tests::{CampaignFolder, python, snapshot};
use serde_json::Value;

use crate::lumimill;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn the_main_job_agrees_with_other_tools() {
    let folder = CampaignFolder::demo(12_000);
    let ended = lumimill().on("run", &folder.file()).expect_code(0);
    assert!(ended.out.contains("index.html"), "{}", ended.out);
    let _ = lumimill().on("verify", &folder.file()).expect_code(0);
    let stage = folder.output().join("dimuon");
    let files: Vec<_> = ["data/dimuon_0.root", "data/dimuon_1.root"]
        .map(|file| folder.join(file))
        .into();
    let mask = folder.join("certified.json");
    let Some(pairs) = python(
        "pairs.py",
        &[text(&stage), text(&mask), text(&files[0]), text(&files[1])],
    ) else {
        return;
    };
    let pairs = pairs.expect_code(0).out;
    let rows = pairs.trim().strip_prefix("pairs ").unwrap();
    assert!(rows.parse::<u64>().unwrap() > 5_000, "{rows}");
    let _ = python("readers.py", &[text(&stage), rows])
        .unwrap()
        .expect_code(0);
    let _ = python(
        "metrics.py",
        &[text(&stage), text(&folder.output().join("report"))],
    )
    .unwrap()
    .expect_code(0);
}

#[test]
fn reducing_again_writes_the_same_report() {
    let folder = CampaignFolder::demo(4_000);
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let before = snapshot(&folder.output());
    let report = folder.output().join("report");
    assert!(before.keys().any(|name| name.starts_with("report/")));
    fs::remove_dir_all(&report).unwrap();
    for verb in ["reduce", "report"] {
        let ended = lumimill().on(verb, &folder.file()).expect_code(0);
        assert!(ended.out.contains("index.html"), "{}", ended.out);
        assert!(
            snapshot(&folder.output()) == before,
            "{verb}: the same files"
        );
        fs::write(report.join("metrics.json"), "overwritten").unwrap();
    }
    fs::remove_dir_all(&report).unwrap();
    // What has no marker is not in it, and the exit code says so.
    let done = folder.output().join("dimuon/_done");
    let marker = fs::read_dir(&done).unwrap().next().unwrap().unwrap();
    fs::remove_file(marker.path()).unwrap();
    let _ = lumimill().on("reduce", &folder.file()).expect_code(3);
    let missing = json(&report.join("missing_lumis.json"));
    assert_ne!(missing, serde_json::json!({}), "some are missing now");
}

#[test]
fn lumis_close_against_mask_and_files() {
    let folder = CampaignFolder::demo(12_000);
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let processed = json(&folder.output().join("report/processed_lumis.json"));
    let missing = json(&folder.output().join("report/missing_lumis.json"));
    assert_eq!(missing, serde_json::json!({}), "nothing is missing");
    assert_eq!(
        processed,
        json(&folder.join("certified.json")),
        "all that is certified is processed"
    );
    let status = lumimill()
        .run(&["status", folder.output().to_str().unwrap(), "--json"])
        .expect_code(0);
    let status: Value = serde_json::from_str(&status.out).unwrap();
    assert_eq!(status["lumis"]["missing"], 0);
    assert_eq!(status["stages"][0]["done"], status["stages"][0]["shards"]);
}

const ONE: &str = "models/HLT_Mu17_Mu8.onnx";
const OTHER: &str = "models/HLT_Mu17_Mu8_DZ.onnx";

#[test]
fn an_event_is_scored_by_the_model_of_its_fold() {
    let stage = |change: &dyn Fn(&CampaignFolder)| {
        let folder = CampaignFolder::demo(4_000);
        change(&folder);
        let _ = lumimill().on("run", &folder.file()).expect_code(0);
        (folder.output().join("dimuon"), folder)
    };
    let onnx = format!("onnx = \"{ONE}\"");
    let folds = format!("folds = [\"{ONE}\", \"{OTHER}\"]");
    let other = format!("onnx = \"{OTHER}\"");
    let (folded, _folded) = stage(&|folder| folder.change(&onnx, &folds));
    let (first, _first) = stage(&|_| {});
    let (second, _second) = stage(&|folder| folder.change(&onnx, &other));
    if let Some(ended) = python("folds.py", &[text(&folded), text(&first), text(&second)]) {
        let _ = ended.expect_code(0);
    }
}

/// The same file under two names: planning says which lumi sections, and how many events.
#[test]
fn events_that_are_there_twice_are_found() {
    let folder = CampaignFolder::demo(4_000);
    folder.copy(&folder.join("data/dimuon_0.root"), "data/again.root");
    let ended = lumimill().on("run", &folder.file()).expect_code(2);
    ended.says(&["events are there more than once", "are the same file"]);
    folder.change(
        "[certification]\n",
        "[certification]\nduplicates = \"keep\"\n",
    );
    let ended = lumimill().on("run", &folder.file()).expect_code(0);
    ended.says(&["warning: ", "events more than once"]);
    let page = fs::read_to_string(folder.output().join("report/index.html")).unwrap();
    assert!(page.contains("data/again.root") && page.contains("events more than once, counted"));
    let plan = lumimill()
        .run(&["plan", text(&folder.file()), "--json"])
        .expect_code(0);
    let plan: Value = serde_json::from_str(&plan.out).unwrap();
    assert!(plan["duplicate_events"].as_u64().unwrap() > 1_000, "{plan}");
}

/// One file is damaged behind its metadata: its shards fail, the others do not care, and the
/// ledger says which lumi sections are missing.
#[test]
fn a_damaged_file_fails_alone() {
    let folder = CampaignFolder::demo(12_000);
    let _ = lumimill()
        .run(&["run", text(&folder.file())])
        .expect_code(0);
    let good = fs::read(folder.join("data/dimuon_1.root")).unwrap();
    fs::remove_dir_all(folder.join("out")).unwrap();
    let at = damaged_basket(&folder);
    let mut bad = good.clone();
    bad[at..at + 64].fill(0x55);
    folder.write("data/dimuon_1.root", &bad);
    let ended = lumimill().on("run", &folder.file()).expect_code(3);
    ended.says(&["dimuon_1.root", "MET_pt"]);
    let missing = json(&folder.output().join("report/missing_lumis.json"));
    assert_ne!(missing, serde_json::json!({}));
    let status = lumimill()
        .run(&["status", text(&folder.file()), "--failed"])
        .expect_code(0);
    assert!(status.out.contains("dimuon_1.root"), "{}", status.out);
    let _ = lumimill().on("verify", &folder.file()).expect_code(3);
    folder.write("data/dimuon_1.root", &good);
    let _ = lumimill()
        .run(&["resubmit", text(&folder.file()), "--failed"])
        .expect_code(0);
    let _ = lumimill().on("verify", &folder.file()).expect_code(0);
}

/// Where a basket of `MET_pt` begins to hold compressed bytes in the second file.
pub(super) fn damaged_basket(folder: &CampaignFolder) -> usize {
    let bytes = fs::read(folder.join("data/dimuon_1.root")).unwrap();
    let name = b"MET_pt\x06Events";
    let found = bytes
        .windows(name.len())
        .position(|window| window == name)
        .expect("a basket of MET_pt");
    found + name.len() + 60
}
