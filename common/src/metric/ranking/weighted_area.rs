//! Areas of weighted entries, whose sums are no whole numbers and may be less than nothing.

use super::curve::Curve;
use super::level::{Amounts, Level};

impl Curve {
    /// Σ n (p above + p / 2) over the bins, over all pairs.
    pub(super) fn weighted_auc(&self) -> f64 {
        let won = self.levels().iter().map(|level| {
            let (here, above) = (level.here(), level.above());
            here.negatives * (above.positives + here.positives / 2.0)
        });
        won.sum::<f64>() / self.pairs()
    }

    /// What the area of unbinned scores may differ by, in some of the bins: half of all pairs there.
    pub(super) fn weighted_ties(&self, counts: impl Fn(&Level) -> bool) -> f64 {
        let tied = self.levels().iter().filter(|level| counts(level));
        let tied = tied.map(|level| {
            let most = self.most(level);
            most.positives * most.negatives / 2.0
        });
        tied.sum::<f64>() / self.pairs()
    }

    /// The most that the sizes of the weights of a bin sum to: where some are less than nothing, after
    /// Cauchy and Schwarz.
    fn most(&self, level: &Level) -> Amounts {
        if !self.has_weights_below_zero() {
            return level.here();
        }
        let squares = level.squares();
        Amounts {
            positives: (level.positives as f64 * squares.positives).sqrt(),
            negatives: (level.negatives as f64 * squares.negatives).sqrt(),
        }
    }

    /// The average precision of the bins and, for weights that are not negative, how far that of the
    /// unbinned scores can be away.
    ///
    /// Precision is largest when the positives of a bin come first, tied, and smallest when they come
    /// behind its negatives, one by one and each with hardly any weight.
    pub(super) fn weighted_precision(&self) -> (f64, Option<f64>) {
        let (mut value, mut least, mut most) = (0.0, 0.0, 0.0);
        for level in self.levels() {
            let (here, above, selected) = (level.here(), level.above(), level.selected());
            let share = |positives: f64, negatives: f64| match positives + negatives > 0.0 {
                true => here.positives * (positives / (positives + negatives)),
                false => 0.0,
            };
            value += share(selected.positives, selected.negatives);
            most += share(selected.positives, above.negatives);
            if here.positives > 0.0 {
                least += here.positives;
                if selected.negatives > 0.0 {
                    let grown = selected.both() / (above.positives + selected.negatives);
                    least -= selected.negatives * grown.ln();
                }
            }
        }
        let all = self.all().positives;
        let error = (most - value).max(value - least).max(0.0) / all;
        let error = if self.is_exact() { 0.0 } else { error };
        (
            value / all,
            (!self.has_weights_below_zero()).then_some(error),
        )
    }

    fn pairs(&self) -> f64 {
        let all = self.all();
        all.positives * all.negatives
    }
}
