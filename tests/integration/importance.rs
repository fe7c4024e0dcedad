//! Features of models, shuffled: how much worse a label is ranked, against another computation.

use std::fs;

use lumimill_tests::{CampaignFolder, python};
use serde_json::Value;

use crate::lumimill;

const FEATURES: [&str; 6] = [
    "m_mumu", "pt_mumu", "eta_mumu", "dR_mumu", "PV_npvs", "MET_pt",
];
const METRICS: &str = r#"
[[stage.metric]]
importance = { model = "score_mu17_mu8", label = "HLT_Mu17_Mu8", per = "event", sample = 300 }
[[stage.metric]]
importance = { model = "score_iso_dz", label = "HLT_Mu17_TrkIsoVVL_Mu8_TrkIsoVVL_DZ", sample = 200 }
"#;

fn folder(events: u64) -> CampaignFolder {
    let folder = CampaignFolder::demo(events);
    folder.change("events = 10_000", "events = 1_000");
    let text = fs::read_to_string(folder.file()).unwrap();
    folder.write("campaign.toml", text + METRICS);
    folder
}

fn file(folder: &CampaignFolder) -> String {
    fs::read_to_string(folder.output().join("report/dimuon_importance.csv")).unwrap()
}

/// Importance and error of a feature.
fn importance(csv: &str, score: &str, feature: &str) -> (f64, f64) {
    let line = csv.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let mut found = line.filter(|line| line[1] == score && line[4] == feature);
    let line = found
        .next()
        .unwrap_or_else(|| panic!("no {feature}: {csv}"));
    (line[8].parse().unwrap(), line[9].parse().unwrap())
}

#[test]
fn importances_are_those_of_another_computation() {
    let folder = folder(8_000);
    let path = folder.file();
    let ended = lumimill().run(&["run", path.to_str().unwrap(), "--slots", "3"]);
    let _ = ended.expect_code(0);
    let page = fs::read_to_string(folder.output().join("report/index.html")).unwrap();
    assert!(page.contains("Importance for HLT_Mu17_Mu8") && page.contains("Loss of ROC-AUC"));
    let csv = file(&folder);
    assert_eq!(csv.lines().count(), 1 + 2 * FEATURES.len());
    // What makes the trigger fire, and what has nothing to do with it.
    let (of_pt, error) = importance(&csv, "score_iso_dz", "m_mumu");
    assert!(of_pt > 0.0 || error > 0.0, "{csv}");
    let (useless, error) = importance(&csv, "score_iso_dz", "MET_pt");
    assert!(useless.abs() < 4.0 * error + 1e-3, "{useless} {error}");
    let stage = folder.output().join("dimuon");
    let report = folder.output().join("report/dimuon_importance.csv");
    let of = |score: &str, model: &str, label: &str, per: &str, sample: &str| {
        let model = folder.join(&format!("models/{model}.onnx"));
        let paths = [&stage, &report, &model].map(|path| path.to_str().unwrap().to_owned());
        let mut args: Vec<&str> = paths.iter().map(String::as_str).collect();
        args.extend([score, label, per, sample]);
        args.extend(FEATURES);
        if let Some(ended) = python("importance.py", &args) {
            let ended = ended.expect_code(0);
            assert!(ended.out.contains("features agree 6"), "{}", ended.out);
        }
    };
    let (loose, tight) = ("HLT_Mu17_Mu8", "HLT_Mu17_TrkIsoVVL_Mu8_TrkIsoVVL_DZ");
    of("score_mu17_mu8", loose, loose, "event", "300");
    of("score_iso_dz", tight, tight, "row", "200");
}

fn metrics(folder: &CampaignFolder) -> Value {
    let json = fs::read(folder.output().join("report/metrics.json")).unwrap();
    let json: Value = serde_json::from_slice(&json).unwrap();
    json["stages"][0]["metrics"].clone()
}

/// Features that tables lack, and rows that they do not keep: shards are made again.
#[test]
fn importances_are_never_measured_on_tables() {
    let folder = folder(3_000);
    // A column that is the same everywhere says nothing, whatever the model thinks of it.
    folder.change(
        "\"eta_mumu\", \"dR_mumu\"",
        "\"0 * eta(pair)\", \"deltaR(first, second)\"",
    );
    let selected = "missing_labels = \"error\"\nselect = \"score_iso_dz > 0.01\"";
    folder.change("missing_labels = \"error\"", selected);
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let csv = file(&folder);
    let line = |name: &str| {
        let mut lines = csv.lines();
        lines
            .find(|line| line.contains(name))
            .unwrap_or_else(|| panic!("{name}: {csv}"))
            .to_owned()
    };
    assert!(line("0 * eta(pair)").contains(",0,0,"), "{csv}");
    assert!(csv.contains("deltaR(first"), "{csv}");
    let before = metrics(&folder);
    folder.change("sample = 300", "sample = 310");
    let planned = lumimill().on("plan", &folder.file()).expect_code(0);
    let says = "or features that are shuffled, 0 to measure again";
    assert!(planned.out.contains(says), "{}", planned.out);
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    assert!(metrics(&folder) != before);
    folder.change("sample = 310", "sample = 300");
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    assert!(metrics(&folder) == before);
    folder.change(
        "model = \"score_mu17_mu8\", label",
        "model = \"score_mu17\", label",
    );
    let ended = lumimill().on("check", &folder.file()).expect_code(2);
    ended.says(&["importance.model: \"score_mu17\" is no model of this stage"]);
}
