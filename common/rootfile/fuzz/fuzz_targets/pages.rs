//! An RNTuple with some bytes changed, and the checksums of its descriptions made right again, so that
//! what is behind them is reached: the schema, the lists of pages, and the pages, which have none.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lumimill_rootfile::{MemoryFile, RootFile};
use std::ops::Range;
use std::sync::{Arc, OnceLock};
use twox_hash::XxHash3_64;

/// Not compressed: every kind of column, and one as CMS writes them, with columns that came late.
const FILES: [&[u8]; 2] = [
    include_bytes!("../../tests/data/rntuple/unpacked.root"),
    include_bytes!("../../tests/data/rntuple/unpacked_cms.root"),
];
/// Bytes of the anchor, before its checksum.
const ANCHOR: usize = 64;

/// What is covered by a checksum right after it, and whether that is big-endian.
type Covered = (Range<usize>, bool);

fn covered(file: &[u8]) -> Vec<Covered> {
    let mut found = Vec::new();
    for start in 0..file.len().saturating_sub(16) {
        let word = u64::from_le_bytes(file[start..start + 8].try_into().expect("eight bytes"));
        let (kind, length) = (word & 0xFFFF, (word >> 16) as usize);
        let end = start.saturating_add(length);
        if (1..=3).contains(&kind) && length >= 16 && end <= file.len() {
            let sum = XxHash3_64::oneshot(&file[start..end - 8]);
            if file[end - 8..end] == sum.to_le_bytes() {
                found.push((start..end - 8, false));
            }
        }
        let end = start + ANCHOR;
        if file.len() >= end + 8 {
            let sum = XxHash3_64::oneshot(&file[start..end]);
            if file[end..end + 8] == sum.to_be_bytes() {
                found.push((start..end, true));
            }
        }
    }
    found
}

fn all_covered() -> &'static [Vec<Covered>; 2] {
    static COVERED: OnceLock<[Vec<Covered>; 2]> = OnceLock::new();
    COVERED.get_or_init(|| FILES.map(covered))
}

fuzz_target!(|edits: &[u8]| {
    let Some((choice, edits)) = edits.split_first() else {
        return;
    };
    let choice = usize::from(*choice) % FILES.len();
    let mut bytes = FILES[choice].to_vec();
    for edit in edits.chunks_exact(3) {
        let position = usize::from(u16::from_be_bytes([edit[0], edit[1]])) % bytes.len();
        bytes[position] = edit[2];
    }
    for (range, is_big) in &all_covered()[choice] {
        let sum = XxHash3_64::oneshot(&bytes[range.clone()]);
        let sum = match is_big {
            true => sum.to_be_bytes(),
            false => sum.to_le_bytes(),
        };
        bytes[range.end..range.end + 8].copy_from_slice(&sum);
    }
    let source = Arc::new(MemoryFile::new("fuzz.root", bytes));
    let Ok(file) = RootFile::from_source(source) else {
        return;
    };
    for name in file.tree_names().unwrap_or_default() {
        let Ok(tree) = file.tree(&name) else { continue };
        let _ = tree.clusters();
        let entries = tree.entries().min(1_000);
        for branch in tree.branches() {
            let Ok(mut reader) = tree.reader(&[branch.name()]) else {
                continue;
            };
            let _ = reader.read(entries / 3..entries / 2);
            let _ = reader.read(0..entries);
        }
    }
});
