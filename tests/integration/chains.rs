//! Stages that read stages: a chain holds what one stage would, however it is done, and says what is
//! wrong with it before it begins.

mod beside;
pub(crate) mod kills;
mod measures;
mod messages;
mod pool;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use lumimill_tests::{CampaignFolder, python, snapshot};

use crate::lumimill;
use crate::pool::assert_same;

/// Muon pairs with scores, in one stage.
const WHOLE: &str = r#"
[[stage]]
name = "whole"
where = "nMuon >= 2 && MET_pt > 5"
rows = { pairs = "Muon", charge = "opposite", where = "pt > 3 && abs(eta) < 2.4" }
keep = ["run", "luminosityBlock as lumi", "event", "PV_npvs", "MET_pt"]
labels = ["HLT_Mu17_Mu8", "HLT_Mu17_Mu8_DZ"]
select = "score > 0.05 && m_mumu > 1"
[stage.columns]
m_mumu = { value = "mass(pair)", unit = "GeV" }
pt_mumu = { value = "pt(pair)", unit = "GeV" }
eta_mumu = "eta(pair)"
dR_mumu = "deltaR(first, second)"
ratio = "pt_mumu / m_mumu"
"#;

/// The same in three stages: events, pairs, scores.
const CHAIN: &str = r#"
[[stage]]
name = "events"
where = "nMuon >= 2 && MET_pt > 5"
keep = ["run", "luminosityBlock as lumi", "event", "PV_npvs", "MET_pt", "nMuon", "Muon_*"]
labels = ["HLT_Mu17_Mu8", "HLT_Mu17_Mu8_DZ"]
[[stage]]
name = "pairs"
from = "events"
rows = { pairs = "Muon", charge = "opposite", where = "pt > 3 && abs(eta) < 2.4" }
keep = ["PV_*", "MET_pt"]
labels = ["HLT_Mu17_Mu8", "HLT_Mu17_Mu8_DZ"]
[stage.columns]
m_mumu = { value = "mass(pair)", unit = "GeV" }
pt_mumu = { value = "pt(pair)", unit = "GeV" }
eta_mumu = "eta(pair)"
dR_mumu = "deltaR(first, second)"
[[stage]]
name = "scored"
from = "pairs"
where = "m_mumu > 1"
keep = ["PV_npvs", "MET_pt", "*_mumu"]
labels = ["HLT_Mu17_Mu8", "HLT_Mu17_Mu8_DZ"]
select = "score > 0.05"
[stage.columns]
ratio = "pt_mumu / m_mumu"
"#;

/// What is scored and measured in both.
const SCORES: &str = r#"
[[stage.model]]
name = "score"
folds = ["models/HLT_Mu17_Mu8.onnx", "models/HLT_Mu17_Mu8_DZ.onnx"]
inputs = ["m_mumu", "pt_mumu", "eta_mumu", "dR_mumu", "PV_npvs", "MET_pt"]
class = 1
[[stage.metric]]
ranking = { label = "HLT_Mu17_Mu8", score = "score", per = "event" }
[[stage.metric]]
drift = { by = "run", columns = ["score", "ratio"] }
[[stage.metric]]
histogram = { column = "m_mumu", bins = 120, range = [0.0, 120.0] }
"#;

/// What only measures the rows of the last stage, and writes no table.
const SPECTRA: &str = r#"
[[stage]]
name = "spectra"
from = "scored"
where = "pt_mumu > 5"
[[stage.metric]]
histogram = { column = "m_mumu", bins = 120, range = [0.0, 120.0] }
[[stage.metric]]
ranking = { label = "HLT_Mu17_Mu8", score = "score", per = "event" }
"#;

/// The demo's input in shards of 1,000 events, with these stages.
fn folder(stages: &str) -> CampaignFolder {
    let folder = CampaignFolder::demo(6_000);
    with_stages(&folder, stages);
    folder
}

/// Gives a campaign of the demo other stages.
fn with_stages(folder: &CampaignFolder, stages: &str) {
    let text = fs::read_to_string(folder.file()).unwrap();
    let at = text.find("[[stage]]").unwrap();
    let head = text[..at].replace("events = 10_000", "events = 1_000");
    folder.write("campaign.toml", format!("{head}{stages}"));
}

fn chain() -> String {
    format!("{CHAIN}{SCORES}{SPECTRA}")
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// What a report says of the metrics of a stage, without its name: lines of its tables, and figures.
fn measured(folder: &CampaignFolder, stage: &str) -> Vec<String> {
    let report = folder.output().join("report");
    let mut said = Vec::new();
    for file in [
        "event_metrics.csv",
        "metrics_per_label.csv",
        "thresholds.csv",
    ] {
        let text = fs::read_to_string(report.join(file)).unwrap();
        let of_stage = text
            .lines()
            .filter(|line| line.split(',').next() == Some(stage));
        said.extend(of_stage.map(|line| format!("{file}{}", &line[stage.len()..])));
    }
    for (name, bytes) in snapshot(&report) {
        if name.ends_with(".svg") && name.contains(stage) && !name.contains("cut-flow") {
            let figure = String::from_utf8(bytes).unwrap();
            said.push(format!("{name} {figure}").replace(stage, "it"));
        }
    }
    said
}

#[test]
fn a_chain_of_three_stages_is_one_stage_to_the_bit() {
    let folder = folder(&format!("{WHOLE}{SCORES}{}", chain()));
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let output = folder.output();
    if let Some(ended) = python("chain.py", &[text(&output), "whole", "scored"]) {
        let _ = ended.expect_code(0);
    }
    let [whole, scored] = ["whole", "scored"].map(|stage| measured(&folder, stage));
    assert!(whole.len() > 20, "{}", whole.len());
    for (one, other) in whole.iter().zip(&scored) {
        assert_eq!(one, other);
    }
    assert_eq!(whole.len(), scored.len());
    let report = fs::read_to_string(output.join("report/index.html")).unwrap();
    assert!(report.contains("rows read"));
    for command in ["verify", "status", "report"] {
        let ended = lumimill().on(command, &folder.file()).expect_code(0);
        assert!(!ended.out.contains(" 0 of "), "{}", ended.out);
    }
}

/// When each table of a stage was written.
fn tables(folder: &CampaignFolder, stage: &str) -> BTreeMap<String, SystemTime> {
    let entries = fs::read_dir(folder.output().join(stage)).unwrap();
    let files = entries.map(|entry| entry.unwrap());
    let tables = files.filter(|entry| entry.path().extension().is_some());
    tables
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, entry.metadata().unwrap().modified().unwrap())
        })
        .collect()
}

#[test]
fn a_chain_is_the_same_however_it_is_done() {
    let run = |folder: &CampaignFolder, slots: &str| {
        let file = folder.file();
        let _ = lumimill()
            .run(&["run", text(&file), "--slots", slots])
            .expect_code(0);
        snapshot(&folder.output())
    };
    let first = folder(&chain());
    let expected = run(&first, "1");
    for slots in ["2", "4"] {
        assert_same(&expected, &run(&folder(&chain()), slots));
    }
    // One root is gone, with its marker: it is done again, and what reads it stays.
    let (name, _) = tables(&first, "events").pop_first().unwrap();
    let id = name
        .strip_prefix("part-")
        .unwrap()
        .strip_suffix(".parquet")
        .unwrap();
    fs::remove_file(first.output().join("events").join(&name)).unwrap();
    fs::remove_file(first.output().join("events/_done").join(id)).unwrap();
    let scored = tables(&first, "scored");
    assert_same(&expected, &run(&first, "2"));
    assert_eq!(
        tables(&first, "scored"),
        scored,
        "nothing of it was written again"
    );
}

#[test]
fn what_changes_in_the_middle_is_done_again_with_what_reads_it() {
    let folder = folder(&chain());
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let of = |stage: &str| tables(&folder, stage);
    let (events, pairs, scored) = (of("events"), of("pairs"), of("scored"));
    folder.change("pt > 3 &&", "pt > 4 &&");
    let planned = lumimill().on("plan", &folder.file()).expect_code(0);
    let file = folder.file();
    let _ = lumimill()
        .run(&["run", text(&file), "--replace"])
        .expect_code(0);
    assert_eq!(of("events"), events, "{}", planned.out);
    for (before, after) in [(pairs, of("pairs")), (scored, of("scored"))] {
        assert_eq!(before.len(), after.len());
        assert!(before.keys().all(|name| !after.contains_key(name)));
    }
    let _ = lumimill().on("verify", &folder.file()).expect_code(0);
}
