//! What is counted on the grid.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::metric::exact_sum::ExactSum;

/// Counts of one `kde`: cells that have any, by number.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::metric) struct KdeCounts {
    pub(super) cells: BTreeMap<u32, Cell>,
    pub(super) rows: u64,
    /// Rows beside an axis.
    pub(super) outside: u64,
    /// Rows with a value or weight that is null, NaN or too large.
    pub(super) missing: u64,
}

/// Sums of the rows of one cell.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cell {
    pub(super) rows: u64,
    /// None without weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) weights: Option<Box<ExactSum>>,
    /// Of the other weight, for the systematic error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) others: Option<Box<ExactSum>>,
}

impl Cell {
    pub(super) fn merge(&mut self, other: &Self) {
        self.rows = self.rows.saturating_add(other.rows);
        let sums = [
            (&mut self.weights, &other.weights),
            (&mut self.others, &other.others),
        ];
        for (mine, theirs) in sums {
            if let Some(theirs) = theirs {
                mine.get_or_insert_default().merge(theirs);
            }
        }
    }
}
