//! A sum of doubles without rounding, so that its value does not depend on the order of addition.
//!
//! The accumulator is one wide fixed-point number that spans the exponents of an `f64`, as in
//! R. M. Neal, "Fast exact summation using small and large superaccumulators",
//! arXiv:1505.05571. Only [`ExactSum::value`] rounds, once.

use serde::{Deserialize, Serialize};

/// Limbs of 32 bits: 64 for the positions of a mantissa, two that it reaches over, two for carries.
const LIMBS: usize = 68;
const BASE: i64 = 1 << 32;
/// Additions after which limbs are normalised; a limb grows by less than 2^32 in each.
const CARRY_EVERY: u32 = 1 << 30;
/// The weight of the lowest bit of limb 0 is 2^-1075.
const LOWEST_EXPONENT: i32 = -1075;

/// An exact sum of finite doubles; merging is associative and commutative to the last bit.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "RawSum", into = "RawSum")]
pub(super) struct ExactSum {
    limbs: [i64; LIMBS],
    pending: u32,
}

/// Sign and magnitude, without leading and trailing zero limbs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSum {
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    negative: bool,
    low: usize,
    limbs: Vec<u32>,
}

impl Default for ExactSum {
    fn default() -> Self {
        Self {
            limbs: [0; LIMBS],
            pending: 0,
        }
    }
}

impl ExactSum {
    /// Adds a finite number; one that is not finite is ignored (callers count those apart).
    pub(super) fn add(&mut self, value: f64) {
        if !value.is_finite() {
            return;
        }
        let bits = value.to_bits();
        let fraction = bits & ((1 << 52) - 1);
        let (mantissa, exponent) = match (bits >> 52) & 0x7ff {
            0 => (fraction, 1),
            biased => (fraction | (1 << 52), biased),
        };
        let (limb, shift) = ((exponent >> 5) as usize, exponent & 31);
        let spread = u128::from(mantissa) << shift;
        let sign = if value.is_sign_negative() { -1 } else { 1 };
        for (position, target) in self.limbs.iter_mut().skip(limb).take(3).enumerate() {
            let piece = (spread >> (32 * position)) & 0xffff_ffff;
            let piece = piece as i64;
            *target += sign * piece;
        }
        self.pending += 1;
        if self.pending >= CARRY_EVERY {
            self.carry();
        }
    }

    /// Adds another sum.
    pub(super) fn merge(&mut self, other: &Self) {
        self.carry();
        let mut other = other.clone();
        other.carry();
        for (mine, theirs) in self.limbs.iter_mut().zip(other.limbs) {
            *mine += theirs;
        }
        self.pending = 1;
        self.carry();
    }

    /// The sum, rounded once to the nearest double.
    pub(super) fn value(&self) -> f64 {
        let raw = RawSum::from(self.clone());
        let mut top = 0u128;
        let mut limbs = raw.limbs.iter().rev();
        for _ in 0..3 {
            top = (top << 32) | u128::from(limbs.next().copied().unwrap_or(0));
        }
        if limbs.any(|limb| *limb != 0) {
            top |= 1;
        }
        let lowest = (raw.low + raw.limbs.len()) as i32 - 3;
        let exponent = 32 * lowest + LOWEST_EXPONENT;
        let magnitude = scaled(top as f64, exponent);
        if raw.negative { -magnitude } else { magnitude }
    }

    /// The sum as two doubles, the second what the first is off by.
    fn halves(&self) -> [f64; 2] {
        let most = self.value();
        let mut rest = self.clone();
        rest.add(-most);
        [most, rest.value()]
    }

    /// Adds the square of a finite number, what rounding it leaves included.
    pub(super) fn add_square(&mut self, value: f64) {
        self.add_product(value, value, 1.0);
    }

    /// Adds or takes away a product of two doubles, with what rounding it leaves.
    pub(super) fn add_product(&mut self, a: f64, b: f64, sign: f64) {
        let product = a * b;
        self.add(sign * product);
        self.add(sign * a.mul_add(b, -product));
    }

    /// Brings every limb but the highest into `[0, 2^32)`; the highest carries the sign.
    fn carry(&mut self) {
        if self.pending == 0 {
            return;
        }
        let mut carry = 0;
        let (last, rest) = match self.limbs.split_last_mut() {
            Some(split) => split,
            None => return,
        };
        for limb in rest {
            let total = *limb + carry;
            *limb = total.rem_euclid(BASE);
            carry = total.div_euclid(BASE);
        }
        *last = last.saturating_add(carry);
        self.pending = 0;
    }
}

/// The variance of `count` numbers, of which the sum and the sum of squares are known:
/// (n Σx² − (Σx)²) / (n (n − 1)). The difference is taken without rounding, so that numbers that
/// hardly differ have their small variance and equal ones have none.
pub(super) fn variance(count: u64, sum: &ExactSum, squares: &ExactSum) -> f64 {
    let n = count as f64;
    let ([s, s_rest], [q, q_rest]) = (sum.halves(), squares.halves());
    if !(n * q).is_finite() || !(s * s).is_finite() {
        return ((q / n - (s / n) * (s / n)) * (n / (n - 1.0))).max(0.0);
    }
    let mut difference = ExactSum::default();
    difference.add_product(n, q, 1.0);
    difference.add_product(n, q_rest, 1.0);
    difference.add_product(s, s, -1.0);
    difference.add_product(2.0 * s, s_rest, -1.0);
    difference.add_product(s_rest, s_rest, -1.0);
    difference.value().max(0.0) / n / (n - 1.0)
}

/// Σ u (x − m)² about a mean, of the sums of u, u x and u x²: never negative, and taken without
/// rounding, so that numbers that hardly differ have their small spread.
pub(super) fn spread_about(mean: f64, [ones, values, squares]: [&ExactSum; 3]) -> f64 {
    let mut spread = squares.clone();
    for half in values.halves() {
        spread.add_product(-2.0 * mean, half, 1.0);
    }
    for half in ones.halves() {
        let product = mean * half;
        spread.add_product(mean, product, 1.0);
        spread.add_product(mean, mean.mul_add(half, -product), 1.0);
    }
    spread.value().max(0.0)
}

/// `value * 2^exponent` in steps that neither overflow nor underflow before the result does.
pub(super) fn scaled(value: f64, exponent: i32) -> f64 {
    let half = exponent / 2;
    value * 2f64.powi(half) * 2f64.powi(exponent - half)
}

impl PartialEq for ExactSum {
    fn eq(&self, other: &Self) -> bool {
        RawSum::from(self.clone()) == RawSum::from(other.clone())
    }
}

impl From<ExactSum> for RawSum {
    fn from(mut sum: ExactSum) -> Self {
        sum.pending = 1;
        sum.carry();
        let negative = sum.limbs.last().is_some_and(|top| *top < 0);
        if negative {
            sum.limbs.iter_mut().for_each(|limb| *limb = -*limb);
            sum.pending = 1;
            sum.carry();
        }
        let Some(low) = sum.limbs.iter().position(|limb| *limb != 0) else {
            return Self {
                negative: false,
                low: 0,
                limbs: Vec::new(),
            };
        };
        let high = sum.limbs.iter().rposition(|limb| *limb != 0).unwrap_or(low);
        let limbs = sum.limbs.iter().take(high + 1).skip(low);
        let limbs = limbs
            .map(|limb| u32::try_from(*limb).unwrap_or(u32::MAX))
            .collect();
        Self {
            negative,
            low,
            limbs,
        }
    }
}

impl TryFrom<RawSum> for ExactSum {
    type Error = String;

    fn try_from(raw: RawSum) -> Result<Self, String> {
        let end = raw
            .low
            .checked_add(raw.limbs.len())
            .filter(|end| *end <= LIMBS);
        if end.is_none() {
            return Err(format!(
                "exact sum: {} limbs from {} do not fit in {LIMBS}",
                raw.limbs.len(),
                raw.low
            ));
        }
        let mut sum = Self::default();
        let sign = if raw.negative { -1 } else { 1 };
        for (target, limb) in sum.limbs.iter_mut().skip(raw.low).zip(raw.limbs) {
            *target = sign * i64::from(limb);
        }
        sum.pending = 1;
        sum.carry();
        Ok(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sum(values: &[f64]) -> ExactSum {
        let mut sum = ExactSum::default();
        values.iter().for_each(|value| sum.add(*value));
        sum
    }

    #[test]
    fn nothing_is_lost_between_large_and_small() {
        assert_eq!(
            sum(&[1e300, 1.0, -1e300, 5e-324]).value().to_bits(),
            1.0f64.to_bits()
        );
        assert_eq!(
            sum(&[1e300, 5e-324, -1e300]).value().to_bits(),
            5e-324f64.to_bits()
        );
        assert_eq!(sum(&[0.1; 10]).value().to_bits(), 1.0f64.to_bits());
        assert_eq!(sum(&[]).value().to_bits(), 0.0f64.to_bits());
        assert!(sum(&[f64::MAX, f64::MAX]).value().is_infinite());
    }

    #[test]
    fn a_constant_column_has_no_spread() {
        let of = |values: &[f64]| {
            let mut squares = ExactSum::default();
            values.iter().for_each(|value| squares.add_square(*value));
            variance(values.len() as u64, &sum(values), &squares)
        };
        assert_eq!(of(&[1_480_000_001.0; 1000]).to_bits(), 0.0f64.to_bits());
        let mut near = vec![1e9; 999];
        near.push(1e9 + 1.0);
        assert!((of(&near) - 0.001).abs() < 1e-15, "{}", of(&near));
        assert!((of(&[1.0, 2.0, 3.0, 4.0]) - 5.0 / 3.0).abs() < 1e-15);
    }

    #[test]
    fn a_small_spread_about_a_large_mean_is_found() {
        let values = [1e9, 1e9 + 1.0, 1e9 + 2.0];
        let [mut ones, mut sums, mut squares] = [(); 3].map(|()| ExactSum::default());
        for value in values {
            ones.add(2.0);
            sums.add_product(2.0, value, 1.0);
            let (square, rest) = (value * value, value.mul_add(value, -(value * value)));
            squares.add_product(2.0, square, 1.0);
            squares.add_product(2.0, rest, 1.0);
        }
        let spread = spread_about(1e9 + 1.0, [&ones, &sums, &squares]);
        assert!((spread - 4.0).abs() < 1e-12, "{spread}");
    }

    #[test]
    fn a_hostile_sum_is_refused() {
        assert!(serde_json::from_str::<ExactSum>(r#"{"low":67,"limbs":[1,2]}"#).is_err());
        assert!(
            serde_json::from_str::<ExactSum>(r#"{"low":18446744073709551615,"limbs":[1]}"#)
                .is_err()
        );
    }

    proptest! {
        #[test]
        fn one_number_comes_back(value in any::<f64>().prop_filter("finite", |v| v.is_finite())) {
            prop_assert_eq!((sum(&[value]).value() + 0.0).to_bits(), (value + 0.0).to_bits());
        }

        #[test]
        fn order_and_cuts_do_not_matter(
            values in prop::collection::vec(-1e12..1e12f64, 0..60), cut in 0usize..60,
        ) {
            let whole = sum(&values);
            let (left, right) = values.split_at(cut.min(values.len()));
            let mut merged = sum(right);
            merged.merge(&sum(left));
            prop_assert_eq!(&whole, &merged);
            let text = serde_json::to_string(&whole).unwrap();
            let back: ExactSum = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&serde_json::to_string(&back).unwrap(), &text);
            prop_assert_eq!(back, whole);
        }

        #[test]
        fn agrees_with_integers(values in prop::collection::vec(any::<i32>(), 0..100)) {
            let exact: i64 = values.iter().map(|v| i64::from(*v)).sum();
            let floats: Vec<f64> = values.iter().map(|v| f64::from(*v)).collect();
            prop_assert_eq!(sum(&floats).value().to_bits(), (exact as f64).to_bits());
        }
    }
}
