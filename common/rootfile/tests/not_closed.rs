//! Files that were not closed: what can be recovered is what ROOT recovers, and it is said.

#![expect(
    clippy::unwrap_used,
    reason = "a test may panic, in its fixtures as well"
)]

use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use lumimill_rootfile::{MemoryFile, RootFile, checksum};

/// What ROOT 6.40 reads of the file, once it has recovered it: number and CRC-32 of values.
const ENTRIES: u64 = 800;
const EXPECTED: [(&str, u64, u32); 4] = [
    ("run", 800, 2_281_142_098),
    ("event", 800, 2_094_117_265),
    ("MET_pt", 800, 2_906_791_422),
    ("Muon_pt", 1266, 2_448_601_077),
];

fn bytes() -> Vec<u8> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    std::fs::read(data.join("not_closed.root")).unwrap()
}

fn open(bytes: Vec<u8>) -> Result<RootFile, lumimill_rootfile::Error> {
    RootFile::from_source(Arc::new(MemoryFile::new("open.root", bytes)))
}

#[test]
fn a_file_that_was_not_closed_is_read_as_root_reads_it() {
    let file = open(bytes()).unwrap();
    let warning = file.warning().unwrap();
    assert!(warning.contains("was not closed: 1 object"), "{warning}");
    assert_eq!(file.tree_names().unwrap(), ["Events"]);
    let tree = file.tree("Events").unwrap();
    assert_eq!(tree.entries(), ENTRIES);
    for (branch, count, crc32) in EXPECTED {
        let sum = checksum(&tree, branch).unwrap();
        assert_eq!((sum.count, sum.crc32), (count, crc32), "{branch}");
    }
}

#[test]
fn a_file_of_which_nothing_was_saved_says_so() {
    // The tree's description is the last record.
    let cut = 59_271;
    let error = open(bytes()[..cut].to_vec()).unwrap_err().to_string();
    assert!(error.contains("not closed"), "{error}");
    assert!(error.contains("no object can be recovered"), "{error}");
}

#[test]
fn a_record_that_was_written_in_part_is_not_recovered() {
    let mut bytes = bytes();
    let half = bytes[59_271..60_000].to_vec();
    bytes.extend(half);
    let file = open(bytes).unwrap();
    assert_eq!(file.tree("Events").unwrap().entries(), ENTRIES);
}

#[test]
fn a_file_that_uproot_of_2024_updated_is_read() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let bytes = std::fs::read(data.join("uproot_update.root")).unwrap();
    assert!(bytes[4] & 0x80 != 0, "its version is negative");
    let file = open(bytes).unwrap();
    assert_eq!(file.tree_names().unwrap(), ["a", "b"]);
    let batch = file.tree("b").unwrap().reader(&["y"]).unwrap().read(0..20);
    let expected: Vec<i64> = (0..20).collect();
    let found = batch.unwrap();
    assert_eq!(
        found.column(0).as_primitive::<Int64Type>().values(),
        &expected
    );
}

#[test]
fn the_sign_of_a_version_says_nothing_of_sizes() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let mut bytes = std::fs::read(data.join("leaves.root")).unwrap();
    let version = i32::from_be_bytes(bytes[4..8].try_into().unwrap());
    bytes[4..8].copy_from_slice(&(-version).to_be_bytes());
    let file = open(bytes).unwrap();
    assert_eq!(file.warning(), None);
    assert_eq!(file.tree("T").unwrap().entries(), 50);
}
