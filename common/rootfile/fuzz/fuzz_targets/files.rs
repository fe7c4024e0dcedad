//! Any bytes as a whole file: every entry of every branch of every tree, a batch at a time.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lumimill_rootfile::{MemoryFile, RootFile, Tree};
use std::sync::Arc;

/// Entries of a tree that are read: a damaged one may claim any number of them.
const ENTRIES: u64 = 10_000;
const BATCH: u64 = 1000;

fn read(tree: &Tree) {
    let _ = tree.clusters();
    let _ = tree.reader(&["no such branch"]);
    let end = tree.entries().min(ENTRIES);
    for branch in tree.branches() {
        let Ok(mut reader) = tree.reader(&[branch.name()]) else {
            continue;
        };
        let mut start = 0;
        while start < end {
            let stop = end.min(start + BATCH);
            if reader.read(start..stop).is_err() {
                break;
            }
            start = stop;
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let source = Arc::new(MemoryFile::new("fuzz.root", bytes.to_vec()));
    let Ok(file) = RootFile::from_source(source) else {
        return;
    };
    for name in file.tree_names().unwrap_or_default() {
        if let Ok(tree) = file.tree(&name) {
            read(&tree);
        }
    }
});
