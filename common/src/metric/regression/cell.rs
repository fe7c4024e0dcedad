//! What is counted of the rows of one bin.

use serde::{Deserialize, Serialize};

use super::spec::RegressionSpec;
use crate::metric::exact_sum::ExactSum;
use crate::metric::quantiles::Quantiles;
use crate::metric::square::LARGEST;

/// Numbers, by exact sums and by their quantiles.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Spread {
    pub(super) quantiles: Quantiles,
    pub(super) sum: ExactSum,
    pub(super) squares: ExactSum,
}

/// Counts of one bin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cell {
    /// Estimate minus truth.
    pub(super) residuals: Spread,
    /// The sum of their sizes.
    pub(super) sizes: ExactSum,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) intervals: Option<Intervals>,
}

/// What intervals hold.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Intervals {
    /// Estimate minus truth, by the distance of the estimate from the end on the side of the truth.
    pub(super) pulls: Spread,
    /// Those that hold the truth.
    pub(super) covering: u64,
    /// Those whose ends and estimate are not in order.
    pub(super) crossed: u64,
}

/// A row: the truth, what it is estimated to be, and the interval that it is said to be in.
pub(super) struct Row {
    pub(super) truth: f64,
    pub(super) estimate: f64,
    pub(super) interval: Option<[f64; 2]>,
}

impl Row {
    fn residual(&self) -> f64 {
        self.estimate - self.truth
    }

    /// The residual by the width of the interval on the side of the truth; none where that is not
    /// positive.
    fn pull(&self) -> Option<f64> {
        let [low, high] = self.interval?;
        let width = match self.truth > self.estimate {
            true => high - self.estimate,
            false => self.estimate - low,
        };
        let pull = self.residual() / width;
        (width > 0.0 && pull.abs() <= LARGEST).then_some(pull)
    }

    fn is_covered(&self) -> bool {
        let truth = self.truth;
        self.interval
            .is_some_and(|[low, high]| low <= truth && truth <= high)
    }

    fn is_crossed(&self) -> bool {
        let estimate = self.estimate;
        let in_order = |[low, high]: [f64; 2]| low <= estimate && estimate <= high;
        self.interval.is_some_and(|interval| !in_order(interval))
    }
}

impl Spread {
    fn fill(&mut self, values: &[f64]) {
        self.quantiles.fill(values);
        for value in values {
            self.sum.add(*value);
            self.squares.add_square(*value);
        }
    }

    fn merge(&mut self, other: &Self) {
        self.quantiles.merge(&other.quantiles);
        self.sum.merge(&other.sum);
        self.squares.merge(&other.squares);
    }
}

impl Cell {
    pub(super) fn new(spec: &RegressionSpec) -> Self {
        Self {
            residuals: Spread::default(),
            sizes: ExactSum::default(),
            intervals: spec.interval().map(|_| Intervals::default()),
        }
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> u64 {
        self.residuals.quantiles.total()
    }

    pub(super) fn fill(&mut self, rows: &[Row]) {
        let residuals: Vec<f64> = rows.iter().map(Row::residual).collect();
        self.residuals.fill(&residuals);
        residuals
            .iter()
            .for_each(|residual| self.sizes.add(residual.abs()));
        if let Some(intervals) = &mut self.intervals {
            let pulls: Vec<f64> = rows.iter().filter_map(Row::pull).collect();
            intervals.pulls.fill(&pulls);
            let count = |is: fn(&Row) -> bool| rows.iter().filter(|row| is(row)).count() as u64;
            intervals.covering += count(Row::is_covered);
            intervals.crossed += count(Row::is_crossed);
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.residuals.merge(&other.residuals);
        self.sizes.merge(&other.sizes);
        if let (Some(mine), Some(theirs)) = (&mut self.intervals, &other.intervals) {
            mine.pulls.merge(&theirs.pulls);
            mine.covering = mine.covering.saturating_add(theirs.covering);
            mine.crossed = mine.crossed.saturating_add(theirs.crossed);
        }
    }

    pub(super) fn fits(&self, spec: &RegressionSpec) -> bool {
        let pulls = self.intervals.as_ref();
        self.residuals.quantiles.fits()
            && pulls.is_some() == spec.interval().is_some()
            && pulls.is_none_or(|intervals| intervals.pulls.quantiles.fits())
    }
}
