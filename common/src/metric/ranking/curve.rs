//! Curves and areas from two score histograms.

use super::population::ratio;
use super::score_bins::ScoreBins;
use super::score_counts::ScoreCounts;
use super::spec::RankingSpec;
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
    /// Selected positives over all positives.
    pub efficiency: f64,
}

/// A point of the precision-recall curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PrPoint {
    /// Selected positives over all positives.
    pub recall: f64,
    /// Selected positives over everything selected.
    pub precision: f64,
}

/// One filled bin, and what lies in the bins above it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Level {
    bin: u64,
    positives: u64,
    negatives: u64,
    positives_above: u64,
    negatives_above: u64,
}

impl Level {
    /// Positives in this bin and above.
    pub(super) fn selected_positives(&self) -> u64 {
        self.positives_above.saturating_add(self.positives)
    }

    /// Negatives in this bin and above.
    pub(super) fn selected_negatives(&self) -> u64 {
        self.negatives_above.saturating_add(self.negatives)
    }

    /// Everything in this bin and above.
    pub(super) fn selected(&self) -> u64 {
        self.selected_positives()
            .saturating_add(self.selected_negatives())
    }
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
}

impl Curve {
    pub(in crate::metric) fn new(spec: &RankingSpec, scores: &ScoreCounts) -> Self {
        let (positives, negatives) = (scores.positives(), scores.negatives());
        let mut levels = Vec::new();
        let (mut fired, mut quiet) = (
            positives.iter().rev().peekable(),
            negatives.iter().rev().peekable(),
        );
        let (mut positives_above, mut negatives_above) = (0u64, 0u64);
        while let Some(bin) = fired.peek().map(|c| c.0).max(quiet.peek().map(|c| c.0)) {
            let positives = fired.next_if(|cell| cell.0 == bin).map_or(0, |cell| cell.1);
            let negatives = quiet.next_if(|cell| cell.0 == bin).map_or(0, |cell| cell.1);
            levels.push(Level {
                bin,
                positives,
                negatives,
                positives_above,
                negatives_above,
            });
            positives_above = positives_above.saturating_add(positives);
            negatives_above = negatives_above.saturating_add(negatives);
        }
        Self {
            bins: scores.bins(spec),
            is_exact: scores.is_exact(spec),
            levels,
            positives: positives.total(),
            negatives: negatives.total(),
        }
    }

    pub(super) fn positives(&self) -> u64 {
        self.positives
    }

    pub(super) fn negatives(&self) -> u64 {
        self.negatives
    }

    pub(super) fn total(&self) -> u64 {
        self.positives.saturating_add(self.negatives)
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
        self.positives > 0 && self.negatives > 0
    }

    /// Pairs of a positive and a negative, times two.
    fn share_of_pairs(&self, doubled: u128) -> f64 {
        let pairs = u128::from(self.positives).saturating_mul(u128::from(self.negatives));
        doubled as f64 / pairs.saturating_mul(2) as f64
    }

    pub(in crate::metric) fn auc(&self) -> Option<f64> {
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
        let levels = self.levels.iter().filter(|level| counts(level));
        let tied = levels.fold(0u128, |sum, level| {
            sum.saturating_add(u128::from(level.positives) * u128::from(level.negatives))
        });
        self.both_classes().then(|| self.share_of_pairs(tied))
    }

    pub(in crate::metric) fn auc_statistical_error(&self) -> Option<f64> {
        let auc = self.auc()?;
        let (p, n) = (self.positives as f64, self.negatives as f64);
        if self.positives < 2 || self.negatives < 2 {
            return None;
        }
        let (mut of_positives, mut of_negatives) = (0.0, 0.0);
        for level in &self.levels {
            let below = n - level.selected_negatives() as f64 + level.negatives as f64 / 2.0;
            let above = level.positives_above as f64 + level.positives as f64 / 2.0;
            of_positives += level.positives as f64 * (below / n - auc).powi(2);
            of_negatives += level.negatives as f64 * (above / p - auc).powi(2);
        }
        Some((of_positives / (p * (p - 1.0)) + of_negatives / (n * (n - 1.0))).sqrt())
    }

    /// The average precision of the bins, and how far that of the unbinned scores can be away.
    ///
    /// Within a bin the precision of a positive is largest when all positives come first, tied,
    /// and smallest when they come one by one behind all negatives.
    pub(in crate::metric) fn average_precision(&self) -> Option<(f64, f64)> {
        let (mut value, mut least, mut most) = (0.0, 0.0, 0.0);
        for level in self.levels.iter().filter(|level| level.positives > 0) {
            let selected = level.selected_positives();
            let weight = level.positives as f64;
            value += weight * ratio(selected, level.selected());
            most += weight * ratio(selected, selected.saturating_add(level.negatives_above));
            least += least_precision(level);
        }
        let all = self.positives as f64;
        let error = match self.is_exact {
            true => 0.0,
            false => (most - value).max(value - least).max(0.0),
        };
        (self.positives > 0).then(|| (value / all, error / all))
    }

    pub(in crate::metric) fn roc(&self) -> Vec<RocPoint> {
        let mut points = vec![RocPoint {
            false_positive_rate: 0.0,
            efficiency: 0.0,
        }];
        if !self.both_classes() {
            return Vec::new();
        }
        let last = self.levels.len().saturating_sub(1);
        for (position, level) in self.levels.iter().enumerate() {
            let false_positive_rate = ratio(level.selected_negatives(), self.negatives);
            let efficiency = ratio(level.selected_positives(), self.positives);
            let moved = points.last().is_none_or(|from| {
                false_positive_rate - from.false_positive_rate + efficiency - from.efficiency
                    >= THINNING
            });
            if moved || position == last {
                points.push(RocPoint {
                    false_positive_rate,
                    efficiency,
                });
            }
        }
        points
    }

    pub(super) fn precision_recall(&self) -> Vec<PrPoint> {
        let mut points: Vec<PrPoint> = Vec::new();
        if self.positives == 0 {
            return points;
        }
        let last = self.levels.len().saturating_sub(1);
        for (position, level) in self.levels.iter().enumerate() {
            let recall = ratio(level.selected_positives(), self.positives);
            let precision = ratio(level.selected_positives(), level.selected());
            let moved = points
                .last()
                .is_none_or(|from| recall - from.recall >= THINNING);
            if moved || position == last {
                points.push(PrPoint { recall, precision });
            }
        }
        points
    }
}

/// A lower bound of the summed precision of a bin's positives, ranked one by one behind all its
/// negatives: the precision grows with the rank, so each stretch takes its first value.
fn least_precision(level: &Level) -> f64 {
    let wrong = level.selected_negatives();
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
