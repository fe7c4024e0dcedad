//! Tables in directories, one for each data frame, with others beside them.

use std::fs;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{Float32Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use lumimill_rootfile::write::{Compression, FileWriter, TreeWriter};
use lumimill_tests::{CampaignFolder, python};

use crate::lumimill;

const CAMPAIGN: &str = r#"
name = "frames"
output = "out"
[[dataset]]
name = "pp"
kind = "data"
files = ["data/*.root"]
tree = "DF_*/O2rtdielectronall"
[shards]
events = 300
[[stage]]
name = "pairs"
zip_trees = ["O2rtdielectronml"]
keep = ["fMass", "fSign", "fMcDecision", "fITSClusterMap2", "fCentFT0C"]
"#;

#[test]
fn tables_of_directories_are_read_as_one_and_what_is_beside_them() {
    let folder = CampaignFolder::dielectrons(2_000, CAMPAIGN);
    let plan = lumimill().on("plan", &folder.file()).expect_code(0);
    assert!(
        plan.out
            .contains("files       2, 8 directories read as one"),
        "{}",
        plan.out
    );
    assert!(!plan.out.contains("no mask"), "{}", plan.out);
    let ended = lumimill().on("run", &folder.file()).expect_code(0);
    assert!(ended.out.contains("2000 rows"), "{}", ended.out);
    let stage = folder.join("out/frames/pairs");
    let files = ["data/AO2D_0.root", "data/AO2D_1.root"].map(|file| folder.join(file));
    let files = files.each_ref().map(|file| file.to_str().unwrap());
    if let Some(ended) = python(
        "directories.py",
        &[&[stage.to_str().unwrap()], &files[..]].concat(),
    ) {
        let ended = ended.expect_code(0);
        assert!(
            ended.out.contains("2000 rows agree with uproot"),
            "{}",
            ended.out
        );
        assert!(
            ended.out.contains("2 files agree with ROOT"),
            "{}",
            ended.out
        );
    }
}

#[test]
fn certification_of_tables_without_lumi_sections_is_refused_with_the_reason() {
    let folder = CampaignFolder::dielectrons(50, CAMPAIGN);
    folder.write("mask.json", r#"{"1": [[1, 2]]}"#);
    folder.change(
        "[[dataset]]",
        "[certification]\nmask = \"mask.json\"\n[[dataset]]",
    );
    let ended = lumimill().on("check", &folder.file()).expect_code(2);
    ended.says(&[
        "certification needs run and luminosityBlock, and does not apply to tables that \
                  are read directory by directory without them",
    ]);
}

/// A file with these trees, each of so many entries.
fn write_trees(path: &Path, trees: &[(&str, usize)]) {
    let out = BufWriter::new(File::create(path).unwrap());
    let mut file = FileWriter::new(out, "bad.root", [9; 16]).unwrap();
    for (name, entries) in trees {
        let column = if name.ends_with("ml") {
            "fCentFT0C"
        } else {
            "fMass"
        };
        let schema = Arc::new(Schema::new(vec![Field::new(
            column,
            DataType::Float32,
            false,
        )]));
        let values = Float32Array::from_iter_values((0..*entries).map(|entry| entry as f32));
        let batch = RecordBatch::try_new(schema.clone(), vec![Arc::new(values)]).unwrap();
        let mut tree = TreeWriter::new(name, schema, Compression::None).unwrap();
        tree.write_cluster(&mut file, &batch).unwrap();
        tree.finish(&mut file).unwrap();
    }
    file.finish().unwrap();
}

#[test]
fn siblings_that_are_missing_or_of_other_length_are_named_before_a_job_runs() {
    let folder = CampaignFolder::with_text(CAMPAIGN);
    fs::create_dir(folder.join("data")).unwrap();
    write_trees(
        &folder.join("data/bad.root"),
        &[
            ("DF_1/O2rtdielectronall", 3),
            ("DF_1/O2rtdielectronml", 3),
            ("DF_2/O2rtdielectronall", 4),
            ("DF_2/O2rtdielectronml", 5),
            ("DF_3/O2rtdielectronall", 1),
        ],
    );
    let told = "DF_2/O2rtdielectronml has 5 entries and DF_2/O2rtdielectronall, beside which it \
                stands, has 4; DF_3 has no tree O2rtdielectronml to stand beside O2rtdielectronall";
    for command in ["check", "plan", "run"] {
        let ended = lumimill().on(command, &folder.file()).expect_code(2);
        ended.says(&["dataset[0] (pp)", "bad.root", told]);
    }
    folder.change(
        "zip_trees = [\"O2rtdielectronml\"]",
        "zip_trees = [\"O2rt*\", \"a\", \"a\"]",
    );
    let ended = lumimill().on("check", &folder.file()).expect_code(2);
    ended.says(&[
        "stage[0].zip_trees[0]: expected the name of a tree in the same directory, found \"O2rt*\"",
        "stage[0].zip_trees[2]: \"a\" is named twice",
    ]);
}
