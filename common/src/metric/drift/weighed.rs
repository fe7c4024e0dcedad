//! What weights make of a column and of a label at one value of the key.

use serde::{Deserialize, Serialize};

use super::key_drift::{ColumnDrift, FiredFraction};
use super::shape::{SHAPE_BINS, shape_bin};
use super::shift::Shift;
use crate::metric::exact_sum::{ExactSum, spread_about};
use crate::metric::interval::{effective, wilson_of};
use crate::metric::weight_sums::WeightSums;
use crate::metric::weight_tally::WeightTally;

/// Weights and values beyond this, the product of whose squares overflows, are left out like NaN.
pub(super) const LARGEST_WEIGHED: f64 = 1e75;

/// Weights of a column's values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ColumnWeights {
    weights: WeightSums,
    /// Σ w x.
    values: ExactSum,
    /// Σ w² of rounded squares, with which the next two are made.
    squares: ExactSum,
    /// Σ w² x.
    squares_values: ExactSum,
    /// Σ w² x².
    squares_squares: ExactSum,
    pub(super) shape: WeightTally,
}

/// Weights of events with a label, by their first row.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LabelWeights {
    all: WeightSums,
    fired: WeightSums,
}

impl ColumnWeights {
    pub(super) fn new() -> Self {
        Self {
            weights: WeightSums::default(),
            values: ExactSum::default(),
            squares: ExactSum::default(),
            squares_values: ExactSum::default(),
            squares_squares: ExactSum::default(),
            shape: WeightTally::new(SHAPE_BINS.into()),
        }
    }

    /// Adds values with their weights; how many were left out.
    pub(super) fn fill(&mut self, values: &[f64], weights: &[f64]) -> u64 {
        let mut bins = Vec::with_capacity(values.len());
        let mut missing = 0;
        for (value, weight) in values.iter().zip(weights) {
            let are_small = value.abs() <= LARGEST_WEIGHED && weight.abs() <= LARGEST_WEIGHED;
            if !are_small {
                missing += 1;
                continue;
            }
            self.weights.add(*weight);
            self.values.add_product(*weight, *value, 1.0);
            let square = weight * weight;
            self.squares.add(square);
            self.squares_values.add_product(square, *value, 1.0);
            let squared = value * value;
            self.squares_squares.add_product(square, squared, 1.0);
            let rest = value.mul_add(*value, -squared);
            self.squares_squares.add_product(square, rest, 1.0);
            bins.push((shape_bin(*value), *weight));
        }
        self.shape.add_all(bins);
        missing
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.weights.merge(&other.weights);
        self.values.merge(&other.values);
        self.squares.merge(&other.squares);
        self.squares_values.merge(&other.squares_values);
        self.squares_squares.merge(&other.squares_squares);
        self.shape.merge(&other.shape);
    }

    /// The mean is Σwx / Σw, its error √(Σw²(x − mean)²) / Σw, with what (Σw)² − Σw² is short of
    /// (Σw)² made good; undefined where the weights do not sum to more than nothing.
    pub(super) fn finalise(&self, count: u64, missing: u64, shift: Option<Shift>) -> ColumnDrift {
        let (all, squares) = (self.weights.sum(), self.weights.squares());
        let mean = (count > 0 && all > 0.0).then(|| self.values.value() / all);
        let pairs = all * all - squares;
        let error = mean.filter(|_| pairs > 0.0).map(|mean| {
            let sums = [&self.squares, &self.squares_values, &self.squares_squares];
            (spread_about(mean, sums) / pairs).sqrt()
        });
        ColumnDrift {
            count,
            missing,
            weights: Some(all),
            mean,
            mean_error: error,
            shift,
        }
    }
}

impl LabelWeights {
    pub(super) fn add(&mut self, fired: bool, weight: f64) {
        self.all.add(weight);
        if fired {
            self.fired.add(weight);
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.all.merge(&other.all);
        self.fired.merge(&other.fired);
    }

    /// The same fraction of weights; undefined where they do not sum to more than nothing.
    pub(super) fn finalise(&self, counted: FiredFraction) -> FiredFraction {
        let (all, fired) = (self.all.sum(), self.fired.sum());
        let fraction = (counted.events > 0 && all > 0.0).then(|| fired / all);
        let interval = fraction.map_or([0.0, 1.0], |fraction| {
            wilson_of(fraction.clamp(0.0, 1.0), effective(all, self.all.squares()))
        });
        FiredFraction {
            weights: Some([fired, all]),
            fraction,
            interval,
            ..counted
        }
    }
}
