//! A sum of doubles of which the leading digits are kept, whatever the order of addition, in 32
//! bytes: for sums in many bins, where an [`ExactSum`](super::exact_sum::ExactSum) is too large.
//!
//! Every number is cut into digits of 28 bits at places that are the same for all numbers. Digits of
//! one place are added; places are kept from the highest that any number reached down to the second
//! below it. That depends on the largest number alone, so that neither order nor cuts matter: after
//! the indexed sums of J. Demmel and H. D. Nguyen, IEEE Trans. Comput. 64 (2015) 2060. What is lost
//! of each number is less than 2^-56 of the largest one.

use super::exact_sum::scaled;

/// Bits of a digit; the rest of 64 is room for 2^35 numbers.
const DIGIT: u32 = 28;
const MASK: u64 = (1 << DIGIT) - 1;
/// Digits that are kept.
const KEPT: usize = 3;
/// The highest place that a double reaches.
pub(super) const HIGHEST: u32 = (2045 + 52) / DIGIT;
/// The lowest bit of place 0 is worth 2^-1074.
const LOWEST_EXPONENT: i32 = -1074;

/// The leading digits of a sum of finite doubles; merging is associative and commutative to the last
/// bit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct LeadingSum {
    /// The highest place that a number reached.
    top: u32,
    /// Sums of digits, of the highest place first.
    digits: [i64; KEPT],
}

impl LeadingSum {
    /// Adds a finite number; one that is not finite is ignored (callers count those apart).
    pub(super) fn add(&mut self, value: f64) {
        let bits = value.to_bits();
        let fraction = bits & ((1 << 52) - 1);
        let (mantissa, lowest) = match (bits >> 52) & 0x7ff {
            0x7ff => return,
            0 => (fraction, 0),
            biased => (fraction | (1 << 52), biased as u32 - 1),
        };
        if mantissa == 0 {
            return;
        }
        let top = (lowest + mantissa.ilog2()) / DIGIT;
        let mut digits = [0; KEPT];
        for (place, digit) in (0..).zip(&mut digits) {
            // The place of this digit may be below that of the lowest one.
            let Some(start) = top.checked_sub(place).map(|place| place * DIGIT) else {
                break;
            };
            let shifted = match start.checked_sub(lowest) {
                Some(by) => mantissa.checked_shr(by).unwrap_or(0),
                None => mantissa << (lowest - start).min(63),
            };
            let found = (shifted & MASK).cast_signed();
            *digit = if value < 0.0 { -found } else { found };
        }
        self.merge(&Self { top, digits });
    }

    /// Adds another sum.
    pub(super) fn merge(&mut self, other: &Self) {
        if other.is_empty() {
            return;
        }
        if self.is_empty() {
            *self = *other;
            return;
        }
        let top = self.top.max(other.top);
        let (mine, theirs) = (self.below(top), other.below(top));
        self.top = top;
        for ((digit, mine), theirs) in self.digits.iter_mut().zip(mine).zip(theirs) {
            *digit = mine.wrapping_add(theirs);
        }
    }

    /// Nothing but zeros was added.
    fn is_empty(&self) -> bool {
        self.top == 0 && self.digits == [0; KEPT]
    }

    /// The digits below a place that is not lower than its own.
    fn below(&self, top: u32) -> [i64; KEPT] {
        let down = (top - self.top) as usize;
        let mut digits = [0; KEPT];
        for (digit, mine) in digits.iter_mut().skip(down).zip(self.digits) {
            *digit = mine;
        }
        digits
    }

    /// The sum of what was kept, rounded once to the nearest double.
    pub(super) fn value(&self) -> f64 {
        let sum = self.digits.iter().fold(0i128, |sum, digit| {
            (sum << DIGIT).wrapping_add(i128::from(*digit))
        });
        let lowest = (self.top * DIGIT) as i32 - (KEPT as i32 - 1) * DIGIT as i32;
        scaled(sum as f64, lowest + LOWEST_EXPONENT)
    }

    /// Whole numbers that say all of it.
    pub(super) fn numbers(&self) -> [u64; 1 + KEPT] {
        let [high, middle, low] = self.digits.map(folded);
        [self.top.into(), high, middle, low]
    }

    /// A sum of such numbers; none where no sum has them.
    pub(super) fn of_numbers(numbers: [u64; 1 + KEPT]) -> Option<Self> {
        let [top, digits @ ..] = numbers;
        let top = u32::try_from(top).ok().filter(|top| *top <= HIGHEST)?;
        Some(Self {
            top,
            digits: digits.map(unfolded),
        })
    }
}

/// Small numbers of either sign as small numbers.
fn folded(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

fn unfolded(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sum(values: &[f64]) -> LeadingSum {
        let mut sum = LeadingSum::default();
        values.iter().for_each(|value| sum.add(*value));
        sum
    }

    #[test]
    fn the_largest_number_says_what_is_kept() {
        let value = |values: &[f64]| sum(values).value().to_bits();
        assert_eq!(value(&[]), 0.0f64.to_bits());
        assert_eq!(value(&[1.0, 2.0, -0.5]), 2.5f64.to_bits());
        assert_eq!(value(&[1e300, 1.0, -1e300]), 0.0f64.to_bits());
        assert_eq!(value(&[f64::NAN, 1.5, f64::INFINITY]), 1.5f64.to_bits());
        assert_eq!(
            value(&[f64::MAX, -f64::MAX / 2.0]),
            (f64::MAX / 2.0).to_bits()
        );
        assert_eq!(value(&[5e-324, 5e-324]), 1e-323f64.to_bits());
        assert_eq!(LeadingSum::of_numbers([75, 0, 0, 0]), None);
    }

    fn weights() -> impl Strategy<Value = Vec<f64>> {
        let any = any::<f64>().prop_filter("finite", |value| value.abs() < 1e300);
        prop::collection::vec(prop_oneof![any, -10.0..10.0f64, Just(0.0)], 0..60)
    }

    proptest! {
        #[test]
        fn order_and_cuts_do_not_matter(mut values in weights(), cuts in prop::collection::vec(0usize..60, 0..5)) {
            let whole = sum(&values);
            values.reverse();
            let mut merged = LeadingSum::default();
            let mut rest = values.as_slice();
            for cut in cuts {
                let (part, others) = rest.split_at(cut.min(rest.len()));
                let part = LeadingSum::of_numbers(sum(part).numbers()).unwrap();
                merged.merge(&part);
                rest = others;
            }
            let mut last = sum(rest);
            last.merge(&merged);
            prop_assert_eq!(whole, last);
        }

        #[test]
        fn no_more_is_lost_than_is_said(values in prop::collection::vec(-1e6..1e6f64, 1..60)) {
            let mut exact = super::super::exact_sum::ExactSum::default();
            values.iter().for_each(|value| exact.add(*value));
            let largest = values.iter().fold(0.0f64, |most, value| most.max(value.abs()));
            let lost = (sum(&values).value() - exact.value()).abs();
            // And rounding to a double.
            prop_assert!(lost <= largest * values.len() as f64 * (2f64.powi(-56) + 2f64.powi(-53)));
        }

        #[test]
        fn one_number_comes_back(value in any::<f64>().prop_filter("finite", |v| v.is_finite())) {
            prop_assert_eq!((sum(&[value]).value() + 0.0).to_bits(), (value + 0.0).to_bits());
        }
    }
}
