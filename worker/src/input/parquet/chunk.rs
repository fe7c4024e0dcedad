//! The bytes of one column in one row group, a window at a time.

use std::fmt;
use std::io::{self, Read as _};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::buf::Reader;
use bytes::{Buf, Bytes};
use flate2::read::MultiGzDecoder;
use lumimill_rootfile::{Begun, ReadAt};
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

use crate::page_header::PageSizes;

/// Bytes that are read at once of a file on this machine.
const NEAR: u64 = 256 << 10;
/// The same where they are far away.
const FAR: u64 = 4 << 20;
/// A page of this many bytes may be packed as well as it likes.
const SMALL_PAGE: u64 = 64 << 20;
/// Bytes that one packed byte may stand for, of a larger one.
const LARGEST_RATIO: u64 = 1100;
/// No page that is larger is read.
const LARGEST_PAGE: u64 = 256 << 20;

/// What went wrong that was no fault of the bytes, or is to be told with numbers: the decoder's errors
/// do not keep it.
#[derive(Debug, Default)]
pub(super) struct Noted {
    pub(super) io: Option<io::Error>,
    /// Bytes that a page would need.
    pub(super) too_large: Option<u64>,
}

/// The bytes of a column in a row group.
pub(super) struct Chunk {
    source: Arc<dyn ReadAt>,
    range: Range<u64>,
    /// The beginning, on its way from far away.
    begun: Option<Arc<dyn Begun>>,
    window: Mutex<Window>,
    /// Whether what is packed in it may be more than its headers say, which the decoder does not mind.
    is_gzip: bool,
    limit: Option<u64>,
    noted: Arc<Mutex<Noted>>,
}

/// What is held of a chunk.
#[derive(Debug, Default)]
struct Window {
    start: u64,
    bytes: Bytes,
    /// The last page whose header was looked at, and where its bytes begin: those are no header.
    page: Option<(u64, PageSizes)>,
}

impl fmt::Debug for Chunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chunk")
            .field("range", &self.range)
            .finish_non_exhaustive()
    }
}

/// The bytes of a chunk that are read first.
pub(super) fn first_window(source: &dyn ReadAt, range: &Range<u64>) -> Range<u64> {
    range.start..range.end.min(range.start.saturating_add(window_of(source)))
}

fn window_of(source: &dyn ReadAt) -> u64 {
    match source.worthwhile_gap() > NEAR {
        true => FAR,
        false => NEAR,
    }
}

impl Chunk {
    pub(super) fn new(
        source: Arc<dyn ReadAt>,
        range: Range<u64>,
        begun: Option<Arc<dyn Begun>>,
        is_gzip: bool,
        (limit, noted): (Option<u64>, Arc<Mutex<Noted>>),
    ) -> Self {
        Self {
            source,
            range,
            begun,
            window: Mutex::default(),
            is_gzip,
            limit,
            noted,
        }
    }

    /// Bytes from here on: at least so many, where the chunk has them.
    fn from(&self, start: u64, least: u64) -> Result<Bytes, ParquetError> {
        let mut window = self.window();
        let (at, bytes) = (window.start, &window.bytes);
        let end = self.range.end.min(start.saturating_add(least));
        let ahead = start
            .checked_sub(at)
            .and_then(|ahead| usize::try_from(ahead).ok());
        let ahead = ahead.filter(|ahead| *ahead <= bytes.len());
        if let Some(ahead) = ahead.filter(|_| at.saturating_add(bytes.len() as u64) >= end) {
            return Ok(bytes.slice(ahead..));
        }
        let length = least.max(window_of(&*self.source));
        let read = self.read(start..self.range.end.min(start.saturating_add(length)))?;
        (window.start, window.bytes) = (start, read.clone());
        Ok(read)
    }

    fn read(&self, range: Range<u64>) -> Result<Bytes, ParquetError> {
        let is_inside = range.start >= self.range.start && range.end <= self.range.end;
        let length = range.end.checked_sub(range.start).filter(|_| is_inside);
        let length = length.and_then(|length| usize::try_from(length).ok());
        let length =
            length.ok_or_else(|| ParquetError::EOF(String::from("a page ends too late")))?;
        let mut bytes = vec![0; length];
        let begun = self.begun.as_ref();
        if !begun.is_some_and(|begun| begun.take(range.start, &mut bytes)) {
            self.source
                .read_at(range.start, &mut bytes)
                .map_err(|error| {
                    let text = error.to_string();
                    self.note(|noted| noted.io = Some(error));
                    ParquetError::General(text)
                })?;
        }
        Ok(bytes.into())
    }

    fn window(&self) -> MutexGuard<'_, Window> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, what: impl FnOnce(&mut Noted)) {
        what(&mut self.noted.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Refuses a page that claims more than it can have, before any of it is unpacked.
    fn check(&self, sizes: PageSizes) -> Result<(), ParquetError> {
        if self.limit.is_some_and(|limit| sizes.unpacked > limit) {
            self.note(|noted| noted.too_large = Some(sizes.unpacked));
            return Err(ParquetError::General(String::from("a page is too large")));
        }
        let allowed = match sizes.is_dictionary {
            // It is held twice.
            true => SMALL_PAGE,
            false => SMALL_PAGE.max(sizes.packed.saturating_mul(LARGEST_RATIO)),
        };
        let allowed = allowed.min(LARGEST_PAGE);
        match sizes.unpacked <= allowed {
            true => Ok(()),
            false => Err(ParquetError::General(format!(
                "a page claims to hold {} bytes in {}: at most {allowed} are read of so many",
                sizes.unpacked, sizes.packed
            ))),
        }
    }
}

/// That what is packed by GZIP is not more than its page says.
fn check_gzip(page: &[u8], sizes: PageSizes) -> Result<(), ParquetError> {
    let levels = usize::try_from(sizes.levels).unwrap_or(usize::MAX);
    let packed = page.get(levels..).unwrap_or_default();
    let expected = sizes.unpacked.saturating_sub(sizes.levels);
    let mut unpacked = MultiGzDecoder::new(packed).take(expected.saturating_add(1));
    // What is no such stream is refused, or not unpacked, by the decoder.
    let found = io::copy(&mut unpacked, &mut io::sink()).unwrap_or_default();
    match found <= expected {
        true => Ok(()),
        false => Err(ParquetError::General(format!(
            "a page has more than the {expected} bytes that it claims"
        ))),
    }
}

impl Length for Chunk {
    fn len(&self) -> u64 {
        self.range.end
    }
}

impl ChunkReader for Chunk {
    type T = Reader<Bytes>;

    /// What begins here is the header of a page, or the page behind the last one.
    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        let left = self.range.end.saturating_sub(start);
        let mut least = NEAR.min(left);
        loop {
            let bytes = self.from(start, least)?;
            let is_body = |(body, _)| body == start;
            if bytes.is_empty() || self.window().page.is_some_and(is_body) {
                return Ok(bytes.reader());
            }
            match PageSizes::of(&bytes) {
                Some(sizes) => {
                    self.check(sizes)?;
                    // Behind a page without bytes comes the next header.
                    let body = start.saturating_add(sizes.header as u64);
                    self.window().page = (sizes.packed > 0).then_some((body, sizes));
                    return Ok(bytes.reader());
                }
                // Its statistics may be long.
                None if least < left.min(SMALL_PAGE) => least = least.saturating_mul(16).min(left),
                None => {
                    let damaged = String::from("the header of a page is damaged");
                    return Err(ParquetError::General(damaged));
                }
            }
        }
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let bytes = self.from(start, length as u64)?;
        if bytes.len() < length {
            return Err(ParquetError::EOF(String::from("a page ends too late")));
        }
        let bytes = bytes.slice(..length);
        let page = self.window().page.filter(|(body, _)| *body == start);
        if let Some((_, sizes)) = page.filter(|_| self.is_gzip) {
            check_gzip(&bytes, sizes)?;
        }
        Ok(bytes)
    }
}
