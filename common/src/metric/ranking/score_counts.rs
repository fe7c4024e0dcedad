//! Counts of scores of both classes, in bins that follow the scores unless a range is given.

use super::score_bins::{MOST_JOINED, STRETCHES, ScoreBins};
use super::spec::RankingSpec;
use crate::metric::axis::Axis;
use crate::metric::tally::Tally;
use crate::metric::weight_tally::WeightTally;
use serde::{Deserialize, Serialize};

/// Counts of scores.
///
/// Without a range, bins are joined by pairs until no class fills more than the specification
/// allows. How often that is depends on the scores alone, whatever the order in which they come
/// and however they were cut into parts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::metric) struct ScoreCounts {
    positives: Tally,
    negatives: Tally,
    /// How often bins were joined by pairs; 0 with a range.
    joined: u32,
    /// Whether some score is no number of single precision, so that a bin may hold several.
    wide: bool,
    /// Sums of weights in the same bins, where there are weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    weights: Option<Box<ClassWeights>>,
}

/// Sums of weights of both classes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClassWeights {
    pub(super) positives: WeightTally,
    pub(super) negatives: WeightTally,
    /// Whether some weight is less than nothing.
    pub(super) below_zero: bool,
}

impl ScoreCounts {
    pub(in crate::metric) fn new(spec: &RankingSpec) -> Self {
        let tally = match spec.range() {
            Some(_) => Tally::dense(spec.bins() + 2),
            None => Tally::sparse(STRETCHES),
        };
        let weights = spec.weight().map(|_| {
            let none = WeightTally::new(tally.bins());
            Box::new(ClassWeights {
                positives: none.clone(),
                negatives: none,
                below_zero: false,
            })
        });
        Self {
            positives: tally.clone(),
            negatives: tally,
            joined: 0,
            wide: false,
            weights,
        }
    }

    /// Counts scores, which are numbers, with their labels and, where there are any, weights.
    pub(in crate::metric) fn fill(
        &mut self,
        spec: &RankingSpec,
        scores: &[(f64, bool)],
        weights: &[f64],
    ) {
        let bins = self.bins(spec);
        if let Some(sums) = &mut self.weights {
            let of_class = |class: bool| {
                let weighed = scores.iter().zip(weights);
                let weighed = weighed.filter(|((_, label), _)| *label == class);
                weighed
                    .map(|((score, _), weight)| (bins.bin(*score), *weight))
                    .collect()
            };
            sums.positives.add_all(of_class(true));
            sums.negatives.add_all(of_class(false));
            sums.below_zero |= weights.iter().any(|weight| *weight < 0.0);
        }
        let of_class = |class: bool| -> Vec<u64> {
            let scores = scores.iter().filter(|(_, label)| *label == class);
            scores.map(|(score, _)| bins.bin(*score)).collect()
        };
        self.positives.add_all(&mut of_class(true));
        self.negatives.add_all(&mut of_class(false));
        self.wide |= scores
            .iter()
            .any(|(score, _)| f64::from(*score as f32).to_bits() != score.to_bits());
        self.join_to_fit(spec);
    }

    pub(in crate::metric) fn merge(&mut self, spec: &RankingSpec, other: &Self) {
        let joined = self.joined.max(other.joined);
        self.join_to(joined);
        if other.joined < joined {
            let mut other = other.clone();
            other.join_to(joined);
            self.add(&other);
        } else {
            self.add(other);
        }
        self.wide |= other.wide;
        self.join_to_fit(spec);
    }

    fn add(&mut self, other: &Self) {
        self.positives.merge(&other.positives);
        self.negatives.merge(&other.negatives);
        if let (Some(mine), Some(theirs)) = (&mut self.weights, &other.weights) {
            mine.positives.merge(&theirs.positives);
            mine.negatives.merge(&theirs.negatives);
            mine.below_zero |= theirs.below_zero;
        }
    }

    fn join_to(&mut self, joined: u32) {
        let by = joined.saturating_sub(self.joined);
        if by > 0 {
            self.positives.join_neighbours(by);
            self.negatives.join_neighbours(by);
            if let Some(weights) = &mut self.weights {
                weights.positives.join_neighbours(by);
                weights.negatives.join_neighbours(by);
            }
            self.joined = joined;
        }
    }

    fn join_to_fit(&mut self, spec: &RankingSpec) {
        if spec.range().is_some() {
            return;
        }
        while self.filled() > spec.bins() as usize && self.joined < MOST_JOINED {
            self.join_to(self.joined + 1);
        }
    }

    /// Bins with a count, of the class that has more of them.
    fn filled(&self) -> usize {
        self.positives.filled().max(self.negatives.filled())
    }

    pub(in crate::metric) fn fits(&self, spec: &RankingSpec) -> bool {
        let (bins, joined) = match spec.range() {
            Some(_) => (u64::from(spec.bins()) + 2, 0),
            None => (STRETCHES, MOST_JOINED),
        };
        let tallies = [&self.positives, &self.negatives];
        tallies.iter().all(|tally| tally.bins() == bins)
            && self.weights.is_some() == spec.weight().is_some()
            && self.weights.iter().all(|weights| self.has_bins_of(weights))
            && self.joined <= joined
            && (spec.range().is_some() || self.filled() <= spec.bins() as usize)
    }

    /// Whether weights are in the bins that have counts.
    fn has_bins_of(&self, weights: &ClassWeights) -> bool {
        let same = |tally: &Tally, weights: &WeightTally| {
            let counted = tally.iter().map(|(bin, _)| bin);
            tally.bins() == weights.bins() && counted.eq(weights.iter().map(|(bin, _)| bin))
        };
        same(&self.positives, &weights.positives) && same(&self.negatives, &weights.negatives)
    }

    pub(super) fn weights(&self) -> Option<&ClassWeights> {
        self.weights.as_deref()
    }

    /// Which bins there are.
    pub(super) fn bins(&self, spec: &RankingSpec) -> ScoreBins {
        match spec.range() {
            Some([low, high]) => ScoreBins::Range(Axis::new(low, high, spec.bins())),
            None => ScoreBins::Stretches {
                joined: self.joined,
            },
        }
    }

    /// Whether every bin holds one score, so that nothing was tied by binning.
    pub(super) fn is_exact(&self, spec: &RankingSpec) -> bool {
        spec.range().is_none() && self.joined == 0 && !self.wide
    }

    pub(super) fn positives(&self) -> &Tally {
        &self.positives
    }

    pub(super) fn negatives(&self) -> &Tally {
        &self.negatives
    }

    /// Counts of one bin of both classes.
    pub(super) fn in_bin(&self, bin: u64) -> u64 {
        let tallies = [&self.positives, &self.negatives];
        let of_bin = tallies.iter().flat_map(|tally| tally.iter());
        let counts = of_bin.filter(|(found, _)| *found == bin);
        counts.map(|(_, count)| count).fold(0, u64::saturating_add)
    }
}
