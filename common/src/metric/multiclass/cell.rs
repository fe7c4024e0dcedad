//! What is counted of the rows of one bin.

use serde::{Deserialize, Serialize};

use super::amount::Amount;
use super::spec::MulticlassSpec;
use crate::metric::axis::Axis;
use crate::metric::exact_sum::ExactSum;
use crate::metric::ranking::ScoreCounts;
use crate::metric::unit_score::as_probability;

/// Equal bins of the confidence on `[0, 1]` in which it is held against the accuracy.
pub(super) const CONFIDENCE_BINS: u32 = 15;
/// Scores of a row whose sum is further from 1 are no probabilities.
const UNIT_SUM: f64 = 1e-3;

/// Counts of one bin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cell {
    /// Of each true class, how many are taken for each class.
    pub(super) confusion: Vec<Vec<Amount>>,
    /// Of each class, its scores for rows of it and for the rest.
    pub(super) scores: Vec<ScoreCounts>,
    /// Of each mask, for how many of each true class it is set.
    pub(super) masks: Vec<Vec<Amount>>,
    pub(super) probability: ProbabilitySums,
}

/// Sums over rows whose scores are probabilities.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProbabilitySums {
    /// Rows whose scores are not, with which there are no probabilities.
    pub(super) others: u64,
    pub(super) log_loss: ExactSum,
    pub(super) confidence: Vec<ConfidenceSums>,
}

/// Rows of one bin of the confidence, which is the highest score.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConfidenceSums {
    pub(super) all: Amount,
    pub(super) right: Amount,
    pub(super) confidence: ExactSum,
}

/// A row: the true class, its scores, its weight, and which masks are set.
pub(super) struct Row<'a> {
    pub(super) truth: usize,
    pub(super) scores: &'a [f64],
    pub(super) weight: Option<f64>,
    pub(super) masks: &'a [bool],
}

impl Cell {
    pub(super) fn new(spec: &MulticlassSpec) -> Self {
        let classes = spec.scores().len();
        let of_classes = vec![Amount::default(); classes];
        Self {
            confusion: vec![of_classes.clone(); classes],
            scores: vec![ScoreCounts::new(spec.ranking()); classes],
            masks: vec![of_classes; spec.masks().len()],
            probability: ProbabilitySums {
                confidence: vec![ConfidenceSums::default(); CONFIDENCE_BINS as usize],
                ..ProbabilitySums::default()
            },
        }
    }

    /// Counts rows.
    pub(super) fn fill(&mut self, spec: &MulticlassSpec, rows: &[Row<'_>]) {
        for row in rows {
            let taken = highest(row.scores);
            let of_truth = self.confusion.get_mut(row.truth);
            if let Some(amount) = of_truth.and_then(|of_truth| of_truth.get_mut(taken)) {
                amount.add(row.weight);
            }
            for (amounts, set) in self.masks.iter_mut().zip(row.masks) {
                if let Some(amount) = amounts.get_mut(row.truth).filter(|_| *set) {
                    amount.add(row.weight);
                }
            }
            self.probability.add(row, taken);
        }
        let weights: Vec<f64> = rows.iter().filter_map(|row| row.weight).collect();
        for (class, counts) in self.scores.iter_mut().enumerate() {
            let of_class = rows.iter().filter_map(|row| {
                let score = row.scores.get(class).copied()?;
                Some((score, row.truth == class))
            });
            counts.fill(spec.ranking(), &of_class.collect::<Vec<_>>(), &weights);
        }
    }

    pub(super) fn merge(&mut self, spec: &MulticlassSpec, other: &Self) {
        for (mine, theirs) in [
            (&mut self.confusion, &other.confusion),
            (&mut self.masks, &other.masks),
        ] {
            let pairs = mine.iter_mut().flatten().zip(theirs.iter().flatten());
            pairs.for_each(|(mine, theirs)| mine.merge(theirs));
        }
        for (mine, theirs) in self.scores.iter_mut().zip(&other.scores) {
            mine.merge(spec.ranking(), theirs);
        }
        self.probability.merge(&other.probability);
    }

    pub(super) fn fits(&self, spec: &MulticlassSpec) -> bool {
        let classes = spec.scores().len();
        let square = |table: &[Vec<Amount>], rows: usize| {
            table.len() == rows && table.iter().all(|row| row.len() == classes)
        };
        square(&self.confusion, classes)
            && square(&self.masks, spec.masks().len())
            && self.scores.len() == classes
            && self.scores.iter().all(|counts| counts.fits(spec.ranking()))
            && self.probability.confidence.len() == CONFIDENCE_BINS as usize
    }
}

impl ProbabilitySums {
    fn add(&mut self, row: &Row<'_>, taken: usize) {
        let scores: Option<Vec<f64>> = row.scores.iter().map(|of| as_probability(*of)).collect();
        let is_whole = |scores: &Vec<f64>| (scores.iter().sum::<f64>() - 1.0).abs() <= UNIT_SUM;
        let Some(scores) = scores.filter(is_whole) else {
            self.others += 1;
            return;
        };
        let score = |class: usize| scores.get(class).copied().unwrap_or_default();
        let weight = row.weight.unwrap_or(1.0);
        let given = score(row.truth).clamp(f64::EPSILON, 1.0 - f64::EPSILON);
        self.log_loss.add(-given.ln() * weight);
        let bin = Axis::new(0.0, 1.0, CONFIDENCE_BINS).clamped(score(taken));
        if let Some(bin) = self.confidence.get_mut(bin as usize) {
            bin.all.add(row.weight);
            if taken == row.truth {
                bin.right.add(row.weight);
            }
            bin.confidence.add(score(taken) * weight);
        }
    }

    fn merge(&mut self, other: &Self) {
        self.others = self.others.saturating_add(other.others);
        self.log_loss.merge(&other.log_loss);
        for (mine, theirs) in self.confidence.iter_mut().zip(&other.confidence) {
            mine.all.merge(&theirs.all);
            mine.right.merge(&theirs.right);
            mine.confidence.merge(&theirs.confidence);
        }
    }
}

/// The class with the highest score, the first of several.
fn highest(scores: &[f64]) -> usize {
    let mut best = 0;
    for (class, score) in scores.iter().enumerate() {
        if scores.get(best).is_some_and(|found| score > found) {
            best = class;
        }
    }
    best
}
