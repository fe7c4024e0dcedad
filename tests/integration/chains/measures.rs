//! A stage that only measures the rows of another one: no table, and all else as of other stages.

use std::fs;
use std::path::PathBuf;

use lumimill_tests::{CampaignFolder, snapshot};

use super::{chain, folder, measured, text};
use crate::lumimill;

/// The same histogram of the same rows, of a stage that makes a table of them.
const KEPT: &str = r#"
[[stage]]
name = "kept"
from = "scored"
where = "pt_mumu > 5"
keep = ["m_mumu", "score"]
labels = ["HLT_Mu17_Mu8"]
[[stage.metric]]
histogram = { column = "m_mumu", bins = 120, range = [0.0, 120.0] }
[[stage.metric]]
ranking = { label = "HLT_Mu17_Mu8", score = "score", per = "event" }
"#;

fn parquet(folder: &CampaignFolder, stage: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder.output().join(stage)).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some()).collect()
}

fn markers(folder: &CampaignFolder, stage: &str) -> usize {
    let done = folder.output().join(stage).join("_done");
    fs::read_dir(done).unwrap().count()
}

#[test]
fn a_stage_that_only_measures_writes_no_table() {
    let folder = folder(&format!("{}{KEPT}", chain()));
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    assert_eq!(parquet(&folder, "spectra"), Vec::<PathBuf>::new());
    assert_eq!(
        markers(&folder, "spectra"),
        parquet(&folder, "scored").len()
    );
    let [spectra, kept] = ["spectra", "kept"].map(|stage| measured(&folder, stage));
    assert!(spectra.len() > 5, "{}", spectra.len());
    assert_eq!(spectra, kept);
    let again = lumimill().on("run", &folder.file()).expect_code(0);
    assert!(again.err.contains("nothing to do"), "{}", again.err);
    for command in ["verify", "status", "report"] {
        let _ = lumimill().on(command, &folder.file()).expect_code(0);
    }
    let brought = folder.join("brought");
    let file = folder.file();
    let fetched = lumimill()
        .run(&["fetch", text(&file), "--output", text(&brought)])
        .expect_code(0);
    let tables: usize = ["events", "pairs", "scored", "kept"]
        .map(|stage| parquet(&folder, stage).len())
        .iter()
        .sum();
    let said = format!("{tables} tables");
    assert!(fetched.out.contains(&said), "{}", fetched.out);
    assert!(brought.join("demo/spectra/_done").is_dir());
}

#[test]
fn other_metrics_without_a_table_are_measured_on_the_rows_again() {
    let other = (
        "bins = 120, range = [0.0, 120.0] }\n[[stage.metric]]\nranking = { label = \
                  \"HLT_Mu17_Mu8\", score = \"score\", per = \"event\" }\n",
        "bins = 20, range = [60.0, 120.0] }\n",
    );
    let spectra = super::SPECTRA;
    assert!(spectra.contains(other.0));
    let changed = chain().replace(spectra, &spectra.replace(other.0, other.1));
    let expected = folder(&changed);
    let _ = lumimill().on("run", &expected.file()).expect_code(0);
    let again = folder(&chain());
    let _ = lumimill().on("run", &again.file()).expect_code(0);
    let shards = markers(&again, "spectra");
    super::with_stages(&again, &changed);
    let says = format!("0 shards to do, {shards} to measure again");
    let planned = lumimill().on("plan", &again.file()).expect_code(0);
    assert!(planned.out.contains(&says), "{}", planned.out);
    let ended = lumimill().on("run", &again.file()).expect_code(0);
    assert!(ended.err.contains(&says), "{}", ended.err);
    assert_eq!(measured(&again, "spectra"), measured(&expected, "spectra"));
    let markers_of = |folder: &CampaignFolder| snapshot(&folder.output().join("spectra"));
    assert_eq!(markers_of(&again), markers_of(&expected));
    let _ = lumimill().on("verify", &again.file()).expect_code(0);
}

/// Who reads its rows needs them, so they are written then.
#[test]
fn a_stage_that_is_read_writes_what_it_measures() {
    let reader = "[[stage]]\nname = \"reader\"\nfrom = \"spectra\"\nkeep = [\"m_mumu\"]\n";
    let folder = folder(&chain());
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    super::with_stages(&folder, &format!("{}{reader}", chain()));
    let file = folder.file();
    let _ = lumimill()
        .run(&["run", text(&file), "--replace"])
        .expect_code(0);
    let tables = parquet(&folder, "spectra").len();
    assert_eq!(tables, parquet(&folder, "scored").len());
    assert_eq!(parquet(&folder, "reader").len(), tables);
    let _ = lumimill().on("verify", &folder.file()).expect_code(0);
}

/// Its marker is all that there is of it.
#[test]
fn a_marker_without_a_table_is_made_again_when_it_is_damaged_or_gone() {
    let folder = folder(&chain());
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let expected = snapshot(&folder.output().join("spectra"));
    let done = folder.output().join("spectra/_done");
    let mut paths = fs::read_dir(&done).unwrap().map(|it| it.unwrap().path());
    let (first, second) = (paths.next().unwrap(), paths.next().unwrap());
    fs::remove_file(first).unwrap();
    let bytes = fs::read(&second).unwrap();
    fs::write(&second, &bytes[..bytes.len() / 2]).unwrap();
    let _ = lumimill().on("verify", &folder.file()).expect_code(3);
    let file = folder.file();
    let _ = lumimill()
        .run(&["verify", text(&file), "--mend"])
        .expect_code(0);
    assert_eq!(snapshot(&folder.output().join("spectra")), expected);
    let _ = lumimill().on("verify", &folder.file()).expect_code(0);
}
