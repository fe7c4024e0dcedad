//! Counts, or sums of weights, of a column in equal bins.

use super::axis::{Axis, Place};
use super::exact_sum::ExactSum;
use super::row_batch::{FillError, RowBatch};
use super::spec::HistogramSpec;
use super::tally::Tally;
use serde::{Deserialize, Serialize};

/// Weights beyond this, whose squares overflow, are left out like NaN.
pub(super) const LARGEST: f64 = 1e150;

/// Counts of one histogram. Bin 0 is the underflow, bin `bins + 1` the overflow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HistogramCounts {
    entries: Tally,
    missing: u64,
    /// One per bin when weighted, else none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    weights: Vec<WeightSums>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WeightSums {
    sum: ExactSum,
    squares: ExactSum,
}

/// A histogram over everything that was merged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HistogramResult {
    /// The column.
    pub column: String,
    /// The column of weights.
    pub weight: Option<String>,
    /// The bins of the range, ascending.
    pub bins: Vec<HistogramBin>,
    /// What lies below the range; its lower edge is −∞ (null in JSON).
    pub underflow: HistogramBin,
    /// What lies at or above the upper end; its upper edge is ∞ (null in JSON).
    pub overflow: HistogramBin,
    /// Rows left out because value or weight was NaN or null (an infinite value is in the
    /// underflow or overflow).
    pub missing: u64,
}

/// One bin, `[low, high)`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HistogramBin {
    /// Lower edge.
    pub low: f64,
    /// Upper edge.
    pub high: f64,
    /// Rows.
    pub entries: u64,
    /// Rows, or the sum of their weights.
    pub content: f64,
    /// `sqrt(Σ w²)`, which is `sqrt(entries)` without weights.
    pub error: f64,
}

impl HistogramResult {
    /// Said when nothing is in the range.
    pub(super) fn warning(&self) -> Option<String> {
        let (below, above) = (self.underflow.entries, self.overflow.entries);
        let (first, last) = (self.bins.first()?, self.bins.last()?);
        let values = below.saturating_add(above);
        let all = match (values, self.missing) {
            _ if self.bins.iter().any(|bin| bin.entries > 0) => return None,
            (0, 0) => return None,
            (0, missing) => format!("none of {missing} values is a number"),
            (values, _) => format!(
                "all {values} values are outside of range = [{}, {}] ({below} below, {above} above)",
                first.low, last.high
            ),
        };
        Some(format!("histogram of {}: {all}", self.column))
    }
}

impl HistogramCounts {
    pub(super) fn new(spec: &HistogramSpec) -> Self {
        let bins = spec.bins() + 2;
        let weighted = if spec.weight().is_some() {
            bins as usize
        } else {
            0
        };
        Self {
            entries: Tally::dense(bins),
            missing: 0,
            weights: vec![WeightSums::default(); weighted],
        }
    }

    pub(super) fn fill(
        &mut self,
        spec: &HistogramSpec,
        rows: &RowBatch<'_>,
    ) -> Result<(), FillError> {
        let values = rows.numbers(spec.column())?;
        let weights = spec.weight().map(|name| rows.numbers(name)).transpose()?;
        let [low, high] = spec.range();
        let axis = Axis::new(low, high, spec.bins());
        let mut weights = weights.map(Vec::into_iter);
        for value in values {
            let weight = weights.as_mut().and_then(Iterator::next).unwrap_or(1.0);
            if value.is_nan() || weight.is_nan() || weight.abs() > LARGEST {
                self.missing += 1;
                continue;
            }
            let bin = match axis.place(value) {
                Place::Below => 0,
                Place::Bin(bin) => bin + 1,
                Place::Above => spec.bins() + 1,
            };
            self.entries.add(bin);
            if let Some(sums) = self.weights.get_mut(bin as usize) {
                sums.sum.add(weight);
                sums.squares.add(weight * weight);
            }
        }
        Ok(())
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.entries.merge(&other.entries);
        self.missing = self.missing.saturating_add(other.missing);
        for (mine, theirs) in self.weights.iter_mut().zip(&other.weights) {
            mine.sum.merge(&theirs.sum);
            mine.squares.merge(&theirs.squares);
        }
    }

    pub(super) fn fits(&self, spec: &HistogramSpec) -> bool {
        let bins = spec.bins() + 2;
        let weighted = if spec.weight().is_some() {
            bins as usize
        } else {
            0
        };
        self.entries.bins() == u64::from(bins) && self.weights.len() == weighted
    }

    pub(super) fn dropped(&self) -> u64 {
        self.missing
    }

    pub(super) fn finalise(&self, spec: &HistogramSpec) -> HistogramResult {
        let [low, high] = spec.range();
        let axis = Axis::new(low, high, spec.bins());
        let mut counts = vec![0u64; spec.bins() as usize + 2];
        for (bin, count) in self.entries.iter() {
            let place = usize::try_from(bin).unwrap_or(usize::MAX);
            if let Some(slot) = counts.get_mut(place) {
                *slot = count;
            }
        }
        let bin = |slot: u32, low: f64, high: f64| {
            let entries = counts.get(slot as usize).copied().unwrap_or(0);
            let (content, squares) = match self.weights.get(slot as usize) {
                Some(sums) => (sums.sum.value(), sums.squares.value()),
                None => (entries as f64, entries as f64),
            };
            HistogramBin {
                low,
                high,
                entries,
                content,
                error: squares.max(0.0).sqrt(),
            }
        };
        HistogramResult {
            column: spec.column().to_owned(),
            weight: spec.weight().map(str::to_owned),
            bins: (0..spec.bins())
                .map(|i| bin(i + 1, axis.edge(i), axis.edge(i + 1)))
                .collect(),
            underflow: bin(0, f64::NEG_INFINITY, low),
            overflow: bin(spec.bins() + 1, high, f64::INFINITY),
            missing: self.missing,
        }
    }
}

#[cfg(test)]
mod tests;
