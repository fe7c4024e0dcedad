//! How significant a peak in a mass is against a threshold on a score: histograms of the score
//! around the peak and beside it, in bins such as those of a BDT configuration.

mod scan;
mod spec;

pub use scan::{Best, Scan, ScanPoint, WithError};
pub use spec::{RawSignificance, SignificanceSpec};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::axis::{Axis, Place};
use super::dropped::Dropped;
use super::kind::Counting;
use super::row_batch::{FillError, RowBatch};
use super::square::has_square;
use super::tally::Tally;
use super::weight_tally::WeightTally;
use crate::bdt_config::MOST_BINS;

/// Weights with their places among the scores.
type Placed = Vec<(u64, f64)>;

/// Counts of one `significance`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignificanceCounts {
    bins: BTreeMap<u32, BinCounts>,
    /// Rows with a score, a mass or a weight that is no number.
    missing: u64,
}

/// Scores of one bin; the first count is of those below the range, the last of those above.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BinCounts {
    signal: Tally,
    /// One for each sideband.
    sidebands: Vec<Tally>,
    /// Sums of weights in the same bins, where there are weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    weights: Option<Box<BinWeights>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BinWeights {
    signal: WeightTally,
    sidebands: Vec<WeightTally>,
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
    /// The column of weights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<String>,
    /// The sidebands.
    pub sidebands: Vec<Sideband>,
    /// The thresholds, ascending.
    pub edges: Vec<f64>,
    /// The bins that have candidates, ascending.
    pub bins: Vec<SignificanceBin>,
    /// Rows that were left out, with a score or a mass that is no number.
    pub dropped: u64,
}

/// A range of masses of background alone.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Sideband {
    /// Its masses, `[low, high)`.
    pub range: [f64; 2],
    /// Candidates below the peak for each one in it.
    pub scale: f64,
}

/// Scores of the candidates of one bin: below the first threshold, between any two, and from the
/// last on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SignificanceBin {
    /// Its number.
    pub bin: u32,
    /// Of candidates around the peak.
    pub signal: Vec<u64>,
    /// Of those in each sideband.
    pub sidebands: Vec<Vec<u64>>,
    /// What the weights of them amount to, where there are weights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<BinSums>,
}

/// What the weights of the candidates of one bin amount to, score by score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BinSums {
    /// Of candidates around the peak.
    pub signal: Vec<Weighted>,
    /// Of those in each sideband.
    pub sidebands: Vec<Vec<Weighted>>,
}

/// What the weights of some candidates amount to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Weighted {
    /// The sum of the weights.
    pub sum: f64,
    /// The sum of their squares.
    pub squares: f64,
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
        let weights = spec.weight().map(|name| rows.numbers(name)).transpose()?;
        let [low, high] = spec.range();
        let axis = Axis::new(low, high, spec.thresholds());
        // By bin and region: the peak, or a sideband.
        let mut weighed: BTreeMap<(u32, Option<usize>), Placed> = BTreeMap::new();
        let within = |[low, high]: &[f64; 2], mass: f64| *low <= mass && mass < *high;
        for (row, ((bin, score), mass)) in bins.into_iter().zip(scores).zip(masses).enumerate() {
            let Some(bin) = bin.and_then(|bin| u32::try_from(bin).ok()) else {
                continue;
            };
            let weight = weights.as_ref().and_then(|weights| weights.get(row));
            let is_counted = |weight: &f64| has_square(*weight);
            if score.is_nan() || mass.is_nan() || !weight.is_none_or(is_counted) {
                self.missing += 1;
                continue;
            }
            let is_signal = within(&spec.signal(), mass);
            let mut sidebands = spec.sidebands().iter();
            let sideband = match is_signal {
                true => None,
                false => match sidebands.position(|range| within(range, mass)) {
                    None => continue,
                    found => found,
                },
            };
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
            let region = match sideband {
                None => Some(&mut counts.signal),
                Some(at) => counts.sidebands.get_mut(at),
            };
            if let Some(region) = region {
                region.add(place);
            }
            if let Some(weight) = weight {
                let of_region = weighed.entry((bin, sideband)).or_default();
                of_region.push((place.into(), *weight));
            }
        }
        for ((bin, sideband), weights) in weighed {
            let sums = self.bins.get_mut(&bin);
            let sums = sums.and_then(|counts| counts.weights.as_mut());
            let region = sums.and_then(|sums| match sideband {
                None => Some(&mut sums.signal),
                Some(at) => sums.sidebands.get_mut(at),
            });
            if let Some(region) = region {
                region.add_all(weights);
            }
        }
        Ok(())
    }

    fn merge(&mut self, _spec: &SignificanceSpec, other: &Self) {
        for (bin, theirs) in &other.bins {
            match self.bins.get_mut(bin) {
                Some(mine) => {
                    mine.signal.merge(&theirs.signal);
                    for (mine, theirs) in mine.sidebands.iter_mut().zip(&theirs.sidebands) {
                        mine.merge(theirs);
                    }
                    if let (Some(mine), Some(theirs)) = (&mut mine.weights, &theirs.weights) {
                        mine.signal.merge(&theirs.signal);
                        for (mine, theirs) in mine.sidebands.iter_mut().zip(&theirs.sidebands) {
                            mine.merge(theirs);
                        }
                    }
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
                && counts.sidebands.len() == spec.sidebands().len()
                && counts.sidebands.iter().all(|tally| tally.bins() == places)
                && counts.weights.is_some() == spec.weight().is_some()
                && counts.weights.iter().all(|weights| {
                    weights.signal.bins() == places
                        && weights.sidebands.len() == spec.sidebands().len()
                        && weights.sidebands.iter().all(|tally| tally.bins() == places)
                })
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
        let sums = |tally: &WeightTally| {
            let mut sums = vec![Weighted::default(); spec.thresholds() as usize + 2];
            for (place, weighed) in tally.iter() {
                let slot = usize::try_from(place).ok().and_then(|at| sums.get_mut(at));
                if let Some(slot) = slot {
                    (slot.sum, slot.squares) = (weighed.sum(), weighed.squares());
                }
            }
            sums
        };
        let bins = self.bins.iter();
        SignificanceResult {
            score: spec.score().to_owned(),
            mass: spec.mass().to_owned(),
            bin: spec.bin().to_owned(),
            weight: spec.weight().map(str::to_owned),
            sidebands: spec
                .sidebands()
                .iter()
                .zip(spec.scales())
                .map(|(range, scale)| Sideband {
                    range: *range,
                    scale,
                })
                .collect(),
            edges: (0..=spec.thresholds())
                .map(|edge| axis.edge(edge))
                .collect(),
            bins: bins
                .map(|(bin, counts)| SignificanceBin {
                    bin: *bin,
                    signal: all(&counts.signal),
                    sidebands: counts.sidebands.iter().map(all).collect(),
                    weights: counts.weights.as_ref().map(|weights| BinSums {
                        signal: sums(&weights.signal),
                        sidebands: weights.sidebands.iter().map(sums).collect(),
                    }),
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
            weights: spec.weight().map(|_| {
                let none = WeightTally::new(empty.bins());
                Box::new(BinWeights {
                    sidebands: vec![none.clone(); spec.sidebands().len()],
                    signal: none,
                })
            }),
            sidebands: vec![empty; spec.sidebands().len()],
        }
    }
}

#[cfg(test)]
mod tests;
