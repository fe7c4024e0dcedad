//! The interval of the fit variable that densities are normalised on.

use thiserror::Error;

/// A finite interval with `low` below `high`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FitRange {
    low: f64,
    high: f64,
}

/// Why two numbers are no range.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[error("the range [{low}, {high}] is none: give two finite numbers, the lower one first")]
pub struct NoRange {
    low: f64,
    high: f64,
}

impl FitRange {
    /// The interval from `low` to `high`, both included.
    pub fn new(low: f64, high: f64) -> Result<Self, NoRange> {
        let width = high - low;
        let is_range = width.is_finite() && low + width * 1e-9 > low;
        is_range
            .then_some(Self { low, high })
            .ok_or(NoRange { low, high })
    }

    /// The lower end.
    pub fn low(self) -> f64 {
        self.low
    }

    /// The upper end.
    pub fn high(self) -> f64 {
        self.high
    }

    /// From end to end, above 0.
    pub fn width(self) -> f64 {
        self.high - self.low
    }

    /// Whether `x` lies inside; the ends do, NaN does not.
    pub fn contains(self, x: f64) -> bool {
        self.low <= x && x <= self.high
    }

    /// Where `x` lies, from −1 at the lower end to 1 at the upper one.
    pub(crate) fn scaled(self, x: f64) -> f64 {
        2.0 * (x - self.low) / self.width() - 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::FitRange;

    #[test]
    fn a_range_without_an_inside_is_refused() {
        let ends = [
            (1.0, 1.0),
            (2.0, 1.0),
            (f64::NAN, 1.0),
            (0.0, f64::INFINITY),
            (1e17, 1e17 + 16.0),
            (-1e308, 1e308),
        ];
        for (low, high) in ends {
            assert!(FitRange::new(low, high).is_err(), "{low} {high}");
        }
        let range = FitRange::new(1.8, 1.95).unwrap();
        assert!(range.contains(1.8) && range.contains(1.95) && !range.contains(f64::NAN));
    }
}
