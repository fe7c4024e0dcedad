//! One population of labelled scores: what is counted, and what follows from the counts.

use super::curve::{Curve, PrPoint, RocPoint};
use super::operating_point::OperatingPoint;
use crate::metric::axis::Axis;
use crate::metric::exact_sum::ExactSum;
use crate::metric::spec::RankingSpec;
use crate::metric::tally::Tally;
use serde::{Deserialize, Serialize};

/// Bins of the reliability diagram on `[0, 1]`.
const RELIABILITY_BINS: u32 = 20;
/// Bins of the score distribution at most; a divisor of the usual number of bins.
const DISTRIBUTION_BINS: u32 = 64;

/// Counts of labelled scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Population {
    positives: Tally,
    negatives: Tally,
    below: u64,
    above: u64,
    not_finite: u64,
    unlabelled: u64,
    /// Sums over scores in `[0, 1]`; absent when the score is not a probability.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    probability: Option<ProbabilitySums>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProbabilitySums {
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
}

/// What is known of a population once everything is merged. Quantities that are undefined, for
/// want of positives or of negatives, are absent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PopulationResult {
    /// Labelled entries with a finite score.
    pub total: u64,
    /// Those whose label is true.
    pub positives: u64,
    /// `positives / total`.
    pub prevalence: Option<f64>,
    /// Entries left out because the score was NaN, infinite or null.
    pub dropped: u64,
    /// Entries left out because the label was null.
    pub unlabelled: u64,
    /// Scores below the range, ranked as ties with its lowest bin.
    pub below_range: u64,
    /// Scores above the range, ranked as ties with its highest bin.
    pub above_range: u64,
    /// Area under the ROC curve, ties counting half.
    pub auc: Option<f64>,
    /// The area of the unbinned scores is within this of `auc`: Σ P_b N_b / (2 P N).
    pub auc_binning_error: Option<f64>,
    /// Standard error of `auc` for independent entries, after DeLong, DeLong and Clarke-Pearson,
    /// Biometrics 44 (1988) 837.
    pub auc_statistical_error: Option<f64>,
    /// Average precision, Σ (R_n − R_{n−1}) P_n over thresholds.
    pub average_precision: Option<f64>,
    /// The average precision of the unbinned scores is within this of `average_precision`.
    pub average_precision_binning_error: Option<f64>,
    /// Scores of both classes in equal bins of the range.
    pub distribution: Vec<ScoreBin>,
    /// Only for scores that are probabilities: the range is `[0, 1]` and no score lies outside.
    pub probability: Option<Probability>,
    /// Thresholds at fixed efficiency, precision and rate.
    pub operating_points: Vec<OperatingPoint>,
    /// The ROC curve, thinned for plots.
    pub roc: Vec<RocPoint>,
    /// The precision-recall curve, thinned for plots.
    pub precision_recall: Vec<PrPoint>,
}

/// One bin of the score distribution, `[low, high)`; the last holds its upper edge too.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScoreBin {
    /// Lower edge.
    pub low: f64,
    /// Upper edge.
    pub high: f64,
    /// Entries whose label is true.
    pub positives: u64,
    /// Entries whose label is false.
    pub negatives: u64,
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
    /// Mean score.
    pub mean_score: f64,
    /// `positives / count`.
    pub fired: f64,
    /// Lower and upper end of the 68.27% Wilson interval of `fired`.
    pub interval: [f64; 2],
}

impl Population {
    pub(super) fn new(spec: &RankingSpec) -> Self {
        let reliability = vec![ReliabilitySums::default(); RELIABILITY_BINS as usize];
        let sums = ProbabilitySums {
            reliability,
            ..ProbabilitySums::default()
        };
        Self {
            positives: Tally::dense(spec.bins()),
            negatives: Tally::dense(spec.bins()),
            below: 0,
            above: 0,
            not_finite: 0,
            unlabelled: 0,
            probability: spec.is_probability().then_some(sums),
        }
    }

    pub(super) fn fill(
        &mut self,
        spec: &RankingSpec,
        entries: impl Iterator<Item = (f64, Option<bool>)>,
    ) {
        let [low, high] = spec.range();
        let axis = Axis::new(low, high, spec.bins());
        for (score, label) in entries {
            let Some(label) = label else {
                self.unlabelled += 1;
                continue;
            };
            if !score.is_finite() {
                self.not_finite += 1;
                continue;
            }
            self.below += u64::from(score < low);
            self.above += u64::from(score > high);
            let tally = if label {
                &mut self.positives
            } else {
                &mut self.negatives
            };
            tally.add(axis.clamped(score));
            if let Some(sums) = &mut self.probability {
                sums.add(score, label);
            }
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.positives.merge(&other.positives);
        self.negatives.merge(&other.negatives);
        for (mine, theirs) in [
            (&mut self.below, other.below),
            (&mut self.above, other.above),
            (&mut self.not_finite, other.not_finite),
            (&mut self.unlabelled, other.unlabelled),
        ] {
            *mine = mine.saturating_add(theirs);
        }
        if let (Some(mine), Some(theirs)) = (&mut self.probability, &other.probability) {
            mine.merge(theirs);
        }
    }

    pub(super) fn fits(&self, spec: &RankingSpec) -> bool {
        let reliable = |sums: &ProbabilitySums| sums.reliability.len() == RELIABILITY_BINS as usize;
        [&self.positives, &self.negatives]
            .iter()
            .all(|tally| tally.bins() == spec.bins())
            && self.probability.is_some() == spec.is_probability()
            && self.probability.iter().all(reliable)
    }

    pub(super) fn dropped(&self) -> u64 {
        self.not_finite
    }

    pub(super) fn finalise(&self, spec: &RankingSpec) -> PopulationResult {
        let [low, high] = spec.range();
        let axis = Axis::new(low, high, spec.bins());
        let curve = Curve::new(axis, &self.positives, &self.negatives, self.below > 0);
        let total = curve.total();
        let in_range = self.below == 0 && self.above == 0 && total > 0;
        let probability = self.probability.as_ref().filter(|_| in_range);
        let average_precision = curve.average_precision();
        PopulationResult {
            total,
            positives: curve.positives(),
            prevalence: (total > 0).then(|| ratio(curve.positives(), total)),
            dropped: self.not_finite,
            unlabelled: self.unlabelled,
            below_range: self.below,
            above_range: self.above,
            auc: curve.auc(),
            auc_binning_error: curve.auc_binning_error(),
            auc_statistical_error: curve.auc_statistical_error(),
            average_precision: average_precision.map(|(value, _)| value),
            average_precision_binning_error: average_precision.map(|(_, error)| error),
            distribution: self.distribution(axis, spec.bins()),
            probability: probability.map(|sums| sums.finalise(total)),
            operating_points: OperatingPoint::usual(&curve),
            roc: curve.roc(),
            precision_recall: curve.precision_recall(),
        }
    }
}

impl Population {
    /// Neighbouring bins joined until about [`DISTRIBUTION_BINS`] are left.
    fn distribution(&self, axis: Axis, bins: u32) -> Vec<ScoreBin> {
        let together = bins.div_ceil(DISTRIBUTION_BINS);
        let starts = (0..bins.div_ceil(together)).map(|group| group * together);
        let mut joined: Vec<ScoreBin> = starts
            .map(|start| ScoreBin {
                low: axis.edge(start),
                high: axis.edge(start + together),
                positives: 0,
                negatives: 0,
            })
            .collect();
        for (tally, fired) in [(&self.positives, true), (&self.negatives, false)] {
            for (bin, count) in tally.iter() {
                let Some(group) = joined.get_mut((bin / together) as usize) else {
                    continue;
                };
                let side = if fired {
                    &mut group.positives
                } else {
                    &mut group.negatives
                };
                *side = side.saturating_add(count);
            }
        }
        joined
    }
}

impl ProbabilitySums {
    fn add(&mut self, score: f64, label: bool) {
        if !(0.0..=1.0).contains(&score) {
            return;
        }
        let truth = if label { 1.0 } else { 0.0 };
        self.squared_error.add((score - truth) * (score - truth));
        let given = if label { score } else { 1.0 - score };
        self.log_loss
            .add(-given.clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln());
        let bin = Axis::new(0.0, 1.0, RELIABILITY_BINS).clamped(score);
        if let Some(bin) = self.reliability.get_mut(bin as usize) {
            bin.count += 1;
            bin.positives += u64::from(label);
            bin.score.add(score);
        }
    }

    fn merge(&mut self, other: &Self) {
        self.squared_error.merge(&other.squared_error);
        self.log_loss.merge(&other.log_loss);
        for (mine, theirs) in self.reliability.iter_mut().zip(&other.reliability) {
            mine.count = mine.count.saturating_add(theirs.count);
            mine.positives = mine.positives.saturating_add(theirs.positives);
            mine.score.merge(&theirs.score);
        }
    }

    fn finalise(&self, total: u64) -> Probability {
        let axis = Axis::new(0.0, 1.0, RELIABILITY_BINS);
        let bins = (0..RELIABILITY_BINS)
            .zip(&self.reliability)
            .filter(|(_, sums)| sums.count > 0);
        let reliability = bins.map(|(bin, sums)| ReliabilityBin {
            low: axis.edge(bin),
            high: axis.edge(bin + 1),
            count: sums.count,
            positives: sums.positives,
            mean_score: sums.score.value() / sums.count as f64,
            fired: ratio(sums.positives, sums.count),
            interval: wilson(sums.positives, sums.count),
        });
        Probability {
            brier: self.squared_error.value() / total as f64,
            log_loss: self.log_loss.value() / total as f64,
            reliability: reliability.collect(),
        }
    }
}

/// `part / whole` for a whole that is not zero.
pub(in crate::metric) fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

/// The score interval of a binomial fraction at one standard deviation (68.27%), after
/// E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209; `[0, 1]` when nothing was tried.
pub(in crate::metric) fn wilson(passed: u64, tried: u64) -> [f64; 2] {
    if tried == 0 {
        return [0.0, 1.0];
    }
    let (n, p) = (tried as f64, ratio(passed, tried));
    let centre = (p + 0.5 / n) / (1.0 + 1.0 / n);
    let half = (p * (1.0 - p) / n + 0.25 / (n * n)).max(0.0).sqrt() / (1.0 + 1.0 / n);
    [(centre - half).max(0.0), (centre + half).min(1.0)]
}
