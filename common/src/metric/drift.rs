//! How columns move with a key such as the run: moments and shape of each column, and the fired
//! fraction of each label, for every value of the key.
//!
//! The shape of a column is counted by the leading 16 bits of its value as an `f32` (sign,
//! exponent and seven bits of mantissa), which needs no range and tells apart values that differ
//! by 1/128 of themselves or more.

mod alarm;
mod compared;
mod counts;
mod key_drift;
mod key_range;
mod shape;
mod shift;
mod spec;
mod told;
mod weighed;
mod weighed_shift;

pub use alarm::Alarm;
pub use key_drift::{ColumnDrift, FiredFraction, KeyDrift};
pub use shift::Shift;
pub use spec::{DriftSpec, RawDrift};

use self::compared::Compared;
use self::counts::{ColumnCounts, KeyCounts, LabelCounts};
use self::shape::SHAPE_BINS;
use super::dropped::Dropped;
use super::kind::Counting;
use super::row_batch::{FillError, RowBatch};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Values of the key that are followed at most, times columns: each takes about a kilobyte.
const MOST_CELLS: usize = 100_000;
/// The same with weights, whose sums take five times as much.
const MOST_WEIGHED_CELLS: usize = 20_000;

/// Counts of one drift.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DriftCounts {
    keys: BTreeMap<i64, KeyCounts>,
    without_key: u64,
    /// Rows of keys beyond the lowest that are followed.
    beyond: u64,
}

/// A drift over everything that was merged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DriftResult {
    /// The key column.
    pub by: String,
    /// The columns followed, in the order of [`KeyDrift::columns`].
    pub columns: Vec<String>,
    /// The labels followed, in the order of [`KeyDrift::labels`].
    pub labels: Vec<String>,
    /// The column of weights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<String>,
    /// Every value of the key, ascending.
    pub keys: Vec<KeyDrift>,
    /// Rows left out because the key was null.
    pub without_key: u64,
    /// Rows left out because there are more values of the key than are followed: the lowest
    /// 100,000, with weights 20,000, divided by the number of columns.
    pub beyond: u64,
    /// Values of the key that all are compared with, where the campaign says them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// From which population stability index on a column is said to have moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alarm: Option<f64>,
    /// Columns that moved, those that moved most first; not more than 100.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alarms: Vec<Alarm>,
}

/// Values of the key that are followed of so many columns.
fn most_keys(columns: usize, weighted: bool) -> usize {
    let cells = if weighted {
        MOST_WEIGHED_CELLS
    } else {
        MOST_CELLS
    };
    cells / columns.clamp(1, cells)
}

fn most_keys_of(spec: &DriftSpec) -> usize {
    most_keys(spec.columns().len(), spec.weight().is_some())
}

impl Counting for DriftCounts {
    type Spec = DriftSpec;
    type Result = DriftResult;

    fn new(_: &DriftSpec) -> Self {
        Self::default()
    }

    fn fill(&mut self, spec: &DriftSpec, rows: &RowBatch<'_>) -> Result<(), FillError> {
        let keys = rows.integers(spec.by())?;
        let columns = spec.columns().iter().map(|name| rows.numbers(name));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let weights = spec.weight().map(|name| rows.numbers(name)).transpose()?;
        let mut start = 0;
        for stretch in keys.chunk_by(|a, b| a == b) {
            let stop = start + stretch.len();
            if let Some(key) = stretch.first().copied().flatten() {
                let counts = self.key(spec, key)?;
                counts.rows += stretch.len() as u64;
                for (counts, values) in counts.columns.iter_mut().zip(&columns) {
                    let weights = weights.as_ref();
                    let weights = weights.map(|of| of.get(start..stop).unwrap_or_default());
                    counts.fill(values.get(start..stop).unwrap_or_default(), weights);
                }
            } else {
                self.without_key += stretch.len() as u64;
            }
            start = stop;
        }
        self.fill_labels(spec, rows, &keys, weights.as_deref())
    }

    fn merge(&mut self, spec: &DriftSpec, other: &Self) {
        self.without_key = self.without_key.saturating_add(other.without_key);
        for (key, theirs) in &other.keys {
            match self.keys.get_mut(key) {
                Some(mine) => mine.merge(theirs),
                None => {
                    self.keys.insert(*key, theirs.clone());
                }
            }
        }
        self.beyond = self.beyond.saturating_add(other.beyond);
        while self.keys.len() > most_keys_of(spec) {
            // The lowest of all are among the lowest of every part, so which stay does not depend
            // on the order.
            let last = self.keys.pop_last();
            self.beyond = self
                .beyond
                .saturating_add(last.map_or(0, |(_, counts)| counts.rows));
        }
    }

    fn fits(&self, spec: &DriftSpec) -> bool {
        let weighted = spec.weight().is_some();
        let shaped = |column: &ColumnCounts| {
            let weighed = column.weights.as_ref().map(|weights| weights.shape.bins());
            let bins = u64::from(SHAPE_BINS);
            column.shape.bins() == bins && weighed == weighted.then_some(bins)
        };
        self.keys.len() <= most_keys_of(spec)
            && self.keys.values().all(|key| {
                key.columns.len() == spec.columns().len()
                    && key.labels.len() == spec.labels().len()
                    && key.columns.iter().all(shaped)
                    && key
                        .labels
                        .iter()
                        .all(|label| label.weights.is_some() == weighted)
            })
    }

    /// Values that were left out, over all columns.
    fn dropped(&self) -> Dropped {
        let columns = self.keys.values().flat_map(|key| &key.columns);
        Dropped::of_rows(columns.fold(0, |sum, column| sum.saturating_add(column.missing)))
    }

    fn finalise(&self, spec: &DriftSpec) -> DriftResult {
        let compared = Compared::of(&self.keys, spec);
        let keys = self.keys.iter().map(|(key, counts)| KeyDrift {
            key: *key,
            rows: counts.rows,
            columns: (0..)
                .zip(&counts.columns)
                .map(|(place, column)| column.finalise(compared.shift(*key, place, column)))
                .collect(),
            labels: counts.labels.iter().map(LabelCounts::finalise).collect(),
        });
        let keys: Vec<KeyDrift> = keys.collect();
        DriftResult {
            by: spec.by().to_owned(),
            columns: spec.columns().to_vec(),
            labels: spec.labels().to_vec(),
            weight: spec.weight().map(str::to_owned),
            without_key: self.without_key,
            beyond: self.beyond,
            reference: spec.reference().map(ToString::to_string),
            alarm: spec.alarm(),
            alarms: alarm::alarms(spec, &keys),
            keys,
        }
    }
}

impl DriftCounts {
    fn fill_labels(
        &mut self,
        spec: &DriftSpec,
        rows: &RowBatch<'_>,
        keys: &[Option<i64>],
        weights: Option<&[f64]>,
    ) -> Result<(), FillError> {
        for (position, name) in spec.labels().iter().enumerate() {
            let labels = rows.labels(name)?;
            for (start, stop) in rows.events(name)? {
                let Some(key) = keys.get(start).copied().flatten() else {
                    continue;
                };
                let event = labels.get(start..stop).unwrap_or_default();
                let counts = self.key(spec, key)?;
                if let Some(counts) = counts.labels.get_mut(position) {
                    let weight = |weights: &[f64]| weights.get(start).copied();
                    let weight = weights.map(|of| weight(of).unwrap_or(f64::NAN));
                    counts.fill(event.iter().flatten().copied().max(), weight);
                }
            }
        }
        Ok(())
    }

    fn key(&mut self, spec: &DriftSpec, key: i64) -> Result<&mut KeyCounts, FillError> {
        let limit = most_keys_of(spec);
        let weighted = spec.weight().is_some();
        if self.keys.len() >= limit && !self.keys.contains_key(&key) {
            return Err(FillError::TooManyKeys {
                column: spec.by().to_owned(),
                limit,
            });
        }
        Ok(self.keys.entry(key).or_insert_with(|| KeyCounts {
            rows: 0,
            columns: vec![ColumnCounts::new(weighted); spec.columns().len()],
            labels: vec![LabelCounts::new(weighted); spec.labels().len()],
        }))
    }
}

#[cfg(test)]
mod tests;
