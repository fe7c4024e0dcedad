//! Curves and areas from two score histograms.

use super::level::{Amounts, Level, levels};
use super::score_bins::ScoreBins;
use super::score_counts::ScoreCounts;
use super::spec::RankingSpec;
use crate::metric::interval::{effective, ratio, wilson_of};
use serde::Serialize;

/// Points of a curve are at least this far apart, along both axes together.
const THINNING: f64 = 1.0 / 400.0;
/// Terms by which the lower bound of a bin's average precision is summed.
const BOUND_TERMS: u64 = 64;

/// A point of the ROC curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RocPoint {
    /// Selected negatives over all negatives.
    pub false_positive_rate: f64,
    /// Its standard deviation: √|(1 − 2p)·Σw² of the selected + p²·Σw² of all| / Σw, binomial without
    /// weights; of none selected, the length of the 68 % interval of Wilson.
    pub false_positive_rate_error: f64,
    /// Selected positives over all positives.
    pub efficiency: f64,
    /// Its standard deviation, as above.
    pub efficiency_error: f64,
}

/// A point of the precision-recall curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PrPoint {
    /// Selected positives over all positives.
    pub recall: f64,
    /// Selected positives over everything selected.
    pub precision: f64,
}

/// The filled bins of both classes, from the highest score down.
#[derive(Debug, Clone)]
pub(in crate::metric) struct Curve {
    bins: ScoreBins,
    /// Whether every bin holds one score, so that ties are those of the scores.
    is_exact: bool,
    levels: Vec<Level>,
    positives: u64,
    negatives: u64,
    /// The sums of the weights of each class, and of their squares, where there are weights.
    weights: Option<Weights>,
}

#[derive(Debug, Clone, Copy)]
struct Weights {
    sums: Amounts,
    squares: Amounts,
    below_zero: bool,
}

impl Curve {
    pub(in crate::metric) fn new(spec: &RankingSpec, scores: &ScoreCounts) -> Self {
        let weights = scores.weights().map(|weights| {
            let (fired, quiet) = (weights.positives.total(), weights.negatives.total());
            Weights {
                sums: Amounts {
                    positives: fired.sum(),
                    negatives: quiet.sum(),
                },
                squares: Amounts {
                    positives: fired.squares(),
                    negatives: quiet.squares(),
                },
                below_zero: weights.below_zero,
            }
        });
        Self {
            bins: scores.bins(spec),
            is_exact: scores.is_exact(spec),
            levels: levels(scores),
            positives: scores.positives().total(),
            negatives: scores.negatives().total(),
            weights,
        }
    }

    pub(super) fn positives(&self) -> u64 {
        self.positives
    }

    pub(super) fn total(&self) -> u64 {
        self.positives.saturating_add(self.negatives)
    }

    /// All of each class: entries, or the sums of their weights.
    pub(super) fn all(&self) -> Amounts {
        self.weights.map_or(
            Amounts {
                positives: self.positives as f64,
                negatives: self.negatives as f64,
            },
            |weights| weights.sums,
        )
    }

    /// All of both classes.
    pub(super) fn amount(&self) -> f64 {
        match self.weights {
            Some(weights) => weights.sums.both(),
            None => self.total() as f64,
        }
    }

    /// The sums of squared weights of each class, where there are weights.
    pub(super) fn squares(&self) -> Option<Amounts> {
        self.weights.map(|weights| weights.squares)
    }

    pub(super) fn is_exact(&self) -> bool {
        self.is_exact
    }

    /// Whether some weight is less than nothing.
    pub(super) fn has_weights_below_zero(&self) -> bool {
        self.weights.is_some_and(|weights| weights.below_zero)
    }

    pub(super) fn levels(&self) -> &[Level] {
        &self.levels
    }

    /// The score from which on everything at this level and above is selected; `None` when that
    /// is everything, scores below the range included.
    pub(super) fn threshold(&self, level: &Level) -> Option<f64> {
        let lowest = self.bins.lowest(level.bin)?;
        // JSON has no infinite numbers; whatever is at least the largest one is that or infinite.
        (lowest > f64::NEG_INFINITY).then_some(lowest.min(f64::MAX))
    }

    fn both_classes(&self) -> bool {
        let all = self.all();
        all.positives > 0.0 && all.negatives > 0.0
    }

    /// Pairs of a positive and a negative, times two.
    fn share_of_pairs(&self, doubled: u128) -> f64 {
        let pairs = u128::from(self.positives).saturating_mul(u128::from(self.negatives));
        doubled as f64 / pairs.saturating_mul(2) as f64
    }

    /// Undefined unless there is something of both classes.
    pub(in crate::metric) fn auc(&self) -> Option<f64> {
        if self.weights.is_some() {
            return self.both_classes().then(|| self.weighted_auc());
        }
        let doubled = self.levels.iter().fold(0u128, |sum, level| {
            let beaten = 2 * u128::from(level.positives_above) + u128::from(level.positives);
            sum.saturating_add(beaten.saturating_mul(u128::from(level.negatives)))
        });
        self.both_classes().then(|| self.share_of_pairs(doubled))
    }

    pub(in crate::metric) fn auc_binning_error(&self) -> Option<f64> {
        self.tied(|_| !self.is_exact)
    }

    pub(super) fn auc_outside_error(&self) -> Option<f64> {
        self.tied(|level| self.bins.is_outside(level.bin))
    }

    /// The share of pairs whose order is not known, times one half, in some of the bins.
    fn tied(&self, counts: impl Fn(&Level) -> bool) -> Option<f64> {
        if self.weights.is_some() {
            return self.both_classes().then(|| self.weighted_ties(counts));
        }
        let levels = self.levels.iter().filter(|level| counts(level));
        let tied = levels.fold(0u128, |sum, level| {
            sum.saturating_add(u128::from(level.positives) * u128::from(level.negatives))
        });
        self.both_classes().then(|| self.share_of_pairs(tied))
    }

    /// After DeLong. With weights, each entry counts with the square of its own, and the sums of all
    /// squares stand for the ones that keep the error from being too small.
    pub(in crate::metric) fn auc_statistical_error(&self) -> Option<f64> {
        let auc = self.auc()?;
        let all = self.all();
        let (p, n) = (all.positives, all.negatives);
        let (pairs_of_positives, pairs_of_negatives) = match self.squares() {
            Some(squares) => (p * p - squares.positives, n * n - squares.negatives),
            None => (p * (p - 1.0), n * (n - 1.0)),
        };
        if pairs_of_positives <= 0.0 || pairs_of_negatives <= 0.0 {
            return None;
        }
        let (mut of_positives, mut of_negatives) = (0.0, 0.0);
        for level in &self.levels {
            let (here, squares) = (level.here(), level.squares());
            let below = n - level.selected().negatives + here.negatives / 2.0;
            let above = level.above().positives + here.positives / 2.0;
            of_positives += squares.positives * (below / n - auc).powi(2);
            of_negatives += squares.negatives * (above / p - auc).powi(2);
        }
        Some((of_positives / pairs_of_positives + of_negatives / pairs_of_negatives).sqrt())
    }

    /// The average precision of the bins, and how far that of the unbinned scores can be away, where
    /// that is known.
    ///
    /// Within a bin the precision of a positive is largest when all positives come first, tied,
    /// and smallest when they come one by one behind all negatives.
    pub(in crate::metric) fn average_precision(&self) -> Option<(f64, Option<f64>)> {
        if self.weights.is_some() {
            return (self.all().positives > 0.0).then(|| self.weighted_precision());
        }
        let (mut value, mut least, mut most) = (0.0, 0.0, 0.0);
        for level in self.levels.iter().filter(|level| level.positives > 0) {
            let selected = level.positives_above.saturating_add(level.positives);
            let weight = level.positives as f64;
            value += weight * ratio(selected, level.entries());
            most += weight * ratio(selected, selected.saturating_add(level.negatives_above));
            least += least_precision(level);
        }
        let all = self.positives as f64;
        let error = match self.is_exact {
            true => 0.0,
            false => (most - value).max(value - least).max(0.0),
        };
        (self.positives > 0).then(|| (value / all, Some(error / all)))
    }

    pub(in crate::metric) fn roc(&self) -> Vec<RocPoint> {
        let mut points = vec![RocPoint {
            false_positive_rate: 0.0,
            false_positive_rate_error: 0.0,
            efficiency: 0.0,
            efficiency_error: 0.0,
        }];
        if !self.both_classes() {
            return Vec::new();
        }
        let last = self.levels.len().saturating_sub(1);
        let all = self.all();
        for (position, level) in self.levels.iter().enumerate() {
            let selected = level.selected();
            let false_positive_rate = selected.negatives / all.negatives;
            let efficiency = selected.positives / all.positives;
            let moved = points.last().is_none_or(|from| {
                let moved =
                    false_positive_rate - from.false_positive_rate + efficiency - from.efficiency;
                moved.abs() >= THINNING
            });
            if moved || position == last {
                let errors = self.share_errors(level);
                points.push(RocPoint {
                    false_positive_rate,
                    false_positive_rate_error: errors.negatives,
                    efficiency,
                    efficiency_error: errors.positives,
                });
            }
        }
        points
    }

    /// The standard deviations of the shares of both classes that a level and those above it select, if
    /// the level was chosen elsewhere.
    pub(super) fn share_errors(&self, level: &Level) -> Amounts {
        let (selected, chosen) = (level.selected(), level.selected_squares());
        let all = self.all();
        let squares = self.squares().unwrap_or(all);
        Amounts {
            positives: share_error(
                [selected.positives, all.positives],
                [chosen.positives, squares.positives],
            ),
            negatives: share_error(
                [selected.negatives, all.negatives],
                [chosen.negatives, squares.negatives],
            ),
        }
    }

    pub(super) fn precision_recall(&self) -> Vec<PrPoint> {
        let mut points: Vec<PrPoint> = Vec::new();
        let all = self.all().positives;
        if all <= 0.0 {
            return points;
        }
        let last = self.levels.len().saturating_sub(1);
        for (position, level) in self.levels.iter().enumerate() {
            let selected = level.selected();
            if selected.both() <= 0.0 {
                continue;
            }
            let recall = selected.positives / all;
            let precision = selected.positives / selected.both();
            let moved = points
                .last()
                .is_none_or(|from| (recall - from.recall).abs() >= THINNING);
            if moved || position == last {
                points.push(PrPoint { recall, precision });
            }
        }
        points
    }
}

/// The error of a share of weights, from the sums of squares of the part and of the whole.
fn share_error([part, whole]: [f64; 2], [part_squares, squares]: [f64; 2]) -> f64 {
    let share = part / whole;
    if part_squares <= 0.0 {
        let [low, high] = wilson_of(0.0, effective(whole, squares));
        return high - low;
    }
    let variance = (1.0 - 2.0 * share) * part_squares + share * share * squares;
    variance.abs().sqrt() / whole.abs()
}

/// A lower bound of the summed precision of a bin's positives, ranked one by one behind all its
/// negatives: the precision grows with the rank, so each stretch takes its first value.
fn least_precision(level: &Level) -> f64 {
    let wrong = level.negatives_above.saturating_add(level.negatives);
    let stretch = level.positives.div_ceil(BOUND_TERMS).max(1);
    let mut sum = 0.0;
    let mut rank = 0;
    while rank < level.positives {
        let terms = stretch.min(level.positives - rank);
        let right = level.positives_above.saturating_add(rank + 1);
        sum += terms as f64 * ratio(right, right.saturating_add(wrong));
        rank += terms;
    }
    sum
}
