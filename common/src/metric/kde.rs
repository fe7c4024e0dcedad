//! Sums of weights on a grid, and the density that is estimated from them when all shards are counted.

mod counts;
mod frozen;
mod result;
mod spec;

use counts::Cell;
pub(super) use counts::KdeCounts;
pub use frozen::{FrozenDensity, FrozenKde};
pub use result::{Frozen, KdeResult};
pub use spec::{KdeSpec, RawAxis, RawKde};

use super::dropped::Dropped;
use super::kind::Counting;
use super::row_batch::{FillError, RowBatch};
use super::square::has_square;

impl Counting for KdeCounts {
    type Spec = KdeSpec;
    type Result = KdeResult;

    fn new(_: &KdeSpec) -> Self {
        Self::default()
    }

    fn fill(&mut self, spec: &KdeSpec, rows: &RowBatch<'_>) -> Result<(), FillError> {
        let axes = spec.axes().iter().map(|axis| rows.numbers(&axis.name));
        let axes = axes.collect::<Result<Vec<_>, _>>()?;
        let column = |name: Option<&str>| name.map(|name| rows.numbers(name)).transpose();
        let (weights, others) = (column(spec.weight())?, column(spec.systematic())?);
        for row in 0..rows.len() {
            let at = |column: &Vec<f64>| column.get(row).copied().unwrap_or(f64::NAN);
            let (weight, other) = (weights.as_ref().map(at), others.as_ref().map(at));
            let mut numbers = weight.iter().chain(&other).copied();
            if numbers.any(|weight| !has_square(weight))
                || axes.iter().any(|axis| at(axis).is_nan())
            {
                self.missing = self.missing.saturating_add(1);
                continue;
            }
            let Some(cell) = spec.cell(axes.iter().map(at)) else {
                self.outside = self.outside.saturating_add(1);
                continue;
            };
            self.rows = self.rows.saturating_add(1);
            let cell = self.cells.entry(cell).or_default();
            cell.rows = cell.rows.saturating_add(1);
            if let Some(weight) = weight {
                cell.weights.get_or_insert_default().add(weight);
            }
            if let Some(other) = other {
                cell.others.get_or_insert_default().add(other);
            }
        }
        Ok(())
    }

    fn merge(&mut self, _: &KdeSpec, other: &Self) {
        for (number, cell) in &other.cells {
            self.cells.entry(*number).or_default().merge(cell);
        }
        self.rows = self.rows.saturating_add(other.rows);
        self.outside = self.outside.saturating_add(other.outside);
        self.missing = self.missing.saturating_add(other.missing);
    }

    fn fits(&self, spec: &KdeSpec) -> bool {
        let is_right = |(number, cell): (&u32, &Cell)| {
            (*number as usize) < spec.cells()
                && cell.weights.is_some() == spec.weight().is_some()
                && cell.others.is_some() == spec.systematic().is_some()
        };
        self.cells.iter().all(is_right)
    }

    fn dropped(&self) -> Dropped {
        Dropped::of_rows(self.missing)
    }

    fn finalise(&self, spec: &KdeSpec) -> KdeResult {
        result::of(spec, self)
    }
}

#[cfg(test)]
mod tests;
