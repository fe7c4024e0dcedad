//! Metrics with weights: the numbers of scikit-learn and numpy on the tables that were written.

use std::fs;

use lumimill_tests::{CampaignFolder, python};
use serde_json::Value;

use crate::lumimill;

/// A weight as of simulation (positive), one as of a next-to-leading-order generator or of sPlot (some
/// are negative), and one that is tiny.
const COLUMNS: &str = r#"[stage.columns]
w = "0.2 + 0.01 * pt(pair)"
signed = "(event % 5 == 0) ? -0.4 : 1.1"
tiny = { value = "1e-12 * (1 + event % 3)", type = "f64" }
"#;
const METRICS: &str = r#"
[[stage.metric]]
ranking = { label = "HLT_Mu17_Mu8", score = "score_mu17_mu8", per = "event", bins = 65536, weight = "w" }
[[stage.metric]]
ranking = { label = "HLT_Mu17_Mu8", score = "score_mu17_mu8", per = "event", weight = "signed" }
[[stage.metric]]
ranking = { label = "HLT_Mu17_Mu8", score = "score_mu17_mu8", range = [0.0, 1.0], weight = "tiny" }
[[stage.metric]]
drift = { by = "run", columns = ["score_mu17_mu8", "m_mumu"], weight = "signed" }
[[stage.metric]]
drift = { by = "run", columns = ["run", "m_mumu"], labels = [], weight = "w" }
"#;

fn folder(shard_events: &str) -> CampaignFolder {
    let folder = CampaignFolder::demo(8_000);
    folder.change("[stage.columns]\n", COLUMNS);
    folder.change("events = 10_000", &format!("events = {shard_events}"));
    let text = fs::read_to_string(folder.file()).unwrap();
    folder.write("campaign.toml", text + METRICS);
    folder
}

fn report(folder: &CampaignFolder, file: &str) -> String {
    fs::read_to_string(folder.output().join("report").join(file)).unwrap()
}

fn metrics(folder: &CampaignFolder) -> Value {
    let json: Value = serde_json::from_str(&report(folder, "metrics.json")).unwrap();
    json["stages"][0]["metrics"].clone()
}

#[test]
fn weighted_numbers_are_those_of_scikit_learn_and_numpy() {
    let one = folder("1_000");
    let ended = lumimill().on("run", &one.file()).expect_code(0);
    assert!(!ended.out.contains("warning"), "{}", ended.out);
    let other = folder("4_000");
    let file = other.file();
    let args = ["run", file.to_str().unwrap(), "--slots", "3"];
    let _ = lumimill().run(&args).expect_code(0);
    assert!(metrics(&one) == metrics(&other));
    for file in ["event_metrics.csv", "thresholds.csv"] {
        assert_eq!(report(&one, file), report(&other, file), "{file}");
    }
    let page = report(&one, "index.html");
    for text in ["weight signed", "weighted by w", "Sum of w / bin"] {
        assert!(page.contains(text), "{text}");
    }
    let stage = one.output().join("dimuon");
    let folder = one.output().join("report");
    let args = [stage.to_str().unwrap(), folder.to_str().unwrap()];
    if let Some(ended) = python("weights.py", &args) {
        let ended = ended.expect_code(0);
        assert!(ended.out.contains("rankings 3 drifts 2"), "{}", ended.out);
    }
}

/// The same numbers, whether they are measured while rows are made or on the tables.
#[test]
fn weights_that_a_campaign_adds_are_measured_on_tables() {
    let folder = folder("2_000");
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let before = metrics(&folder);
    folder.change("per = \"event\", weight = \"signed\"", "per = \"event\"");
    let ended = lumimill().on("run", &folder.file()).expect_code(0);
    assert!(ended.err.contains("0 shards to do, "), "{}", ended.err);
    folder.change(
        "per = \"event\" }\n[[stage.metric]]\nranking = { label = \"HLT_Mu17_Mu8\", score = \"score_mu17_mu8\", range",
        "per = \"event\", weight = \"signed\" }\n[[stage.metric]]\nranking = { label = \"HLT_Mu17_Mu8\", score = \"score_mu17_mu8\", range",
    );
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    assert!(metrics(&folder) == before);
}

#[test]
fn what_is_wrong_with_a_weight_is_said() {
    let folder = folder("2_000");
    folder.change(
        "range = [0.0, 1.0], weight = \"tiny\"",
        "weight = \"tinny\"",
    );
    folder.change("labels = [], weight = \"w\"", "labels = [], weight = \"\"");
    let ended = lumimill().on("check", &folder.file()).expect_code(2);
    ended.says(&["drift.weight: empty; name a column"]);
    folder.change(
        "labels = [], weight = \"\"",
        "labels = [], weight = \"dataset\"",
    );
    folder.change("keep = [", "keep = [\"dataset\", ");
    let ended = lumimill().on("check", &folder.file()).expect_code(2);
    ended.says(&["\"tinny\" is not an output column of this stage; did you mean tiny?"]);
    folder.change("\"tinny\"", "\"tiny\"");
    let ended = lumimill().on("check", &folder.file()).expect_code(2);
    ended.says(&["metric column `dataset` is Dictionary(Int32, Utf8), expected a number"]);
    // Nothing is said of what sums to nothing.
    folder.change(
        "labels = [], weight = \"dataset\"",
        "labels = [], weight = \"w\"",
    );
    folder.change("-0.4 : 1.1", "1.0 : -2.0");
    let ended = lumimill().on("run", &folder.file()).expect_code(0);
    let said = ended.out + &ended.err;
    assert!(
        said.contains("whose label is true sum to -") && said.contains("areas are undefined"),
        "{said}"
    );
    let line = report(&folder, "event_metrics.csv");
    let line = line.lines().find(|line| line.contains(",signed,")).unwrap();
    assert!(
        line.starts_with("dimuon,HLT_Mu17_Mu8,score_mu17_mu8,"),
        "{line}"
    );
    assert_eq!(line.split(',').nth(6), Some(""), "{line}");
}
