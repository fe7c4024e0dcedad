//! Markers that reports brought, until their packs are full.

use std::collections::BTreeMap;

use lumimill_common::marker::pack::LARGEST;
use lumimill_common::shard::ShardId;

use super::blocks::{Block, Blocks};

/// Bytes of markers that are kept; beyond, the largest packs are written as they are.
const MOST_BYTES: usize = 48 << 20;

/// Markers of one block, by shard.
pub(crate) type OfBlock = (Block, BTreeMap<ShardId, Vec<u8>>);

/// Markers that wait to be written, by block.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    blocks: Blocks,
    open: BTreeMap<u32, Open>,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Open {
    markers: BTreeMap<ShardId, Vec<u8>>,
    bytes: usize,
}

impl Gathered {
    /// None yet, of these blocks.
    #[must_use]
    pub(crate) fn of(blocks: Blocks) -> Self {
        Self {
            blocks,
            ..Self::default()
        }
    }

    /// Adds what was told of the shard at a place of the plan.
    pub(crate) fn add(&mut self, place: usize, shard: ShardId, marker: Vec<u8>) {
        let Some(block) = self.blocks.number(place) else {
            return;
        };
        if marker.len() > LARGEST {
            return;
        }
        let open = self.open.entry(block).or_default();
        let added = marker.len();
        let before = open.markers.insert(shard, marker);
        let before = before.map_or(0, |before| before.len());
        open.bytes = (open.bytes + added).saturating_sub(before);
        self.bytes = (self.bytes + added).saturating_sub(before);
    }

    /// Takes what is to be written now: blocks of which all was told, and the largest ones where too
    /// much is kept.
    pub(crate) fn take_full(&mut self) -> Vec<OfBlock> {
        let full = self.open.iter().filter(|(number, open)| {
            let block = self.blocks.get(**number);
            block.is_none_or(|block| open.markers.len() >= block.shards)
        });
        let mut full: Vec<u32> = full.map(|(number, _)| *number).collect();
        let mut taken: Vec<OfBlock> = Vec::new();
        loop {
            let next = full.pop().or_else(|| {
                let largest = self.open.iter().max_by_key(|(_, open)| open.bytes);
                largest
                    .map(|(number, _)| *number)
                    .filter(|_| self.bytes > MOST_BYTES)
            });
            match next {
                Some(number) => taken.extend(self.take(number)),
                None => return taken,
            }
        }
    }

    /// Takes all that is kept.
    pub(crate) fn take_all(&mut self) -> Vec<OfBlock> {
        let numbers: Vec<u32> = self.open.keys().copied().collect();
        let taken = numbers.into_iter().filter_map(|number| self.take(number));
        taken.collect()
    }

    fn take(&mut self, number: u32) -> Option<OfBlock> {
        let open = self.open.remove(&number)?;
        self.bytes = self.bytes.saturating_sub(open.bytes);
        Some((self.blocks.get(number)?.clone(), open.markers))
    }
}
