//! Bins of scores: those of a range, with one more for all that lies below it and one for all
//! above; or, without a range, stretches of the floating-point numbers themselves.
//!
//! Those are numbered in the order of the numbers. Up to 1/2 that order is the one of their bits;
//! from there to 1 it is that of their distance from 1, and beyond that of what they are more than
//! 1, so that probabilities are told apart as well near 1 as near 0. The finest stretches hold one
//! number of single precision each; joined by pairs, ever again, they become as few as wanted, and
//! which they are depends on nothing but how often they were joined.

use crate::metric::axis::Axis;

/// Binary digits of a double that the finest stretches leave out: those beyond single precision.
const LEFT_OUT: u32 = 29;
/// More stretches than there can be.
pub(super) const STRETCHES: u64 = 1 << 37;
/// After so many times there is one stretch.
pub(super) const MOST_JOINED: u32 = 36;

/// Places of 0 and of 1/2 in the order of numbers.
const ZERO: u128 = 1 << 63;
const HALF: u128 = ZERO | 0x3fe0_0000_0000_0000;
const ONE: u128 = 2 * HALF - ZERO;

/// Which bins there are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum ScoreBins {
    /// Bin 0 is below the range; its bins are numbered from 1.
    Range(Axis),
    /// Stretches of numbers, joined by pairs so many times.
    Stretches {
        /// How often.
        joined: u32,
    },
}

impl ScoreBins {
    /// The bin of a score, which is a number; the infinite ones are the lowest and the highest.
    pub(super) fn bin(&self, score: f64) -> u64 {
        match self {
            Self::Range(axis) if score < axis.low() => 0,
            Self::Range(axis) if score > axis.high() => u64::from(axis.bins()) + 1,
            Self::Range(axis) => u64::from(axis.clamped(score)) + 1,
            Self::Stretches { joined } => (place(score) >> (LEFT_OUT + joined)) as u64,
        }
    }

    /// The lowest score of a bin: whatever is at least this is in the bin or above it. `None` for
    /// the bin of all that is below a range.
    pub(super) fn lowest(&self, bin: u64) -> Option<f64> {
        match self {
            Self::Range(axis) => {
                let bin = u32::try_from(bin.checked_sub(1)?).unwrap_or(u32::MAX);
                Some(match bin < axis.bins() {
                    true => axis.edge(bin),
                    false => axis.high().next_up(),
                })
            }
            Self::Stretches { joined } => Some(lowest(u128::from(bin) << (LEFT_OUT + joined))),
        }
    }

    /// Whether a bin is outside of the range.
    pub(super) fn is_outside(&self, bin: u64) -> bool {
        match self {
            Self::Range(axis) => bin == 0 || bin > u64::from(axis.bins()),
            Self::Stretches { .. } => false,
        }
    }
}

/// The place of a number among all numbers.
fn place(score: f64) -> u128 {
    // -0 is 0.
    let score = score + 0.0;
    if score <= 0.5 {
        ordered(score)
    } else if score < 1.0 {
        2 * HALF - ordered(1.0 - score)
    } else {
        ONE - ZERO + ordered(score - 1.0)
    }
}

/// The lowest number whose place is at least this one.
fn lowest(wanted: u128) -> f64 {
    if wanted <= place(f64::NEG_INFINITY) {
        return f64::NEG_INFINITY;
    }
    if wanted > place(f64::MAX) {
        return f64::INFINITY;
    }
    let mut found = if wanted <= HALF {
        number(wanted)
    } else if wanted <= ONE {
        1.0 - number(2 * HALF - wanted)
    } else {
        1.0 + number(wanted - ONE + ZERO)
    };
    // Where the difference from 1 was rounded, a neighbour it is.
    while place(found) < wanted && found < f64::MAX {
        found = found.next_up();
    }
    while found > f64::MIN && place(found.next_down()) >= wanted {
        found = found.next_down();
    }
    found + 0.0
}

/// The bits of a number as an integer of the same order.
fn ordered(value: f64) -> u128 {
    let bits = value.to_bits();
    u128::from(if bits >> 63 == 1 {
        !bits
    } else {
        bits | (1 << 63)
    })
}

/// The number of such an integer, the nearest finite one where it is none.
fn number(ordered: u128) -> f64 {
    let bits = u64::try_from(ordered).unwrap_or(u64::MAX);
    let value = f64::from_bits(if bits >> 63 == 1 {
        bits & !(1 << 63)
    } else {
        !bits
    });
    match value.is_finite() {
        true => value,
        false if bits >> 63 == 1 => f64::MAX,
        false => f64::MIN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_score() -> impl Strategy<Value = f64> {
        let single = any::<f32>().prop_map(f64::from);
        let near = (0.0..1.0f64).prop_map(|value| 1.0 - value * 1e-12);
        let edge = prop::sample::select(vec![
            0.0,
            -0.0,
            0.5,
            1.0,
            2.0,
            5e-324,
            -5e-324,
            f64::MAX,
            f64::MIN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            9.007_199_254_740_993e15,
        ]);
        prop_oneof![any::<f64>(), single, 0.0..1.0f64, near, edge]
            .prop_filter("a number", |value| !value.is_nan())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn bins_keep_the_order(a in any_score(), b in any_score(), joined in 0..=MOST_JOINED) {
            let bins = ScoreBins::Stretches { joined };
            let (low, high) = if a <= b { (a, b) } else { (b, a) };
            prop_assert!(bins.bin(low) <= bins.bin(high));
            prop_assert!(bins.bin(high) < STRETCHES);
        }

        #[test]
        fn a_bin_begins_with_its_lowest_score(score in any_score(), joined in 0..=MOST_JOINED) {
            let bins = ScoreBins::Stretches { joined };
            let bin = bins.bin(score);
            let lowest = bins.lowest(bin).unwrap();
            prop_assert!(lowest <= score && bins.bin(lowest) == bin, "{lowest}");
            if lowest > f64::NEG_INFINITY {
                prop_assert!(bins.bin(lowest.next_down()) < bin, "{lowest}");
            }
        }

        #[test]
        fn joining_is_halving(score in any_score(), joined in 0..MOST_JOINED) {
            let (one, next) = (ScoreBins::Stretches { joined }, ScoreBins::Stretches { joined: joined + 1 });
            prop_assert_eq!(one.bin(score) >> 1, next.bin(score));
        }

        #[test]
        fn numbers_of_single_precision_are_told_apart(value in any::<f32>()) {
            let bins = ScoreBins::Stretches { joined: 0 };
            let (value, next) = (value, value.next_up());
            prop_assume!(value.is_finite() && next.is_finite() && value < next);
            prop_assert!(bins.bin(value.into()) < bins.bin(next.into()), "{value}");
        }

        #[test]
        fn bins_of_a_range_begin_where_they_say(score in -3.0..3.0f64, count in 1u32..100) {
            let bins = ScoreBins::Range(Axis::new(-1.0, 2.0, count));
            let bin = bins.bin(score);
            prop_assert_eq!(bins.is_outside(bin), !(-1.0..=2.0).contains(&score));
            prop_assert!(bins.lowest(bin).is_none_or(|lowest| lowest <= score));
            prop_assert!(bins.lowest(bin + 1).is_none_or(|next| score < next || bin > u64::from(count)));
        }
    }

    #[test]
    fn at_last_there_is_one_bin() {
        let bins = ScoreBins::Stretches {
            joined: MOST_JOINED,
        };
        let ends = [f64::NEG_INFINITY, f64::INFINITY];
        assert_eq!(ends.map(|score| bins.bin(score)), [0, 0]);
    }

    #[test]
    fn infinite_scores_have_bins_of_their_own() {
        let bins = ScoreBins::Stretches { joined: 0 };
        let scores = [f64::NEG_INFINITY, f64::MIN, 0.0, f64::MAX, f64::INFINITY];
        let places = scores.map(|score| bins.bin(score));
        assert!(places.is_sorted_by(|a, b| a < b), "{places:?}");
        for end in [f64::NEG_INFINITY, f64::INFINITY] {
            let lowest = bins.lowest(bins.bin(end)).unwrap();
            assert_eq!(lowest.to_bits(), end.to_bits());
        }
    }
}
