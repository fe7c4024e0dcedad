//! An ensemble made ready for running, in the precision it was written for.

use super::aggregate::{Kind, Rule};
use super::code::Codes;
use super::exit::CHUNK;
use super::runner::Runner;
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
    /// Where trees compare in double precision: what their thresholds stand for.
    pub(super) codes: Option<Codes>,
}

impl Forest {
    /// Makes the trees read `columns[id]` where they read feature `id`.
    pub(super) fn pick_columns(&mut self, columns: &[usize]) -> Result<(), Problem> {
        if let Some(codes) = &mut self.codes {
            return codes.pick_columns(columns);
        }
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
        if let Some(codes) = &self.codes {
            return codes.features_used();
        }
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
    codes: Option<Codes>,
}

#[derive(Debug)]
enum Trees {
    Single(Runner<f32>),
    Double(Runner<f64>),
}

impl Ensemble {
    pub(super) fn new(mut forest: Forest) -> Self {
        let trees = if forest.rule.double {
            Trees::Double(Runner::new(&mut forest))
        } else {
            Trees::Single(Runner::new(&mut forest))
        };
        Self {
            features_used: forest.features_used(),
            targets: forest.rule.targets,
            trees,
            codes: forest.codes,
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
        let Some(codes) = &self.codes else {
            return self.run_on(features, chunk, out);
        };
        let before = chunk.saturating_mul(CHUNK);
        let rows = features.rows().saturating_sub(before).min(CHUNK);
        let coded = codes.features(features, before / LANES, rows);
        self.run_on(&coded, 0, out);
    }

    fn run_on(&self, features: &Features, chunk: usize, out: &mut [f32]) {
        match &self.trees {
            Trees::Single(runner) => runner.run(features, chunk, out),
            Trees::Double(runner) => runner.run(features, chunk, out),
        }
    }

    /// Whether it reads values in double precision.
    pub(crate) fn reads_doubles(&self) -> bool {
        self.codes.is_some()
    }
}
