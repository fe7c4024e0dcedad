//! The run of an ensemble over one chunk of rows: tree after tree, block after block, or a few rows
//! one by one.

use super::aggregate::{Aggregate, Finish, Score, Weight};
use super::exit::{ABREAST, BLOCKS, CHUNK, ExitFinder, Found};
use super::forest::Forest;
use super::leaves::{Leaves, Sums};
use crate::score::features::{Features, LANES};

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

    /// Scores the rows of one chunk, `out` being row-major.
    pub(super) fn run(&self, features: &Features, number: usize, out: &mut [f32]) {
        let before = number.saturating_mul(CHUNK);
        let rows = features.rows().saturating_sub(before).min(CHUNK);
        let mut sums = Sums::new(self.aggregate, &self.always_reached);
        if self.finder.is_few(rows) {
            for row in 0..rows {
                let values = self.finder.row(features, before + row);
                self.add_row(&values, row, &mut sums);
            }
        } else {
            self.add_chunk(features, number, rows, &mut sums);
        }
        self.finish_rows(&sums, rows, out);
    }

    fn add_row(&self, values: &[f32], row: usize, sums: &mut Sums<W>) {
        let mut exits = [0; ABREAST];
        for (group, leaves) in self.leaves.chunks(ABREAST).enumerate() {
            self.finder.find_row(group * ABREAST, values, &mut exits);
            for (leaves, exit) in leaves.iter().zip(&exits) {
                leaves.add(std::slice::from_ref(exit), row / LANES, row % LANES, sums);
            }
        }
    }

    fn add_chunk(&self, features: &Features, number: usize, rows: usize, sums: &mut Sums<W>) {
        let chunk = self.finder.chunk(features, number);
        let mut found = Found::default();
        for (tree, leaves) in self.leaves.iter().enumerate() {
            self.finder.find(tree, &chunk, rows, &mut found);
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
