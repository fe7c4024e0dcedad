//! Envelopes: the header, the footer and the lists of pages, each with its checksum.

use twox_hash::XxHash3_64;

use super::anchor::Link;
use crate::codec::Codecs;
use crate::error::{Error, Place};
use crate::file::RootFile;
use crate::limit::Claims;
use crate::record::read_range;

const CHECKSUM_BYTES: usize = 8;
/// Bytes of kind and length, which come first.
const WORD_BYTES: usize = 8;

/// What an envelope describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Header,
    Footer,
    PageList,
}

impl Kind {
    fn number(self) -> u64 {
        match self {
            Self::Header => 1,
            Self::Footer => 2,
            Self::PageList => 3,
        }
    }

    /// Bytes in memory that one byte of it becomes at most: of a field, and the branch that it is; of a
    /// page.
    fn expansion(self) -> u64 {
        match self {
            Self::Header | Self::Footer => 20,
            Self::PageList => 3,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Footer => "footer",
            Self::PageList => "list of pages",
        }
    }
}

/// An envelope whose checksum is right.
#[derive(Debug)]
pub(super) struct Envelope {
    bytes: Vec<u8>,
    pub(super) checksum: u64,
}

impl Envelope {
    /// What is in it.
    pub(super) fn payload(&self) -> &[u8] {
        let end = self.bytes.len().saturating_sub(CHECKSUM_BYTES);
        self.bytes.get(WORD_BYTES..end).unwrap_or_default()
    }
}

/// Reads the envelopes of an RNTuple, which together are no longer than the file.
#[derive(Debug)]
pub(super) struct EnvelopeReader<'a> {
    file: &'a RootFile,
    place: &'a Place,
    largest_record: u64,
    claims: Claims,
    left: u64,
    codecs: Codecs,
}

impl<'a> EnvelopeReader<'a> {
    pub(super) fn new(file: &'a RootFile, place: &'a Place, largest_record: u64) -> Self {
        Self {
            file,
            place,
            largest_record,
            claims: file.memory().claims(),
            left: file.size(),
            codecs: Codecs::new(),
        }
    }

    pub(super) fn read(&mut self, link: Link, kind: Kind) -> Result<Envelope, Error> {
        let (place, name) = (self.place, kind.name());
        let stored = link.locator.stored;
        if stored > self.largest_record {
            let reason = format!("its {name} is in several records of the file");
            return Err(place.unsupported(reason));
        }
        let Some(left) = self.left.checked_sub(stored) else {
            let what = "its header, footer and lists of pages are longer than the file";
            return Err(place.corrupt(what));
        };
        self.left = left;
        let in_memory = link.length.saturating_mul(kind.expansion());
        self.claims.add(stored, in_memory, place)?;
        let record = read_range(self.file.source(), link.locator.offset, stored)?;
        let damaged = |what: String| place.corrupt(format!("its {name}: {what}"));
        let length = usize::try_from(link.length).unwrap_or(usize::MAX);
        let mut bytes = Vec::new();
        self.codecs
            .decompress(&record, length, &mut bytes)
            .map_err(|error| damaged(error.to_string()))?;
        let covered = bytes.len().checked_sub(CHECKSUM_BYTES);
        let covered = covered.filter(|&length| length >= WORD_BYTES);
        let Some((covered, rest)) = covered.and_then(|at| bytes.split_at_checked(at)) else {
            return Err(damaged(format!("{} bytes", bytes.len())));
        };
        let checksum = number(rest);
        let found = XxHash3_64::oneshot(covered);
        if found != checksum {
            return Err(damaged(format!(
                "the checksum is {found:016x} but {checksum:016x} was stored"
            )));
        }
        let word = number(covered);
        if word & 0xFFFF != kind.number() || word >> 16 != link.length {
            return Err(damaged(format!(
                "an envelope of kind {} and {} bytes is there, not one of kind {} and {length}",
                word & 0xFFFF,
                word >> 16,
                kind.number(),
            )));
        }
        Ok(Envelope { bytes, checksum })
    }
}

/// The number at the start, little-endian.
fn number(bytes: &[u8]) -> u64 {
    let first = bytes.first_chunk::<8>();
    first.map_or(0, |bytes| u64::from_le_bytes(*bytes))
}
