//! A regular axis: equal bins on a closed range, with edges that selections can be made on.

use lumimill_fit::EqualBins;

/// Equal bins on `[low, high]`; a value on an inner edge belongs to the bin above it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Axis(EqualBins);

impl Axis {
    /// An axis whose numbers were validated by the metric's specification.
    pub(super) fn new(low: f64, high: f64, bins: u32) -> Self {
        Self(EqualBins::new(low, high, bins))
    }

    /// The lower end.
    pub(super) fn low(&self) -> f64 {
        self.0.low()
    }

    /// The upper end.
    pub(super) fn high(&self) -> f64 {
        self.0.high()
    }

    /// The number of bins.
    pub(super) fn bins(&self) -> u32 {
        self.0.bins()
    }

    /// The lower edge of `bin`; the upper edge of the last bin is `edge(bins)`.
    pub(super) fn edge(&self, bin: u32) -> f64 {
        self.0.edge(bin)
    }

    /// The bin such that `edge(bin) <= value < edge(bin + 1)`, exactly, for a value in range;
    /// values outside, and `high` itself, go to the nearest bin.
    pub(super) fn clamped(&self, value: f64) -> u32 {
        self.0.bin(value)
    }

    /// Where a finite value lies with respect to the half-open range `[low, high)`.
    pub(super) fn place(&self, value: f64) -> Place {
        if value < self.low() {
            Place::Below
        } else if value >= self.high() {
            Place::Above
        } else {
            Place::Bin(self.clamped(value))
        }
    }
}

/// Where a value lies on an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Below the range.
    Below,
    /// In this bin.
    Bin(u32),
    /// At or above the upper end of the range.
    Above,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_bin_holds_what_its_edges_say(
            low in -100.0..100.0f64, width in 0.001..1000.0f64, bins in 1u32..5000, at in 0.0..1.0f64,
        ) {
            let axis = Axis::new(low, low + width, bins);
            let value = low + width * at;
            if let Place::Bin(bin) = axis.place(value) {
                prop_assert!(axis.edge(bin) <= value && value < axis.edge(bin + 1));
            } else {
                prop_assert!(value >= low + width || value < low);
            }
        }
    }

    #[test]
    fn integers_fall_into_the_bins_that_begin_with_them() {
        for bins in 1..300u32 {
            for low in [0.0, -7.0, 1000.0] {
                let axis = Axis::new(low, low + f64::from(bins), bins);
                for bin in 0..bins {
                    assert_eq!(axis.place(low + f64::from(bin)), Place::Bin(bin));
                }
            }
        }
    }

    #[test]
    fn ends_of_the_range() {
        let axis = Axis::new(0.0, 1.0, 10);
        assert_eq!(axis.place(0.0), Place::Bin(0));
        assert_eq!(axis.place(1.0), Place::Above);
        assert_eq!(axis.clamped(1.0), 9);
        assert_eq!(axis.clamped(-5.0), 0);
        assert_eq!(axis.place(-0.1), Place::Below);
    }
}
