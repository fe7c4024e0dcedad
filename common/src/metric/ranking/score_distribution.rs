//! Scores of both classes in bins that a picture shows.

use serde::Serialize;

use super::score_bins::ScoreBins;
use super::score_counts::ScoreCounts;
use super::spec::RankingSpec;
use crate::metric::axis::Axis;

/// Bins of the score distribution at most.
const DISTRIBUTION_BINS: u32 = 64;

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
    /// What the weights of both sum to, where there are weights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<[f64; 2]>,
}

impl ScoreCounts {
    /// Scores of both classes in bins as a picture shows them; `outside` whether some are no
    /// probabilities.
    pub(super) fn distribution(&self, spec: &RankingSpec, outside: bool) -> Vec<ScoreBin> {
        let bins = self.bins(spec);
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
                let [low, high] = self.extent(bins, outside);
                Axis::new(low, high, DISTRIBUTION_BINS)
            }
        };
        let mut counts: Vec<ScoreBin> = (0..axis.bins())
            .map(|bin| ScoreBin {
                low: axis.edge(bin),
                high: axis.edge(bin + 1),
                positives: 0,
                negatives: 0,
                weights: self.weights().map(|_| [0.0; 2]),
            })
            .collect();
        for (tally, fired) in [(self.positives(), true), (self.negatives(), false)] {
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
        if let Some(weights) = self.weights() {
            for (class, tally) in [&weights.positives, &weights.negatives].iter().enumerate() {
                for (bin, weighed) in tally.iter().filter(|(bin, _)| !bins.is_outside(*bin)) {
                    let lowest = bins.lowest(bin).unwrap_or(axis.low());
                    let slot = counts.get_mut(axis.clamped(lowest) as usize);
                    let sums = slot.and_then(|slot| slot.weights.as_mut());
                    if let Some(sum) = sums.and_then(|sums| sums.get_mut(class)) {
                        *sum += weighed.sum();
                    }
                }
            }
        }
        counts
    }

    /// What the bins without a range cover: `[0, 1]` where that holds all scores, else all that are
    /// finite.
    fn extent(&self, bins: ScoreBins, outside: bool) -> [f64; 2] {
        /// The difference of two such numbers is finite.
        const FAR: f64 = f64::MAX / 4.0;
        let tallies = [self.positives(), self.negatives()];
        let is_finite = |bin: &(u64, u64)| bins.lowest(bin.0).is_none_or(f64::is_finite);
        let first = tallies
            .iter()
            .filter_map(|tally| tally.iter().find(is_finite));
        let first = first.min();
        let last = tallies
            .iter()
            .filter_map(|tally| tally.iter().rfind(is_finite));
        let last = last.max();
        let (Some((first, _)), Some((last, _)), true) = (first, last, outside) else {
            return [0.0, 1.0];
        };
        let edge = |bin: u64| bins.lowest(bin).unwrap_or_default().clamp(-FAR, FAR);
        [edge(first), edge(last + 1)]
    }
}
