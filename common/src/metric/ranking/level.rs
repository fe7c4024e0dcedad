//! Filled bins of scores, from the highest down, with what lies above each.

use super::score_counts::ScoreCounts;

/// Of each class, how many entries, or what their weights sum to.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Amounts {
    pub(super) positives: f64,
    pub(super) negatives: f64,
}

impl Amounts {
    pub(super) fn both(self) -> f64 {
        self.positives + self.negatives
    }

    fn and(self, other: Self) -> Self {
        Self {
            positives: self.positives + other.positives,
            negatives: self.negatives + other.negatives,
        }
    }
}

/// One filled bin, and what lies in the bins above it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Level {
    pub(super) bin: u64,
    pub(super) positives: u64,
    pub(super) negatives: u64,
    pub(super) positives_above: u64,
    pub(super) negatives_above: u64,
    /// The same of weights, where there are any.
    weights: Option<Weights>,
}

#[derive(Debug, Clone, Copy)]
struct Weights {
    here: Amounts,
    squares: Amounts,
    above: Amounts,
    squares_above: Amounts,
}

impl Level {
    /// Entries in this bin and above.
    pub(super) fn entries(&self) -> u64 {
        self.positives_above
            .saturating_add(self.positives)
            .saturating_add(self.negatives_above.saturating_add(self.negatives))
    }

    /// What is in this bin.
    pub(super) fn here(&self) -> Amounts {
        self.weights.map_or(
            Amounts {
                positives: self.positives as f64,
                negatives: self.negatives as f64,
            },
            |weights| weights.here,
        )
    }

    /// Sums of the squares of weights in this bin, which are counts without weights.
    pub(super) fn squares(&self) -> Amounts {
        self.weights
            .map_or_else(|| self.here(), |weights| weights.squares)
    }

    /// What is above this bin.
    pub(super) fn above(&self) -> Amounts {
        self.weights.map_or(
            Amounts {
                positives: self.positives_above as f64,
                negatives: self.negatives_above as f64,
            },
            |weights| weights.above,
        )
    }

    /// Sums of the squares of weights in this bin and above, which are counts without weights.
    pub(super) fn selected_squares(&self) -> Amounts {
        let weights = self.weights.map(|of| of.squares_above.and(of.squares));
        weights.unwrap_or_else(|| self.selected())
    }

    /// What is in this bin and above.
    pub(super) fn selected(&self) -> Amounts {
        self.above().and(self.here())
    }
}

/// The filled bins of both classes, from the highest score down.
pub(super) fn levels(scores: &ScoreCounts) -> Vec<Level> {
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
            weights: None,
        });
        positives_above = positives_above.saturating_add(positives);
        negatives_above = negatives_above.saturating_add(negatives);
    }
    weigh(&mut levels, scores);
    levels
}

/// Gives levels the sums of their weights, where there are weights.
fn weigh(levels: &mut [Level], scores: &ScoreCounts) {
    let Some(weights) = scores.weights() else {
        return;
    };
    let mut fired = weights.positives.iter().rev().peekable();
    let mut quiet = weights.negatives.iter().rev().peekable();
    let (mut above, mut squares_above) = (Amounts::default(), Amounts::default());
    for level in levels {
        let of_bin = |cell: &(u64, _)| cell.0 == level.bin;
        let fired = fired.next_if(of_bin).map(|cell| cell.1);
        let quiet = quiet.next_if(of_bin).map(|cell| cell.1);
        let fired = fired.unwrap_or_default();
        let quiet = quiet.unwrap_or_default();
        let here = Amounts {
            positives: fired.sum(),
            negatives: quiet.sum(),
        };
        let squares = Amounts {
            positives: fired.squares(),
            negatives: quiet.squares(),
        };
        level.weights = Some(Weights {
            here,
            squares,
            above,
            squares_above,
        });
        above = above.and(here);
        squares_above = squares_above.and(squares);
    }
}
