//! Damaged and hostile bytes give an error that says what is wrong, soon and in little memory.

#![expect(
    clippy::unwrap_used,
    reason = "a test may panic, in its fixtures as well"
)]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lumimill_rootfile::{Error, MemoryFile, RootFile};

/// The time that the always-run mutations may take together.
const BUDGET: Duration = Duration::from_secs(20);

const FILES: [&str; 7] = [
    // Its trees' descriptions are not compressed, so that damage gets through to them.
    "edge/r640_none.root",
    "edge/r640_zlib.root",
    "edge/r640_lz4.root",
    "edge/r640_iofeat.root",
    "edge/up_subdir.root",
    "edge/r640_1ev.root",
    "skhep/uproot-HZZ-zstd.root",
];

fn corpus() -> Vec<(&'static str, Vec<u8>)> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let shared = std::env::var_os("LUMIMILL_SHARED").map_or_else(|| beside.into(), PathBuf::from);
    let data = shared.join("data");
    if !data.is_dir() {
        eprintln!("SKIPPED: {} not found", data.display());
        return Vec::new();
    }
    FILES
        .iter()
        .map(|file| (*file, std::fs::read(data.join(file)).unwrap()))
        .collect()
}

/// Opens the file and reads what it can: the number of branches that were read, or the error.
fn read_all(bytes: Vec<u8>) -> Result<usize, Error> {
    let file = RootFile::from_source(Arc::new(MemoryFile::new("damaged.root", bytes)))?;
    let mut read = 0;
    for name in file.tree_names()?.iter().take(8) {
        let Ok(tree) = file.tree(name) else { continue };
        tree.clusters();
        let end = tree.entries().min(3000);
        for branch in tree.branches().iter().take(60) {
            let Ok(mut reader) = tree.reader(&[branch.name()]) else {
                continue;
            };
            read += usize::from(reader.read(0..end).is_ok());
            let _ = reader.read(end / 2..end);
        }
    }
    Ok(read)
}

/// Pseudo-random numbers (splitmix64), so that a failure is repeated from its seed.
struct Random(u64);

impl Random {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % below.max(1) as u64) as usize
    }
}

fn mutate(bytes: &mut [u8], random: &mut Random) {
    // Numbers that lengths, counts and positions are likely to be confused by.
    const HOSTILE: [u64; 8] = [
        0,
        1,
        0x7F,
        0x7FFF_FFFF,
        0xFFFF_FFFF,
        1 << 60,
        u64::MAX,
        0x4000_0000,
    ];
    for _ in 0..1 + random.next(4) {
        // The descriptions of trees and the keys are at the end: aim there half of the time.
        let end = bytes.len() / [1, 16][random.next(2)];
        let at = bytes.len() - 1 - random.next(end);
        match random.next(5) {
            0 | 1 => bytes[at] ^= 1 << random.next(8),
            2 => bytes[at] = random.next(256) as u8,
            3 => {
                let value = HOSTILE[random.next(HOSTILE.len())].to_be_bytes();
                let width = [2, 4, 8][random.next(3)];
                let end = bytes.len().min(at + width);
                bytes[at..end].copy_from_slice(&value[8 - width..][..end - at]);
            }
            _ => {
                let from = random.next(bytes.len());
                let length = random.next(64).min(bytes.len() - at.max(from));
                bytes.copy_within(from..from + length, at);
            }
        }
    }
}

#[test]
fn mutated_files_never_panic() {
    let corpus = corpus();
    let seed = std::env::var("LUMIMILL_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or(0x1f2e_3d4c);
    println!("LUMIMILL_SEED={seed}");
    let mut random = Random(seed);
    let start = Instant::now();
    let mut tried = 0;
    while !corpus.is_empty() && start.elapsed() < BUDGET && tried < 4000 {
        let (name, original) = &corpus[random.next(corpus.len())];
        let mut bytes = original.clone();
        mutate(&mut bytes, &mut random);
        let single = Instant::now();
        let _ = read_all(bytes);
        assert!(
            single.elapsed() < Duration::from_secs(10),
            "{name}, mutation {tried}"
        );
        tried += 1;
    }
    println!("{tried} mutated files");
}

#[test]
fn truncated_files_are_named_as_such() {
    for (name, original) in corpus() {
        let mut lengths: Vec<usize> = (0..200).collect();
        lengths.extend((1..=40).map(|part| original.len() * part / 41));
        lengths.extend([original.len() - 1, original.len() - 8]);
        for length in lengths {
            let error = read_all(original[..length].to_vec()).unwrap_err();
            let message = error.to_string();
            assert!(
                message.starts_with("damaged.root: "),
                "{name} at {length}: {message}"
            );
            assert!(!error.is_transient(), "{name} at {length}: {message}");
        }
    }
}

#[test]
fn what_is_not_root_is_said_not_to_be() {
    for bytes in [&b""[..], b"ro", b"PAR1 and more", &[0; 5000]] {
        let error = read_all(bytes.to_vec()).unwrap_err();
        assert!(matches!(error, Error::NotRoot { .. }), "{error}");
    }
    let missing = RootFile::open("/no/such/file.root").unwrap_err();
    assert!(
        missing
            .to_string()
            .starts_with("/no/such/file.root: cannot open"),
        "{missing}"
    );
    let folder = RootFile::open(env!("CARGO_MANIFEST_DIR")).unwrap_err();
    assert!(folder.to_string().contains("folder"), "{folder}");
    assert!(!missing.is_transient() && !folder.is_transient());
}

#[test]
fn a_directory_within_itself_is_refused() {
    for (name, mut bytes) in corpus() {
        if name != "edge/up_subdir.root" {
            continue;
        }
        let word =
            |bytes: &[u8], at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
        // The file begins with its top directory at `top`; the record of a directory holds, from
        // byte 18 on, where it, its parent and its keys are.
        let top = word(&bytes, 8);
        let record = (top + word(&bytes, 28)) as usize;
        let keys = word(&bytes, record + 26);
        let mut patched = 0;
        for record in record + 30..bytes.len() - 30 {
            let own = word(&bytes, record + 18);
            if own > top && (own as usize) < record && word(&bytes, record + 22) == top {
                bytes[record + 26..record + 30].copy_from_slice(&keys.to_be_bytes());
                patched += 1;
            }
        }
        assert!(patched > 0);
        let file = RootFile::from_source(Arc::new(MemoryFile::new("cyclic.root", bytes))).unwrap();
        let error = file.tree_names().unwrap_err();
        assert!(error.to_string().contains("contains itself"), "{error}");
    }
}
