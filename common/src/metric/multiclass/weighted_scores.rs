//! Sums of weights in bins of a score, of one class and of the rest.

use serde::{Deserialize, Serialize};

use crate::metric::axis::Axis;
use crate::metric::exact_sum::ExactSum;
use crate::metric::ranking::RocPoint;

/// Equal bins on `[0, 1]`; scores beside it are in the first and the last one. Each carries two
/// exact sums.
pub(super) const BINS: u32 = 200;

/// Sums of weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WeightedScores {
    bins: Vec<Option<Box<Sums>>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sums {
    positives: ExactSum,
    negatives: ExactSum,
}

/// Area and average precision of one class against the rest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Areas {
    pub(super) auc: f64,
    /// The value of unbinned scores is within this, for weights that are not negative.
    pub(super) binning_error: f64,
    pub(super) average_precision: f64,
}

impl WeightedScores {
    pub(super) fn new() -> Self {
        Self {
            bins: vec![None; BINS as usize],
        }
    }

    pub(super) fn add(&mut self, score: f64, label: bool, weight: f64) {
        let bin = Axis::new(0.0, 1.0, BINS).clamped(score.clamp(0.0, 1.0));
        if let Some(bin) = self.bins.get_mut(bin as usize) {
            let sums = bin.get_or_insert_default();
            match label {
                true => sums.positives.add(weight),
                false => sums.negatives.add(weight),
            }
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.bins.iter_mut().zip(&other.bins) {
            if let Some(theirs) = theirs {
                let mine = mine.get_or_insert_default();
                mine.positives.merge(&theirs.positives);
                mine.negatives.merge(&theirs.negatives);
            }
        }
    }

    pub(super) fn fits(&self) -> bool {
        self.bins.len() == BINS as usize
    }

    /// Weights of positives and negatives, from the highest score down, of bins with any.
    fn levels(&self) -> Vec<(f64, f64)> {
        let bins = self.bins.iter().rev().flatten();
        let level = |sums: &Sums| (sums.positives.value(), sums.negatives.value());
        bins.map(|sums| level(sums)).collect()
    }

    /// The ROC curve; empty where it is undefined.
    pub(super) fn roc(&self) -> Vec<RocPoint> {
        let levels = self.levels();
        let positives: f64 = levels.iter().map(|level| level.0).sum();
        let negatives: f64 = levels.iter().map(|level| level.1).sum();
        if !(positives > 0.0 && negatives > 0.0) {
            return Vec::new();
        }
        let mut selected = (0.0, 0.0);
        let mut points = vec![RocPoint {
            false_positive_rate: 0.0,
            efficiency: 0.0,
        }];
        for (fired, quiet) in levels {
            selected = (selected.0 + fired, selected.1 + quiet);
            points.push(RocPoint {
                false_positive_rate: selected.1 / negatives,
                efficiency: selected.0 / positives,
            });
        }
        points
    }

    /// Undefined unless the weights of both classes sum to more than nothing.
    pub(super) fn areas(&self) -> Option<Areas> {
        let levels = self.levels();
        let positives: f64 = levels.iter().map(|level| level.0).sum();
        let negatives: f64 = levels.iter().map(|level| level.1).sum();
        if !(positives > 0.0 && negatives > 0.0) {
            return None;
        }
        let (mut above, mut below) = (0.0, 0.0);
        let (mut auc, mut tied, mut precision) = (0.0, 0.0, 0.0);
        for (fired, quiet) in levels {
            auc += quiet * (above + fired / 2.0);
            tied += (fired * quiet).abs() / 2.0;
            above += fired;
            below += quiet;
            let selected = above + below;
            if selected > 0.0 {
                precision += fired / positives * (above / selected);
            }
        }
        let pairs = positives * negatives;
        Some(Areas {
            auc: auc / pairs,
            binning_error: tied / pairs,
            average_precision: precision,
        })
    }
}
