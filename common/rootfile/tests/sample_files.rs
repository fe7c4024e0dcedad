//! Every branch of every sample file, against what uproot and ROOT read from it.

mod samples;

use std::collections::BTreeSet;

use lumimill_rootfile::{Error, RootFile, Tree, checksum};
use samples::data;
use serde_json::Value;

fn compare(tree: &Tree, branch: &str, expected: &Value) -> Option<String> {
    let found = checksum(tree, branch);
    match (&found, expected.as_array().map(Vec::as_slice)) {
        (Ok(sum), Some([count, crc32, counts])) => {
            let same = count.as_u64() == Some(sum.count)
                && crc32.as_u64() == Some(u64::from(sum.crc32))
                && counts.as_u64() == sum.counts_crc32.map(u64::from);
            (!same).then(|| format!("{branch}: {sum:?} instead of {expected}"))
        }
        // What uproot does not read either may be left undecoded, and said so.
        (Err(Error::Unsupported { .. }), None) => None,
        _ => Some(format!("{branch}: {found:?} instead of {expected}")),
    }
}

#[test]
fn every_branch_of_every_sample_file_agrees_with_uproot() {
    let Some(data) = data() else { return };
    let expected: Value = serde_json::from_str(include_str!("expected_checksums.json")).unwrap();
    let (mut compared, mut wrong) = (0, Vec::new());
    for (path, trees) in expected.as_object().unwrap() {
        let file = RootFile::open(data.join(path)).unwrap();
        let found: BTreeSet<String> = file.tree_names().unwrap().into_iter().collect();
        let trees = trees.as_object().unwrap();
        assert_eq!(found, trees.keys().cloned().collect(), "{path}");
        for (name, expected) in trees {
            let tree = file.tree(name).unwrap();
            assert_eq!(
                Some(tree.entries()),
                expected["entries"].as_u64(),
                "{path} {name}"
            );
            let branches = expected["branches"].as_object().unwrap();
            assert_eq!(tree.branches().len(), branches.len(), "{path} {name}");
            for (branch, expected) in branches {
                compared += 1;
                wrong
                    .extend(compare(&tree, branch, expected).map(|what| format!("{path}: {what}")));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {compared}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(compared > 10_000, "only {compared} branches");
}

#[test]
fn names_with_cycles_and_directories_are_found() {
    let Some(data) = data() else { return };
    let file = RootFile::open(data.join("edge/up_subdir.root")).unwrap();
    let names = file.tree_names().unwrap();
    let nested = names.iter().find(|name| name.starts_with("DF_1/")).unwrap();
    assert_eq!(file.tree(&format!("{nested};1")).unwrap().name(), nested);
    let message = file.tree("DF_1/none").unwrap_err().to_string();
    assert!(message.contains(nested.as_str()), "{message}");
    assert!(matches!(
        file.tree(&format!("{nested};7")),
        Err(Error::NoTree { .. })
    ));
}

#[test]
fn branches_that_share_a_counter_share_their_offsets() {
    use arrow_array::cast::AsArray;
    let Some(data) = data() else { return };
    let tree = RootFile::open(data.join("nanoaod/nano_dy.root"))
        .unwrap()
        .tree("Events")
        .unwrap();
    assert_eq!(tree.branch("Muon_pt").unwrap().counter(), Some("nMuon"));
    assert_eq!(tree.branch("Muon_pt").unwrap().type_name(), "float[nMuon]");
    let batch = tree
        .reader(&["Muon_pt", "Jet_pt", "Muon_eta"])
        .unwrap()
        .read(3..31)
        .unwrap();
    let offsets = |column: usize| batch.column(column).as_list::<i32>().offsets().clone();
    assert!(offsets(0).ptr_eq(&offsets(2)));
    assert!(!offsets(0).ptr_eq(&offsets(1)));
}

#[test]
fn clusters_are_where_the_tree_says_they_are() {
    let Some(data) = data() else { return };
    let clusters = |path: &str| {
        RootFile::open(data.join(path))
            .unwrap()
            .tree("Events")
            .unwrap()
            .clusters()
    };
    for path in [
        "nanoaod/nano_dy.root",
        "edge/r640_zlib.root",
        "edge/r640_1ev.root",
    ] {
        let found = clusters(path);
        let tree = RootFile::open(data.join(path))
            .unwrap()
            .tree("Events")
            .unwrap();
        assert_eq!(
            (found.first(), found.last()),
            (Some(&0), Some(&tree.entries())),
            "{path}"
        );
        assert!(
            found.is_sorted_by(|before, after| before < after),
            "{path}: {found:?}"
        );
    }
    assert_eq!(clusters("nanoaod/nano_dy_empty.root"), [0]);
}

#[test]
fn a_missing_branch_is_answered_with_the_nearest() {
    let Some(data) = data() else { return };
    let tree = RootFile::open(data.join("nanoaod/nano_dy.root"))
        .unwrap()
        .tree("Events")
        .unwrap();
    let message = tree.reader(&["Muon_ptt"]).unwrap_err().to_string();
    assert!(message.contains("did you mean \"Muon_pt\"?"), "{message}");
    let error = tree.reader(&["run"]).unwrap().read(30..41).unwrap_err();
    assert!(matches!(error, Error::OutOfRange { .. }), "{error}");
    assert!(!error.is_transient());
}
