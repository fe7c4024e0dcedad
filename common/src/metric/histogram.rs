//! Counts, or sums of weights, of a column in equal bins.

mod spec;

pub use spec::{HistogramSpec, RawHistogram};

use super::axis::{Axis, Place};

use super::dropped::Dropped;
use super::interval::ratio;
use super::kind::{Counting, Kind};
use super::row_batch::{FillError, RowBatch};
use super::square::{has_square, left_out};
use super::tally::Tally;
use super::weight_sums::WeightSums;
use crate::count::counted;
use serde::{Deserialize, Serialize};

/// Share of the values outside of the range that is warned of.
const MUCH: f64 = 0.01;

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

/// A histogram over everything that was merged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HistogramResult {
    /// The column.
    pub column: String,
    /// The column of weights.
    pub weight: Option<String>,
    /// The collection whose members were measured, if not rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub over: Option<String>,
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
    /// What a person should know of it.
    pub(super) fn warnings(&self) -> Vec<String> {
        let nothing = self.warning();
        // Without weights, columns may have values in some rows only.
        let some = match (&nothing, &self.weight) {
            (None, Some(weight)) => left_out(self.missing, self.values())
                .map(|said| format!("histogram of {} by {weight}: {said}", self.column)),
            _ => None,
        };
        nothing.into_iter().chain(some).collect()
    }

    /// Said when nothing is in the range.
    fn warning(&self) -> Option<String> {
        let (below, above) = (self.underflow.entries, self.overflow.entries);
        let (first, last) = (self.bins.first()?, self.bins.last()?);
        let values = below.saturating_add(above);
        let all = match (values, self.missing) {
            _ if self.bins.iter().any(|bin| bin.entries > 0) => return None,
            (0, 0) => return None,
            (0, missing) => format!("none of {} is a number", counted(missing, "value")),
            (values, _) => format!(
                "all {values} values are outside of range = [{}, {}] ({below} below, {above} above)",
                first.low, last.high
            ),
        };
        Some(format!("histogram of {}: {all}", self.column))
    }
}

impl HistogramResult {
    /// How many values are below the range, and at or above its end.
    fn outside(&self) -> [u64; 2] {
        [self.underflow.entries, self.overflow.entries]
    }

    /// How many values there are.
    fn values(&self) -> u64 {
        let inside = self.bins.iter().map(|bin| bin.entries);
        inside.chain(self.outside()).fold(0, u64::saturating_add)
    }

    /// Whether more is outside of the range than a picture may leave out.
    fn misses_much(&self) -> bool {
        let outside = self.outside().into_iter().fold(0, u64::saturating_add);
        outside as f64 > MUCH * self.values() as f64
    }

    fn outside_warning(&self) -> Option<String> {
        let (first, last) = (self.bins.first()?, self.bins.last()?);
        let values = self.values();
        let percent = |count: u64| 100.0 * ratio(count, values);
        let [below, above] = self.outside();
        let sides: Vec<String> = [(below, "below"), (above, "above")]
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, side)| format!("{:.1} % {side}", percent(count)))
            .collect();
        Some(format!(
            "histogram of {}: {:.1} % of {values} values are outside of range = [{}, {}] ({}): widen \
             the range, or add another histogram of {0} that shows them",
            self.column,
            percent(below.saturating_add(above)),
            first.low,
            last.high,
            sides.join(", "),
        ))
    }
}

/// What is said of columns of which much is outside of the range of all their histograms: of one
/// that shows all, others may well show a part. Where nothing is inside, that is said already.
pub(super) fn outside_of_all(histograms: &[&HistogramResult]) -> Vec<String> {
    let is_shown = |column: &str| {
        let mut of_column = histograms.iter().filter(|other| other.column == column);
        of_column.any(|other| !other.misses_much())
    };
    let untold = |histogram: &&&HistogramResult| {
        histogram.warning().is_none() && histogram.misses_much() && !is_shown(&histogram.column)
    };
    let said = histograms.iter().filter(untold);
    said.filter_map(|histogram| histogram.outside_warning())
        .collect()
}

impl Counting for HistogramCounts {
    type Spec = HistogramSpec;
    type Result = HistogramResult;

    fn new(spec: &HistogramSpec) -> Self {
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

    fn fill(&mut self, spec: &HistogramSpec, rows: &RowBatch<'_>) -> Result<(), FillError> {
        let values = rows.numbers(spec.column())?;
        let weights = spec.weight().map(|name| rows.numbers(name)).transpose()?;
        let [low, high] = spec.range();
        let axis = Axis::new(low, high, spec.bins());
        let mut weights = weights.map(Vec::into_iter);
        for value in values {
            let weight = weights.as_mut().and_then(Iterator::next).unwrap_or(1.0);
            if value.is_nan() || !has_square(weight) {
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
                sums.add(weight);
            }
        }
        Ok(())
    }

    fn merge(&mut self, _: &HistogramSpec, other: &Self) {
        self.entries.merge(&other.entries);
        self.missing = self.missing.saturating_add(other.missing);
        for (mine, theirs) in self.weights.iter_mut().zip(&other.weights) {
            mine.merge(theirs);
        }
    }

    fn fits(&self, spec: &HistogramSpec) -> bool {
        let bins = spec.bins() + 2;
        let weighted = if spec.weight().is_some() {
            bins as usize
        } else {
            0
        };
        self.entries.bins() == u64::from(bins) && self.weights.len() == weighted
    }

    fn dropped(&self) -> Dropped {
        Dropped::of_rows(self.missing)
    }

    fn finalise(&self, spec: &HistogramSpec) -> HistogramResult {
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
                Some(sums) => (sums.sum(), sums.squares()),
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
            over: spec.over().map(str::to_owned),
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
