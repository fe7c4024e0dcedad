//! How well scores tell labels apart of which several may be true: each label by itself, what is
//! taken for it at a threshold, and all together, in bins of a column.

mod cell;
mod result;
mod spec;

pub use result::{MultilabelBin, MultilabelResult};
pub use spec::{MultilabelSpec, RawMultilabel};

use serde::{Deserialize, Serialize};

use super::bins;
use super::dropped::Dropped;
use super::kind::{Counting, Kind};
use super::row_batch::{FillError, RowBatch};
use cell::{Cell, Row};

/// Counts of one `multilabel`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MultilabelCounts {
    /// One a bin, and one for what is in none.
    cells: Vec<Cell>,
    /// Rows of which some label is null.
    unlabelled: u64,
    /// Rows with a score that is no finite number.
    not_finite: u64,
}

impl Counting for MultilabelCounts {
    type Spec = MultilabelSpec;
    type Result = MultilabelResult;

    fn new(spec: &MultilabelSpec) -> Self {
        Self {
            cells: vec![Cell::new(spec); spec.cells()],
            unlabelled: 0,
            not_finite: 0,
        }
    }

    fn fill(&mut self, spec: &MultilabelSpec, rows: &RowBatch<'_>) -> Result<(), FillError> {
        let truths = spec.truths().iter().map(|name| rows.labels(name));
        let truths = truths.collect::<Result<Vec<_>, _>>()?;
        let scores = spec.scores().iter().map(|name| rows.numbers(name));
        let scores = scores.collect::<Result<Vec<_>, _>>()?;
        let places = spec.bins().map(|(column, _)| rows.numbers(column));
        let places = places.transpose()?;
        let mut of_cells: Vec<Vec<Row>> = self.cells.iter().map(|_| Vec::new()).collect();
        for row in 0..rows.len() {
            let truth = truths.iter().map(|column| column.get(row).copied()?);
            let Some(truth) = truth.collect::<Option<Vec<bool>>>() else {
                self.unlabelled += 1;
                continue;
            };
            let of_row = scores.iter().filter_map(|column| column.get(row).copied());
            let scores: Vec<f64> = of_row.collect();
            if !scores.iter().all(|score| score.is_finite()) {
                self.not_finite += 1;
                continue;
            }
            let place = places.as_ref().and_then(|places| places.get(row).copied());
            if let Some(rows) = of_cells.get_mut(spec.cell_of(place)) {
                rows.push(Row { truth, scores });
            }
        }
        for (cell, rows) in self.cells.iter_mut().zip(&of_cells) {
            cell.fill(spec, rows);
        }
        Ok(())
    }

    fn merge(&mut self, spec: &MultilabelSpec, other: &Self) {
        for (mine, theirs) in self.cells.iter_mut().zip(&other.cells) {
            mine.merge(spec, theirs);
        }
        self.unlabelled = self.unlabelled.saturating_add(other.unlabelled);
        self.not_finite = self.not_finite.saturating_add(other.not_finite);
    }

    fn fits(&self, spec: &MultilabelSpec) -> bool {
        self.cells.len() == spec.cells() && self.cells.iter().all(|cell| cell.fits(spec))
    }

    fn dropped(&self) -> Dropped {
        Dropped::of_rows(self.not_finite)
    }

    fn finalise(&self, spec: &MultilabelSpec) -> MultilabelResult {
        let mut all = Cell::new(spec);
        self.cells.iter().for_each(|cell| all.merge(spec, cell));
        let edges = spec.bins().map(|(_, edges)| edges).unwrap_or_default();
        let bins = bins::parts(edges, &self.cells);
        let outside = spec.bins().and(self.cells.last()).map_or(0, Cell::rows);
        MultilabelResult {
            truths: spec.truths().to_vec(),
            scores: spec.scores().to_vec(),
            names: spec.names().to_vec(),
            thresholds: spec.thresholds(),
            over: spec.over().map(str::to_owned),
            column: spec.bins().map(|(column, _)| column.to_owned()),
            bins: std::iter::once((None, &all))
                .chain(bins)
                .map(|(edges, cell)| result::of_cell(spec, edges, cell))
                .collect(),
            outside,
            unlabelled: self.unlabelled,
            dropped: self.not_finite,
        }
    }
}

#[cfg(test)]
mod tests;
