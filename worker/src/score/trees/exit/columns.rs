//! The columns that tests read, laid out for one chunk of rows.

use std::collections::HashMap;

use super::chunk_rows::{BLOCKS, CHUNK};
use crate::score::features::{Features, LANES};

/// Which features are read, and for each whether NaN is to pass: then -∞ stands in its place,
/// which is at most any threshold. NaN itself is at most none.
#[derive(Debug, Clone, Default)]
pub(in crate::score::trees) struct Columns {
    read: Vec<(u32, bool)>,
    numbers: HashMap<(u32, bool), u32>,
}

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
        *self.numbers.entry(wanted).or_insert_with(|| {
            self.read.push(wanted);
            self.read.len().saturating_sub(1) as u32
        })
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.read.len()
    }

    /// The number of a column that was asked for before.
    pub(super) fn known(&self, feature: u32, nan_passes: bool) -> Option<u32> {
        self.numbers.get(&(feature, nan_passes)).copied()
    }

    /// The values of one row, a column each.
    pub(in crate::score::trees) fn row(&self, features: &Features, row: usize) -> Vec<f32> {
        let lanes = features.block(row / LANES);
        let value = |(feature, nan_passes): &(u32, bool)| {
            let lane = lanes.get(*feature as usize);
            let value = lane.and_then(|lane| lane.get(row % LANES)).copied();
            put(value.unwrap_or(f32::NAN), *nan_passes)
        };
        self.read.iter().map(value).collect()
    }

    /// Lays out the columns of one chunk.
    pub(in crate::score::trees) fn prepare(&self, features: &Features, chunk: usize) -> Prepared {
        let rows = features
            .rows()
            .saturating_sub(chunk.saturating_mul(CHUNK))
            .min(CHUNK);
        let mut blocks = Vec::with_capacity(rows.div_ceil(LANES).saturating_mul(self.read.len()));
        for block in 0..rows.div_ceil(LANES) {
            let lanes = features.block(chunk * BLOCKS + block);
            for (feature, nan_passes) in &self.read {
                let mut values = lanes
                    .get(*feature as usize)
                    .copied()
                    .unwrap_or([f32::NAN; LANES]);
                if *nan_passes {
                    values = values.map(|value| put(value, true));
                }
                blocks.push(Block(values));
            }
        }
        Prepared {
            width: self.read.len(),
            blocks,
        }
    }
}

/// What stands for a value.
fn put(value: f32, nan_passes: bool) -> f32 {
    if nan_passes && value.is_nan() {
        return f32::NEG_INFINITY;
    }
    value
}

impl Prepared {
    /// A chunk of made-up values, by column and row.
    pub(super) fn made_up(width: usize, value: impl Fn(usize, usize) -> f32) -> Self {
        let block = |index: usize| {
            let (block, column) = (index / width.max(1), index % width.max(1));
            Block(std::array::from_fn(|lane| {
                value(column, block * LANES + lane)
            }))
        };
        Self {
            width,
            blocks: (0..width.saturating_mul(BLOCKS)).map(block).collect(),
        }
    }

    /// One block: a [`Block`] per column.
    #[inline(always)]
    pub(super) fn block(&self, index: usize) -> &[Block] {
        let start = index.saturating_mul(self.width);
        self.blocks
            .get(start..start.saturating_add(self.width))
            .unwrap_or_default()
    }
}
