//! The rows of a chunk: blocks of lanes, each with the leaf that it leaves a tree by.

use crate::score::features::LANES;

/// Blocks in a chunk: a tree stays in the nearest cache while it is run over a chunk.
pub(in crate::score::trees) const BLOCKS: usize = 8;

/// Rows in a chunk.
pub(in crate::score::trees) const CHUNK: usize = BLOCKS * LANES;

/// The leaf number of each row of a block.
pub(in crate::score::trees) type Exits = [u32; LANES];
