//! Any range of entries is the slice of the whole, and costs only the baskets it overlaps.

#![expect(
    clippy::unwrap_used,
    reason = "a test may panic, in its fixtures as well"
)]

mod samples;

use std::io;
use std::sync::{Arc, Mutex};

use lumimill_rootfile::{LocalFile, ReadAt, Reader, RootFile};
use proptest::prelude::*;
use samples::data;

/// Files in which branches have several baskets, with some of their branches.
const FILES: [(&str, &str, &[&str]); 6] = [
    (
        "edge/r640_zlib.root",
        "Events",
        &["nMuon", "Muon_pt", "Muon_tight", "s", "HLT_x"],
    ),
    (
        "edge/r640_iofeat.root",
        "Events",
        &["Muon_pt", "Muon_charge", "s"],
    ),
    (
        "edge/r640_zstd.root",
        "Events",
        &["Muon_charge", "s", "Muon_pt"],
    ),
    (
        "skhep/uproot-HZZ.root",
        "events",
        &["NMuon", "Muon_Px", "Jet_ID", "MET_px"],
    ),
    ("skhep/uproot-Zmumu.root", "events", &["Type", "Run", "M"]),
    (
        "nanoaod/nanoAOD_2015_CMS_Open_Data_ttbar.root",
        "Events",
        &["run", "Jet_pt", "Muon_pt"],
    ),
];

fn reader(data: &std::path::Path, file: usize) -> (Reader, u64) {
    let (path, tree, branches) = FILES[file];
    let tree = RootFile::open(data.join(path)).unwrap().tree(tree).unwrap();
    (tree.reader(branches).unwrap(), tree.entries())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_range_is_the_slice_of_the_whole(
        file in 0..FILES.len(),
        cuts in prop::collection::vec((0.0..=1.0_f64, 0.0..=1.0_f64), 1..6),
    ) {
        let Some(data) = data() else { return Ok(()) };
        let (mut whole, entries) = reader(&data, file);
        let whole = whole.read(0..entries).unwrap();
        // One reader for all ranges, so that what it remembers is tested too.
        let (mut parts, _) = reader(&data, file);
        for (one, other) in cuts {
            let at = |cut: f64| (cut * entries as f64) as u64;
            let (start, stop) = (at(one.min(other)), at(one.max(other)));
            let part = parts.read(start..stop).unwrap();
            let slice = whole.slice(start as usize, (stop - start) as usize);
            prop_assert_eq!(part, slice, "{}: {}..{}", FILES[file].0, start, stop);
        }
    }
}

/// A file that remembers what was read from it.
#[derive(Debug)]
struct Counting {
    file: LocalFile,
    reads: Mutex<Vec<(u64, usize)>>,
}

impl ReadAt for Counting {
    fn name(&self) -> &str {
        self.file.name()
    }
    fn size(&self) -> u64 {
        self.file.size()
    }
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        self.reads.lock().unwrap().push((offset, buf.len()));
        self.file.read_at(offset, buf)
    }
    fn worthwhile_gap(&self) -> u64 {
        0
    }
}

#[test]
fn only_the_baskets_that_overlap_a_range_are_read() {
    let Some(data) = data() else { return };
    let file = LocalFile::open(data.join("edge/r640_none.root")).unwrap();
    let source = Arc::new(Counting {
        file,
        reads: Mutex::default(),
    });
    let tree = RootFile::from_source(source.clone())
        .unwrap()
        .tree("Events")
        .unwrap();
    let branch = tree.branch("Muon_pt").unwrap();
    assert!(branch.baskets() > 1, "{branch:?}");
    let mut reader = tree.reader(&["Muon_pt"]).unwrap();
    let bytes = |reads: &Mutex<Vec<(u64, usize)>>| -> u64 {
        std::mem::take(&mut *reads.lock().unwrap())
            .iter()
            .map(|&(_, length)| length as u64)
            .sum()
    };
    bytes(&source.reads);

    reader.read(5..6).unwrap();
    let first = bytes(&source.reads);
    assert!(first > 0 && first < branch.compressed_bytes(), "{first}");
    reader.read(6..9).unwrap();
    assert_eq!(bytes(&source.reads), 0, "the last basket is remembered");
    reader.read(0..0).unwrap();
    assert_eq!(bytes(&source.reads), 0);

    let mut rest = 0;
    for start in (0..tree.entries()).step_by(100) {
        reader.read(start..tree.entries().min(start + 100)).unwrap();
        rest += bytes(&source.reads);
    }
    let whole: u64 = {
        tree.reader(&["Muon_pt"])
            .unwrap()
            .read(0..tree.entries())
            .unwrap();
        bytes(&source.reads)
    };
    assert!(
        rest <= whole,
        "ascending ranges read each basket once: {rest} of {whole}"
    );
}
