//! One population of labelled scores: what is counted, and what follows from the counts.

use super::curve::{Curve, PrPoint, RocPoint};
use super::operating_point::OperatingPoint;
use super::score_bins::ScoreBins;
use super::score_counts::ScoreCounts;
use super::spec::RankingSpec;
use crate::metric::axis::Axis;
use crate::metric::exact_sum::ExactSum;
use serde::{Deserialize, Serialize};

/// Bins of the reliability diagram on `[0, 1]`.
const RELIABILITY_BINS: u32 = 20;
/// Bins of the score distribution at most.
const DISTRIBUTION_BINS: u32 = 64;

/// Counts of labelled scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Population {
    scores: ScoreCounts,
    /// Scores that are no numbers; the name is that of markers.
    not_finite: u64,
    unlabelled: u64,
    /// Sums over scores in `[0, 1]`; absent when another range is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    probability: Option<ProbabilitySums>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProbabilitySums {
    /// Scores outside of `[0, 1]`, with which there are no probabilities.
    outside: u64,
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
    /// Labelled entries with a score; an infinite one is the lowest or the highest.
    pub total: u64,
    /// Those whose label is true.
    pub positives: u64,
    /// `positives / total`.
    pub prevalence: Option<f64>,
    /// Entries left out because the score was NaN or null.
    pub dropped: u64,
    /// Entries left out because the label was null.
    pub unlabelled: u64,
    /// Scores below the range, ranked as ties of one another.
    pub below_range: u64,
    /// Scores above the range, ranked as ties of one another.
    pub above_range: u64,
    /// Area under the ROC curve, ties counting half.
    pub auc: Option<f64>,
    /// The area of the unbinned scores is within this of `auc`: Σ P_b N_b / (2 P N), or 0 when
    /// every bin holds one score.
    pub auc_binning_error: Option<f64>,
    /// The part of it that is due to scores outside of the range.
    pub auc_outside_error: Option<f64>,
    /// Standard error of `auc` for independent entries, after DeLong, DeLong and Clarke-Pearson,
    /// Biometrics 44 (1988) 837.
    pub auc_statistical_error: Option<f64>,
    /// Average precision, Σ (R_n − R_{n−1}) P_n over thresholds.
    pub average_precision: Option<f64>,
    /// The average precision of the unbinned scores is within this of `average_precision`.
    pub average_precision_binning_error: Option<f64>,
    /// Scores of both classes in equal bins: of the range; without one, of `[0, 1]` where that
    /// holds all scores, and else from the lowest to the highest, where what is counted together
    /// is at the lower end of its bin.
    pub distribution: Vec<ScoreBin>,
    /// Only for scores that are probabilities: no other range than `[0, 1]` is given, and no score
    /// lies outside of that.
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

impl PopulationResult {
    /// Whether scores outside of the range make the area more uncertain than its bins do.
    #[must_use]
    pub fn outside_matters(&self) -> bool {
        let all = self.auc_binning_error.unwrap_or_default();
        let outside = self.auc_outside_error.unwrap_or_default();
        outside > all - outside
    }
}

impl Population {
    pub(super) fn new(spec: &RankingSpec) -> Self {
        let reliability = vec![ReliabilitySums::default(); RELIABILITY_BINS as usize];
        let sums = ProbabilitySums {
            reliability,
            ..ProbabilitySums::default()
        };
        Self {
            scores: ScoreCounts::new(spec),
            not_finite: 0,
            unlabelled: 0,
            probability: spec.may_be_probability().then_some(sums),
        }
    }

    pub(super) fn fill(
        &mut self,
        spec: &RankingSpec,
        entries: impl Iterator<Item = (f64, Option<bool>)>,
    ) {
        let mut scores = Vec::with_capacity(entries.size_hint().0);
        for (score, label) in entries {
            let Some(label) = label else {
                self.unlabelled += 1;
                continue;
            };
            if score.is_nan() {
                self.not_finite += 1;
                continue;
            }
            scores.push((score, label));
            if let Some(sums) = &mut self.probability {
                sums.add(score, label);
            }
        }
        self.scores.fill(spec, &scores);
    }

    pub(super) fn merge(&mut self, spec: &RankingSpec, other: &Self) {
        self.scores.merge(spec, &other.scores);
        for (mine, theirs) in [
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
        self.scores.fits(spec)
            && self.probability.is_some() == spec.may_be_probability()
            && self.probability.iter().all(reliable)
    }

    pub(super) fn dropped(&self) -> u64 {
        self.not_finite
    }

    pub(super) fn finalise(&self, spec: &RankingSpec) -> PopulationResult {
        let curve = Curve::new(spec, &self.scores);
        let total = curve.total();
        let probability = self.probability.as_ref();
        let probability = probability.filter(|sums| sums.outside == 0 && total > 0);
        let average_precision = curve.average_precision();
        let outside = |bin: u64| spec.range().map_or(0, |_| self.scores.in_bin(bin));
        PopulationResult {
            total,
            positives: curve.positives(),
            prevalence: (total > 0).then(|| ratio(curve.positives(), total)),
            dropped: self.not_finite,
            unlabelled: self.unlabelled,
            below_range: outside(0),
            above_range: outside(u64::from(spec.bins()) + 1),
            auc: curve.auc(),
            auc_binning_error: curve.auc_binning_error(),
            auc_outside_error: curve.auc_outside_error(),
            auc_statistical_error: curve.auc_statistical_error(),
            average_precision: average_precision.map(|(value, _)| value),
            average_precision_binning_error: average_precision.map(|(_, error)| error),
            distribution: self.distribution(spec),
            probability: probability.map(|sums| sums.finalise(total)),
            operating_points: OperatingPoint::all(&curve, spec.targets()),
            roc: curve.roc(),
            precision_recall: curve.precision_recall(),
        }
    }
}

impl Population {
    fn distribution(&self, spec: &RankingSpec) -> Vec<ScoreBin> {
        let bins = self.scores.bins(spec);
        let axis = match bins {
            ScoreBins::Range(axis) => {
                // Bins of the range side by side, so that none is cut.
                let together = axis.bins().div_ceil(DISTRIBUTION_BINS);
                let groups = axis.bins().div_ceil(together);
                let high = match groups * together == axis.bins() {
                    true => axis.high(),
                    false => {
                        axis.low()
                            + (axis.high() - axis.low()) / f64::from(axis.bins())
                                * f64::from(groups * together)
                    }
                };
                Axis::new(axis.low(), high, groups)
            }
            ScoreBins::Stretches { .. } => {
                let [low, high] = self.extent(bins);
                Axis::new(low, high, DISTRIBUTION_BINS)
            }
        };
        let mut counts: Vec<ScoreBin> = (0..axis.bins())
            .map(|bin| ScoreBin {
                low: axis.edge(bin),
                high: axis.edge(bin + 1),
                positives: 0,
                negatives: 0,
            })
            .collect();
        for (tally, fired) in [
            (self.scores.positives(), true),
            (self.scores.negatives(), false),
        ] {
            for (bin, count) in tally.iter().filter(|(bin, _)| !bins.is_outside(*bin)) {
                let lowest = bins.lowest(bin).unwrap_or(axis.low());
                let Some(slot) = counts.get_mut(axis.clamped(lowest) as usize) else {
                    continue;
                };
                let side = if fired {
                    &mut slot.positives
                } else {
                    &mut slot.negatives
                };
                *side = side.saturating_add(count);
            }
        }
        counts
    }

    /// What the bins without a range cover: `[0, 1]` where that holds all scores, else all that are
    /// finite.
    fn extent(&self, bins: ScoreBins) -> [f64; 2] {
        /// The difference of two such numbers is finite.
        const FAR: f64 = f64::MAX / 4.0;
        let tallies = [self.scores.positives(), self.scores.negatives()];
        let is_finite = |bin: &(u64, u64)| bins.lowest(bin.0).is_none_or(f64::is_finite);
        let first = tallies
            .iter()
            .filter_map(|tally| tally.iter().find(is_finite));
        let first = first.min();
        let last = tallies
            .iter()
            .filter_map(|tally| tally.iter().rfind(is_finite));
        let last = last.max();
        let outside = self
            .probability
            .as_ref()
            .is_some_and(|sums| sums.outside > 0);
        let (Some((first, _)), Some((last, _)), true) = (first, last, outside) else {
            return [0.0, 1.0];
        };
        let edge = |bin: u64| bins.lowest(bin).unwrap_or_default().clamp(-FAR, FAR);
        [edge(first), edge(last + 1)]
    }
}

impl ProbabilitySums {
    fn add(&mut self, score: f64, label: bool) {
        if !(0.0..=1.0).contains(&score) {
            self.outside += 1;
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
        self.outside = self.outside.saturating_add(other.outside);
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
