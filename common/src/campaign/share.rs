//! A share of something, such as of the events that have to be done.

use std::fmt;

use serde::Serialize;

/// A share above 0 and up to 1, in whole millionths, so that whether it is reached is exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Share(u32);

const ALL: u32 = 1_000_000;

impl Share {
    /// All of it.
    pub const ALL: Self = Self(ALL);

    /// A share of this value; `None` unless it is above 0, at most 1, and has at most six decimals.
    #[must_use]
    pub fn try_new(value: f64) -> Option<Self> {
        let millionths = value * f64::from(ALL);
        let whole = millionths.round();
        let is_one = (1.0..=f64::from(ALL)).contains(&whole) && (millionths - whole).abs() < 1e-6;
        is_one.then_some(Self(whole as u32))
    }

    /// Millionths of it.
    #[must_use]
    pub fn millionths(self) -> u32 {
        self.0
    }

    /// Whether a part of something is at least this share of it; of nothing it is not.
    #[must_use]
    pub fn is_reached(self, part: u64, of: u64) -> bool {
        let needed = u128::from(of) * u128::from(self.0);
        of > 0 && u128::from(part) * u128::from(ALL) >= needed
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", f64::from(self.0) / f64::from(ALL))
    }
}

#[cfg(test)]
mod tests {
    use super::Share;

    #[test]
    fn a_share_is_reached_exactly() {
        let share = |value| Share::try_new(value).unwrap();
        for (value, part, of, reached) in [
            (0.99, 99, 100, true),
            (0.99, 98, 100, false),
            // 0.07 * 100 is more than 7 in floating-point numbers.
            (0.07, 7, 100, true),
            (0.999_999, 999_999, 1_000_000, true),
            (0.999_999, 999_998, 1_000_000, false),
            (1.0, u64::MAX, u64::MAX, true),
            (1.0, u64::MAX - 1, u64::MAX, false),
            (0.5, 0, 0, false),
        ] {
            assert_eq!(
                share(value).is_reached(part, of),
                reached,
                "{value}: {part} of {of}"
            );
        }
    }

    #[test]
    fn what_is_no_share_is_none() {
        for value in [
            0.0,
            -0.5,
            1.000_001,
            99.0,
            0.999_999_9,
            f64::NAN,
            f64::INFINITY,
            1e-9,
        ] {
            assert_eq!(Share::try_new(value), None, "{value}");
        }
        assert_eq!(Share::try_new(1.0), Some(Share::ALL));
    }
}
