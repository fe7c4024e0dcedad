//! The run of an ensemble over chunks of rows: tree after tree, block after block, or a few rows
//! one by one.

use std::ops::Range;

use super::aggregate::{Aggregate, Finish, Score, Weight};
use super::exit::{ABREAST, BLOCKS, CHUNK, ExitFinder, Found};
use super::forest::Forest;
use super::leaves::{Leaves, Sums};
use crate::score::features::{Features, LANES};

/// Chunks that are walked together, at most.
const WALKED: usize = 16;
/// Bytes of columns that they have together, at most: half of a second cache.
const NEAR: usize = 256 << 10;
/// Of more targets the sums of a chunk are large enough.
const FEW_TARGETS: usize = 16;

/// A chunk of rows, and what its leaves add up to.
struct Summed<W> {
    number: usize,
    rows: usize,
    sums: Sums<W>,
}

/// Trees with weights of one precision.
#[derive(Debug)]
pub(super) struct Runner<W> {
    finder: ExitFinder,
    leaves: Vec<Leaves<W>>,
    aggregate: Aggregate,
    /// Targets for which every leaf of some tree has a weight.
    always_reached: Vec<bool>,
    finish: Finish<W>,
}

impl<W: Weight> Runner<W> {
    /// Leaves of the forest's trees get other numbers.
    pub(super) fn new(forest: &mut Forest) -> Self {
        let aggregate = forest.rule.aggregate;
        let finder = ExitFinder::new(&mut forest.trees);
        let leaves = forest.trees.iter();
        let leaves: Vec<_> = leaves.map(|tree| Leaves::new(tree, aggregate)).collect();
        let mut always_reached = vec![false; forest.rule.targets];
        for target in leaves.iter().flat_map(Leaves::targets) {
            if let Some(reached) = always_reached.get_mut(*target) {
                *reached = true;
            }
        }
        let finish = Finish::new(&forest.rule, leaves.len());
        Self {
            finder,
            leaves,
            aggregate,
            always_reached,
            finish,
        }
    }

    /// Rows that are scored at a time.
    pub(super) fn rows_at_once(&self) -> usize {
        self.chunks_at_once() * CHUNK
    }

    /// Of trees that are walked more than one, so that each is fetched from the memory once for all of them,
    /// as long as what they read stays near.
    fn chunks_at_once(&self) -> usize {
        if !self.finder.is_walked() || self.always_reached.len() > FEW_TARGETS {
            return 1;
        }
        (NEAR / self.finder.bytes_of_a_chunk().max(1)).clamp(1, WALKED)
    }

    /// Scores rows, of which the first is that of a chunk; `out` is row-major.
    pub(super) fn run(&self, features: &Features, rows: Range<usize>, out: &mut [f32]) {
        if self.finder.is_few(rows.len()) {
            let mut sums = Sums::new(self.aggregate, &self.always_reached);
            for (place, row) in rows.clone().enumerate() {
                self.add_row(&self.finder.row(features, row), place, &mut sums);
            }
            return self.finish_rows(&sums, rows.len(), out);
        }
        let firsts = rows.clone().step_by(CHUNK);
        let mut chunks: Vec<Summed<W>> = firsts
            .map(|first| Summed {
                number: first / CHUNK,
                rows: (rows.end - first).min(CHUNK),
                sums: Sums::new(self.aggregate, &self.always_reached),
            })
            .collect();
        for chunks in chunks.chunks_mut(self.chunks_at_once()) {
            self.add(features, chunks);
        }
        let outs = out.chunks_mut(CHUNK.saturating_mul(self.always_reached.len()).max(1));
        for (chunk, out) in chunks.iter().zip(outs) {
            self.finish_rows(&chunk.sums, chunk.rows, out);
        }
    }

    /// Adds up the weights of each chunk, tree after tree.
    fn add(&self, features: &Features, chunks: &mut [Summed<W>]) {
        let chunks = chunks.iter_mut();
        let mut chunks: Vec<_> = chunks
            .map(|chunk| (self.finder.chunk(features, chunk.number), chunk))
            .collect();
        let mut found = Found::default();
        for (tree, leaves) in self.leaves.iter().enumerate() {
            for (chunk, Summed { rows, sums, .. }) in &mut chunks {
                self.finder.find(tree, chunk, *rows, &mut found);
                let (small, large) = found.blocks();
                let blocks = rows.div_ceil(LANES);
                for (block, exits) in small.iter().enumerate().take(blocks) {
                    leaves.add_line(exits, block, sums);
                }
                for (block, exits) in large.iter().enumerate().take(blocks) {
                    leaves.add_block(exits, block, sums);
                }
            }
        }
    }

    fn add_row(&self, values: &[f32], row: usize, sums: &mut Sums<W>) {
        let mut exits = [0; ABREAST];
        for (eight, leaves) in self.leaves.chunks(ABREAST).enumerate() {
            self.finder.find_row(eight, values, &mut exits);
            for (leaves, exit) in leaves.iter().zip(&exits) {
                leaves.add(std::slice::from_ref(exit), row / LANES, row % LANES, sums);
            }
        }
    }

    fn finish_rows(&self, sums: &Sums<W>, rows: usize, out: &mut [f32]) {
        let targets = self.always_reached.len();
        let mut scores = vec![Score::<W>::default(); targets];
        let outs = out.chunks_exact_mut(targets.max(1));
        for (row, out) in outs.take(rows).enumerate() {
            let (block, lane) = (row / LANES, row % LANES);
            let values = sums.values.iter().skip(block).step_by(BLOCKS);
            let reached = sums.reached.iter().skip(block).step_by(BLOCKS);
            for (score, (values, reached)) in scores.iter_mut().zip(values.zip(reached)) {
                *score = Score {
                    value: values[lane],
                    reached: reached[lane],
                };
            }
            self.finish.row(&mut scores, out);
        }
    }
}
