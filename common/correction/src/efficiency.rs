//! A quotient of sums of weights.

/// How much of a sum of weights passes a cut.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Efficiency {
    /// Σw of what passes over Σw of all; with negative weights it may lie outside of [0, 1].
    pub value: f64,
    /// Its standard deviation.
    pub error: f64,
}

impl Efficiency {
    /// The efficiency of sums of weights, and of squared weights, of what passes and of all, with the
    /// error √|(1 − 2p) Σw²_pass + p² Σw²_total| / |Σw_total|, which for weights of 1 is that of the
    /// binomial distribution. Nothing when the weights of all add up to 0, or are no numbers.
    pub fn new(sumw_pass: f64, sumw2_pass: f64, sumw_total: f64, sumw2_total: f64) -> Option<Self> {
        let value = sumw_pass / sumw_total;
        let variance = (1.0 - 2.0 * value) * sumw2_pass + value * value * sumw2_total;
        let error = variance.abs().sqrt() / sumw_total.abs();
        (value.is_finite() && error.is_finite()).then_some(Self { value, error })
    }
}

#[cfg(test)]
mod tests {
    use super::Efficiency;

    #[test]
    fn the_error_without_weights_is_that_of_the_binomial_distribution() {
        let found = Efficiency::new(30.0, 30.0, 100.0, 100.0).unwrap();
        assert!((found.value - 0.3).abs() < 1e-15);
        assert!((found.error - (0.3_f64 * 0.7 / 100.0).sqrt()).abs() < 1e-15);
        let all = Efficiency::new(5.0, 5.0, 5.0, 5.0).unwrap();
        assert!(all.error.abs() < 1e-15);
    }

    #[test]
    fn nothing_in_all_has_no_efficiency() {
        assert!(Efficiency::new(0.0, 0.0, 0.0, 0.0).is_none());
        assert!(Efficiency::new(1.0, 1.0, 0.0, 2.0).is_none());
        assert!(Efficiency::new(f64::NAN, 1.0, 1.0, 2.0).is_none());
        assert!(Efficiency::new(-1.0, 1.0, 2.0, 6.0).is_some_and(|found| found.value < 0.0));
    }
}
