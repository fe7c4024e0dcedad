//! Files as they are found: not closed, without branches, with packed numbers, names with dots,
//! small integers, and labels in bytes.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::{
    ArrayRef, Int8Array, Int32Array, Int64Array, RecordBatch, UInt8Array, UInt16Array,
};
use arrow_schema::{Field, Schema};
use lumimill_rootfile::write::{Compression, FileWriter, TreeWriter};
use lumimill_tests::{CampaignFolder, Ended};

use crate::lumimill;

/// Files of the reader's own tests.
fn of_reader(name: &str) -> PathBuf {
    let tests = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    tests.join("../common/rootfile/tests/data").join(name)
}

fn campaign(tree: &str, rest: &str) -> CampaignFolder {
    CampaignFolder::with_text(&format!(
        "name = \"odd\"\noutput = \"out\"\n[[dataset]]\nname = \"D\"\nkind = \"mc\"\n\
         files = [\"*.root\"]\ntree = \"{tree}\"\n[[stage]]\nname = \"s\"\nrows = \"event\"\n{rest}\n"
    ))
}

fn run(folder: &CampaignFolder) -> Ended {
    lumimill().on("run", &folder.file())
}

#[test]
fn a_file_that_was_not_closed_is_read_and_said_to_be_recovered() {
    let folder = campaign("Events", "where = \"nMuon >= 2\"\nkeep = [\"event\"]");
    folder.copy(&of_reader("not_closed.root"), "in.root");
    let ended = run(&folder).expect_code(0);
    // As many as RDataFrame reads of the file that ROOT recovered.
    assert!(ended.out.contains("380 rows"), "{}", ended.out);
    let said = format!("{}{}", ended.out, ended.err);
    assert!(said.contains("in.root: was not closed: 1 object"), "{said}");
}

#[test]
fn a_file_without_branches_is_left_out_with_a_warning() {
    let data = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data");
    let folder = campaign("Events", "where = \"nMuon >= 2\"\nkeep = [\"event\"]");
    folder.copy(&of_reader("not_closed.root"), "a.root");
    folder.copy(&data.join("no_branches.root"), "0.root");
    let _ = lumimill().on("check", &folder.file()).expect_code(0);
    let ended = run(&folder).expect_code(0);
    assert!(ended.out.contains("380 rows"), "{}", ended.out);
    let said = format!("{}{}", ended.out, ended.err);
    assert!(said.contains("without branches"), "{said}");
    assert!(said.contains("0.root"), "{said}");
}

#[test]
fn leaves_of_a_branch_and_packed_numbers_are_columns() {
    let folder = campaign(
        "T",
        "where = \"jet.pt > 3 && jet.n < 2000\"\n\
         keep = [\"jet.pt as jet_pt\", \"h\", \"dr\", \"jet.n\"]\n\
         [stage.columns]\nsum = \"jet.pt + jet.eta + dr\"\nsame = \"`jet.pt`\"",
    );
    folder.copy(&of_reader("leaves.root"), "in.root");
    let ended = run(&folder).expect_code(0);
    // pt is 0, 1, 2 … 49, and n its square.
    assert!(ended.out.contains("41 rows"), "{}", ended.out);
}

#[test]
fn branches_of_an_object_have_the_names_that_rdataframe_gives_them() {
    let folder = campaign(
        "T",
        "where = \"p.plain < 1e9 && half < 1e9\"\nkeep = [\"ranged\", \"p.bits as bits\"]",
    );
    folder.copy(&of_reader("packs.root"), "in.root");
    let ended = run(&folder).expect_code(0);
    assert!(ended.out.contains("50 rows"), "{}", ended.out);
}

#[test]
fn what_is_there_and_not_read_is_not_said_to_be_missing() {
    let folder = campaign(
        "T",
        "where = \"jet > 1\"\nkeep = [\"jet as j\"]\nlabels = [\"jet\"]\nmissing_labels = \"false\"",
    );
    folder.copy(&of_reader("leaves.root"), "in.root");
    let ended = lumimill().on("check", &folder.file()).expect_code(2);
    ended.says(&[
        "column \"jet\" cannot be read: several leaves: read jet.pt, jet.eta, jet.n",
        "keep[0]",
        "labels[0]",
        "branch \"jet\" cannot be read",
    ]);
    assert!(!ended.err.contains("no branch"), "{}", ended.err);
}

/// Three entries with small integers for run and lumi section, and a label in bytes.
fn write_small_integers(folder: &CampaignFolder, label: ArrayRef) {
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("run", Arc::new(Int32Array::from(vec![1, 1, 1]))),
        (
            "luminosityBlock",
            Arc::new(UInt16Array::from(vec![7, 8, 9])),
        ),
        ("event", Arc::new(Int64Array::from(vec![1, 2, 3]))),
        ("HLT_Mu17", label),
    ];
    let fields = columns
        .iter()
        .map(|(name, column)| Field::new(*name, column.data_type().clone(), false));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let columns = columns.into_iter().map(|(_, column)| column).collect();
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns).unwrap();
    let out = File::create(folder.join("in.root")).unwrap();
    let mut file = FileWriter::new(out, "in.root", [1; 16]).unwrap();
    let mut tree = TreeWriter::new("Events", schema, Compression::Zlib(1)).unwrap();
    tree.write_cluster(&mut file, &batch).unwrap();
    tree.finish(&mut file).unwrap();
    file.finish().unwrap();
}

#[test]
fn small_integers_certify_and_bytes_are_labels() {
    let labels: [ArrayRef; 2] = [
        Arc::new(UInt8Array::from(vec![0, 1, 1])),
        Arc::new(Int8Array::from(vec![0, 1, 1])),
    ];
    for label in labels {
        let folder = campaign(
            "Events",
            "keep = [\"event\"]\nlabels = [\"HLT_Mu17\"]\nselect = \"HLT_Mu17\"",
        );
        folder.change("kind = \"mc\"", "kind = \"data\"");
        folder.change(
            "[[dataset]]",
            "[certification]\nmask = \"mask.json\"\n[[dataset]]",
        );
        folder.write("mask.json", r#"{"1": [[8, 8]]}"#);
        write_small_integers(&folder, label);
        let ended = run(&folder).expect_code(0);
        assert!(ended.out.contains(", 1 row\n"), "{}", ended.out);
    }
}

#[test]
fn a_label_in_bytes_that_is_neither_0_nor_1_names_entry_and_value() {
    let folder = campaign("Events", "keep = [\"event\"]\nlabels = [\"HLT_Mu17\"]");
    write_small_integers(&folder, Arc::new(UInt8Array::from(vec![0, 1, 3])));
    let ended = run(&folder).expect_code(3);
    // No table is named where there is none.
    assert!(
        ended.out.contains("tables  none of stage s"),
        "{}",
        ended.out
    );
    ended.says(&["HLT_Mu17", "entry 2 holds 3, neither 0 nor 1"]);
}
