//! How well a number is estimated: bias, resolution, pulls and the coverage of intervals, in bins of a
//! column.

mod cell;
mod result;
mod spec;

pub use result::{RegressionBin, RegressionResult, RegressionValue, ShapeBin};
pub use spec::{RawRegression, RegressionSpec};

use serde::{Deserialize, Serialize};

use super::bins;
use super::dropped::Dropped;
use super::kind::{Counting, Kind};
use super::row_batch::{FillError, RowBatch};
use super::square::LARGEST;
use cell::{Cell, Row};

/// Counts of one `regression`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegressionCounts {
    /// One a bin, and one for what is in none.
    cells: Vec<Cell>,
    /// Rows without a truth.
    unlabelled: u64,
    /// Rows with a truth, whose estimate or interval is no finite number.
    not_finite: u64,
}

impl Counting for RegressionCounts {
    type Spec = RegressionSpec;
    type Result = RegressionResult;

    fn new(spec: &RegressionSpec) -> Self {
        Self {
            cells: vec![Cell::new(spec); spec.cells()],
            unlabelled: 0,
            not_finite: 0,
        }
    }

    fn fill(&mut self, spec: &RegressionSpec, rows: &RowBatch<'_>) -> Result<(), FillError> {
        let truth = rows.numbers(spec.truth())?;
        let estimate = rows.numbers(spec.estimate())?;
        let ends = |at: usize| spec.interval().map(|names| rows.numbers(&names[at]));
        let (low, high) = (ends(0).transpose()?, ends(1).transpose()?);
        let places = spec.bins().map(|(column, _)| rows.numbers(column));
        let places = places.transpose()?;
        let mut of_cells: Vec<Vec<Row>> = self.cells.iter().map(|_| Vec::new()).collect();
        let is_number = |value: f64| value.abs() <= LARGEST;
        for (row, (truth, estimate)) in truth.into_iter().zip(estimate).enumerate() {
            let at = |column: &Option<Vec<f64>>| column.as_ref()?.get(row).copied();
            let interval = at(&low).zip(at(&high)).map(|(low, high)| [low, high]);
            if !is_number(truth) {
                self.unlabelled += 1;
                continue;
            }
            let mut ends = interval.iter().flatten();
            if !is_number(estimate) || !ends.all(|end| is_number(*end)) {
                self.not_finite += 1;
                continue;
            }
            let cell = spec.cell_of(at(&places));
            if let Some(rows) = of_cells.get_mut(cell) {
                rows.push(Row {
                    truth,
                    estimate,
                    interval,
                });
            }
        }
        for (cell, rows) in self.cells.iter_mut().zip(&of_cells) {
            cell.fill(rows);
        }
        Ok(())
    }

    fn merge(&mut self, _: &RegressionSpec, other: &Self) {
        for (mine, theirs) in self.cells.iter_mut().zip(&other.cells) {
            mine.merge(theirs);
        }
        self.unlabelled = self.unlabelled.saturating_add(other.unlabelled);
        self.not_finite = self.not_finite.saturating_add(other.not_finite);
    }

    fn fits(&self, spec: &RegressionSpec) -> bool {
        self.cells.len() == spec.cells() && self.cells.iter().all(|cell| cell.fits(spec))
    }

    fn dropped(&self) -> Dropped {
        Dropped::of_rows(self.not_finite)
    }

    fn finalise(&self, spec: &RegressionSpec) -> RegressionResult {
        let mut all = Cell::new(spec);
        self.cells.iter().for_each(|cell| all.merge(cell));
        let edges = spec.bins().map(|(_, edges)| edges).unwrap_or_default();
        let bins = bins::parts(edges, &self.cells);
        let outside = spec.bins().and(self.cells.last()).map_or(0, Cell::rows);
        let text = |name: &String| name.clone();
        RegressionResult {
            truth: spec.truth().to_owned(),
            estimate: spec.estimate().to_owned(),
            interval: spec.interval().map(|names| names.each_ref().map(text)),
            expected_coverage: spec.interval().map(|_| spec.coverage()),
            over: spec.over().map(str::to_owned),
            column: spec.bins().map(|(column, _)| column.to_owned()),
            bins: std::iter::once((None, &all))
                .chain(bins)
                .map(|(edges, cell)| result::of_cell(edges, cell))
                .collect(),
            outside,
            unlabelled: self.unlabelled,
            dropped: self.not_finite,
        }
    }
}

#[cfg(test)]
mod tests;
