//! The unit of work and of output: one stage, one file, one range of entries.
//!
//! A [`ShardId`] is a hash of everything that decides the bytes of the shard's output, so a
//! changed configuration changes exactly the ids it must, and a key of the store never holds
//! the output of two configurations.

mod digest;
mod file_identity;
mod id;
mod piece;
mod whole;

use std::ops::Range;
use std::sync::Arc;

use thin_vec::ThinVec;

use crate::campaign::StageName;
use crate::entry_set::EntrySet;
use crate::field_hash::FieldHash;
use crate::lumi_mask::LumiMask;

pub use digest::stage_digest;
pub use file_identity::FileIdentity;
pub use id::{InvalidShardId, ShardId};
pub use piece::{Piece, PieceRef};
pub use whole::{InvalidWholeStage, WholeStage};

/// Raised whenever the same shard would be written with other bytes than before.
pub(crate) const OUTPUT_VERSION: u64 = 8;

/// What a shard reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Entries of a file.
    Entries,
    /// The rows of this shard, of the stage that its own reads.
    Rows(ShardId),
    /// What was counted of the category of this number on all rows of a stage.
    Category(u32),
}

/// One stage and a piece of its input: a range of entries of a file, or the rows that another
/// shard made of one. Either way it says of which events its rows are. A fit reads all counts of one
/// category, which are of no file; its name is in the place of the file's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shard {
    /// Hash of everything that decides the output.
    pub id: ShardId,
    /// Stage that it belongs to.
    pub stage: StageName,
    /// What it reads. What follows is of the file that its events are in, at first or at second
    /// hand.
    pub source: Source,
    /// The shards of other stages whose rows stand beside those that it reads.
    pub beside: ThinVec<ShardId>,
    /// The stages all of whose shards it reads something of, beside the rows of one shard.
    pub wholes: ThinVec<WholeStage>,
    /// Dataset of the file.
    pub dataset: Arc<str>,
    /// Input file; shards of one file share it, as they do its names.
    pub file: Arc<FileIdentity>,
    /// Tree to read.
    pub tree: Arc<str>,
    /// Entries to read, `[start, stop)`.
    pub entries: Range<u64>,
    /// Certified events among them.
    pub certified_events: u64,
    /// Certified lumi sections of the range; `None` where every event counts as certified.
    pub lumis: Option<LumiMask>,
    /// Entries of the range that do not count, as an earlier shard has their events.
    pub dropped: EntrySet,
    /// What it reads of each of several small files, one after another; empty where it reads one.
    /// What is said above is then of the first of them, or of all together: entries are counted from
    /// 0 on.
    pub packed: ThinVec<Piece>,
}

impl Shard {
    /// The shards whose rows it reads, apart from those of a whole stage.
    pub fn reads(&self) -> impl Iterator<Item = ShardId> {
        let parent = match self.source {
            Source::Entries | Source::Category(_) => None,
            Source::Rows(parent) => Some(parent),
        };
        parent.into_iter().chain(self.beside.iter().copied())
    }

    /// The id of this shard under the digest of what its stage writes (see [`stage_digest`]).
    #[must_use]
    pub fn compute_id(&self, stage_digest: &str) -> ShardId {
        let mut hash = FieldHash::of("shard");
        hash.number("version", OUTPUT_VERSION)
            .text("stage", self.stage.as_str())
            .text("digest", stage_digest);
        match self.source {
            Source::Rows(parent) => {
                // Which covers all that follows.
                hash.bytes("rows", parent.as_bytes());
                hash.texts("beside", self.beside.iter().map(ShardId::to_string));
                self.hash_wholes(&mut hash);
                return ShardId::from_hash(&hash.finish());
            }
            Source::Category(number) => {
                hash.number("category", number.into());
                self.hash_wholes(&mut hash);
                return ShardId::from_hash(&hash.finish());
            }
            Source::Entries => {}
        }
        hash.text("dataset", &self.dataset);
        if !self.packed.is_empty() {
            hash.text("tree", &self.tree)
                .parts("packed", self.packed.iter().map(Piece::hash));
            return ShardId::from_hash(&hash.finish());
        }
        hash.text("url", &self.file.url)
            .number("size", self.file.size)
            .text("state", &self.file.state)
            .text("tree", &self.tree)
            .number("start", self.entries.start)
            .number("stop", self.entries.end)
            .text_if("lumis", self.lumis.as_ref().map(LumiMask::to_json));
        if !self.dropped.is_empty() {
            hash.bytes("dropped", &self.dropped.to_bytes());
        }
        ShardId::from_hash(&hash.finish())
    }

    fn hash_wholes(&self, hash: &mut FieldHash) {
        for whole in &self.wholes {
            hash.text("whole", whole.to_string());
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
            packed: ThinVec::new(),
            file: Arc::new(file),
            entries,
            certified_events,
            lumis,
            dropped,
        }
    }

    /// The same shard, as if it read these pieces; its id is that of before. Its entries are counted
    /// from the first one of the first of several pieces on.
    #[must_use]
    pub fn of_pieces(&self, pieces: ThinVec<Piece>) -> Self {
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

#[cfg(test)]
mod tests {
    use std::mem::size_of;

    use super::Shard;
    use crate::lumi_mask::LumiRange;

    /// A million of them are in memory at once: 200 bytes each, with one range of lumi sections, which
    /// takes an allocation of its own.
    #[test]
    fn a_shard_takes_200_bytes() {
        const OF_AN_ALLOCATION: usize = 32;
        assert!(size_of::<LumiRange>() + size_of::<usize>() <= OF_AN_ALLOCATION);
        assert!(size_of::<Shard>() + OF_AN_ALLOCATION <= 200);
    }
}
