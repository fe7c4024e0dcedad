//! Equal bins between two numbers, with the edges that a person would write: of [1.8, 1.95] in 150 bins
//! the 83rd begins at 1.882, the nearest number to that, and a value of 1.882 is in it.

use crate::ratio::{Decimals, nearest};

/// Widths below which arithmetic has fewer digits than elsewhere.
const SMALL: f64 = 1e-290;

/// Equal bins from `low` to `high`; each has its lower edge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EqualBins {
    low: f64,
    high: f64,
    bins: u32,
    /// The ends as they are written, where edges can be told from that.
    written: Option<Decimals>,
    /// The width of a bin, where all edges are whole steps of it, and exact.
    step: Option<f64>,
    /// How near to an edge, in bins, plain arithmetic does not say on which side a value is.
    unsure: f64,
}

impl EqualBins {
    /// So many bins, one at least, from `low` to `high`, which is above.
    #[must_use]
    pub fn new(low: f64, high: f64, bins: u32) -> Self {
        let bins = bins.max(1);
        let width = high - low;
        let number = f64::from(bins);
        let step = width / number;
        let is_width = |x: f64| (x - width).abs() <= 0.0;
        let is_round = |x: f64| (x * 1024.0).fract().abs() <= 0.0 && x.abs() < 1e12;
        let rounding = f64::EPSILON * (4.0 + low.abs().max(high.abs()) / width) * number;
        Self {
            low,
            high,
            bins,
            written: Decimals::of(low, high, bins),
            step: Some(step).filter(|_| is_round(low) && is_round(step) && is_width(step * number)),
            // Numbers so small have fewer digits.
            unsure: if width > SMALL {
                4.0 * rounding
            } else {
                f64::INFINITY
            },
        }
    }

    /// The lower end.
    #[must_use]
    pub fn low(&self) -> f64 {
        self.low
    }

    /// The upper end.
    #[must_use]
    pub fn high(&self) -> f64 {
        self.high
    }

    /// How many bins there are.
    #[must_use]
    pub fn bins(&self) -> u32 {
        self.bins
    }

    /// The lower edge of a bin; of the one behind the last, the upper end.
    #[must_use]
    pub fn edge(&self, bin: u32) -> f64 {
        if bin >= self.bins {
            return self.high;
        }
        if bin == 0 {
            return self.low;
        }
        if let Some(step) = self.step {
            return self.low + step * f64::from(bin);
        }
        let written = self.written;
        let exact = written.and_then(|written| nearest(written.at(bin, self.bins)));
        exact.unwrap_or_else(|| self.plain_edge(bin))
    }

    /// An edge by plain arithmetic.
    fn plain_edge(&self, bin: u32) -> f64 {
        let (width, bin, bins) = (self.high - self.low, f64::from(bin), f64::from(self.bins));
        let offset = width * bin / bins;
        self.low
            + if offset.is_finite() {
                offset
            } else {
                width * (bin / bins)
            }
    }

    /// The bin such that `edge(bin) <= x < edge(bin + 1)`, exactly; what is outside, and `high` itself,
    /// is in the nearest one.
    #[must_use]
    pub fn bin(&self, x: f64) -> u32 {
        let last = self.bins - 1;
        let place = (x - self.low) / (self.high - self.low) * f64::from(self.bins);
        let mut bin = (place as u32).min(last);
        // Cut off and not rounded: that is one instruction on every processor.
        let above = place - f64::from(bin);
        if self.unsure < above && above < 1.0 - self.unsure {
            return bin;
        }
        while bin > 0 && x < self.edge(bin) {
            bin -= 1;
        }
        while bin < last && x >= self.edge(bin + 1) {
            bin += 1;
        }
        bin
    }
}

#[cfg(test)]
mod tests {
    use super::EqualBins;

    /// A grid of thousandths: every other bin had the rows of two.
    #[test]
    fn values_as_they_are_written_begin_their_bins() {
        for (low, high, bins, digits) in [
            ("1.8", "1.95", 150, 3),
            ("-0.3", "0.7", 1000, 3),
            ("0.1439", "0.1469", 30, 4),
            ("1.80", "1.95", 300, 4),
            ("5.1", "5.5", 80, 3),
            ("1800", "1950", 150, 0),
        ] {
            let number = |text: &str| text.parse::<f64>().unwrap();
            let axis = EqualBins::new(number(low), number(high), bins);
            let (from, to) = (number(low), number(high));
            for bin in 0..bins {
                let value = from + (to - from) * f64::from(bin) / f64::from(bins);
                let value = number(&format!("{value:.digits$}"));
                assert_eq!(axis.bin(value), bin, "{value} of [{low}, {high}] in {bins}");
                assert_eq!(axis.edge(bin).to_bits(), (value + 0.0).to_bits(), "{value}");
                assert_eq!(axis.bin(value.next_down()), bin.saturating_sub(1));
            }
        }
    }

    #[test]
    fn a_bin_holds_what_its_edges_say() {
        let ends = [
            (0.0, 1.0),
            (-1.0, 1e-3),
            (1e9, 1e9 + 1.0),
            (-3.3e5, 7.1e8),
            (1.0 / 3.0, 2.0 / 3.0),
            (-1e300, 1e300),
            (1e-300, 3e-300),
            (5e-324, 1e-310),
        ];
        for (low, high) in ends {
            for bins in [1, 2, 3, 7, 60, 150, 1009, 1 << 20] {
                let axis = EqualBins::new(low, high, bins);
                let some = (0..bins).step_by(1 + bins as usize / 50);
                for bin in some {
                    let (from, to) = (axis.edge(bin), axis.edge(bin + 1));
                    assert!(from <= to, "{low} {high} {bins} {bin}");
                    for value in [from, to.next_down(), from / 2.0 + to / 2.0] {
                        if from <= value && value < to {
                            assert_eq!(axis.bin(value), bin, "{value} {low} {high} {bins}");
                        }
                    }
                }
                assert_eq!(axis.bin(high), bins - 1);
                assert_eq!(axis.bin(low), 0);
            }
        }
    }
}
