//! How many rows, or what their weights amount to.

use serde::{Deserialize, Serialize};

use crate::metric::weight_sums::WeightSums;

/// A number of rows and, with weights, the sums of these and of their squares.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Amount {
    rows: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    weights: Option<Box<WeightSums>>,
}

impl Amount {
    pub(super) fn add(&mut self, weight: Option<f64>) {
        self.rows += 1;
        if let Some(weight) = weight {
            let sums = self.weights.get_or_insert_default();
            sums.add(weight);
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.rows = self.rows.saturating_add(other.rows);
        if let Some(theirs) = &other.weights {
            let mine = self.weights.get_or_insert_default();
            mine.merge(theirs);
        }
    }

    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// The sum of weights; of rows without any.
    pub(super) fn value(&self) -> f64 {
        let weights = self.weights.as_ref();
        weights.map_or(self.rows as f64, |sums| sums.sum())
    }

    /// The sum of squared weights.
    pub(super) fn squares(&self) -> f64 {
        let weights = self.weights.as_ref();
        weights.map_or(self.rows as f64, |sums| sums.squares())
    }

    /// All of these together.
    pub(super) fn total<'a>(amounts: impl Iterator<Item = &'a Self>) -> Self {
        let mut total = Self::default();
        amounts.for_each(|amount| total.merge(amount));
        total
    }

    /// The share that is part of a whole, and its error: sqrt(|(1 − 2p) Σw² of the part + p² Σw²
    /// of the whole|) / Σw of the whole, which is that of a binomial without weights. Undefined
    /// where the whole is not positive.
    pub(super) fn share_of(&self, whole: &Self) -> Option<(f64, f64)> {
        let all = whole.value();
        let share = self.value() / all;
        let variance = (1.0 - 2.0 * share) * self.squares() + share * share * whole.squares();
        let known = whole.rows > 0 && all > 0.0;
        known.then(|| (share, variance.abs().sqrt() / all))
    }
}
