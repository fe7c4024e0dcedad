//! What a shard reads of each file: of one, or, where files are small, of several one after another.

use std::ops::Range;

use super::file_identity::FileIdentity;
use crate::entry_set::EntrySet;
use crate::field_hash::FieldHash;
use crate::lumi_mask::LumiMask;

/// A range of entries of one of several files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The file.
    pub file: FileIdentity,
    /// Entries to read, `[start, stop)`.
    pub entries: Range<u64>,
    /// Certified events among them.
    pub certified_events: u64,
    /// Certified lumi sections of the range; `None` where every event counts as certified.
    pub lumis: Option<LumiMask>,
    /// Entries of the range that do not count, as an earlier shard has their events.
    pub dropped: EntrySet,
}

/// The same, wherever it is said.
#[derive(Debug, Clone, Copy)]
pub struct PieceRef<'a> {
    /// The file.
    pub file: &'a FileIdentity,
    /// Entries to read, `[start, stop)`.
    pub entries: &'a Range<u64>,
    /// Certified events among them.
    pub certified_events: u64,
    /// Certified lumi sections of the range.
    pub lumis: Option<&'a LumiMask>,
    /// Entries of the range that do not count.
    pub dropped: &'a EntrySet,
}

impl Piece {
    pub(super) fn hash(&self) -> FieldHash {
        let mut hash = FieldHash::of("piece");
        hash.text("url", &self.file.url)
            .number("size", self.file.size)
            .text("state", &self.file.state)
            .number("start", self.entries.start)
            .number("stop", self.entries.end)
            .text_if("lumis", self.lumis.as_ref().map(LumiMask::to_json));
        if !self.dropped.is_empty() {
            hash.bytes("dropped", &self.dropped.to_bytes());
        }
        hash
    }

    /// How many entries it has.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.entries.end.saturating_sub(self.entries.start)
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl PieceRef<'_> {
    /// The piece itself.
    #[must_use]
    pub fn to_piece(self) -> Piece {
        Piece {
            file: self.file.clone(),
            entries: self.entries.clone(),
            certified_events: self.certified_events,
            lumis: self.lumis.cloned(),
            dropped: self.dropped.clone(),
        }
    }
}
