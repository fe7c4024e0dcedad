//! The documented campaign at event level: the leading muons by their numbers, with a default where
//! there is none, and what is known of the event.

use std::fs;
use std::path::Path;

use lumimill_tests::{CampaignFolder, python};

use crate::lumimill;

/// The example of the reference of campaign files.
fn example() -> String {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../common/README.md");
    let text = fs::read_to_string(readme).unwrap();
    let start = text.find("  # The event level").unwrap();
    let text = text.get(start..).unwrap();
    let text = text.get(..text.find("  ```").unwrap()).unwrap();
    let lines = text
        .lines()
        .map(|line| line.strip_prefix("  ").unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_two_leading_muons_and_the_event_are_scored_as_numpy_says() {
    let folder = CampaignFolder::demo(3_000);
    let text = fs::read_to_string(folder.file()).unwrap();
    let head = text.get(..text.find("[[stage]]").unwrap()).unwrap();
    folder.write("campaign.toml", format!("{head}\n{}", example()));
    folder.change("events = 10_000", "events = 500");
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let path = |path: &str| folder.join(path).to_str().unwrap().to_owned();
    let args = [
        path("out/demo/events"),
        path("out/demo/report"),
        path("data/dimuon_0.root"),
        path("data/dimuon_1.root"),
    ];
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    if let Some(ended) = python("event_level.py", &args) {
        let ended = ended.expect_code(0);
        assert!(ended.out.contains("events agree"), "{}", ended.out);
    }
    let csv = fs::read_to_string(folder.join("out/demo/report/events_importance.csv")).unwrap();
    assert!(csv.contains("score,HLT_Mu17_Mu8,row,sub_pt,"), "{csv}");
}

/// Without a default, and without a condition before it, a member that is not there fails the shard.
#[test]
fn a_member_that_is_not_there_is_said_with_its_event() {
    let folder = CampaignFolder::demo(1_000);
    let text = fs::read_to_string(folder.file()).unwrap();
    let head = text.get(..text.find("[[stage]]").unwrap()).unwrap();
    folder.write("campaign.toml", format!("{head}\n{}", example()));
    folder.change("Muon_pt.at(1, -1)", "Muon_pt.at(1)");
    let ended = lumimill().on("run", &folder.file()).expect_code(3);
    ended.says(&["Muon_pt.at(1) is of a member that is not there"]);
    folder.change("Muon_pt.at(1)", "nMuon.at(1, -1)");
    let ended = lumimill().on("check", &folder.file()).expect_code(2);
    ended.says(&["needs a list or a vector; this is one value"]);
}
