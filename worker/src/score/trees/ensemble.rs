//! An ensemble made ready for running, in the precision it was written for.

use std::ops::Range;

use super::code::Codes;
use super::exit::CHUNK;
use super::forest::Forest;
use super::runner::Runner;
use crate::score::features::{Features, LANES};

/// Rows of a chunk.
pub(crate) const CHUNK_ROWS: usize = CHUNK;

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

    /// Rows that are best scored at a time, a number of chunks.
    pub(crate) fn rows_at_once(&self) -> usize {
        match &self.trees {
            Trees::Single(runner) => runner.rows_at_once(),
            Trees::Double(runner) => runner.rows_at_once(),
        }
    }

    /// Scores rows, of which the first is that of a chunk; `out` is row-major.
    pub(crate) fn run(&self, features: &Features, rows: Range<usize>, out: &mut [f32]) {
        let Some(codes) = &self.codes else {
            return self.run_on(features, rows, out);
        };
        let coded = codes.features(features, rows.start / LANES, rows.len());
        self.run_on(&coded, 0..rows.len(), out);
    }

    fn run_on(&self, features: &Features, rows: Range<usize>, out: &mut [f32]) {
        match &self.trees {
            Trees::Single(runner) => runner.run(features, rows, out),
            Trees::Double(runner) => runner.run(features, rows, out),
        }
    }

    /// Whether it reads values in double precision.
    pub(crate) fn reads_doubles(&self) -> bool {
        self.codes.is_some()
    }
}
