//! An ensemble made ready for running, and its run over a chunk of rows.

use super::aggregate::{Aggregate, Finish, Kind, Rule, Score, Weight};
use super::exit::{BLOCKS, CHUNK, ExitFinder, Exits};
use super::transform::PostTransform;
use super::tree::Tree;
use crate::score::error::Problem;
use crate::score::features::{Features, LANES};

/// Rows that are scored at a time.
pub(crate) const CHUNK_ROWS: usize = CHUNK;

/// Checked trees and the rule for their weights.
#[derive(Debug)]
pub(super) struct Forest {
    pub(super) trees: Vec<Tree>,
    pub(super) rule: Rule,
}

impl Forest {
    /// Makes the trees read `columns[id]` where they read feature `id`.
    pub(super) fn pick_columns(&mut self, columns: &[usize]) -> Result<(), Problem> {
        for split in self.trees.iter_mut().flat_map(|tree| &mut tree.splits) {
            let column = columns
                .get(split.feature as usize)
                .and_then(|column| u32::try_from(*column).ok());
            split.feature = column.ok_or_else(|| {
                Problem::invalid(format!(
                    "a tree reads feature {}, but the model has {} features",
                    split.feature,
                    columns.len()
                ))
            })?;
        }
        Ok(())
    }

    /// Whether ONNX Runtime would leave a classifier's second column unset for some rows.
    pub(super) fn leaves_column_unset(&self) -> bool {
        let rule = &self.rule;
        let binary = matches!(rule.kind, Kind::Classifier { .. })
            && rule.targets == 2
            && rule.base.len() < 2;
        let reaches_second = |tree: &Tree| {
            tree.leaves
                .iter()
                .all(|leaf| leaf.iter().any(|(target, _)| *target == 1))
        };
        binary && rule.post == PostTransform::Probit && !self.trees.iter().any(reaches_second)
    }

    fn features_used(&self) -> usize {
        let splits = self.trees.iter().flat_map(|tree| &tree.splits);
        splits
            .map(|split| split.feature as usize + 1)
            .max()
            .unwrap_or(0)
    }
}

/// An ensemble in the precision it was written for.
#[derive(Debug)]
pub(crate) struct Ensemble {
    features_used: usize,
    targets: usize,
    trees: Trees,
}

#[derive(Debug)]
enum Trees {
    Single(Runner<f32>),
    Double(Runner<f64>),
}

impl Ensemble {
    pub(super) fn new(forest: Forest) -> Self {
        let trees = if forest.rule.double {
            Trees::Double(Runner::new(&forest))
        } else {
            Trees::Single(Runner::new(&forest))
        };
        Self {
            features_used: forest.features_used(),
            targets: forest.rule.targets,
            trees,
        }
    }

    /// One more than the greatest feature id.
    pub(crate) fn features_used(&self) -> usize {
        self.features_used
    }

    /// Output columns.
    pub(crate) fn targets(&self) -> usize {
        self.targets
    }

    /// Scores the rows of one chunk, `out` being row-major.
    pub(crate) fn run(&self, features: &Features, chunk: usize, out: &mut [f32]) {
        match &self.trees {
            Trees::Single(runner) => runner.run(features, chunk, out),
            Trees::Double(runner) => runner.run(features, chunk, out),
        }
    }
}

/// Trees with weights of one precision.
#[derive(Debug)]
struct Runner<W> {
    trees: Vec<(ExitFinder, Leaves<W>)>,
    targets: usize,
    aggregate: Aggregate,
    /// Targets for which every leaf of some tree has a weight.
    always_reached: Vec<bool>,
    finish: Finish<W>,
}

/// The weights of a tree's leaves.
#[derive(Debug)]
enum Leaves<W> {
    /// Every leaf has one weight, for the same target.
    One { target: usize, weights: Vec<W> },
    /// Leaves with none or several.
    Many(Vec<Vec<(usize, W)>>),
}

impl<W: Weight> Leaves<W> {
    fn new(tree: &Tree, aggregate: Aggregate) -> Self {
        let first = tree
            .leaves
            .first()
            .and_then(|leaf| leaf.first())
            .map_or(0, |(target, _)| *target);
        let weight = |leaf: &Vec<(u32, f64)>| match leaf.as_slice() {
            [(target, weight)] if *target == first => Some(W::from_f64(*weight)),
            _ => None,
        };
        let sums = matches!(aggregate, Aggregate::Sum | Aggregate::Average);
        match tree.leaves.iter().map(weight).collect::<Option<Vec<_>>>() {
            Some(weights) if sums => Self::One {
                target: first as usize,
                weights,
            },
            _ => {
                let leaf = |leaf: &Vec<(u32, f64)>| {
                    leaf.iter()
                        .map(|(target, weight)| (*target as usize, W::from_f64(*weight)))
                        .collect()
                };
                Self::Many(tree.leaves.iter().map(leaf).collect())
            }
        }
    }
}

impl<W: Weight> Runner<W> {
    fn new(forest: &Forest) -> Self {
        let aggregate = forest.rule.aggregate;
        let trees: Vec<_> = forest
            .trees
            .iter()
            .map(|tree| (ExitFinder::new(tree), Leaves::new(tree, aggregate)))
            .collect();
        let mut always_reached = vec![false; forest.rule.targets];
        for (_, leaves) in &trees {
            if let Leaves::One { target, .. } = leaves
                && let Some(reached) = always_reached.get_mut(*target)
            {
                *reached = true;
            }
        }
        Self {
            finish: Finish::new(&forest.rule, trees.len()),
            trees,
            targets: forest.rule.targets,
            aggregate,
            always_reached,
        }
    }

    fn run(&self, features: &Features, chunk: usize, out: &mut [f32]) {
        let rows = features
            .rows()
            .saturating_sub(chunk.saturating_mul(CHUNK))
            .min(CHUNK);
        let mut scores = vec![Score::<W>::default(); CHUNK.saturating_mul(self.targets)];
        for (per_target, reached) in scores.chunks_exact_mut(CHUNK).zip(&self.always_reached) {
            per_target
                .iter_mut()
                .for_each(|score| score.reached = *reached);
        }
        let mut exits: Exits = [0; LANES];
        for (finder, leaves) in &self.trees {
            for block in 0..rows.div_ceil(LANES) {
                finder.find(features.block(chunk * BLOCKS + block), &mut exits);
                self.add(leaves, &exits, block * LANES, &mut scores);
            }
        }
        self.finish_rows(&scores, rows, out);
    }

    /// Adds the weights of the leaves reached by the block that begins at row `start`.
    fn add(&self, leaves: &Leaves<W>, exits: &Exits, start: usize, scores: &mut [Score<W>]) {
        match leaves {
            Leaves::One { target, weights } => {
                let rows = scores.iter_mut().skip(target * CHUNK + start);
                for (score, exit) in rows.zip(exits) {
                    if let Some(weight) = weights.get(*exit as usize) {
                        score.value = score.value + *weight;
                    }
                }
            }
            Leaves::Many(leaves) => {
                for (row, exit) in exits.iter().enumerate() {
                    for (target, weight) in leaves.get(*exit as usize).into_iter().flatten() {
                        if let Some(score) = scores.get_mut(target * CHUNK + start + row) {
                            self.merge(score, *weight);
                        }
                    }
                }
            }
        }
    }

    fn merge(&self, score: &mut Score<W>, weight: W) {
        let takes = match self.aggregate {
            Aggregate::Sum | Aggregate::Average => {
                score.value = score.value + weight;
                false
            }
            Aggregate::Min => !score.reached || weight < score.value,
            Aggregate::Max => !score.reached || weight > score.value,
        };
        if takes {
            score.value = weight;
        }
        score.reached = true;
    }

    fn finish_rows(&self, scores: &[Score<W>], rows: usize, out: &mut [f32]) {
        let mut row_scores = vec![Score::<W>::default(); self.targets];
        for (row, out) in out
            .chunks_exact_mut(self.targets.max(1))
            .take(rows)
            .enumerate()
        {
            let column = scores.iter().skip(row).step_by(CHUNK);
            for (slot, score) in row_scores.iter_mut().zip(column) {
                *slot = *score;
            }
            self.finish.row(&mut row_scores, out);
        }
    }
}
