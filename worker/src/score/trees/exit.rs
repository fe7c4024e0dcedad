//! Which leaf each row of a chunk leaves a tree by.

mod walk;

use super::tree::Tree;
use crate::score::features::{LANES, Lane};
use walk::Walk;

/// Blocks in a chunk: a tree stays in the nearest cache while it is run over a chunk.
pub(super) const BLOCKS: usize = 8;
/// Rows in a chunk.
pub(super) const CHUNK: usize = BLOCKS * LANES;

/// The leaf number of each row of a block.
pub(super) type Exits = [u32; LANES];

/// A tree made ready for running.
#[derive(Debug, Clone)]
pub(super) enum ExitFinder {
    Walk(Walk),
}

impl ExitFinder {
    pub(super) fn new(tree: &Tree) -> Self {
        Self::Walk(Walk::new(tree))
    }

    /// Finds the leaves of one block, whose features are `block`.
    #[inline(always)]
    pub(super) fn find(&self, block: &[Lane], exits: &mut Exits) {
        match self {
            Self::Walk(walk) => walk.find(block, exits),
        }
    }
}
