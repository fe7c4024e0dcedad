//! Cuts, held against awkward, whatever is read of what they leave out: of columns that nobody looks
//! at before, only baskets in which something is left.

use std::path::{Path, PathBuf};

use lumimill_tests::{CampaignFolder, python, snapshot};

use crate::lumimill;

const CAMPAIGN: &str = r#"
name = "cuts"
output = "out"
[certification]
mask = "certified.json"
[[dataset]]
name = "D"
kind = "data"
files = ["data/*.root"]
tree = "Events"
[shards]
events = 7_000
[[stage]]
name = "events"
where = "CUT"
keep = ["run", "luminosityBlock", "event", "MET_pt", "Muon_pt", "Muon_eta", "Jet_pt"]
[[stage]]
name = "muons"
where = "CUT"
rows = { each = "Muon", where = "pt > 60" }
keep = ["event", "MET_pt", "Muon_pt", "Muon_eta"]
"#;

/// The campaign with a cut, on generated events.
fn campaign(cut: &str) -> CampaignFolder {
    let folder = CampaignFolder::demo(20_000);
    folder.write("campaign.toml", CAMPAIGN.replace("CUT", cut));
    folder
}

fn files(folder: &CampaignFolder) -> [PathBuf; 2] {
    ["data/dimuon_0.root", "data/dimuon_1.root"].map(|file| folder.join(file))
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The rows of both stages, which are those of awkward.
fn rows(folder: &CampaignFolder, cut: &str, files: &[PathBuf]) -> Option<[u64; 2]> {
    let mask = folder.join("certified.json");
    let rows = [("events", "events"), ("muons", "60")].map(|(stage, most)| {
        let stage = folder.join("out/cuts").join(stage);
        let mut args = vec!["rows", text(&stage), text(&mask), cut, most];
        args.extend(files.iter().map(|file| text(file)));
        let said = python("cuts.py", &args)?.expect_code(0);
        said.out.trim().strip_prefix("rows ")?.parse().ok()
    });
    Some([rows[0]?, rows[1]?])
}

/// The number of an event that is certified, in the middle of a file.
fn middle(folder: &CampaignFolder) -> Option<String> {
    let args = [
        "middle",
        text(&folder.join("certified.json")),
        text(&files(folder)[0]),
    ]
    .map(str::to_owned);
    let args = args.each_ref().map(String::as_str);
    Some(
        python("cuts.py", &args)?
            .expect_code(0)
            .out
            .trim()
            .to_owned(),
    )
}

#[test]
fn rows_are_those_of_awkward_whatever_a_cut_leaves() {
    let Some(one) = middle(&campaign("true")) else {
        return;
    };
    let one = (format!("event == {one}"), format!("e.event == {one}"));
    let sum = "ak.sum(e.Muon_pt, axis=1) > 90";
    for ((cut, awkward), few) in [
        (("MET_pt > 1e9", "e.MET_pt > 1e9"), Some(0)),
        ((&one.0, &one.1), Some(1)),
        (("MET_pt > 60", "e.MET_pt > 60"), None),
        (("event % 500 == 7", "e.event % 500 == 7"), None),
        (("sum(Muon_pt) > 90", sum), None),
        (("MET_pt > -1", "e.MET_pt > -1"), None),
    ] {
        let folder = campaign(cut);
        let _ = lumimill().on("run", &folder.file()).expect_code(0);
        let _ = lumimill().on("verify", &folder.file()).expect_code(0);
        let rows = rows(&folder, awkward, &files(&folder)).unwrap();
        match few {
            Some(few) => assert_eq!(rows[0], few, "{cut}"),
            None => assert!(rows[0] > 10 && rows[1] > 0, "{cut}: {rows:?}"),
        }
    }
}

#[test]
fn an_rntuple_and_parquet_give_the_same_rows() {
    let (cut, awkward) = ("event % 700 == 7", "e.event % 700 == 7");
    let folder = campaign(cut);
    let sources = files(&folder);
    for (number, source) in sources.iter().enumerate() {
        let to = folder.join(&format!("ntuple_{number}.root"));
        let Some(ended) = python("cuts.py", &["ntuple", text(source), text(&to)]) else {
            return;
        };
        let _ = ended.expect_code(0);
        let to = folder.join(&format!("table_{number}.parquet"));
        let args = [text(source), text(&to), "1000", "zstd", "flat"];
        let _ = python("as_parquet.py", &args).unwrap().expect_code(0);
    }
    for pattern in ["ntuple_*.root", "table_*.parquet"] {
        folder.write(
            "campaign.toml",
            CAMPAIGN.replace("CUT", cut).replace("data/*.root", pattern),
        );
        let _ = std::fs::remove_dir_all(folder.join("out"));
        let _ = lumimill().on("run", &folder.file()).expect_code(0);
        let rows = rows(&folder, awkward, &sources).unwrap();
        assert!(rows[0] > 10, "{pattern}: {rows:?}");
    }
}

#[test]
fn a_basket_in_which_nothing_is_left_is_not_unpacked() {
    let Some(one) = middle(&campaign("true")) else {
        return;
    };
    let folder = campaign(&format!("event == {one}"));
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let whole = snapshot(&folder.join("out/cuts/events"));
    std::fs::remove_dir_all(folder.join("out")).unwrap();
    let spoilt = &files(&folder)[1];
    let _ = python("cuts.py", &["spoil", text(spoilt), "Jet_pt"])
        .unwrap()
        .expect_code(0);
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let _ = lumimill().on("verify", &folder.file()).expect_code(0);
    assert!(
        whole == snapshot(&folder.join("out/cuts/events")),
        "the same objects"
    );
    // What needs it says so.
    folder.change(&format!("event == {one}"), "event > 0");
    let said = lumimill()
        .run(&["run", text(&folder.file()), "--replace"])
        .expect_code(3);
    let said = format!("{}{}", said.out, said.err);
    assert!(said.contains("Jet_pt"), "{said}");
}
