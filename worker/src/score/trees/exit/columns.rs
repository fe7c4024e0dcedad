//! The columns that tests read, laid out for one chunk of rows.

use super::{BLOCKS, CHUNK};
use crate::score::features::{Features, LANES};

/// Which features are read, and for each whether NaN is to pass: then -∞ stands in its place,
/// which is at most any threshold. NaN itself is at most none.
#[derive(Debug, Clone, Default)]
pub(in crate::score::trees) struct Columns(Vec<(u32, bool)>);

/// The values of one column in one block, where vector instructions read them best.
#[derive(Debug, Clone)]
#[repr(align(64))]
pub(super) struct Block(pub(super) [f32; LANES]);

/// The columns of one chunk, block after block.
#[derive(Debug, Clone, Default)]
pub(in crate::score::trees) struct Prepared {
    width: usize,
    blocks: Vec<Block>,
}

impl Columns {
    /// The number of a column, which is new or has been asked for before.
    pub(super) fn column(&mut self, feature: u32, nan_passes: bool) -> u32 {
        let wanted = (feature, nan_passes);
        let known = self
            .0
            .iter()
            .position(|column| *column == wanted)
            .unwrap_or_else(|| {
                self.0.push(wanted);
                self.0.len().saturating_sub(1)
            });
        known as u32
    }

    /// Lays out the columns of one chunk.
    pub(in crate::score::trees) fn prepare(&self, features: &Features, chunk: usize) -> Prepared {
        let rows = features
            .rows()
            .saturating_sub(chunk.saturating_mul(CHUNK))
            .min(CHUNK);
        let mut blocks = Vec::with_capacity(rows.div_ceil(LANES).saturating_mul(self.0.len()));
        for block in 0..rows.div_ceil(LANES) {
            let lanes = features.block(chunk * BLOCKS + block);
            for (feature, nan_passes) in &self.0 {
                let mut values = lanes
                    .get(*feature as usize)
                    .copied()
                    .unwrap_or([f32::NAN; LANES]);
                if *nan_passes {
                    values = values.map(|value| {
                        if value.is_nan() {
                            f32::NEG_INFINITY
                        } else {
                            value
                        }
                    });
                }
                blocks.push(Block(values));
            }
        }
        Prepared {
            width: self.0.len(),
            blocks,
        }
    }
}

impl Prepared {
    /// One block: a [`Block`] per column.
    #[inline(always)]
    pub(super) fn block(&self, index: usize) -> &[Block] {
        let start = index.saturating_mul(self.width);
        self.blocks
            .get(start..start.saturating_add(self.width))
            .unwrap_or_default()
    }
}
