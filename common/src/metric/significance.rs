//! How significant a peak in a mass is against a threshold on a score: histograms of the score
//! around the peak and beside it, in bins such as those of a BDT configuration.

mod scan;
mod spec;

pub use scan::{Best, Scan, ScanPoint, WithError};
pub use spec::{RawSignificance, SignificanceSpec};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::axis::{Axis, Place};
use super::kind::Counting;
use super::partial::Dropped;
use super::row_batch::{FillError, RowBatch};
use super::tally::Tally;
use crate::bdt_config::MOST_BINS;

/// Counts of one `significance`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignificanceCounts {
    bins: BTreeMap<u32, BinCounts>,
    /// Rows with a score or a mass that is no number.
    missing: u64,
}

/// Scores of one bin; the first count is of those below the range, the last of those above.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BinCounts {
    signal: Tally,
    sidebands: Tally,
}

/// A significance over everything that was merged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SignificanceResult {
    /// The column of scores.
    pub score: String,
    /// The column of masses.
    pub mass: String,
    /// The column of bins.
    pub bin: String,
    /// Candidates below the peak for each one in the sidebands.
    pub scale: f64,
    /// The thresholds, ascending.
    pub edges: Vec<f64>,
    /// The bins that have candidates, ascending.
    pub bins: Vec<SignificanceBin>,
    /// Rows that were left out, with a score or a mass that is no number.
    pub dropped: u64,
}

/// Scores of the candidates of one bin: below the first threshold, between any two, and from the
/// last on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SignificanceBin {
    /// Its number.
    pub bin: u32,
    /// Of candidates around the peak.
    pub signal: Vec<u64>,
    /// Of those in the sidebands.
    pub sidebands: Vec<u64>,
}

impl SignificanceResult {
    pub(super) fn warnings(&self) -> Vec<String> {
        let name = format!("significance of {} by {}", self.mass, self.score);
        let mut warnings = Vec::new();
        if self.bins.is_empty() {
            warnings.push(format!(
                "{name}: there is no candidate around the peak or beside it"
            ));
        }
        if self.dropped > 0 {
            let dropped = self.dropped;
            warnings.push(format!(
                "{name}: {dropped} rows without a number are left out"
            ));
        }
        warnings
    }
}

impl Counting for SignificanceCounts {
    type Spec = SignificanceSpec;
    type Result = SignificanceResult;

    fn new(_spec: &SignificanceSpec) -> Self {
        Self::default()
    }

    fn fill(&mut self, spec: &SignificanceSpec, rows: &RowBatch<'_>) -> Result<(), FillError> {
        let bins = rows.integers(spec.bin())?;
        let scores = rows.numbers(spec.score())?;
        let masses = rows.numbers(spec.mass())?;
        let [low, high] = spec.range();
        let axis = Axis::new(low, high, spec.thresholds());
        let within = |[low, high]: &[f64; 2], mass: f64| *low <= mass && mass < *high;
        for ((bin, score), mass) in bins.into_iter().zip(scores).zip(masses) {
            let Some(bin) = bin.and_then(|bin| u32::try_from(bin).ok()) else {
                continue;
            };
            if score.is_nan() || mass.is_nan() {
                self.missing += 1;
                continue;
            }
            let is_signal = within(&spec.signal(), mass);
            if !is_signal && !spec.sidebands().iter().any(|range| within(range, mass)) {
                continue;
            }
            if bin as usize >= MOST_BINS {
                return Err(FillError::TooManyKeys {
                    column: spec.bin().to_owned(),
                    limit: MOST_BINS,
                });
            }
            let place = match axis.place(score) {
                Place::Below => 0,
                Place::Bin(bin) => bin + 1,
                Place::Above => spec.thresholds() + 1,
            };
            let counts = self.bins.entry(bin).or_insert_with(|| BinCounts::new(spec));
            match is_signal {
                true => counts.signal.add(place),
                false => counts.sidebands.add(place),
            }
        }
        Ok(())
    }

    fn merge(&mut self, _spec: &SignificanceSpec, other: &Self) {
        for (bin, theirs) in &other.bins {
            match self.bins.get_mut(bin) {
                Some(mine) => {
                    mine.signal.merge(&theirs.signal);
                    mine.sidebands.merge(&theirs.sidebands);
                }
                None => {
                    self.bins.insert(*bin, theirs.clone());
                }
            }
        }
        self.missing = self.missing.saturating_add(other.missing);
    }

    fn fits(&self, spec: &SignificanceSpec) -> bool {
        let places = u64::from(spec.thresholds()) + 2;
        let fitting = |(bin, counts): (&u32, &BinCounts)| {
            (*bin as usize) < MOST_BINS
                && counts.signal.bins() == places
                && counts.sidebands.bins() == places
        };
        self.bins.iter().all(fitting)
    }

    fn dropped(&self) -> Dropped {
        Dropped {
            events: 0,
            rows: self.missing,
        }
    }

    fn finalise(&self, spec: &SignificanceSpec) -> SignificanceResult {
        let [low, high] = spec.range();
        let axis = Axis::new(low, high, spec.thresholds());
        let all = |tally: &Tally| {
            let mut counts = vec![0; spec.thresholds() as usize + 2];
            for (place, count) in tally.iter() {
                let slot = usize::try_from(place)
                    .ok()
                    .and_then(|at| counts.get_mut(at));
                if let Some(slot) = slot {
                    *slot = count;
                }
            }
            counts
        };
        let bins = self.bins.iter();
        SignificanceResult {
            score: spec.score().to_owned(),
            mass: spec.mass().to_owned(),
            bin: spec.bin().to_owned(),
            scale: spec.scale(),
            edges: (0..=spec.thresholds())
                .map(|edge| axis.edge(edge))
                .collect(),
            bins: bins
                .map(|(bin, counts)| SignificanceBin {
                    bin: *bin,
                    signal: all(&counts.signal),
                    sidebands: all(&counts.sidebands),
                })
                .collect(),
            dropped: self.missing,
        }
    }
}

impl BinCounts {
    fn new(spec: &SignificanceSpec) -> Self {
        let empty = Tally::dense(spec.thresholds() + 2);
        Self {
            signal: empty.clone(),
            sidebands: empty,
        }
    }
}

#[cfg(test)]
mod tests;
