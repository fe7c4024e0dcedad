//! How much of the sum of weights passes cuts, in bins of columns.

mod result;
mod spec;
mod sums;

pub use result::{EfficiencyBin, EfficiencyResult};
pub use spec::{EfficiencySpec, RawEfficiency};

use serde::{Deserialize, Serialize};

use super::condition::holds;
use super::dropped::Dropped;
use super::kind::Counting;
use super::row_batch::{FillError, RowBatch};
use super::square::has_square;
use sums::Sums;

/// Sums of one `efficiency`: for each pre-cut, in each bin, of all rows and of those that pass each
/// cut.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EfficiencyCounts {
    /// By pre-cut, then bin, then all rows and each cut.
    sums: Vec<Sums>,
    /// Rows with a weight or a value of an axis that is null, NaN or too large.
    missing: u64,
    /// Rows that count, without the other weight.
    #[serde(default, skip_serializing_if = "is_none")]
    without_other: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_none(rows: &u64) -> bool {
    *rows == 0
}

impl Counting for EfficiencyCounts {
    type Spec = EfficiencySpec;
    type Result = EfficiencyResult;

    fn new(spec: &EfficiencySpec) -> Self {
        Self {
            sums: vec![Sums::default(); spec.most_sums()],
            missing: 0,
            without_other: 0,
        }
    }

    fn fill(&mut self, spec: &EfficiencySpec, rows: &RowBatch<'_>) -> Result<(), FillError> {
        let column = |name: &str| rows.numbers(name);
        let axes = spec.axes().iter().map(|axis| column(&axis.column));
        let axes = axes.collect::<Result<Vec<_>, _>>()?;
        let weights = spec.weight().map(column).transpose()?;
        let others = spec.systematic().map(column).transpose()?;
        let conditions = |texts: &[String]| -> Result<Vec<Vec<bool>>, FillError> {
            let functions = spec.functions();
            let passes = texts
                .iter()
                .map(|text| holds(text, spec.names(), &functions, rows));
            passes.collect()
        };
        let cuts = conditions(spec.cuts())?;
        let precuts = conditions(spec.precuts())?;
        let per_bin = 1 + cuts.len();
        for row in 0..rows.len() {
            let at = |column: &Vec<f64>| column.get(row).copied().unwrap_or(f64::NAN);
            let (weight, other) = (weights.as_ref().map(at), others.as_ref().map(at));
            let is_wrong = |weight: Option<f64>| weight.is_some_and(|weight| !has_square(weight));
            let bin = spec.bin(axes.iter().map(at));
            let Some(bin) = bin.filter(|_| !is_wrong(weight)) else {
                self.missing = self.missing.saturating_add(1);
                continue;
            };
            // What it is compared with says nothing of the efficiency itself.
            if is_wrong(other) {
                self.without_other = self.without_other.saturating_add(1);
            }
            let other = other.filter(|_| !is_wrong(other));
            let passes = |of: &Vec<bool>| of.get(row).copied().unwrap_or(false);
            for (number, _) in precuts
                .iter()
                .enumerate()
                .filter(|(_, precut)| passes(precut))
            {
                let first = (number * spec.cells() + bin) * per_bin;
                let sums = self.sums.iter_mut().skip(first).take(per_bin);
                let counts = std::iter::once(true).chain(cuts.iter().map(passes));
                for (sums, _) in sums.zip(counts).filter(|(_, counts)| *counts) {
                    sums.add(weight, other);
                }
            }
        }
        Ok(())
    }

    fn merge(&mut self, _: &EfficiencySpec, other: &Self) {
        for (mine, theirs) in self.sums.iter_mut().zip(&other.sums) {
            mine.merge(theirs);
        }
        self.missing = self.missing.saturating_add(other.missing);
        self.without_other = self.without_other.saturating_add(other.without_other);
    }

    fn fits(&self, spec: &EfficiencySpec) -> bool {
        self.sums.len() == spec.most_sums() && self.sums.iter().all(|sums| sums.fit(spec))
    }

    fn dropped(&self) -> Dropped {
        Dropped::of_rows(self.missing)
    }

    fn finalise(&self, spec: &EfficiencySpec) -> EfficiencyResult {
        let of_rows = result::of(spec, &self.sums, self.missing);
        EfficiencyResult {
            without_systematic: self.without_other,
            ..of_rows
        }
    }
}

#[cfg(test)]
mod tests;
