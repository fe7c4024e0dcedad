//! Quantiles of numbers that shards count apart: counts in stretches of the floating-point numbers
//! themselves, which merge exactly.
//!
//! The finest stretches hold one number of single precision each. They are joined by pairs, as often
//! as it takes until at most [`MOST_FILLED`] of them hold something. How often that is depends on the
//! numbers alone, whatever the order in which they come and however they were cut into parts. A
//! stretch that was joined j times is at most 2^(j − 23) of its numbers wide; numbers of both
//! signs that fill four decades evenly are told apart to 1 %, and within a stretch they are taken to lie
//! evenly.

use serde::{Deserialize, Serialize};

use super::tally::Tally;

/// Stretches that hold something, at most.
pub(super) const MOST_FILLED: usize = 4_096;
/// Binary digits of a double that the finest stretches leave out: those beyond single precision.
const LEFT_OUT: u32 = 29;
/// How many of the finest stretches there are.
const STRETCHES: u64 = 1 << 35;
/// After so many times there is one stretch.
const MOST_JOINED: u32 = 35;

/// Counts of finite numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Quantiles {
    counts: Tally,
    /// How often stretches were joined by pairs.
    joined: u32,
}

/// Numbers from `low` to `high`, and how many there are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stretch {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) count: u64,
}

/// A number within `within` of the one that is meant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Near {
    pub(super) value: f64,
    pub(super) within: f64,
}

impl Default for Quantiles {
    fn default() -> Self {
        Self {
            counts: Tally::sparse(STRETCHES),
            joined: 0,
        }
    }
}

impl Quantiles {
    /// Counts finite numbers.
    pub(super) fn fill(&mut self, values: &[f64]) {
        let joined = self.joined;
        let places = values.iter().map(|value| place(*value) >> joined);
        self.counts.add_all(&mut places.collect::<Vec<u64>>());
        self.join_to_fit();
    }

    pub(super) fn merge(&mut self, other: &Self) {
        let joined = self.joined.max(other.joined);
        self.join_to(joined);
        if other.joined < joined {
            let mut other = other.clone();
            other.join_to(joined);
            self.counts.merge(&other.counts);
        } else {
            self.counts.merge(&other.counts);
        }
        self.join_to_fit();
    }

    /// Whether counts that came from outside can be of this.
    pub(super) fn fits(&self) -> bool {
        self.counts.bins() == STRETCHES
            && self.counts.filled() <= MOST_FILLED
            && self.joined <= MOST_JOINED
    }

    /// How many numbers there are.
    pub(super) fn total(&self) -> u64 {
        self.counts.total()
    }

    fn join_to(&mut self, joined: u32) {
        let by = joined.saturating_sub(self.joined);
        if by > 0 {
            self.counts.join_neighbours(by);
            self.joined = joined;
        }
    }

    fn join_to_fit(&mut self) {
        while self.counts.filled() > MOST_FILLED && self.joined < MOST_JOINED {
            self.join_to(self.joined + 1);
        }
    }

    /// The stretches that hold something, ascending.
    pub(super) fn stretches(&self) -> Vec<Stretch> {
        let stretch = |(bin, count): (u64, u64)| Stretch {
            low: number(bin << self.joined),
            high: number((bin + 1) << self.joined),
            count,
        };
        self.counts.iter().map(stretch).collect()
    }
}

/// The quantile of a fraction of the numbers in some stretches, between the two numbers that are
/// next to it, as numpy takes it; none of no numbers.
pub(super) fn quantile(stretches: &[Stretch], fraction: f64) -> Option<Near> {
    let total: u64 = stretches.iter().map(|stretch| stretch.count).sum();
    let last = total.checked_sub(1)?;
    let rank = (last as f64 * fraction.clamp(0.0, 1.0)).max(0.0);
    let below = ordered(stretches, rank.floor() as u64)?;
    let above = ordered(stretches, (rank.ceil() as u64).min(last))?;
    Some(Near {
        value: below.value + (above.value - below.value) * (rank - rank.floor()),
        within: below.within.max(above.within),
    })
}

/// The number of this rank, from 0.
fn ordered(stretches: &[Stretch], rank: u64) -> Option<Near> {
    let mut before = 0;
    for Stretch { low, high, count } in stretches {
        if rank < before + count {
            let at = ((rank - before) as f64 + 0.5) / *count as f64;
            let width = high - low;
            return Some(Near {
                value: normal(low + width * at),
                within: normal(width),
            });
        }
        before += count;
    }
    None
}

/// A number, or 0 where it is but what the finest stretch at 0 is wide.
fn normal(number: f64) -> f64 {
    if number.is_normal() { number } else { 0.0 }
}

/// The stretch of a finite number among the finest ones, which are numbered in their order.
fn place(value: f64) -> u64 {
    // -0 is 0.
    let bits = (value + 0.0).to_bits();
    let ordered = match bits >> 63 {
        1 => !bits,
        _ => bits | (1 << 63),
    };
    ordered >> LEFT_OUT
}

/// The lowest number of one of the finest stretches, or the nearest finite one.
fn number(place: u64) -> f64 {
    let ordered = u128::from(place) << LEFT_OUT;
    let ordered = u64::try_from(ordered).unwrap_or(u64::MAX);
    let bits = match ordered >> 63 {
        1 => ordered & !(1 << 63),
        _ => !ordered,
    };
    let value = f64::from_bits(bits);
    match value.is_finite() {
        true => value,
        false if ordered >> 63 == 1 => f64::MAX,
        false => f64::MIN,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[f64]) -> Quantiles {
        let mut counts = Quantiles::default();
        values.chunks(97).for_each(|part| counts.fill(part));
        counts
    }

    fn any_value() -> impl Strategy<Value = f64> {
        let edge = prop::sample::select(vec![0.0, -0.0, 1.0, f64::MAX, f64::MIN, 5e-324, -5e-324]);
        prop_oneof![any::<f64>(), -3.0..3.0f64, edge]
            .prop_filter("finite", |value| value.is_finite())
    }

    /// The finest stretch at 0 was told as 1e-315.
    #[test]
    fn a_quantile_at_nothing_is_nothing() {
        let near = quantile(&of(&[0.0, 0.0, -1.0, 1.0]).stretches(), 0.5);
        assert_eq!(
            near,
            Some(Near {
                value: 0.0,
                within: 0.0
            })
        );
    }

    proptest! {
        #[test]
        fn a_stretch_holds_its_numbers(value in any_value()) {
            let [stretch] = of(&[value]).stretches()[..] else { panic!("one number") };
            prop_assert!(stretch.low <= value && value <= stretch.high, "{stretch:?}");
        }

        #[test]
        fn order_and_cuts_do_not_matter(
            values in prop::collection::vec(any_value(), 0..300), cut in 0usize..300,
        ) {
            let (left, right) = values.split_at(cut.min(values.len()));
            let mut merged = of(right);
            merged.merge(&of(left));
            prop_assert_eq!(&merged, &of(&values));
            let text = serde_json::to_string(&merged).unwrap();
            prop_assert_eq!(serde_json::from_str::<Quantiles>(&text).unwrap(), merged);
        }

        #[test]
        fn quantiles_of_few_numbers_are_those_of_numpy(
            mut values in prop::collection::vec(-1e3..1e3f64, 1..40), fraction in 0.0..1.0f64,
        ) {
            let found = quantile(&of(&values).stretches(), fraction).unwrap();
            values.sort_by(f64::total_cmp);
            let rank = fraction * (values.len() - 1) as f64;
            let (below, above) = (values[rank.floor() as usize], values[rank.ceil() as usize]);
            let expected = below + (above - below) * rank.fract();
            prop_assert!((found.value - expected).abs() <= found.within, "{found:?} {expected}");
            prop_assert!(found.within <= 1e3 * 2f64.powi(-22));
        }
    }

    #[test]
    fn many_numbers_are_joined_the_same_whatever_their_order() {
        let golden = |k: u32| (f64::from(k) * 0.618_033_988_749_895).fract() * 2.0 - 1.0;
        let values: Vec<f64> = (0..40_000).map(golden).collect();
        let mut reverse = values.clone();
        reverse.reverse();
        let (all, other) = (of(&values), of(&reverse));
        assert_eq!(all, other);
        assert!(all.fits() && all.counts.filled() > MOST_FILLED / 3);
        let mut merged = of(&values[30_000..]);
        merged.merge(&of(&values[..100]));
        merged.merge(&of(&values[100..30_000]));
        assert_eq!(merged, all);
        for fraction in [0.16, 0.5, 0.84] {
            let found = quantile(&all.stretches(), fraction).unwrap();
            let expected = 2.0 * fraction - 1.0;
            assert!(
                (found.value - expected).abs() < 1e-3,
                "{found:?} {expected}"
            );
            assert!(found.within < 1e-2, "{found:?}");
        }
        assert!(quantile(&[], 0.5).is_none());
    }
}
