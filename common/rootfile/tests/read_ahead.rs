//! What is asked for before it is wanted, of a file that is far away: never other values, never the
//! same twice, and no more than a bounded part of it at a time.

#![expect(
    clippy::unwrap_used,
    reason = "a test may panic, in its fixtures as well"
)]

use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use arrow_array::{ArrayRef, Float64Array, RecordBatch, UInt32Array};
use arrow_schema::{DataType, Field, Schema};
use lumimill_rootfile::write::{Compression, FileWriter, TreeWriter};
use lumimill_rootfile::{Begun, MemoryFile, ReadAt, Reader, RootFile, Tree};

const BRANCHES: usize = 20;
const CLUSTER: usize = 10_000;
const CLUSTERS: usize = 30;
const BATCH: u64 = 4_096;

/// What a file was asked for.
#[derive(Debug, Default)]
struct Asked {
    at_once: Mutex<Vec<Range<u64>>>,
    ahead: Mutex<Vec<Range<u64>>>,
    under_way: Mutex<(u64, u64)>,
    loses_all: AtomicBool,
}

/// A file that is far away.
#[derive(Debug)]
struct Far {
    file: MemoryFile,
    asked: Arc<Asked>,
}

/// Ranges of it.
#[derive(Debug)]
struct Parts {
    file: MemoryFile,
    ranges: Vec<Range<u64>>,
    asked: Arc<Asked>,
}

fn bytes(ranges: &[Range<u64>]) -> u64 {
    ranges.iter().map(|range| range.end - range.start).sum()
}

impl ReadAt for Far {
    fn name(&self) -> &str {
        self.file.name()
    }

    fn size(&self) -> u64 {
        self.file.size()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let range = offset..offset + buf.len() as u64;
        self.asked.at_once.lock().unwrap().push(range);
        self.file.read_at(offset, buf)
    }

    fn begin(&self, ranges: &[Range<u64>]) -> Option<Box<dyn Begun>> {
        self.asked.ahead.lock().unwrap().extend_from_slice(ranges);
        let mut under_way = self.asked.under_way.lock().unwrap();
        under_way.0 += bytes(ranges);
        under_way.1 = under_way.1.max(under_way.0);
        Some(Box::new(Parts {
            file: self.file.clone(),
            ranges: ranges.to_vec(),
            asked: self.asked.clone(),
        }))
    }

    fn worthwhile_gap(&self) -> u64 {
        512 << 10
    }
}

impl Begun for Parts {
    fn take(&self, offset: u64, buf: &mut [u8]) -> bool {
        let end = offset + buf.len() as u64;
        let mut ranges = self.ranges.iter();
        let is_here = ranges.any(|range| range.start <= offset && end <= range.end);
        is_here
            && !self.asked.loses_all.load(Ordering::Relaxed)
            && self.file.read_at(offset, buf).is_ok()
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        self.asked.under_way.lock().unwrap().0 -= bytes(&self.ranges);
    }
}

/// 48 MB: thirty clusters of twenty columns of 80 kB each, and of their run.
fn file() -> Vec<u8> {
    let mut fields = vec![Field::new("run", DataType::UInt32, false)];
    let columns = (0..BRANCHES).map(|branch| format!("b{branch}"));
    fields.extend(columns.map(|name| Field::new(name, DataType::Float64, false)));
    let schema = Arc::new(Schema::new(fields));
    let out = io::Cursor::new(Vec::new());
    let mut file = FileWriter::new(out, "far.root", [3; 16]).unwrap();
    let mut tree = TreeWriter::new("Events", schema.clone(), Compression::None).unwrap();
    for cluster in 0..CLUSTERS {
        let first = cluster * CLUSTER;
        let mut columns: Vec<ArrayRef> = vec![Arc::new(UInt32Array::from(vec![7; CLUSTER]))];
        columns.extend((0..BRANCHES).map(|branch| -> ArrayRef {
            let value = |entry: usize| (first + entry) as f64 + branch as f64 / 64.0;
            Arc::new(Float64Array::from_iter_values((0..CLUSTER).map(value)))
        }));
        let batch = RecordBatch::try_new(schema.clone(), columns).unwrap();
        tree.write_cluster(&mut file, &batch).unwrap();
    }
    tree.finish(&mut file).unwrap();
    file.finish().unwrap().into_inner()
}

fn far() -> (Tree, Tree, Arc<Asked>) {
    let file = MemoryFile::new("far.root", file());
    let asked = Arc::new(Asked::default());
    let source = Far {
        file: file.clone(),
        asked: asked.clone(),
    };
    let open = |source: Arc<dyn ReadAt>| {
        let file = RootFile::from_source(source).unwrap();
        file.tree("Events").unwrap()
    };
    let (near, far) = (open(Arc::new(file)), open(Arc::new(source)));
    asked.at_once.lock().unwrap().clear();
    (near, far, asked)
}

fn batches(entries: Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let starts = entries.clone().step_by(BATCH as usize);
    starts.map(move |start| start..(start + BATCH).min(entries.end))
}

#[test]
fn what_is_read_ahead_is_what_is_there_and_is_asked_for_once() {
    let (near, far, asked) = far();
    let (some, others) = (["run", "b3"], ["b0", "b4", "b19"]);
    let open = |tree: &Tree| [tree.reader(&some).unwrap(), tree.reader(&others).unwrap()];
    let (mut expected, mut found) = (open(&near), open(&far));
    let entries = 15_000..far.entries() - 1;
    let [one, two] = &mut found;
    Reader::expect(&mut [one, two], entries.clone());
    for batch in batches(entries) {
        for (found, expected) in found.iter_mut().zip(&mut expected) {
            let found = found.read(batch.clone()).unwrap();
            assert_eq!(found, expected.read(batch.clone()).unwrap(), "{batch:?}");
        }
    }
    let late = asked.at_once.lock().unwrap().clone();
    assert!(late.is_empty(), "not asked for ahead: {late:?}");
    let mut ahead = asked.ahead.lock().unwrap().clone();
    let all = bytes(&ahead);
    ahead.sort_unstable_by_key(|range| range.start);
    let shared = ahead
        .windows(2)
        .map(|two| two[0].end.saturating_sub(two[1].start));
    let shared: u64 = shared.sum();
    assert!(shared * 20 < all, "{shared} of {all} bytes twice");
    let most = asked.under_way.lock().unwrap().1;
    assert!(most <= 44 << 20, "{most} bytes at a time");
}

#[test]
fn what_does_not_come_is_read_anew() {
    let (near, far, asked) = far();
    asked.loses_all.store(true, Ordering::Relaxed);
    let names = ["b0", "b7"];
    let (mut expected, mut found) = (near.reader(&names).unwrap(), far.reader(&names).unwrap());
    Reader::expect(&mut [&mut found], 0..far.entries());
    for batch in batches(0..40_000) {
        let found = found.read(batch.clone()).unwrap();
        assert_eq!(found, expected.read(batch).unwrap());
    }
    assert!(!asked.at_once.lock().unwrap().is_empty());
}

#[test]
fn what_is_passed_over_is_not_asked_for() {
    let (near, far, asked) = far();
    let names = ["b0", "b7", "b13"];
    let (mut expected, mut found) = (near.reader(&names).unwrap(), far.reader(&names).unwrap());
    Reader::expect(&mut [&mut found], 0..far.entries());
    let first = bytes(&asked.ahead.lock().unwrap());
    let last = far.entries() - BATCH..far.entries();
    let read = found.read(last.clone()).unwrap();
    assert_eq!(read, expected.read(last).unwrap());
    let rest = bytes(&asked.ahead.lock().unwrap()) - first;
    assert!(rest < 4 << 20, "{rest} bytes for one batch at the end");
    // And whoever goes back reads what is there.
    let again = found.read(5..6).unwrap();
    assert_eq!(again, expected.read(5..6).unwrap());
}

#[test]
fn where_nothing_is_far_away_nothing_is_asked_for() {
    let (near, _, _) = far();
    let mut reader = near.reader(&["b0"]).unwrap();
    Reader::expect(&mut [&mut reader], 0..near.entries());
    Reader::expect(&mut [], 0..1);
    assert_eq!(reader.read(0..10).unwrap().num_rows(), 10);
}

#[test]
fn pages_of_an_rntuple_are_read_ahead() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/rntuple/plain.root");
    let file = MemoryFile::new("far.root", std::fs::read(path).unwrap());
    let asked = Arc::new(Asked::default());
    let source = Far {
        file: file.clone(),
        asked: asked.clone(),
    };
    let open = |source: Arc<dyn ReadAt>| RootFile::from_source(source).unwrap();
    let near = open(Arc::new(file)).tree("T").unwrap();
    let far = open(Arc::new(source)).tree("T").unwrap();
    asked.at_once.lock().unwrap().clear();
    let names = ["f64", "nested", "words", "pairs", "flag"];
    let (mut expected, mut found) = (near.reader(&names).unwrap(), far.reader(&names).unwrap());
    Reader::expect(&mut [&mut found], 3..far.entries());
    for start in (3..far.entries()).step_by(7) {
        let batch = start..(start + 7).min(far.entries());
        let read = found.read(batch.clone()).unwrap();
        assert_eq!(read, expected.read(batch).unwrap());
    }
    let late = asked.at_once.lock().unwrap().clone();
    assert!(late.is_empty(), "not asked for ahead: {late:?}");
    assert!(!asked.ahead.lock().unwrap().is_empty());
}
