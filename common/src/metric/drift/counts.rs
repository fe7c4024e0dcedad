//! What is counted at one value of the key: of each column, and of each label.

use serde::{Deserialize, Serialize};

use super::key_drift::{ColumnDrift, FiredFraction};
use super::shape::{SHAPE_BINS, shape_bin};
use super::shift::Shift;
use super::weighed::{ColumnWeights, LabelWeights};
use crate::metric::exact_sum::{ExactSum, variance};
use crate::metric::interval::{ratio, wilson};
use crate::metric::square::LARGEST;
use crate::metric::tally::Tally;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyCounts {
    pub(super) rows: u64,
    pub(super) columns: Vec<ColumnCounts>,
    pub(super) labels: Vec<LabelCounts>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ColumnCounts {
    count: u64,
    pub(super) missing: u64,
    sum: ExactSum,
    squares: ExactSum,
    pub(super) shape: Tally,
    /// With weights these are counted, and not the sums and the shape above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) weights: Option<Box<ColumnWeights>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LabelCounts {
    events: u64,
    fired: u64,
    unlabelled: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) weights: Option<Box<LabelWeights>>,
}

impl KeyCounts {
    pub(super) fn merge(&mut self, other: &Self) {
        self.rows = self.rows.saturating_add(other.rows);
        for (mine, theirs) in self.columns.iter_mut().zip(&other.columns) {
            mine.count = mine.count.saturating_add(theirs.count);
            mine.missing = mine.missing.saturating_add(theirs.missing);
            mine.sum.merge(&theirs.sum);
            mine.squares.merge(&theirs.squares);
            mine.shape.merge(&theirs.shape);
            if let (Some(mine), Some(theirs)) = (&mut mine.weights, &theirs.weights) {
                mine.merge(theirs);
            }
        }
        for (mine, theirs) in self.labels.iter_mut().zip(&other.labels) {
            mine.events = mine.events.saturating_add(theirs.events);
            mine.fired = mine.fired.saturating_add(theirs.fired);
            mine.unlabelled = mine.unlabelled.saturating_add(theirs.unlabelled);
            if let (Some(mine), Some(theirs)) = (&mut mine.weights, &theirs.weights) {
                mine.merge(theirs);
            }
        }
    }
}

impl ColumnCounts {
    pub(super) fn new(weighted: bool) -> Self {
        let (sum, squares) = (ExactSum::default(), ExactSum::default());
        Self {
            count: 0,
            missing: 0,
            sum,
            squares,
            shape: Tally::sparse(SHAPE_BINS.into()),
            weights: weighted.then(|| Box::new(ColumnWeights::new())),
        }
    }

    pub(super) fn fill(&mut self, values: &[f64], weights: Option<&[f64]>) {
        if let (Some(sums), Some(weights)) = (&mut self.weights, weights) {
            let missing = sums.fill(values, weights);
            self.missing += missing;
            self.count += values.len() as u64 - missing;
            return;
        }
        let mut bins = Vec::with_capacity(values.len());
        for value in values {
            if value.is_nan() || value.abs() > LARGEST {
                self.missing += 1;
                continue;
            }
            self.count += 1;
            self.sum.add(*value);
            self.squares.add_square(*value);
            bins.push(shape_bin(*value));
        }
        self.shape.add_all(&mut bins);
    }

    pub(super) fn finalise(&self, shift: Option<Shift>) -> ColumnDrift {
        if let Some(weights) = &self.weights {
            return weights.finalise(self.count, self.missing, shift);
        }
        let (n, sum) = (self.count as f64, self.sum.value());
        let spread = variance(self.count, &self.sum, &self.squares);
        ColumnDrift {
            count: self.count,
            missing: self.missing,
            weights: None,
            mean: (self.count > 0).then(|| sum / n),
            mean_error: (self.count > 1).then(|| (spread / n).sqrt()),
            shift,
        }
    }
}

impl LabelCounts {
    pub(super) fn new(weighted: bool) -> Self {
        Self {
            weights: weighted.then(Box::default),
            ..Self::default()
        }
    }

    pub(super) fn fill(&mut self, label: Option<bool>, weight: Option<f64>) {
        let is_counted = |weight: f64| weight.abs() <= LARGEST;
        let Some(fired) = label.filter(|_| weight.is_none_or(is_counted)) else {
            self.unlabelled += 1;
            return;
        };
        self.events += 1;
        self.fired += u64::from(fired);
        if let (Some(sums), Some(weight)) = (&mut self.weights, weight) {
            sums.add(fired, weight);
        }
    }

    pub(super) fn finalise(&self) -> FiredFraction {
        let counted = FiredFraction {
            events: self.events,
            fired: self.fired,
            weights: None,
            fraction: (self.events > 0).then(|| ratio(self.fired, self.events)),
            interval: wilson(self.fired, self.events),
            unlabelled: self.unlabelled,
        };
        match &self.weights {
            Some(weights) => weights.finalise(counted),
            None => counted,
        }
    }
}
