//! RNTuples: the same columns as from the trees that they stand for.

use std::path::PathBuf;

use lumimill_rootfile::{RootFile, Tree, checksum};

/// The folder of sample files; says loudly when it is not there.
fn data() -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let shared = std::env::var_os("LUMIMILL_SHARED").map_or_else(|| beside.into(), PathBuf::from);
    let data = shared.join("data");
    if data.is_dir() {
        return Some(data);
    }
    eprintln!("SKIPPED: {} not found", data.display());
    None
}

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
