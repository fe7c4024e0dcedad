//! Numbers as they are written, and the number nearest to a fraction of whole ones.

/// Bits of a denominator, at most: of what is divided by it, enough bits are left to round.
const DENOMINATOR_BITS: u32 = 70;
/// Bits of a numerator, at most.
const NUMERATOR_BITS: u32 = 120;

/// Two numbers as whole ones over a power of ten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decimals {
    low: i128,
    high: i128,
    /// 10 to the number of digits behind the point.
    unit: u128,
}

impl Decimals {
    /// The shortest decimals of two numbers, between which there are to be so many steps; nothing
    /// where these are too long.
    pub(crate) fn of(low: f64, high: f64, steps: u32) -> Option<Self> {
        let (low, high) = (written(low)?, written(high)?);
        let digits = low.1.min(high.1).min(0).unsigned_abs();
        let unit = 10_u128.checked_pow(digits)?;
        let whole = |(digits_of, exponent): (i128, i32)| {
            let zeros = u32::try_from(exponent.checked_add_unsigned(digits)?).ok()?;
            let value = digits_of.checked_mul(10_i128.checked_pow(zeros)?)?;
            let bits = value.unsigned_abs().checked_mul(u128::from(steps))?;
            (u128::BITS - bits.leading_zeros() < NUMERATOR_BITS).then_some(value)
        };
        let all = unit.checked_mul(u128::from(steps))?;
        let is_short = u128::BITS - all.leading_zeros() <= DENOMINATOR_BITS;
        Some(Self {
            low: whole(low)?,
            high: whole(high)?,
            unit,
        })
        .filter(|_| is_short)
    }

    /// What is `step` of `steps` equal steps above the first one, as a fraction.
    pub(crate) fn at(self, step: u32, steps: u32) -> (i128, u128) {
        let left = i128::from(steps.saturating_sub(step));
        let sum = self.low * left + self.high * i128::from(step);
        (sum, self.unit * u128::from(steps))
    }
}

/// The shortest decimal that is read as this number: whole digits, and a power of ten.
fn written(x: f64) -> Option<(i128, i32)> {
    if x.fract().abs() <= 0.0 && x.abs() < 1e15 {
        return Some((x as i128, 0));
    }
    let text = format!("{x:e}");
    let (digits, exponent) = text.split_once('e')?;
    let behind = digits.split_once('.').map_or(0, |(_, behind)| behind.len());
    let digits: i128 = digits.replace('.', "").parse().ok()?;
    let exponent: i32 = exponent.parse().ok()?;
    Some((digits, exponent.checked_sub(i32::try_from(behind).ok()?)?))
}

/// The number nearest to a fraction, of two as near the even one; nothing where it has not all bits of
/// a number.
pub(crate) fn nearest((numerator, denominator): (i128, u128)) -> Option<f64> {
    let size = numerator.unsigned_abs();
    if size == 0 {
        return Some(0.0);
    }
    let shift = size.leading_zeros();
    let divided = size << shift;
    let rest = u128::from(divided % denominator != 0);
    // 58 bits or more, so that the last one may stand for all that follow.
    let rounded = ((divided / denominator) | rest) as f64;
    let value = rounded * 0.5_f64.powi(i32::try_from(shift).ok()?);
    let value = if numerator < 0 { -value } else { value };
    value.is_normal().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::{Decimals, nearest};

    #[test]
    fn fractions_are_rounded_as_they_are_read() {
        for (numerator, denominator, text) in [
            (1, 10, "0.1"),
            (-1, 10, "-0.1"),
            (1_882, 1_000, "1.882"),
            (282_300, 150_000, "1.882"),
            (1, 3, "0.333333333333333333333333333333"),
            (-2, 3, "-0.666666666666666666666666666666"),
            (9_007_199_254_740_993, 1, "9007199254740993"),
            (27_021_597_764_222_979, 3, "9007199254740993"),
            (0, 7, "0"),
        ] {
            let expected: f64 = text.parse().unwrap();
            assert_eq!(nearest((numerator, denominator)), Some(expected), "{text}");
        }
    }

    #[test]
    fn decimals_that_are_too_long_are_none() {
        assert!(Decimals::of(1e300, 2e300, 3).is_none());
        assert!(Decimals::of(1e-300, 2e-300, 3).is_none());
        assert!(Decimals::of(f64::NAN, 1.0, 3).is_none());
        assert!(Decimals::of(0.1, 1e36, 3).is_none());
        let found = Decimals::of(-2.5, 400.0, 5).unwrap();
        assert_eq!(found.at(1, 5), (-25 * 4 + 4_000, 50));
    }
}
