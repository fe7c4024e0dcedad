//! Small files that claim to hold much: memory follows what is there of it.
//!
//! Each is read in a process of its own that the system lets have no more than [`LIMIT_KIB`].

#![expect(
    clippy::unwrap_used,
    reason = "a test may panic, in its fixtures as well"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use lumimill_rootfile::{Error, MemoryFile, RootFile};

/// All memory that a reader of one may ask the system for: the program's own is part of it.
const LIMIT_KIB: u64 = 640 << 10;
/// Says to [`reads_one`] which file to read, in the process that may have so much.
const FILE: &str = "LUMIMILL_BOMB";

/// The files, and what is said of each: that it was read, or why not.
const BOMBS: [(&str, &str); 14] = [
    ("plain.root", "read 1 branches of 1 trees"),
    (
        "leaf_names.root",
        "its branches are longer than its description",
    ),
    ("class_names.root", "a class name has no end"),
    (
        "branch_below_branch.root",
        "its branches are longer than its description",
    ),
    (
        "counter_names.root",
        "its branches are longer than its description",
    ),
    ("dimensions.root", "its baskets hold 0 entries"),
    ("clusters.root", "its baskets hold 0 entries"),
    ("entries.root", "its baskets hold 0 entries"),
    ("directories.root.zst", "its names are longer than the file"),
    ("tree2g.root", "it claims to hold 2147483647 bytes in 69443"),
    (
        "basket_1g.root",
        "it claims to hold 1073741824 bytes in 34584",
    ),
    ("baskets.root", "its baskets claim to hold"),
    // 10⁸ entries.
    ("ntuple.root", "read 3 branches of 1 trees"),
    ("ntuple_fields.root", "it claims to hold"),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/bombs")
}

/// Runs `reads_one` with so little memory.
fn limited(file: &str) -> Output {
    let program = std::env::current_exe().unwrap();
    Command::new("sh")
        .arg("-c")
        .arg(format!(
            "ulimit -v {LIMIT_KIB}; exec \"$0\" --exact reads_one --nocapture"
        ))
        .arg(program)
        .env(FILE, file)
        .env("MALLOC_ARENA_MAX", "1")
        .output()
        .unwrap()
}

#[test]
fn memory_follows_what_a_file_holds() {
    let mut wrong = Vec::new();
    for (file, expected) in BOMBS {
        let output = limited(file);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() || !said.contains(expected) {
            let died = String::from_utf8_lossy(&output.stderr).into_owned();
            wrong.push(format!("{file}: {}\n{said}{died}", output.status));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_reader_that_takes_more_would_be_noticed() {
    let output = limited("more");
    assert!(!output.status.success());
    let died = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(died.contains("memory allocation of"), "{died}");
}

#[test]
fn reads_one() {
    let Some(file) = std::env::var_os(FILE) else {
        return;
    };
    if file == "more" {
        println!("{}", vec![1_u8; (LIMIT_KIB as usize) << 10].len());
        return;
    }
    let path = folder().join(file);
    let file = match path.extension() {
        Some(extension) if extension == "zst" => {
            let stored = std::fs::read(&path).unwrap();
            let bytes = zstd::bulk::decompress(&stored, 16 << 20).unwrap();
            RootFile::from_source(Arc::new(MemoryFile::new("bomb.root", bytes)))
        }
        _ => RootFile::open(&path),
    };
    match file.and_then(|file| read(&file)) {
        Ok((trees, branches)) => println!("read {branches} branches of {trees} trees"),
        Err(error) => println!("{error}"),
    }
}

/// Reads all branches of all trees; the first thing that is wrong ends it.
fn read(file: &RootFile) -> Result<(usize, usize), Error> {
    let names = file.tree_names()?;
    let mut branches = 0;
    for name in &names {
        let tree = file.tree(name)?;
        tree.clusters();
        let _ = tree.reader(&["no such branch"]);
        for branch in tree.branches() {
            if branch.data_type().is_err() {
                continue;
            }
            tree.reader(&[branch.name()])?
                .read(0..tree.entries().min(10_000))?;
            branches += 1;
        }
    }
    Ok((names.len(), branches))
}

#[test]
fn a_limit_of_memory_refuses_before_it_is_taken() {
    let path = folder().join("baskets.root");
    let refused = |limit: u64, entries: std::ops::Range<u64>| {
        let file = RootFile::open(&path)
            .unwrap()
            .with_memory_limit(Some(limit));
        let mut reader = file.tree("Events").unwrap().reader(&["a"]).unwrap();
        matches!(reader.read(entries), Err(Error::TooMuchMemory { .. }))
    };
    // A basket is 60 MiB.
    assert!(refused(59 << 20, 0..1));
    assert!(!refused(61 << 20, 0..1));
    assert!(refused(61 << 20, 0..2));
    let classes = RootFile::open(folder().join("class_names.root")).unwrap();
    let error = classes
        .with_memory_limit(Some(1 << 20))
        .tree("Events")
        .unwrap_err();
    assert!(matches!(error, Error::TooMuchMemory { .. }), "{error}");
}
