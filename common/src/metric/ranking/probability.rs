//! How good scores are as probabilities: sums that are exact, whatever the bins of a ranking.

use serde::{Deserialize, Serialize};

use crate::metric::axis::Axis;
use crate::metric::exact_sum::ExactSum;
use crate::metric::interval::{ratio, wilson, wilson_of};
use crate::metric::unit_score::as_probability;
use crate::metric::weight_sums::WeightSums;

/// Bins of the reliability diagram on `[0, 1]`.
const RELIABILITY_BINS: u32 = 20;

/// Sums over scores in `[0, 1]`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProbabilitySums {
    /// Scores outside of `[0, 1]`, with which there are no probabilities.
    pub(super) outside: u64,
    squared_error: ExactSum,
    log_loss: ExactSum,
    reliability: Vec<ReliabilitySums>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReliabilitySums {
    count: u64,
    positives: u64,
    score: ExactSum,
    /// Where there are weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    weights: Option<Box<BinWeights>>,
}

/// Weights of all entries of a bin, and of its positives.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BinWeights {
    all: WeightSums,
    positives: WeightSums,
}

/// How good scores are as probabilities. The sums behind these are exact, not binned.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Probability {
    /// Mean squared difference of score and label.
    pub brier: f64,
    /// Mean of −ln of the probability given to the truth, which is clipped to `[ε, 1 − ε]` with
    /// ε = 2^-52.
    pub log_loss: f64,
    /// Equal bins of the score that are not empty.
    pub reliability: Vec<ReliabilityBin>,
}

/// One bin of a reliability diagram.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReliabilityBin {
    /// Lower edge of the score.
    pub low: f64,
    /// Upper edge of the score.
    pub high: f64,
    /// Entries in the bin.
    pub count: u64,
    /// Those whose label is true.
    pub positives: u64,
    /// Mean score; this and what follows are of weights, where there are any.
    pub mean_score: f64,
    /// The share of the positives.
    pub fired: f64,
    /// Lower and upper end of the 68.27% Wilson interval of `fired`, with weights of the effective
    /// number of entries.
    pub interval: [f64; 2],
}

impl ProbabilitySums {
    pub(super) fn new() -> Self {
        Self {
            reliability: vec![ReliabilitySums::default(); RELIABILITY_BINS as usize],
            ..Self::default()
        }
    }

    pub(super) fn fits(&self, weighted: bool) -> bool {
        let bins = self.reliability.iter();
        let mut filled = bins.filter(|bin| bin.count > 0);
        self.reliability.len() == RELIABILITY_BINS as usize
            && filled.all(|bin| bin.weights.is_some() == weighted)
    }

    pub(super) fn add(&mut self, score: f64, label: bool, weight: Option<f64>) {
        let Some(score) = as_probability(score) else {
            self.outside += 1;
            return;
        };
        let truth = if label { 1.0 } else { 0.0 };
        let given = if label { score } else { 1.0 - score };
        let squared_error = (score - truth) * (score - truth);
        let log_loss = -given.clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln();
        // Without weights nothing is multiplied, and every number is what it was.
        let weighed = |value: f64| weight.map_or(value, |weight| value * weight);
        self.squared_error.add(weighed(squared_error));
        self.log_loss.add(weighed(log_loss));
        let bin = Axis::new(0.0, 1.0, RELIABILITY_BINS).clamped(score);
        if let Some(bin) = self.reliability.get_mut(bin as usize) {
            bin.count += 1;
            bin.positives += u64::from(label);
            bin.score.add(weighed(score));
            if let Some(weight) = weight {
                let weights = bin.weights.get_or_insert_default();
                weights.all.add(weight);
                if label {
                    weights.positives.add(weight);
                }
            }
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.outside = self.outside.saturating_add(other.outside);
        self.squared_error.merge(&other.squared_error);
        self.log_loss.merge(&other.log_loss);
        for (mine, theirs) in self.reliability.iter_mut().zip(&other.reliability) {
            mine.count = mine.count.saturating_add(theirs.count);
            mine.positives = mine.positives.saturating_add(theirs.positives);
            mine.score.merge(&theirs.score);
            if let Some(theirs) = &theirs.weights {
                let mine = mine.weights.get_or_insert_default();
                mine.all.merge(&theirs.all);
                mine.positives.merge(&theirs.positives);
            }
        }
    }

    /// Of entries that amount to `total`, which is positive.
    pub(super) fn finalise(&self, total: f64) -> Probability {
        let bins = (0..RELIABILITY_BINS).zip(&self.reliability);
        let reliability = bins.filter_map(|(bin, sums)| sums.finalise(bin));
        Probability {
            brier: self.squared_error.value() / total,
            log_loss: self.log_loss.value() / total,
            reliability: reliability.collect(),
        }
    }
}

impl ReliabilitySums {
    /// None where there is nothing, or weights that do not sum to more.
    fn finalise(&self, bin: u32) -> Option<ReliabilityBin> {
        let axis = Axis::new(0.0, 1.0, RELIABILITY_BINS);
        let (all, fired, interval) = match &self.weights {
            None => (
                self.count as f64,
                ratio(self.positives, self.count),
                wilson(self.positives, self.count),
            ),
            Some(weights) => {
                let (all, fired) = (weights.all.sum(), weights.positives.sum());
                let effective = all * all / weights.all.squares();
                let fired = fired / all;
                (all, fired, wilson_of(fired.clamp(0.0, 1.0), effective))
            }
        };
        (self.count > 0 && all > 0.0).then(|| ReliabilityBin {
            low: axis.edge(bin),
            high: axis.edge(bin + 1),
            count: self.count,
            positives: self.positives,
            mean_score: self.score.value() / all,
            fired,
            interval,
        })
    }
}
