//! Everything that was counted for a fit or a density.

use std::collections::BTreeMap;

use super::fit::histograms::FitCounts;
use super::fit::spec::MassFitSpec;
use super::partial::Partial;

/// What was counted for a fit or a density: of the rows that it is made of, and of those of other
/// stages, by their names.
#[derive(Debug, Clone, PartialEq)]
pub struct CountedRows {
    /// The rows that it is made of.
    pub rows: Partial,
    /// Those of other stages, of which a fit needs histograms.
    pub others: BTreeMap<String, Partial>,
}

impl CountedRows {
    /// As what was counted for a fit; none where that is of something else.
    pub(super) fn of_fit(&self, fit: &MassFitSpec) -> Option<FitCounts<'_>> {
        let (spec, rows) = self.rows.of_fit()?;
        if *spec != fit.counting() {
            return None;
        }
        let counting = fit.counting_others();
        let mut counts = FitCounts::alone(rows);
        for name in fit.histograms() {
            let (name, other) = self.others.get_key_value(name)?;
            let (spec, other) = other.of_fit()?;
            if *spec != counting {
                return None;
            }
            counts = counts.with(name, other);
        }
        Some(counts)
    }
}
