//! Which leaf each row of a chunk leaves a tree by.

mod bits;
mod columns;
mod walk;

use super::tree::Tree;
use crate::score::features::{Features, LANES};
use bits::Bits;
pub(super) use columns::{Columns, Prepared};
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
    Bits(Bits),
    Walk(Walk),
}

/// One chunk of rows, as the finders read it.
#[derive(Debug)]
pub(super) struct Chunk<'a> {
    pub(super) features: &'a Features,
    pub(super) number: usize,
    pub(super) prepared: Prepared,
}

impl ExitFinder {
    /// `columns` gathers what the trees of an ensemble read.
    pub(super) fn new(tree: &Tree, columns: &mut Columns) -> Self {
        match Bits::new(tree, columns) {
            Some(bits) => Self::Bits(bits),
            None => Self::Walk(Walk::new(tree)),
        }
    }

    /// Finds the leaves of the first `rows` rows of one block of a chunk.
    #[inline(always)]
    pub(super) fn find(&self, chunk: &Chunk<'_>, block: usize, rows: usize, exits: &mut Exits) {
        match self {
            Self::Bits(bits) => bits.find(chunk.prepared.block(block), rows, exits),
            Self::Walk(walk) => walk.find(
                chunk.features.block(chunk.number * BLOCKS + block),
                rows,
                exits,
            ),
        }
    }
}

#[cfg(test)]
mod tests;
