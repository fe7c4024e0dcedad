//! The run of an ensemble over one chunk of rows: tree after tree, block after block.

use super::aggregate::{Aggregate, Finish, Score, Weight};
use super::ensemble::Forest;
use super::exit::{BLOCKS, CHUNK, Chunk, Columns, ExitFinder, Exits};
use super::tree::Tree;
use crate::score::features::{Features, LANES};

/// Trees with weights of one precision.
#[derive(Debug)]
pub(super) struct Runner<W> {
    trees: Vec<(ExitFinder, Leaves<W>)>,
    columns: Columns,
    targets: usize,
    aggregate: Aggregate,
    /// Targets for which every leaf of some tree has a weight.
    always_reached: Vec<bool>,
    finish: Finish<W>,
}

/// The weights of a tree's leaves.
#[derive(Debug)]
enum Leaves<W> {
    /// Every leaf has one weight, for the same target, and weights are summed.
    One { target: usize, weights: Vec<W> },
    /// The same with at most 32 leaves: the number of a leaf has no more than five bits.
    Few { target: usize, weights: [W; 32] },
    /// Leaves with none or several, or weights that are compared.
    Many(Vec<Vec<(usize, W)>>),
}

/// The aggregates of one chunk: for each target, block after block.
struct Sums<W> {
    values: Vec<[W; LANES]>,
    reached: Vec<[bool; LANES]>,
}

impl<W: Weight> Leaves<W> {
    fn new(tree: &Tree, aggregate: Aggregate) -> Self {
        let target = tree
            .leaves
            .first()
            .and_then(|leaf| leaf.first())
            .map_or(0, |(target, _)| *target);
        let weight = |leaf: &Vec<(u32, f64)>| match leaf.as_slice() {
            [(found, weight)] if *found == target => Some(W::from_f64(*weight)),
            _ => None,
        };
        let sums = matches!(aggregate, Aggregate::Sum | Aggregate::Average);
        let target = target as usize;
        match tree.leaves.iter().map(weight).collect::<Option<Vec<_>>>() {
            Some(mut weights) if sums && weights.len() <= 32 => {
                weights.resize(32, W::default());
                let mut few = [W::default(); 32];
                few.iter_mut()
                    .zip(weights)
                    .for_each(|(slot, weight)| *slot = weight);
                Self::Few {
                    target,
                    weights: few,
                }
            }
            Some(weights) if sums => Self::One { target, weights },
            _ => {
                let entry =
                    |(target, weight): &(u32, f64)| (*target as usize, W::from_f64(*weight));
                Self::Many(
                    tree.leaves
                        .iter()
                        .map(|leaf| leaf.iter().map(entry).collect())
                        .collect(),
                )
            }
        }
    }

    /// The target of every leaf.
    fn target(&self) -> Option<usize> {
        match self {
            Self::One { target, .. } | Self::Few { target, .. } => Some(*target),
            Self::Many(_) => None,
        }
    }
}

impl<W: Weight> Runner<W> {
    pub(super) fn new(forest: &Forest) -> Self {
        let aggregate = forest.rule.aggregate;
        let mut columns = Columns::default();
        let ready = |tree| {
            (
                ExitFinder::new(tree, &mut columns),
                Leaves::new(tree, aggregate),
            )
        };
        let trees: Vec<_> = forest.trees.iter().map(ready).collect();
        let mut always_reached = vec![false; forest.rule.targets];
        for target in trees.iter().filter_map(|(_, leaves)| leaves.target()) {
            if let Some(reached) = always_reached.get_mut(target) {
                *reached = true;
            }
        }
        let finish = Finish::new(&forest.rule, trees.len());
        Self {
            trees,
            columns,
            targets: forest.rule.targets,
            aggregate,
            always_reached,
            finish,
        }
    }

    /// Scores the rows of one chunk, `out` being row-major.
    pub(super) fn run(&self, features: &Features, number: usize, out: &mut [f32]) {
        let rows = features
            .rows()
            .saturating_sub(number.saturating_mul(CHUNK))
            .min(CHUNK);
        let chunk = Chunk {
            features,
            number,
            prepared: self.columns.prepare(features, number),
        };
        let mut sums = Sums {
            values: vec![[W::default(); LANES]; BLOCKS.saturating_mul(self.targets)],
            reached: self
                .always_reached
                .iter()
                .flat_map(|reached| [[*reached; LANES]; BLOCKS])
                .collect(),
        };
        let mut exits: Exits = [0; LANES];
        for (finder, leaves) in &self.trees {
            for block in 0..rows.div_ceil(LANES) {
                let count = (rows - block * LANES).min(LANES);
                finder.find(&chunk, block, count, &mut exits);
                if count == LANES {
                    self.add(leaves, &exits, block, &mut sums);
                } else {
                    self.add(leaves, &exits[..count], block, &mut sums);
                }
            }
        }
        self.finish_rows(&sums, rows, out);
    }

    /// Adds the weights of the leaves that the rows of a block reached.
    #[inline(always)]
    fn add(&self, leaves: &Leaves<W>, exits: &[u32], block: usize, sums: &mut Sums<W>) {
        match leaves {
            Leaves::Few { target, weights } => {
                let Some(values) = sums.values.get_mut(target * BLOCKS + block) else {
                    return;
                };
                for (value, exit) in values.iter_mut().zip(exits) {
                    *value = *value + weights[(exit & 31) as usize];
                }
            }
            Leaves::One { target, weights } => {
                let Some(values) = sums.values.get_mut(target * BLOCKS + block) else {
                    return;
                };
                for (value, exit) in values.iter_mut().zip(exits) {
                    *value = *value + weights.get(*exit as usize).copied().unwrap_or_default();
                }
            }
            Leaves::Many(leaves) => {
                for (lane, exit) in exits.iter().enumerate() {
                    for (target, weight) in leaves.get(*exit as usize).into_iter().flatten() {
                        self.merge(sums, target * BLOCKS + block, lane, *weight);
                    }
                }
            }
        }
    }

    fn merge(&self, sums: &mut Sums<W>, block: usize, lane: usize, weight: W) {
        let value = sums
            .values
            .get_mut(block)
            .and_then(|values| values.get_mut(lane));
        let reached = sums
            .reached
            .get_mut(block)
            .and_then(|reached| reached.get_mut(lane));
        let (Some(value), Some(reached)) = (value, reached) else {
            return;
        };
        let better = match self.aggregate {
            Aggregate::Sum | Aggregate::Average => {
                *value = *value + weight;
                false
            }
            Aggregate::Min => weight < *value,
            Aggregate::Max => weight > *value,
        };
        let first = !*reached && matches!(self.aggregate, Aggregate::Min | Aggregate::Max);
        if better || first {
            *value = weight;
        }
        *reached = true;
    }

    fn finish_rows(&self, sums: &Sums<W>, rows: usize, out: &mut [f32]) {
        let mut scores = vec![Score::<W>::default(); self.targets];
        for (row, out) in out
            .chunks_exact_mut(self.targets.max(1))
            .take(rows)
            .enumerate()
        {
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
