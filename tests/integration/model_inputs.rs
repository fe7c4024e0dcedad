//! Models read what no table keeps: the scores are those of a table that keeps it.

use std::fs;

use lumimill_tests::CampaignFolder;

use crate::lumimill;

const KEPT: &str = "\"event\", \"PV_npvs\", \"MET_pt\"]";

/// The numbers of the rankings, after a run.
fn rankings(folder: &CampaignFolder) -> String {
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let path = folder.output().join("report/event_metrics.csv");
    fs::read_to_string(path).unwrap()
}

#[test]
fn models_read_what_the_table_does_not_keep() {
    let kept = CampaignFolder::demo(4_000);
    let expected = rankings(&kept);
    let folder = CampaignFolder::demo(4_000);
    folder.change(KEPT, "\"event\", \"PV_npvs\"]");
    // What a column was is an expression now, with other words for the same.
    folder.change("dR_mumu = \"deltaR(first, second)\"\n", "");
    let text = fs::read_to_string(folder.file()).unwrap();
    let inputs = "\"eta_mumu\", \"dR_mumu\", \"PV_npvs\"";
    assert!(text.contains(inputs));
    let read = "\"eta_mumu\", \"deltaR(first, second)\", \"PV_npvs\"";
    folder.write("campaign.toml", text.replace(inputs, read));
    assert_eq!(rankings(&folder), expected);
    let table = fs::read_dir(folder.output().join("dimuon")).unwrap();
    let part = table
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|kind| kind == "parquet"));
    let bytes = fs::read(part.unwrap()).unwrap();
    let has = |name: &str| {
        bytes
            .windows(name.len())
            .any(|found| found == name.as_bytes())
    };
    assert!(has("PV_npvs") && has("score_iso_dz"));
    assert!(!has("deltaR(") && !has("MET_pt"), "neither is written");
}
