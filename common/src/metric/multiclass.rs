//! How well the scores of several classes tell them apart: a confusion matrix, the scores of each
//! class against the rest, and what needs the scores themselves, in bins of a column.

mod amount;
mod cell;
mod result;
mod spec;
mod values;

pub use result::{AverageResult, ClassResult, MaskResult, MulticlassBin, MulticlassResult};
pub(super) use spec::AVERAGES;
pub use spec::{MulticlassSpec, RawMulticlass};
pub use values::MulticlassValue;
pub(super) use values::values_of;

use serde::{Deserialize, Serialize};

use super::bins;
use super::dropped::Dropped;
use super::kind::{Counting, Kind};
use super::row_batch::{FillError, RowBatch};
use super::square::has_square;
use cell::{Cell, Row};

/// Counts of one `multiclass`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MulticlassCounts {
    /// One a bin, and one for what is in none.
    cells: Vec<Cell>,
    /// Rows whose true class is null or negative.
    unlabelled: u64,
    /// Rows with a score or a weight that is no finite number.
    not_finite: u64,
}

impl Counting for MulticlassCounts {
    type Spec = MulticlassSpec;
    type Result = MulticlassResult;

    fn new(spec: &MulticlassSpec) -> Self {
        Self {
            cells: vec![Cell::new(spec); spec.cells()],
            unlabelled: 0,
            not_finite: 0,
        }
    }

    fn fill(&mut self, spec: &MulticlassSpec, rows: &RowBatch<'_>) -> Result<(), FillError> {
        let truth = rows.integers(spec.truth())?;
        let columns = |names: &[String]| -> Result<Vec<Vec<f64>>, FillError> {
            names.iter().map(|name| rows.numbers(name)).collect()
        };
        let scores = columns(spec.scores())?;
        let masks = columns(spec.masks())?;
        let weights = spec.weight().map(|name| rows.numbers(name)).transpose()?;
        let places = spec.bins().map(|(column, _)| rows.numbers(column));
        let places = places.transpose()?;
        let classes = spec.scores().len();
        let mut of_rows: Vec<(usize, usize, Option<f64>)> = Vec::with_capacity(rows.len());
        let mut numbers = Vec::with_capacity(rows.len() * classes);
        let mut flags = Vec::with_capacity(rows.len() * spec.masks().len());
        for (row, truth) in truth.into_iter().enumerate() {
            let Some(class) = truth.filter(|class| *class >= 0) else {
                self.unlabelled += 1;
                continue;
            };
            let class = usize::try_from(class).ok().filter(|class| *class < classes);
            let class = class.ok_or_else(|| FillError::NoSuchClass {
                column: spec.truth().to_owned(),
                found: truth.unwrap_or_default(),
                classes,
            })?;
            let at = |column: &Vec<f64>| column.get(row).copied().unwrap_or(f64::NAN);
            let weight = weights.as_ref().map(at);
            let heavy = weight.is_some_and(|weight| !has_square(weight));
            if heavy || !scores.iter().all(|column| at(column).is_finite()) {
                self.not_finite += 1;
                continue;
            }
            let cell = spec.cell_of(places.as_ref().map(at));
            numbers.extend(scores.iter().map(at));
            flags.extend(
                masks
                    .iter()
                    .map(at)
                    .map(|flag| flag != 0.0 && !flag.is_nan()),
            );
            of_rows.push((cell, class, weight));
        }
        let mut of_cells: Vec<Vec<Row<'_>>> = self.cells.iter().map(|_| Vec::new()).collect();
        let scores = numbers.chunks_exact(classes);
        // Without masks there are no chunks of them.
        let flags = flags.chunks_exact(spec.masks().len().max(1));
        let flags = flags.map(Some).chain(std::iter::repeat(None));
        for (((cell, truth, weight), scores), masks) in of_rows.into_iter().zip(scores).zip(flags) {
            if let Some(rows) = of_cells.get_mut(cell) {
                rows.push(Row {
                    truth,
                    scores,
                    weight,
                    masks: masks.unwrap_or_default(),
                });
            }
        }
        for (cell, rows) in self.cells.iter_mut().zip(&of_cells) {
            cell.fill(spec, rows);
        }
        Ok(())
    }

    fn merge(&mut self, spec: &MulticlassSpec, other: &Self) {
        for (mine, theirs) in self.cells.iter_mut().zip(&other.cells) {
            mine.merge(spec, theirs);
        }
        self.unlabelled = self.unlabelled.saturating_add(other.unlabelled);
        self.not_finite = self.not_finite.saturating_add(other.not_finite);
    }

    fn fits(&self, spec: &MulticlassSpec) -> bool {
        self.cells.len() == spec.cells() && self.cells.iter().all(|cell| cell.fits(spec))
    }

    fn dropped(&self) -> Dropped {
        Dropped::of_rows(self.not_finite)
    }

    fn finalise(&self, spec: &MulticlassSpec) -> MulticlassResult {
        let mut all = Cell::new(spec);
        self.cells.iter().for_each(|cell| all.merge(spec, cell));
        let edges = spec.bins().map(|(_, edges)| edges).unwrap_or_default();
        let bins = bins::parts(edges, &self.cells);
        let outside = spec.bins().and(self.cells.last());
        let outside = outside.map(result::rows_of);
        MulticlassResult {
            truth: spec.truth().to_owned(),
            scores: spec.scores().to_vec(),
            names: spec.names().to_vec(),
            weight: spec.weight().map(str::to_owned),
            over: spec.over().map(str::to_owned),
            column: spec.bins().map(|(column, _)| column.to_owned()),
            bins: std::iter::once((None, &all))
                .chain(bins)
                .map(|(edges, cell)| result::of_cell(spec, edges, cell))
                .collect(),
            outside: outside.unwrap_or(0),
            unlabelled: self.unlabelled,
            dropped: self.not_finite,
        }
    }
}

#[cfg(test)]
mod tests;
