//! One population of labelled scores: what is counted, and what follows from the counts.

use super::curve::{Curve, PrPoint, RocPoint};
use super::operating_point::OperatingPoint;
use super::probability::{Probability, ProbabilitySums};
use super::score_counts::ScoreCounts;
use super::score_distribution::ScoreBin;
use super::spec::RankingSpec;
use crate::metric::interval::effective;
use crate::metric::square::has_square;
use serde::{Deserialize, Serialize};

/// What is counted: a row, or an event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::metric) struct Entry {
    pub(in crate::metric) score: f64,
    pub(in crate::metric) label: Option<bool>,
    pub(in crate::metric) weight: Option<f64>,
}

/// Counts of labelled scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Population {
    scores: ScoreCounts,
    /// Scores, or weights, that are no numbers; the name is that of markers.
    not_finite: u64,
    unlabelled: u64,
    /// Sums over scores in `[0, 1]`; absent when another range is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    probability: Option<ProbabilitySums>,
}

/// What is known of a population once everything is merged. Quantities that are undefined, for
/// want of positives or of negatives, are absent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PopulationResult {
    /// Labelled entries with a score; an infinite one is the lowest or the highest.
    pub total: u64,
    /// Those whose label is true.
    pub positives: u64,
    /// What the weights amount to, where there are any: all shares below are of weights then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<PopulationWeights>,
    /// The share of the positives.
    pub prevalence: Option<f64>,
    /// Entries left out because the score, or the weight, was NaN or null.
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
    /// Biometrics 44 (1988) 837; with weights each entry counts with the square of its own.
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
    /// Scores outside of `[0, 1]`, for which there are no probabilities; 0 where a range is given.
    pub no_probability: u64,
    /// Thresholds at fixed efficiency, precision and rate.
    pub operating_points: Vec<OperatingPoint>,
    /// The ROC curve, thinned for plots.
    pub roc: Vec<RocPoint>,
    /// The precision-recall curve, thinned for plots.
    pub precision_recall: Vec<PrPoint>,
}

/// What the weights of both classes amount to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PopulationWeights {
    /// The sum of the weights of entries whose label is true.
    pub positives: f64,
    /// Of those whose label is false.
    pub negatives: f64,
    /// (Σw)² / Σw² of the former: how many entries of one weight would be as uncertain.
    pub effective_positives: f64,
    /// Of the latter.
    pub effective_negatives: f64,
}

impl PopulationResult {
    /// Whether scores outside of the range make the area more uncertain than its bins do.
    #[must_use]
    pub(crate) fn outside_matters(&self) -> bool {
        let all = self.auc_binning_error.unwrap_or_default();
        let outside = self.auc_outside_error.unwrap_or_default();
        outside > all - outside
    }
}

impl Population {
    pub(super) fn new(spec: &RankingSpec) -> Self {
        Self {
            scores: ScoreCounts::new(spec),
            not_finite: 0,
            unlabelled: 0,
            probability: spec.may_be_probability().then(ProbabilitySums::new),
        }
    }

    pub(super) fn fill(&mut self, spec: &RankingSpec, entries: impl Iterator<Item = Entry>) {
        let mut scores = Vec::with_capacity(entries.size_hint().0);
        let mut weights = Vec::new();
        for entry in entries {
            let Entry { score, weight, .. } = entry;
            let Some(label) = entry.label else {
                self.unlabelled += 1;
                continue;
            };
            if score.is_nan() || !weight.is_none_or(has_square) {
                self.not_finite += 1;
                continue;
            }
            scores.push((score, label));
            weights.extend(weight);
            if let Some(sums) = &mut self.probability {
                sums.add(score, label, weight);
            }
        }
        self.scores.fill(spec, &scores, &weights);
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
        let weighted = spec.weight().is_some();
        self.scores.fits(spec)
            && self.probability.is_some() == spec.may_be_probability()
            && self.probability.iter().all(|sums| sums.fits(weighted))
    }

    pub(super) fn dropped(&self) -> u64 {
        self.not_finite
    }

    pub(super) fn finalise(&self, spec: &RankingSpec) -> PopulationResult {
        let curve = Curve::new(spec, &self.scores);
        let (total, all) = (curve.total(), curve.all());
        let amount = curve.amount();
        let probability = self.probability.as_ref();
        let no_probability = probability.map_or(0, |sums| sums.outside);
        let are_outside = no_probability > 0;
        let probability = probability.filter(|_| !are_outside && amount > 0.0);
        let average_precision = curve.average_precision();
        let outside = |bin: u64| spec.range().map_or(0, |_| self.scores.in_bin(bin));
        PopulationResult {
            total,
            positives: curve.positives(),
            weights: curve.squares().map(|squares| PopulationWeights {
                positives: all.positives,
                negatives: all.negatives,
                effective_positives: effective(all.positives, squares.positives),
                effective_negatives: effective(all.negatives, squares.negatives),
            }),
            prevalence: (amount > 0.0).then(|| all.positives / amount),
            dropped: self.not_finite,
            unlabelled: self.unlabelled,
            below_range: outside(0),
            above_range: outside(u64::from(spec.bins()) + 1),
            auc: curve.auc(),
            auc_binning_error: curve.auc_binning_error(),
            auc_outside_error: curve.auc_outside_error(),
            auc_statistical_error: curve.auc_statistical_error(),
            average_precision: average_precision.map(|(value, _)| value),
            average_precision_binning_error: average_precision.and_then(|(_, error)| error),
            distribution: self.scores.distribution(spec, are_outside),
            probability: probability.map(|sums| sums.finalise(amount)),
            no_probability,
            operating_points: OperatingPoint::all(&curve, spec.targets()),
            roc: curve.roc(),
            precision_recall: curve.precision_recall(),
        }
    }
}
