//! What a person should know of a drift.

use super::alarm::{Alarm, MOST};
use super::{DriftResult, most_keys};
use crate::count::counted;

/// Alarms that a warning names.
const NAMED: usize = 3;

impl DriftResult {
    /// What a person should know of it.
    pub(in crate::metric) fn warnings(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (index, column) in self.columns.iter().enumerate() {
            let of_column = self.keys.iter().filter_map(|key| key.columns.get(index));
            let (mut count, mut missing) = (0u64, 0u64);
            for counts in of_column {
                count = count.saturating_add(counts.count);
                missing = missing.saturating_add(counts.missing);
            }
            if count == 0 && missing > 0 {
                found.push(format!(
                    "of {column}: none of {} is a finite number",
                    counted(missing, "value")
                ));
            }
        }
        found.extend(self.not_positive());
        let by = &self.by;
        if self.without_key > 0 {
            found.push(format!(
                "left out, as their {by} is null: {}",
                counted(self.without_key, "row")
            ));
        }
        if self.beyond > 0 {
            found.push(format!(
                "left out, as {by} has more than {} values: {}; choose a coarser key, such as the \
                 run, or fewer columns",
                most_keys(self.columns.len(), self.weight.is_some()),
                counted(self.beyond, "row")
            ));
        }
        found.extend(self.moved());
        let said = |what: String| format!("drift by {by}: {what}");
        found.into_iter().map(said).collect()
    }

    /// Columns whose weights do not sum to more than nothing at some value of the key.
    fn not_positive(&self) -> Vec<String> {
        let mut said = Vec::new();
        for (index, column) in self.columns.iter().enumerate() {
            let keys = self.keys.iter().filter(|key| {
                let of_column = key.columns.get(index);
                of_column.is_some_and(|column| {
                    column.count > 0 && column.weights.is_some_and(|sum| sum <= 0.0)
                })
            });
            if let Some(first) = keys.clone().next() {
                said.push(format!(
                    "of {column}: the sum of the weights is not positive at {}, the first of which \
                     is {}: nothing is said of the mean there",
                    counted(keys.count() as u64, "value"),
                    first.key
                ));
            }
        }
        said
    }

    /// What is to be said of what moved, and of a reference that is not there.
    fn moved(&self) -> Vec<String> {
        let mut said = Vec::new();
        let shifts = self.keys.iter().flat_map(|key| &key.columns);
        if let Some(reference) = &self.reference
            && !self.columns.is_empty()
            && shifts.clone().all(|column| column.shift.is_none())
        {
            said.push(format!(
                "nothing is compared with reference = \"{reference}\", which has no rows"
            ));
        }
        if let Some(alarm) = self.alarm.filter(|_| !self.alarms.is_empty()) {
            let named = self.alarms.iter().take(NAMED);
            let named = named.map(|alarm| {
                let Alarm {
                    key,
                    column,
                    psi,
                    ks,
                    ..
                } = alarm;
                format!("{column} at {key} (PSI {psi:.3}, KS {ks:.3})")
            });
            let named = named.collect::<Vec<_>>().join(", ");
            let more = match self.alarms.len().saturating_sub(NAMED) {
                0 => String::new(),
                more if self.alarms.len() == MOST => format!(" and {more} more or even more"),
                more => format!(" and {more} more"),
            };
            said.push(format!("ALARM, moved by more than {alarm}: {named}{more}"));
        }
        said
    }
}
