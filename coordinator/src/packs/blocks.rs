//! Which shards are in one pack: neighbours in the plan, of one stage.
//!
//! Where a block begins is decided by the ids of shards and not by their number, so that a plan that
//! was edited has the blocks that it had before, but for those where something changed.

use std::collections::BTreeMap;

use lumimill_common::campaign::StageName;
use lumimill_common::shard::{Shard, ShardId};

use crate::pack_sizes::PackSizes;

/// A block of shards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    /// Its stage.
    pub stage: StageName,
    /// The first of its shards, by which it is known.
    pub first: ShardId,
    /// How many it has.
    pub shards: usize,
}

/// The blocks of a plan.
#[derive(Debug, Clone, Default)]
pub(crate) struct Blocks {
    all: Vec<Block>,
    /// Which one the shard at each place of the plan is of.
    of: Vec<u32>,
}

impl Blocks {
    /// Those of the shards of a plan, in its order.
    #[must_use]
    pub(crate) fn of(shards: &[Shard], sizes: PackSizes) -> Self {
        let typical = sizes.typical.max(1);
        let mut blocks = Self::default();
        let mut open: BTreeMap<&StageName, usize> = BTreeMap::new();
        for Shard { id, stage, .. } in shards {
            let [.., a, b] = *id.as_bytes();
            let begins = u16::from_be_bytes([a, b]).is_multiple_of(typical);
            let current = open.get(stage).copied().filter(|_| !begins);
            let current = current.filter(|block| {
                let shards = blocks.all.get(*block).map_or(0, |block| block.shards);
                shards < 2 * usize::from(typical)
            });
            let block = current.unwrap_or(blocks.all.len());
            match blocks.all.get_mut(block) {
                Some(block) => block.shards += 1,
                None => blocks.all.push(Block {
                    stage: stage.clone(),
                    first: *id,
                    shards: 1,
                }),
            }
            open.insert(stage, block);
            blocks.of.push(u32::try_from(block).unwrap_or(u32::MAX));
        }
        blocks
    }

    /// The number of the block that the shard at a place of the plan is of.
    #[must_use]
    pub(crate) fn number(&self, place: usize) -> Option<u32> {
        self.of.get(place).copied()
    }

    /// The block of a number.
    #[must_use]
    pub(crate) fn get(&self, number: u32) -> Option<&Block> {
        self.all.get(usize::try_from(number).ok()?)
    }

    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Block> {
        self.all.iter()
    }
}
