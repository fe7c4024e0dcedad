//! Mass fits: counts of a column in fine bins of a range, in each category, and the models that are
//! fitted to them when all shards are counted.

mod check;
mod control;
mod frozen;
mod read;
mod result;
mod spec;
mod tried;
mod validity;
mod values;
mod weigher;

pub use frozen::{FrozenFit, FrozenModel, FrozenValue, NoFit};
pub use result::{FittedCategory, FittedCurve, FittedModel, FittedValue, MassFitResult};
pub use spec::{MassFitSpec, RawComponent, RawMassFit, RawNumbers};
pub use validity::ControlVerdict;
pub use weigher::Weigher;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::histogram::LARGEST;
use super::kind::Counting;
use super::partial::Dropped;
use super::row_batch::{FillError, RowBatch};
use super::tally::Tally;
use super::weight_sums::WeightSums;

/// Counts of one `fit`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MassFitCounts {
    /// One a category.
    categories: Vec<CategoryCounts>,
    /// Rows of no category.
    outside: u64,
    /// Rows of a category beside the range.
    out_of_range: u64,
    /// Rows with a value or weight that is null, NaN or too large.
    missing: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CategoryCounts {
    entries: Tally,
    /// The same in each bin of each control variable.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    columns: Vec<Tally>,
    /// Of each control variable without bins, in steps of its values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    stepped: Vec<Tally>,
    /// Of a fit without bins, the values themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    values: Option<Tally>,
    /// One a bin with weights, else none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    weights: Vec<WeightSums>,
}

impl Counting for MassFitCounts {
    type Spec = MassFitSpec;
    type Result = MassFitResult;

    fn new(spec: &MassFitSpec) -> Self {
        let weighted = spec.weight().map_or(0, |_| spec.bins() as usize);
        let category = CategoryCounts {
            entries: Tally::dense(spec.bins()),
            columns: vec![Tally::dense(spec.bins()); spec.control_bins()],
            stepped: vec![control::empty(spec.bins()); spec.stepped().count()],
            values: spec.is_unbinned().then(values::empty),
            weights: vec![WeightSums::default(); weighted],
        };
        Self {
            categories: vec![category; spec.categories()],
            outside: 0,
            out_of_range: 0,
            missing: 0,
        }
    }

    fn fill(&mut self, spec: &MassFitSpec, rows: &RowBatch<'_>) -> Result<(), FillError> {
        let values = rows.numbers(spec.variable())?;
        let by = spec.by().iter().map(|axis| rows.numbers(&axis.column));
        let by = by.collect::<Result<Vec<_>, _>>()?;
        let weights = spec.weight().map(|name| rows.numbers(name)).transpose()?;
        let control = spec.control().iter().map(|axis| rows.numbers(&axis.column));
        let control = control.collect::<Result<Vec<_>, _>>()?;
        // By category and control variable.
        let mut cells: BTreeMap<(usize, usize), Vec<u64>> = BTreeMap::new();
        let mut keys: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
        for (row, value) in values.into_iter().enumerate() {
            let at = |column: &Vec<f64>| column.get(row).copied().unwrap_or(f64::NAN);
            let weight = weights.as_ref().map_or(1.0, at);
            if value.is_nan() || weight.is_nan() || weight.abs() > LARGEST {
                self.missing = self.missing.saturating_add(1);
                continue;
            }
            let category = spec.category(by.iter().map(at));
            let category = category.unwrap_or(usize::MAX);
            let Some(counts) = self.categories.get_mut(category) else {
                self.outside = self.outside.saturating_add(1);
                continue;
            };
            let Some(bin) = spec.bin(value) else {
                self.out_of_range = self.out_of_range.saturating_add(1);
                continue;
            };
            counts.entries.add(bin);
            for (number, values) in control.iter().enumerate() {
                let column = spec.control_bin(number, at(values));
                if let Some(column) = column.and_then(|column| counts.columns.get_mut(column)) {
                    column.add(bin);
                }
            }
            for (place, number) in spec.stepped().enumerate() {
                let value = control.get(number).map_or(f64::NAN, at);
                let cell = control::cell(value, bin, spec.bins());
                cells.entry((category, place)).or_default().extend(cell);
            }
            if let Some(sums) = counts.weights.get_mut(bin as usize) {
                sums.add(weight);
            }
            if spec.is_unbinned() {
                keys.entry(category).or_default().push(values::key(value));
            }
        }
        for (category, mut keys) in keys {
            let counts = self.categories.get_mut(category);
            if let Some(tally) = counts.and_then(|counts| counts.values.as_mut()) {
                values::add(tally, &mut keys);
            }
        }
        for ((category, place), mut cells) in cells {
            let counts = self.categories.get_mut(category);
            if let Some(tally) = counts.and_then(|counts| counts.stepped.get_mut(place)) {
                tally.add_all(&mut cells);
            }
        }
        Ok(())
    }

    fn merge(&mut self, _: &MassFitSpec, other: &Self) {
        for (mine, theirs) in self.categories.iter_mut().zip(&other.categories) {
            mine.entries.merge(&theirs.entries);
            let columns = mine.columns.iter_mut().chain(&mut mine.stepped);
            for (mine, theirs) in columns.zip(theirs.columns.iter().chain(&theirs.stepped)) {
                mine.merge(theirs);
            }
            if let Some((mine, theirs)) = mine.values.as_mut().zip(theirs.values.as_ref()) {
                values::merge(mine, theirs);
            }
            for (mine, theirs) in mine.weights.iter_mut().zip(&theirs.weights) {
                mine.merge(theirs);
            }
        }
        self.outside = self.outside.saturating_add(other.outside);
        self.out_of_range = self.out_of_range.saturating_add(other.out_of_range);
        self.missing = self.missing.saturating_add(other.missing);
    }

    fn fits(&self, spec: &MassFitSpec) -> bool {
        let weighted = spec.weight().map_or(0, |_| spec.bins() as usize);
        let is_right = |counts: &CategoryCounts| {
            let mut tallies = counts.columns.iter().chain([&counts.entries]);
            let stepped = control::empty(spec.bins()).bins();
            counts.columns.len() == spec.control_bins()
                && counts.stepped.len() == spec.stepped().count()
                && counts.stepped.iter().all(|tally| tally.bins() == stepped)
                && tallies.all(|tally| tally.bins() == u64::from(spec.bins()))
                && counts.weights.len() == weighted
                && counts.values.is_some() == spec.is_unbinned()
                && (counts.values.as_ref()).is_none_or(|values| values.bins() == u64::MAX)
        };
        self.categories.len() == spec.categories() && self.categories.iter().all(is_right)
    }

    fn dropped(&self) -> Dropped {
        Dropped::of_rows(self.missing)
    }

    fn finalise(&self, spec: &MassFitSpec) -> MassFitResult {
        result::of(spec, self)
    }
}

#[cfg(test)]
mod tests;
