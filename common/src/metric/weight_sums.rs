//! What weights amount to: their sum, and that of their squares.

use serde::{Deserialize, Serialize};

use super::exact_sum::ExactSum;

/// Exact sums of weights and of their squares.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WeightSums {
    sum: ExactSum,
    squares: ExactSum,
}

impl WeightSums {
    /// Adds a finite weight.
    pub(super) fn add(&mut self, weight: f64) {
        self.sum.add(weight);
        self.squares.add_square(weight);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.sum.merge(&other.sum);
        self.squares.merge(&other.squares);
    }

    /// The sum of the weights.
    pub(super) fn sum(&self) -> f64 {
        self.sum.value()
    }

    /// The sum of their squares, never negative.
    pub(super) fn squares(&self) -> f64 {
        self.squares.value().max(0.0)
    }
}
