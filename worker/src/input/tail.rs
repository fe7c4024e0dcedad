//! The end of a remote file, read at once and kept: that is where a ROOT file has its
//! directories, its classes and most of its trees, in many small records.

use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use lumimill_rootfile::{Begun, ReadAt};

/// Bytes of the end, at most: those of a NanoAOD file's keys, classes and trees, or most of them.
const LENGTH: u64 = 256 << 10;

/// A file whose end is kept once anything of it was read.
#[derive(Debug)]
pub(super) struct TailCache<F> {
    file: F,
    /// Where the end begins.
    start: u64,
    tail: Mutex<Option<Arc<[u8]>>>,
}

impl<F: ReadAt> TailCache<F> {
    pub(super) fn new(file: F) -> Self {
        Self {
            start: file.size().saturating_sub(LENGTH),
            file,
            tail: Mutex::default(),
        }
    }

    /// The end; whoever comes while it is read waits for it.
    fn tail(&self) -> io::Result<Arc<[u8]>> {
        let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &*tail {
            return Ok(known.clone());
        }
        let length = self.file.size().saturating_sub(self.start);
        let length = usize::try_from(length).map_err(|_| io::ErrorKind::InvalidInput)?;
        let mut bytes = vec![0; length];
        self.file.read_at(self.start, &mut bytes)?;
        let bytes: Arc<[u8]> = bytes.into();
        *tail = Some(bytes.clone());
        Ok(bytes)
    }
}

impl<F: ReadAt> ReadAt for TailCache<F> {
    fn name(&self) -> &str {
        self.file.name()
    }

    fn size(&self) -> u64 {
        self.file.size()
    }

    fn version(&self) -> Option<String> {
        self.file.version()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let Some(at) = offset.checked_sub(self.start) else {
            return self.file.read_at(offset, buf);
        };
        let tail = self.tail()?;
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        let bytes = tail
            .get(at..at.saturating_add(buf.len()))
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        buf.copy_from_slice(bytes);
        Ok(())
    }

    fn begin(&self, ranges: &[Range<u64>]) -> Option<Box<dyn Begun>> {
        let before = ranges.iter().filter(|range| range.start < self.start);
        self.file.begin(&before.cloned().collect::<Vec<_>>())
    }

    fn worthwhile_gap(&self) -> u64 {
        self.file.worthwhile_gap()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use arrow_array::{ArrayRef, Float64Array, RecordBatch};
    use arrow_schema::{DataType, Field, Schema};
    use lumimill_rootfile::write::{Compression, FileWriter, TreeWriter};
    use lumimill_rootfile::{MemoryFile, RootFile};

    use super::*;

    const BRANCHES: usize = 50;
    const CLUSTER: usize = 20_000;
    const CLUSTERS: usize = 3;

    /// A file as far away as an object, which counts what it is asked for.
    #[derive(Debug)]
    struct Counted {
        file: MemoryFile,
        counts: Arc<Counts>,
    }

    #[derive(Debug, Default)]
    struct Counts {
        requests: AtomicU64,
        bytes: AtomicU64,
    }

    impl ReadAt for Counted {
        fn name(&self) -> &str {
            self.file.name()
        }

        fn size(&self) -> u64 {
            self.file.size()
        }

        fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
            self.counts.requests.fetch_add(1, Ordering::Relaxed);
            self.counts
                .bytes
                .fetch_add(buf.len() as u64, Ordering::Relaxed);
            self.file.read_at(offset, buf)
        }

        fn worthwhile_gap(&self) -> u64 {
            512 << 10
        }
    }

    impl Counts {
        /// Requests and bytes since it was last asked.
        fn so_far(&self) -> (u64, u64) {
            let requests = self.requests.swap(0, Ordering::Relaxed);
            (requests, self.bytes.swap(0, Ordering::Relaxed))
        }
    }

    /// 24 MB: three clusters of 50 branches of 160 kB each.
    fn file() -> Vec<u8> {
        let fields =
            (0..BRANCHES).map(|branch| Field::new(format!("b{branch}"), DataType::Float64, false));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let out = io::Cursor::new(Vec::new());
        let mut file = FileWriter::new(out, "wide.root", [3; 16]).unwrap();
        let mut tree = TreeWriter::new("Events", schema.clone(), Compression::None).unwrap();
        for cluster in 0..CLUSTERS {
            let column = |branch: usize| -> ArrayRef {
                let first = (cluster * CLUSTER) as f64;
                let values = (0..CLUSTER).map(|entry| first + entry as f64 + branch as f64 / 64.0);
                Arc::new(Float64Array::from_iter_values(values))
            };
            let columns = (0..BRANCHES).map(column).collect();
            let batch = RecordBatch::try_new(schema.clone(), columns).unwrap();
            tree.write_cluster(&mut file, &batch).unwrap();
        }
        tree.finish(&mut file).unwrap();
        file.finish().unwrap().into_inner()
    }

    #[test]
    fn few_branches_take_few_requests_and_few_bytes() {
        let bytes = file();
        let size = bytes.len() as u64;
        assert!(size > 24_000_000, "{size} bytes");
        let counted = Arc::new(Counts::default());
        let source = Arc::new(TailCache::new(Counted {
            file: MemoryFile::new("wide.root", bytes),
            counts: counted.clone(),
        }));
        let tree = RootFile::from_source(source)
            .unwrap()
            .tree("Events")
            .unwrap();
        let (requests, read) = counted.so_far();
        assert!(requests <= 2, "opened with {requests} requests");
        assert!(read <= LENGTH + 1024, "opened with {read} bytes");

        // Two that are neighbours and one that is far: two requests a cluster.
        let mut reader = tree.reader(&["b3", "b4", "b40"]).unwrap();
        let batch = reader.read(0..tree.entries()).unwrap();
        assert_eq!(batch.num_rows(), CLUSTER * CLUSTERS);
        let (requests, read) = counted.so_far();
        let clusters = CLUSTERS as u64;
        assert!(requests <= 2 * clusters, "read with {requests} requests");
        let wanted = 3 * 8 * (CLUSTER * CLUSTERS) as u64;
        assert!(read < wanted * 11 / 10, "{read} bytes for {wanted}");
        assert!(read * 10 < size, "{read} bytes of {size}");
    }

    #[test]
    fn the_end_is_what_the_file_ends_with() {
        let bytes: Vec<u8> = (0..600_000u32).map(|n| (n % 251) as u8).collect();
        let file = TailCache::new(MemoryFile::new("x", bytes.clone()));
        for (offset, length) in [
            (0, 7),
            (337_855, 2),
            (337_856, 1),
            (400_000, 200_000),
            (599_999, 1),
        ] {
            let mut found = vec![0; length];
            file.read_at(offset as u64, &mut found).unwrap();
            assert_eq!(found, bytes[offset..offset + length], "{offset}");
        }
        for (offset, length) in [(599_999, 2), (u64::MAX, 1)] {
            let error = file.read_at(offset, &mut vec![0; length]).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        }
    }
}
