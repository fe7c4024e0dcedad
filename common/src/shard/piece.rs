//! What a shard reads of each file: of one, or, where files are small, of several one after another.

use std::ops::Range;

use super::{FileIdentity, Shard};
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
            .text("uuid", &self.file.uuid)
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

impl Shard {
    /// What it reads of each file, in order; at least one.
    pub fn pieces(&self) -> impl Iterator<Item = PieceRef<'_>> {
        let alone = PieceRef {
            file: &self.file,
            entries: &self.entries,
            certified_events: self.certified_events,
            lumis: self.lumis.as_ref(),
            dropped: &self.dropped,
        };
        let alone = self.packed.is_empty().then_some(alone);
        let packed = self.packed.iter().map(|piece| PieceRef {
            file: &piece.file,
            entries: &piece.entries,
            certified_events: piece.certified_events,
            lumis: piece.lumis.as_ref(),
            dropped: &piece.dropped,
        });
        alone.into_iter().chain(packed)
    }

    /// The same shard, as if it read this piece alone.
    #[must_use]
    pub fn of_piece(&self, piece: PieceRef<'_>) -> Self {
        let Piece {
            file,
            entries,
            certified_events,
            lumis,
            dropped,
        } = piece.to_piece();
        Self {
            id: self.id,
            stage: self.stage.clone(),
            source: self.source,
            beside: self.beside.clone(),
            wholes: self.wholes.clone(),
            dataset: self.dataset.clone(),
            tree: self.tree.clone(),
            packed: Vec::new(),
            file,
            entries,
            certified_events,
            lumis,
            dropped,
        }
    }

    /// The same shard, as if it read these pieces; its id is that of before. Its entries are counted
    /// from the first one of the first of several pieces on.
    #[must_use]
    pub fn of_pieces(&self, pieces: Vec<Piece>) -> Self {
        let Some(first) = pieces.first() else {
            return self.clone();
        };
        let mut shard = self.of_piece(PieceRef {
            file: &first.file,
            entries: &first.entries,
            certified_events: first.certified_events,
            lumis: first.lumis.as_ref(),
            dropped: &first.dropped,
        });
        if pieces.len() > 1 {
            let sum = |of: fn(&Piece) -> u64| pieces.iter().map(of).fold(0, u64::saturating_add);
            shard.entries = 0..sum(Piece::len);
            shard.certified_events = sum(|piece| piece.certified_events);
            let lumis = pieces.iter().map(|piece| piece.lumis.as_ref());
            let lumis: Option<Vec<&LumiMask>> = lumis.collect();
            let ranges = |lumis: Vec<&LumiMask>| {
                let ranges = lumis.into_iter().flat_map(LumiMask::ranges).copied();
                LumiMask::from_ranges(ranges.collect::<Vec<_>>())
            };
            shard.lumis = lumis.map(ranges);
            shard.dropped = EntrySet::default();
            shard.packed = pieces;
        }
        shard
    }

    /// What it reads, for a person.
    #[must_use]
    pub fn input(&self) -> String {
        let url = &self.file.url;
        match self.packed.len().saturating_sub(1) {
            0 => url.clone(),
            1 => format!("{url} and 1 more file"),
            more => format!("{url} and {more} more files"),
        }
    }
}
