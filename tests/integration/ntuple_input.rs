//! RNTuples as input: the same tables as from the TTrees that they were made from.

use lumimill_tests::{CampaignFolder, python, sample, skipped};

use crate::lumimill;
use crate::real_files::campaign;

const FILE: &str = "nano_dimuon.root";
const MASK: &str = r#"{"315267": [[1, 4294967295]]}"#;
const STAGE: &str = "out/doublemuon-2016g/dimuon";

/// The campaign of the documentation on a sample file, or on its RNTuple under the same name.
fn campaign_on(ntuple: bool) -> Option<CampaignFolder> {
    let folder = campaign(FILE, MASK, "null")?;
    if ntuple {
        let Some(data) = sample("rntuple/nano_dimuon_rntuple.root") else {
            skipped(FILE, "no sample files");
            return None;
        };
        folder.copy(&data, &format!("DoubleMuon2016G/{FILE}"));
    }
    Some(folder)
}

#[test]
fn an_rntuple_gives_the_table_that_its_tree_gives() {
    let (Some(tree), Some(ntuple)) = (campaign_on(false), campaign_on(true)) else {
        return;
    };
    for folder in [&tree, &ntuple] {
        let _ = lumimill().on("check", &folder.file()).expect_code(0);
        let _ = lumimill().on("run", &folder.file()).expect_code(0);
        let _ = lumimill().on("verify", &folder.file()).expect_code(0);
    }
    let (one, other) = (tree.join(STAGE), ntuple.join(STAGE));
    let args = [one.to_str().unwrap(), other.to_str().unwrap(), ""];
    if let Some(ended) = python("same_rows.py", &args) {
        let found = ended.expect_code(0);
        let rows = found.out.trim().strip_prefix("rows ").unwrap();
        assert!(rows.parse::<u64>().unwrap() > 30, "{rows}");
    }
}

#[test]
fn inspect_says_that_a_file_has_an_rntuple_and_what_is_in_it() {
    let Some(data) = sample("rntuple/nano_dimuon_rntuple.root") else {
        return skipped(FILE, "no sample files");
    };
    let said = lumimill().on("inspect", &data).expect_code(0);
    assert!(
        said.out
            .contains("RNTuple Events: 40 entries, 1601 branches, 1 clusters"),
        "{}",
        said.out.lines().take(4).collect::<String>()
    );
    assert!(said.out.contains("float[nMuon]"));
}

const CMS: &str = r#"
name = "cms"
output = "out"
[certification]
mask = "mask.json"
[[dataset]]
name = "D"
kind = "data"
files = ["data/*.root"]
[[stage]]
name = "s"
keep = ["run", "luminosityBlock", "event", "nMuon"]
labels = ["HLT_IsoMu24", "HLT_Late"]
[stage.columns]
pt = "nMuon > 0 ? Muon_pt[0] : -1"
positive = "Sum(Muon_charge > 0)"
"#;

#[test]
fn nanoaod_of_cms_writer_runs_and_what_came_late_is_told() {
    let folder = CampaignFolder::with_text(CMS);
    let data = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../common/rootfile/tests/data/rntuple/cms.root"
    );
    folder.copy(data.as_ref(), "data/cms.root");
    folder.write("mask.json", r#"{"1": [[1, 2]]}"#);
    let checked = lumimill().on("check", &folder.file()).expect_code(0);
    checked.says(&["\"HLT_Late\" was added to the file at entry 15"]);
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let _ = lumimill().on("verify", &folder.file()).expect_code(0);
    let stage = folder.join("out/cms/s");
    if let Some(ended) = python("ntuple_rows.py", &[stage.to_str().unwrap()]) {
        assert_eq!(ended.expect_code(0).out.trim(), "rows 20");
    }
}
