//! Any bytes as a file: directories, keys, trees and branches, then some entries of each tree.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lumimill_rootfile::{MemoryFile, RootFile};
use std::sync::Arc;

fuzz_target!(|bytes: &[u8]| {
    let source = Arc::new(MemoryFile::new("fuzz.root", bytes.to_vec()));
    let Ok(file) = RootFile::from_source(source) else {
        return;
    };
    for name in file.tree_names().unwrap_or_default().iter().take(4) {
        let Ok(tree) = file.tree(name) else { continue };
        let _ = tree.clusters();
        for branch in tree.branches().iter().take(8) {
            let Ok(mut reader) = tree.reader(&[branch.name()]) else {
                continue;
            };
            let _ = reader.read(0..tree.entries().min(100));
        }
    }
});
