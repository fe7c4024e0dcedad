//! An entry that is shown: its members, and which of all entries it is.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::spec::DisplaySpec;
use crate::metric::row_batch::{FillError, RowBatch};

/// What is drawn of an entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// Values of the columns that name it.
    pub key: Vec<i64>,
    /// How many members it has; of very many not all are shown.
    pub members: u64,
    /// Both coordinates of those that are shown.
    pub at: Vec<[f32; 2]>,
    /// The panel that each is in.
    pub panels: Vec<i64>,
    /// How large each is drawn, from 0 to the largest of the entry; empty where all are alike.
    pub sizes: Vec<f32>,
    /// Of each the classes that are true of it, as bits.
    pub truth: Vec<u8>,
    /// The classes that were found.
    pub found: Vec<u8>,
}

impl Shown {
    /// Its place in an order that nobody chose.
    pub(super) fn rank(&self) -> (u64, Vec<i64>) {
        rank(&self.key)
    }

    /// Whether it can be of this metric.
    pub(super) fn fits(&self, spec: &DisplaySpec, most: usize) -> bool {
        let count = self.at.len();
        let optional = |length: usize, is_there: bool| length == if is_there { count } else { 0 };
        self.key.len() == spec.key().len()
            && count <= most
            && count as u64 <= self.members
            && optional(self.panels.len(), spec.panel().is_some())
            && optional(self.sizes.len(), spec.size().is_some())
            && (self.truth.len(), self.found.len()) == (count, count)
            && self.at.iter().flatten().all(|at| at.is_finite())
    }
}

/// A hash of a key, and the key itself for the case that two have the same one.
pub(super) fn rank(key: &[i64]) -> (u64, Vec<i64>) {
    let mut hash = blake3::Hasher::new();
    for part in key {
        hash.update(&part.to_le_bytes());
    }
    let mut first = [0; 8];
    hash.finalize_xof().fill(&mut first);
    (u64::from_le_bytes(first), key.to_vec())
}

/// Columns of members.
pub(super) struct Members {
    keys: Vec<Vec<Option<i64>>>,
    at: [Vec<f64>; 2],
    panels: Option<Vec<Option<i64>>>,
    sizes: Option<Vec<f64>>,
    truth: Vec<Vec<Option<bool>>>,
    scores: Vec<Vec<f64>>,
}

impl Members {
    pub(super) fn read(spec: &DisplaySpec, rows: &RowBatch<'_>) -> Result<Self, FillError> {
        let [x, y] = spec.axes();
        let keys = spec.key().iter().map(|name| rows.integers(name));
        let truth = spec.truth().iter().map(|name| rows.labels(name));
        let scores = spec.scores().iter().map(|name| rows.numbers(name));
        Ok(Self {
            keys: keys.collect::<Result<_, _>>()?,
            at: [rows.numbers(x)?, rows.numbers(y)?],
            panels: spec.panel().map(|name| rows.integers(name)).transpose()?,
            sizes: spec.size().map(|name| rows.numbers(name)).transpose()?,
            truth: truth.collect::<Result<_, _>>()?,
            scores: scores.collect::<Result<_, _>>()?,
        })
    }

    /// The key of the entry that a member is of.
    pub(super) fn key(&self, row: usize) -> Vec<i64> {
        let parts = self.keys.iter();
        parts
            .map(|part| part.get(row).copied().flatten().unwrap_or(i64::MIN))
            .collect()
    }

    /// The first members of an entry; those without a place are left out.
    pub(super) fn shown(&self, key: Vec<i64>, rows: Range<usize>, most: usize) -> Shown {
        let place = |row: usize| {
            let at = self.at.each_ref().map(|values| number(values, row));
            at.iter().all(|at| at.is_finite()).then_some((row, at))
        };
        let placed: Vec<(usize, [f32; 2])> = rows.clone().filter_map(place).take(most).collect();
        let each = || placed.iter().map(|(row, _)| *row);
        let panel = |values: &Vec<Option<i64>>, row: usize| values.get(row).copied().flatten();
        let sizes = self.sizes.as_ref().map(|values| {
            let size = |row| number(values, row).max(0.0);
            let all: Vec<f32> = each().map(size).collect();
            let finite = all.iter().copied().filter(|size| size.is_finite());
            let largest = finite.fold(f32::MIN_POSITIVE, f32::max);
            let share = |size: f32| {
                if size.is_finite() {
                    size / largest
                } else {
                    0.0
                }
            };
            all.into_iter().map(share).collect()
        });
        Shown {
            key,
            members: rows.len() as u64,
            panels: self.panels.as_ref().map_or_else(Vec::new, |values| {
                each().map(|row| panel(values, row).unwrap_or(-1)).collect()
            }),
            sizes: sizes.unwrap_or_default(),
            truth: each().map(|row| self.truth(row)).collect(),
            found: each().map(|row| self.found(row)).collect(),
            at: placed.iter().map(|(_, at)| *at).collect(),
        }
    }

    fn truth(&self, row: usize) -> u8 {
        let is_true = |labels: &Vec<Option<bool>>| labels.get(row) == Some(&Some(true));
        bits(self.truth.iter().map(is_true))
    }

    /// All classes of more than a half; without such the one of the highest score.
    fn found(&self, row: usize) -> u8 {
        let scores: Vec<f32> = self.scores.iter().map(|all| number(all, row)).collect();
        let likely = bits(scores.iter().map(|score| *score > 0.5));
        let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        match likely {
            0 => bits(scores.iter().map(|score| score.total_cmp(&highest).is_eq())),
            likely => likely,
        }
    }
}

fn number(values: &[f64], row: usize) -> f32 {
    values.get(row).copied().unwrap_or(f64::NAN) as f32
}

fn bits(classes: impl Iterator<Item = bool>) -> u8 {
    let each = classes.zip(0..8);
    each.fold(0, |bits, (is, place)| bits | u8::from(is) << place)
}
