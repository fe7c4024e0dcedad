//! Damaged RNTuples, and those that claim to hold much: errors or the same values, never a panic.

#![expect(
    clippy::unwrap_used,
    reason = "a test may panic, in its fixtures as well"
)]

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::RecordBatch;
use lumimill_rootfile::{Branch, Error, MemoryFile, RootFile};
use twox_hash::XxHash3_64;

/// A file of `tests/data/rntuple`.
fn small(name: &str) -> PathBuf {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/rntuple");
    PathBuf::from(folder).join(format!("{name}.root"))
}

/// Every value of every branch that can be read.
fn read_all(bytes: Vec<u8>) -> Result<Vec<RecordBatch>, Error> {
    let file = RootFile::from_source(Arc::new(MemoryFile::new("damaged.root", bytes)))?;
    let mut batches = Vec::new();
    for name in file.tree_names()? {
        let tree = file.tree(&name)?;
        let branches = tree.branches().iter();
        let names = branches.filter(|branch| branch.data_type().is_ok());
        let names: Vec<&str> = names.map(Branch::name).collect();
        let entries = tree.entries().min(1000);
        batches.push(tree.reader(&names)?.read(0..entries)?);
    }
    Ok(batches)
}

#[test]
fn a_changed_byte_gives_an_error_or_the_same_values() {
    for name in ["zstd", "cms"] {
        let original = std::fs::read(small(name)).unwrap();
        let whole = read_all(original.clone()).unwrap();
        let (mut same, mut errors, mut other) = (0, 0, Vec::new());
        for at in 0..original.len() {
            for change in [1, 0x80, 0xFF] {
                let mut bytes = original.clone();
                bytes[at] ^= change;
                match read_all(bytes) {
                    Ok(found) if found == whole => same += 1,
                    // The keys of the file have no checksum: the tree may be gone.
                    Ok(found) if found.is_empty() => errors += 1,
                    Ok(_) => other.push(at),
                    Err(error) => {
                        assert!(error.to_string().starts_with("damaged.root"), "{error}");
                        errors += 1;
                    }
                }
            }
        }
        assert!(
            errors > same / 2,
            "{name}: {same} the same, {errors} errors"
        );
        println!("{name}: {same} the same, {errors} errors, {other:?} others");
        // Without checksums of pages nothing tells those in plain pages.
        if name == "cms" {
            assert!(other.is_empty(), "{name}: {other:?}");
        }
    }
}

#[test]
fn a_file_that_ends_too_early_is_an_error() {
    for name in ["zlib", "cms"] {
        let original = std::fs::read(small(name)).unwrap();
        for length in 0..original.len() {
            assert!(
                read_all(original[..length].to_vec()).is_err(),
                "{name} {length}"
            );
        }
    }
}

#[test]
fn damage_in_a_page_names_branch_page_and_cluster() {
    let original = std::fs::read(small("cms")).unwrap();
    let mut said = BTreeSet::new();
    for at in 0..original.len() {
        let mut bytes = original.clone();
        bytes[at] ^= 1;
        if let Err(error) = read_all(bytes) {
            let text = error.to_string();
            if text.contains(": page ") {
                said.insert(text.split(": the checksum").next().unwrap().to_owned());
            }
        }
    }
    let expected =
        "damaged.root: tree \"Events\", branch \"event\": corrupt: page 0 of column 2 in cluster 1";
    assert!(said.contains(expected), "{said:?}");
}

#[test]
fn memory_is_bounded_by_what_is_read() {
    let file = RootFile::open(small("zstd")).unwrap();
    let limited = file.clone().with_memory_limit(Some(4096));
    let tree = limited.tree("T");
    let error = match tree {
        Ok(tree) => tree
            .reader(&["f64", "i64", "u64"])
            .unwrap()
            .read(0..60)
            .map(|_| ()),
        Err(error) => Err(error),
    };
    assert!(
        matches!(error, Err(Error::TooMuchMemory { .. })),
        "{error:?}"
    );
}

#[test]
fn entries_that_are_nowhere_take_no_memory() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/bombs");
    let tree = RootFile::open(PathBuf::from(folder).join("ntuple.root")).unwrap();
    let tree = tree.tree("T").unwrap();
    assert_eq!(tree.entries(), 100_000_000);
    let last = tree.entries() - 10..tree.entries();
    let names = ["flag", "number", "list"];
    let batch = tree.reader(&names).unwrap().read(last).unwrap();
    assert_eq!(batch.num_rows(), 10);
    for name in ["number", "list"] {
        let error = tree
            .reader(&[name])
            .unwrap()
            .read(0..tree.entries())
            .unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("read fewer entries at a time"),
            "{name}: {text}"
        );
    }
}

/// What is covered by a checksum right after it, and whether that is big-endian: the envelopes, which
/// are not compressed, and the anchor.
fn covered(file: &[u8]) -> Vec<(Range<usize>, bool)> {
    let mut found = Vec::new();
    for start in 0..file.len() - 72 {
        let word = u64::from_le_bytes(file[start..start + 8].try_into().unwrap());
        let (kind, end) = (word & 0xFFFF, start.saturating_add((word >> 16) as usize));
        if (1..=3).contains(&kind) && end >= start + 16 && end <= file.len() {
            let sum = XxHash3_64::oneshot(&file[start..end - 8]);
            if file[end - 8..end] == sum.to_le_bytes() {
                found.push((start..end - 8, false));
            }
        }
        let end = start + 64;
        if file[end..end + 8] == XxHash3_64::oneshot(&file[start..end]).to_be_bytes() {
            found.push((start..end, true));
        }
    }
    found
}

#[test]
fn damage_behind_right_checksums_does_no_harm() {
    for name in ["unpacked", "unpacked_cms"] {
        let original = std::fs::read(small(name)).unwrap();
        let covered = covered(&original);
        assert!(covered.len() >= 4, "{covered:?}");
        let mut errors = 0;
        for (range, is_big) in covered {
            for at in range.clone() {
                for change in [1, 0x80, 0xFF] {
                    let mut bytes = original.clone();
                    bytes[at] ^= change;
                    let sum = XxHash3_64::oneshot(&bytes[range.clone()]);
                    let sum = match is_big {
                        true => sum.to_be_bytes(),
                        false => sum.to_le_bytes(),
                    };
                    bytes[range.end..range.end + 8].copy_from_slice(&sum);
                    errors += usize::from(read_all(bytes).is_err());
                }
            }
        }
        assert!(errors > 1000, "{name}: {errors}");
    }
}

#[test]
fn pages_with_more_elements_than_the_entries_have_are_damage_and_no_other_values() {
    for name in ["lost", "mid", "arr2"] {
        let error = read_all(std::fs::read(small(&format!("miscounted/{name}"))).unwrap());
        let error = error.unwrap_err().to_string();
        assert!(
            error.contains("elements, and its entries have"),
            "{name}: {error}"
        );
    }
}
