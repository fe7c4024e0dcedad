//! What is counted in one bin, of all rows or of those that pass a cut.

use serde::{Deserialize, Serialize};

use super::spec::EfficiencySpec;
use crate::metric::exact_sum::ExactSum;

/// Sums over rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sums {
    pub(super) rows: u64,
    /// None without weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) weights: Option<Box<Weighed>>,
}

/// Sums of their weights.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Weighed {
    pub(super) sum: ExactSum,
    pub(super) squares: ExactSum,
    /// Of the other weight, for the systematic error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) other: Option<ExactSum>,
}

impl Sums {
    pub(super) fn add(&mut self, weight: Option<f64>, other: Option<f64>) {
        self.rows = self.rows.saturating_add(1);
        if let Some(weight) = weight {
            let sums = self.weights.get_or_insert_default();
            sums.sum.add(weight);
            sums.squares.add_square(weight);
            if let Some(other) = other {
                sums.other.get_or_insert_default().add(other);
            }
        }
    }

    pub(super) fn merge(&mut self, more: &Self) {
        self.rows = self.rows.saturating_add(more.rows);
        let Some(more) = &more.weights else {
            return;
        };
        let sums = self.weights.get_or_insert_default();
        sums.sum.merge(&more.sum);
        sums.squares.merge(&more.squares);
        if let Some(other) = &more.other {
            sums.other.get_or_insert_default().merge(other);
        }
    }

    /// Whether these can be sums of such weights.
    pub(super) fn fit(&self, spec: &EfficiencySpec) -> bool {
        match &self.weights {
            None => true,
            Some(sums) => {
                spec.weight().is_some() && (sums.other.is_none() || spec.systematic().is_some())
            }
        }
    }

    /// Σw and Σw².
    pub(super) fn values(&self, spec: &EfficiencySpec) -> (f64, f64) {
        match (&self.weights, spec.weight()) {
            (Some(sums), _) => (sums.sum.value(), sums.squares.value()),
            (None, Some(_)) => (0.0, 0.0),
            (None, None) => (self.rows as f64, self.rows as f64),
        }
    }

    pub(super) fn other(&self) -> f64 {
        let sums = self.weights.as_deref();
        sums.and_then(|sums| sums.other.as_ref())
            .map_or(0.0, |other| other.value())
    }
}
