//! Columns with a value per member and per group, held against numpy.

use std::fs;

use lumimill_tests::{CampaignFolder, python, sample, skipped, snapshot};

use crate::lumimill;

const COLUMNS: &str = r#"
[stage.columns]
scale = "sum(Jet_pt)"
Jet_part = "Jet_pt / scale"
Jet_group = "time_group(Jet_phi, 0.5)"
Jet_near = "cluster(Jet_eta, Jet_phi, 0.8)"
Jet_rank = "rank(-Jet_pt)"
Group_pt = "sum(Jet_pt, by = Jet_group)"
Group_n = "count(Jet_pt, by = Jet_group)"
Group_lead = { value = "max(Jet_pt, by = Jet_group)", type = "f64" }
Group_hard = "any(Jet_pt > 50, by = Jet_group)"
Group_half = "Group_pt / 2"
Near_eta = "mean(Jet_eta, by = Jet_near)"
groups = "Group_pt.size()"
"#;

#[test]
fn members_and_groups_are_those_of_numpy() {
    let Some(file) = sample("nanoaod/nano_tt_v12.root") else {
        return skipped("members_and_groups_are_those_of_numpy", "no sample files");
    };
    let file = file.to_str().unwrap();
    let folder = CampaignFolder::with_text(&format!(
        "name = \"lists\"\noutput = \"out\"\n[shards]\nevents = 16\n[[dataset]]\nname = \"TT\"\n\
         kind = \"mc\"\nfiles = [{file:?}]\n[[stage]]\nname = \"s\"\nwhere = \"event % 3 != 0\"\n\
         keep = [\"event\", \"Jet_pt\"]\n{COLUMNS}"
    ));
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let stage = folder.join("out/lists/s");
    if let Some(ended) = python("lists.py", &[stage.to_str().unwrap(), file]) {
        let _ = ended.expect_code(0);
    }
    let _ = lumimill().on("verify", &folder.file()).expect_code(0);
    let before = snapshot(&folder.join("out"));
    fs::remove_dir_all(folder.join("out")).unwrap();
    let file = folder.file();
    let again = ["run", file.to_str().unwrap(), "--slots", "8"];
    let _ = lumimill().run(&again).expect_code(0);
    assert!(
        snapshot(&folder.join("out")) == before,
        "the same with 8 slots"
    );
}
