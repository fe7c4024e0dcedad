//! RNTuples: the same columns as from the trees that they stand for.

#![expect(
    clippy::unwrap_used,
    reason = "a test may panic, in its fixtures as well"
)]

mod samples;

use std::collections::BTreeSet;
use std::path::PathBuf;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type, UInt32Type};
use lumimill_rootfile::{Branch, RootFile, Tree, checksum};
use samples::data;
use serde_json::{Value, json};

fn events(path: PathBuf) -> Tree {
    RootFile::open(path).unwrap().tree("Events").unwrap()
}

/// The names of branches that are not the same in both.
fn differences(tree: &Tree, ntuple: &Tree) -> Vec<String> {
    let mut wrong = Vec::new();
    for branch in tree.branches() {
        let name = branch.name();
        match (checksum(tree, name), checksum(ntuple, name)) {
            (Ok(one), Ok(other)) if one == other => {}
            (one, other) => wrong.push(format!("{name}: {one:?}, {other:?}")),
        }
    }
    for branch in ntuple.branches() {
        if tree.branch(branch.name()).is_none() {
            wrong.push(format!("{} is in the RNTuple only", branch.name()));
        }
    }
    wrong
}

#[test]
fn an_rntuple_has_the_branches_and_values_of_the_tree_it_was_made_from() {
    let Some(data) = data() else { return };
    for name in ["nano_dimuon", "nano_dy", "nano_dy_empty"] {
        let tree = events(data.join(format!("nanoaod/{name}.root")));
        let ntuple = events(data.join(format!("rntuple/{name}_rntuple.root")));
        assert_eq!(tree.entries(), ntuple.entries());
        let wrong = differences(&tree, &ntuple);
        assert!(
            wrong.is_empty(),
            "{name}: {}\n{}",
            wrong.len(),
            wrong.join("\n")
        );
        assert!(
            ntuple.branches().len() > 1400,
            "{}",
            ntuple.branches().len()
        );
    }
}

/// A file of `tests/data/rntuple`.
fn small(name: &str) -> PathBuf {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/rntuple");
    PathBuf::from(folder).join(format!("{name}.root"))
}

fn small_tree(name: &str, tree: &str) -> Tree {
    RootFile::open(small(name)).unwrap().tree(tree).unwrap()
}

#[test]
fn every_kind_of_column_in_every_codec_agrees_with_uproot() {
    let expected: Value = serde_json::from_str(include_str!("data/rntuple/expected.json")).unwrap();
    let mut wrong = Vec::new();
    let mut compared = 0;
    for (name, columns) in expected.as_object().unwrap() {
        let file = RootFile::open(small(name)).unwrap();
        let tree = file.tree(&file.tree_names().unwrap()[0]).unwrap();
        assert!(tree.is_ntuple());
        for (column, expected) in columns.as_object().unwrap() {
            if column.is_empty() {
                assert_eq!(expected.as_u64(), Some(tree.entries()), "{name}");
                continue;
            }
            compared += 1;
            let found = checksum(&tree, column);
            let same = found
                .as_ref()
                .is_ok_and(|sum| *expected == json!([sum.count, sum.crc32, sum.counts_crc32]));
            if !same {
                wrong.push(format!("{name} {column}: {found:?} instead of {expected}"));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {compared}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(compared > 200, "{compared}");
}

#[test]
fn any_range_of_entries_is_that_part_of_the_whole() {
    for (name, tree) in [
        ("zstd", "T"),
        ("plain", "T"),
        ("cms", "Events"),
        ("wide", "T"),
    ] {
        let tree = small_tree(name, tree);
        let names: Vec<&str> = tree.branches().iter().map(Branch::name).collect();
        let whole = tree
            .reader(&names)
            .unwrap()
            .read(0..tree.entries())
            .unwrap();
        let mut ascending = tree.reader(&names).unwrap();
        for start in 0..tree.entries() {
            for end in [start, start + 1, start + 7, start + 23, tree.entries()] {
                let end = end.min(tree.entries());
                let part = ascending.read(start..end).unwrap();
                let length = (end - start) as usize;
                assert_eq!(
                    part,
                    whole.slice(start as usize, length),
                    "{name} {start}..{end}"
                );
            }
        }
        assert!(ascending.read(0..tree.entries() + 1).is_err());
    }
}

#[test]
fn nanoaod_as_cms_writes_it_has_the_names_of_the_tree() {
    let tree = small_tree("cms", "Events");
    let names: Vec<&str> = tree.branches().iter().map(Branch::name).collect();
    let expected = [
        "run",
        "luminosityBlock",
        "event",
        "nMuon",
        "Muon_pt",
        "Muon_charge",
        "HLT_IsoMu24",
        "HLT_Mu50",
        "HLT_Late",
        "Late_pt",
    ];
    assert_eq!(names, expected);
    assert_eq!(tree.clusters(), [0, 10, 20, 30]);
    let pt = tree.branch("Muon_pt").unwrap();
    assert_eq!(
        (pt.counter(), pt.type_name()),
        (Some("nMuon"), "float[nMuon]")
    );
    let batch = tree
        .reader(&["nMuon", "Muon_pt", "Muon_charge", "HLT_Late", "Late_pt"])
        .unwrap()
        .read(13..17)
        .unwrap();
    assert_eq!(
        batch.column(0).as_primitive::<UInt32Type>().values(),
        &[1, 2, 0, 1]
    );
    let (pt, charge) = (
        batch.column(1).as_list::<i32>(),
        batch.column(2).as_list::<i32>(),
    );
    assert_eq!(
        pt.values().as_primitive::<Float32Type>().values(),
        &[33.0, 34.0, 34.5, 36.0]
    );
    assert!(pt.offsets().ptr_eq(charge.offsets()));
    let added = |name: &str| tree.branch(name).unwrap().added_at();
    assert_eq!([added("HLT_Late"), added("Late_pt")], [Some(15); 2]);
    assert_eq!([added("HLT_Mu50"), added("Muon_pt")], [None; 2]);
    // Before it was there, a trigger did not fire and a list had nothing.
    let late: Vec<bool> = batch.column(3).as_boolean().values().iter().collect();
    assert_eq!(late, [false, false, true, true]);
    assert_eq!(
        batch.column(4).as_list::<i32>().offsets().as_ref(),
        &[0, 0, 0, 2, 4]
    );
}

#[test]
fn what_is_shown_at_the_top_is_there_once() {
    let (plain, projected) = (
        small_tree("cms", "Events"),
        small_tree("projected_cms", "Events"),
    );
    let names = |tree: &Tree| -> BTreeSet<String> {
        let names = tree
            .branches()
            .iter()
            .map(|branch| branch.name().to_owned());
        names.collect()
    };
    assert_eq!(names(&plain), names(&projected));
    assert_eq!(plain.branches().len(), projected.branches().len());
    for branch in plain.branches() {
        let other = projected.branch(branch.name()).unwrap();
        assert_eq!(branch.counter(), other.counter(), "{}", branch.name());
        assert_eq!(branch.type_name(), other.type_name());
        let sums = [&plain, &projected].map(|tree| checksum(tree, branch.name()).unwrap());
        assert_eq!(sums[0], sums[1], "{}", branch.name());
    }
}

#[test]
fn each_cluster_has_its_own_representation() {
    let tree = small_tree("representations", "T");
    let mut reader = tree.reader(&["number", "text"]).unwrap();
    let batch = reader.read(0..40).unwrap();
    let numbers = batch.column(0).as_primitive::<Float32Type>().values();
    let expected: Vec<f32> = (0..40_u8).map(f32::from).collect();
    assert_eq!(numbers, expected.as_slice());
    for (entry, text) in batch.column(1).as_string::<i32>().iter().enumerate() {
        let (cluster, number) = (entry / 10, entry % 10);
        let letter = "abcdefghij".get(number..=number).unwrap();
        assert_eq!(text, Some(letter.repeat((cluster + number) % 4).as_str()));
    }
}

#[test]
fn rntuples_in_directories_are_read_as_one_and_what_is_beside_them() {
    let file = RootFile::open(small("directories")).unwrap();
    assert_eq!(file.tree_names().unwrap().len(), 6);
    assert_eq!(file.tree("DF_2/tracks").unwrap().entries(), 7);
    let tree = file.tree("DF_*/tracks+beside").unwrap();
    assert_eq!((tree.entries(), tree.clusters()), (18, vec![0, 5, 11, 18]));
    assert_eq!(tree.origin(12), ("DF_2/tracks", 1));
    let batch = tree.reader(&["score", "pt"]).unwrap().read(3..13).unwrap();
    let scores = batch.column(0).as_primitive::<Float64Type>().values();
    let expected = [
        (0, 3),
        (0, 4),
        (1, 0),
        (1, 1),
        (1, 2),
        (1, 3),
        (1, 4),
        (1, 5),
        (2, 0),
        (2, 1),
    ];
    let score = |(folder, n): (i32, i32)| f64::from(folder) + f64::from(n) / 16.0;
    assert_eq!(scores, expected.map(score).as_slice());
    let pt = batch.column(1).as_list::<i32>();
    assert_eq!(pt.offsets().as_ref(), &[0, 0, 1, 1, 2, 4, 4, 5, 7, 7, 8]);
    let last = pt.values().as_primitive::<Float32Type>().values().last();
    assert_eq!(last.map(|pt| pt.to_bits()), Some(201.0_f32.to_bits()));
}

#[test]
fn what_is_not_read_says_why() {
    let tree = small_tree("others", "T");
    let variant = tree.branch("variant").unwrap();
    assert_eq!(variant.data_type(), Err("variants are not decoded"));
    let error = tree.reader(&["variant"]).unwrap_err().to_string();
    assert!(error.contains("variants are not decoded"), "{error}");
    let error = tree.reader(&["numbr"]).unwrap_err().to_string();
    assert!(error.contains("did you mean \"number\""), "{error}");
    let split = small_tree("split", "T");
    let large = split.branch("large").unwrap().data_type();
    assert_eq!(
        large,
        Err("one of its pages is in several records of the file")
    );
    assert!(split.reader(&["small"]).unwrap().read(0..512).is_ok());
    assert!(
        tree.reader(&["number", "maybe"])
            .unwrap()
            .read(0..5)
            .is_ok()
    );
}

#[test]
fn a_field_that_another_shows_under_a_name_of_its_own_is_there_too() {
    let tree = small_tree("alias", "Events");
    for name in ["HLT_Mu8", "trigger", "Muon_pt", "Jet_x"] {
        assert!(tree.branch(name).is_some(), "{name}");
    }
    let sums = ["HLT_Mu8", "trigger"].map(|name| checksum(&tree, name).unwrap());
    assert_eq!(sums[0], sums[1]);
    let names: BTreeSet<&str> = tree.branches().iter().map(Branch::name).collect();
    assert_eq!(
        names.len(),
        tree.branches().len(),
        "none twice under one name"
    );
}

#[test]
fn well_packed_columns_are_read_however_many_there_are() {
    let tree = small_tree("constant", "Events");
    let names: Vec<&str> = tree.branches().iter().map(Branch::name).collect();
    assert!(names.len() >= 200);
    let batch = tree.reader(&names).unwrap().read(0..4096).unwrap();
    assert_eq!(batch.num_rows(), 4096);
}

#[test]
fn a_text_that_is_not_utf_8_is_named_by_its_entry() {
    let tree = small_tree("latin", "Events");
    let texts = tree.branches().iter();
    let text = texts.filter(|branch| branch.data_type() == Ok(&arrow_schema::DataType::Utf8));
    let names: Vec<&str> = text.map(Branch::name).collect();
    let error = tree
        .reader(&names)
        .unwrap()
        .read(0..tree.entries())
        .unwrap_err();
    let error = error.to_string();
    assert!(error.contains("a text of entry 50 is"), "{error}");
    assert!(error.contains("not UTF-8"), "{error}");
}

#[test]
fn an_rntuple_has_no_baskets() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/rntuple/cms.root");
    let file = RootFile::open(path).unwrap();
    let tree = file.tree(&file.tree_names().unwrap()[0]).unwrap();
    assert!(tree.is_ntuple());
    let error = tree.stored_baskets(&[]).unwrap_err().to_string();
    assert!(error.contains("only a TTree has baskets"), "{error}");
}
