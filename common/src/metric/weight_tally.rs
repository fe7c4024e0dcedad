//! Sums of weights and of their squares in numbered bins, of which only those with entries are kept.
//!
//! In a marker they are text as a [`Tally`](super::tally::Tally) is: for each bin the gap from the one
//! before, then the numbers of both sums; or, of one weight alone, what no sum begins with, and that.

use serde::{Deserialize, Serialize};

use super::leading_sum::{HIGHEST, LeadingSum};
use super::tally::{next_number, push_number};

/// In the place of the first number of a sum: one weight follows, of single precision, or of double.
const SINGLE: u64 = HIGHEST as u64 + 1;
const DOUBLE: u64 = HIGHEST as u64 + 2;

/// Bytes that a bin takes.
pub(super) const BIN_BYTES: u64 = size_of::<(u64, Weighed)>() as u64;

/// Sums of weights in bins `0..bins`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawWeightTally", into = "RawWeightTally")]
pub(super) struct WeightTally {
    bins: u64,
    /// Bins with entries, ascending.
    cells: Vec<(u64, Weighed)>,
}

/// What the weights of a bin amount to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Weighed {
    sum: LeadingSum,
    squares: LeadingSum,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWeightTally {
    bins: u64,
    sums: String,
}

impl Weighed {
    /// The weight that it is of, if it can be of one alone.
    fn alone(&self) -> Option<f64> {
        let weight = self.sum.value();
        (weight.is_finite() && Self::of(weight) == *self).then_some(weight)
    }

    fn of(weight: f64) -> Self {
        let mut weighed = Self::default();
        weighed.sum.add(weight);
        weighed.squares.add(weight * weight);
        weighed
    }

    /// Adds those of another bin.
    pub(super) fn merge(&mut self, other: &Self) {
        self.sum.merge(&other.sum);
        self.squares.merge(&other.squares);
    }

    /// The sum of the weights.
    pub(super) fn sum(&self) -> f64 {
        self.sum.value()
    }

    /// The sum of their squares, never negative.
    pub(super) fn squares(&self) -> f64 {
        self.squares.value().max(0.0)
    }
}

impl WeightTally {
    /// Nothing yet.
    pub(super) fn new(bins: u64) -> Self {
        Self {
            bins,
            cells: Vec::new(),
        }
    }

    /// The number of bins.
    pub(super) fn bins(&self) -> u64 {
        self.bins
    }

    /// Adds finite weights, each in its bin; a bin out of range is ignored.
    pub(super) fn add_all(&mut self, mut weights: Vec<(u64, f64)>) {
        weights.retain(|(bin, _)| *bin < self.bins);
        weights.sort_unstable_by_key(|(bin, _)| *bin);
        let mut cells: Vec<(u64, Weighed)> = Vec::new();
        for (bin, weight) in weights {
            push(&mut cells, bin, &Weighed::of(weight));
        }
        self.add(&cells);
    }

    /// Adds the sums of another one with the same bins.
    pub(super) fn merge(&mut self, other: &Self) {
        self.add(&other.cells);
    }

    fn add(&mut self, others: &[(u64, Weighed)]) {
        if others.is_empty() {
            return;
        }
        let mut merged = Vec::with_capacity(self.cells.len());
        let mut mine = self.cells.iter().peekable();
        for (bin, weighed) in others {
            while let Some(earlier) = mine.next_if(|(mine, _)| mine <= bin) {
                merged.push(*earlier);
            }
            push(&mut merged, *bin, weighed);
        }
        merged.extend(mine);
        self.cells = merged;
    }

    /// Joins neighbours, `2^by` at a time.
    pub(super) fn join_neighbours(&mut self, by: u32) {
        let mut joined = Vec::with_capacity(self.cells.len());
        for (bin, weighed) in &self.cells {
            push(&mut joined, bin.checked_shr(by).unwrap_or(0), weighed);
        }
        self.cells = joined;
    }

    /// The bins that have entries, ascending, with their sums.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (u64, Weighed)> + '_ {
        self.cells.iter().copied()
    }

    /// The sums over all bins.
    pub(super) fn total(&self) -> Weighed {
        let mut total = Weighed::default();
        self.cells.iter().for_each(|(_, cell)| total.merge(cell));
        total
    }
}

/// Adds to the last bin of an ascending list, or behind it.
fn push(cells: &mut Vec<(u64, Weighed)>, bin: u64, weighed: &Weighed) {
    match cells.last_mut() {
        Some((last, sums)) if *last == bin => sums.merge(weighed),
        _ => cells.push((bin, *weighed)),
    }
}

/// One weight as numbers.
fn alone(weight: f64) -> [u64; 2] {
    let single = weight as f32;
    match f64::from(single).to_bits() == weight.to_bits() {
        true => [SINGLE, single.to_bits().into()],
        false => [DOUBLE, weight.to_bits()],
    }
}

/// What one weight amounts to, of its numbers.
fn of_one(precision: u64, bits: u64) -> Result<Weighed, String> {
    let weight = match precision {
        SINGLE => u32::try_from(bits)
            .ok()
            .map(|bits| f64::from(f32::from_bits(bits))),
        _ => Some(f64::from_bits(bits)),
    };
    let weight = weight.filter(|weight| weight.is_finite() && (weight * weight).is_finite());
    let none = || format!("weights: {bits} is no weight");
    weight.map(Weighed::of).ok_or_else(none)
}

impl From<WeightTally> for RawWeightTally {
    fn from(tally: WeightTally) -> Self {
        let mut sums = String::new();
        let mut next = 0;
        for (bin, weighed) in &tally.cells {
            push_number(&mut sums, bin - next);
            let both = [weighed.sum.numbers(), weighed.squares.numbers()];
            let numbers = match weighed.alone() {
                Some(weight) => &alone(weight)[..],
                None => both.as_flattened(),
            };
            numbers
                .iter()
                .for_each(|number| push_number(&mut sums, *number));
            next = bin + 1;
        }
        Self {
            bins: tally.bins,
            sums,
        }
    }
}

impl TryFrom<RawWeightTally> for WeightTally {
    type Error = String;

    fn try_from(raw: RawWeightTally) -> Result<Self, String> {
        let mut cells = Vec::new();
        let mut bytes = raw.sums.bytes();
        let mut next = 0u64;
        while let Some(gap) = next_number(&mut bytes)? {
            let bin = next.checked_add(gap).filter(|bin| *bin < raw.bins);
            let beyond = || format!("weights: a bin beyond the {} declared", raw.bins);
            let bin = bin.ok_or_else(beyond)?;
            let cut = || String::from("weights: a bin without its sums");
            let first = next_number(&mut bytes)?.ok_or_else(cut)?;
            next = bin.saturating_add(1);
            if let SINGLE | DOUBLE = first {
                let bits = next_number(&mut bytes)?.ok_or_else(cut)?;
                cells.push((bin, of_one(first, bits)?));
                continue;
            }
            let mut first = Some(first);
            let mut sum = || {
                let mut numbers = [0; 4];
                for number in &mut numbers {
                    *number = match first.take() {
                        Some(first) => first,
                        None => next_number(&mut bytes)?.ok_or_else(cut)?,
                    };
                }
                let none = || format!("weights: no sum has the numbers {numbers:?}");
                LeadingSum::of_numbers(numbers).ok_or_else(none)
            };
            let weighed = Weighed {
                sum: sum()?,
                squares: sum()?,
            };
            cells.push((bin, weighed));
        }
        Ok(Self {
            bins: raw.bins,
            cells,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hostile_text_is_refused() {
        for sums in ["A", "AAAAAAAAA!", "AAAAA", "IAAAAAAAA", "AsCAAAAAAA", "_"] {
            let text = format!(r#"{{"bins":8,"sums":"{sums}"}}"#);
            let read = serde_json::from_str::<WeightTally>(&text);
            assert!(read.is_err(), "{sums} was taken: {read:?}");
        }
    }

    /// A bin of one weight took as many characters as one of many.
    #[test]
    fn one_weight_alone_is_short_and_comes_back() {
        for (weight, most) in [
            (1.0, 10),
            (-0.5, 10),
            (f64::from(1.2_f32), 12),
            (0.1, 18),
            (0.0, 10),
        ] {
            let mut one = WeightTally::new(64);
            one.add_all(vec![(3, weight)]);
            let text = serde_json::to_string(&one).unwrap();
            assert!(text.len() < 24 + most, "{text}");
            let back: WeightTally = serde_json::from_str(&text).unwrap();
            assert_eq!(back, one, "{text}");
            let mut two = back.clone();
            two.merge(&one);
            let text = serde_json::to_string(&two).unwrap();
            assert_eq!(serde_json::from_str::<WeightTally>(&text).unwrap(), two);
            assert!((two.total().sum() - 2.0 * weight).abs() < 1e-12);
        }
    }

    proptest! {
        #[test]
        fn order_and_cuts_do_not_matter_and_all_survives_json(
            weights in prop::collection::vec((0u64..70, -3.0..9.0f64), 0..200), cut in 0usize..200, by in 0u32..8,
        ) {
            let mut whole = WeightTally::new(64);
            whole.add_all(weights.clone());
            let (first, second) = weights.split_at(cut.min(weights.len()));
            let (mut left, mut right) = (WeightTally::new(64), WeightTally::new(64));
            left.add_all(first.to_vec());
            right.add_all(second.iter().rev().copied().collect());
            let text = serde_json::to_string(&right).unwrap();
            right = serde_json::from_str(&text).unwrap();
            right.join_neighbours(by);
            left.join_neighbours(by);
            right.merge(&left);
            whole.join_neighbours(by);
            prop_assert_eq!(&whole, &right);
            let expected: f64 = weights.iter().filter(|w| w.0 < 64).map(|w| w.1).sum();
            prop_assert!((whole.total().sum() - expected).abs() < 1e-9);
        }
    }
}
