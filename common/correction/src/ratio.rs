//! A quotient of two efficiencies of independent samples.

/// A number with its statistical and, where there is one, its systematic error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Uncertain {
    /// The number.
    pub value: f64,
    /// Its statistical standard deviation.
    pub stat: f64,
    /// Its systematic one.
    pub syst: Option<f64>,
}

impl Uncertain {
    /// This over another one of an independent sample, r = d / m, with the errors
    /// √((σ_d / m)² + (r σ_m / m)²), in first order, of the statistical and of the systematic ones. One
    /// without a systematic error adds none. Nothing when the other one is 0.
    #[must_use]
    pub fn over(self, other: Self) -> Option<Self> {
        let value = self.value / other.value;
        let error = |mine: f64, theirs: f64| {
            let (mine, theirs) = (mine / other.value, value * theirs / other.value);
            mine.hypot(theirs)
        };
        let syst = match (self.syst, other.syst) {
            (None, None) => None,
            (mine, theirs) => Some(error(mine.unwrap_or(0.0), theirs.unwrap_or(0.0))),
        };
        let stat = error(self.stat, other.stat);
        let mut all = [Some(value), Some(stat), syst].into_iter().flatten();
        let found = Self { value, stat, syst };
        all.all(f64::is_finite).then_some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::Uncertain;

    fn of(value: f64, stat: f64, syst: Option<f64>) -> Uncertain {
        Uncertain { value, stat, syst }
    }

    /// 0.8 ± 0.04 over 0.5 ± 0.01: relative errors of 5 % and 2 % are one of 5.385 %.
    #[test]
    fn relative_errors_add_in_quadrature() {
        let found = of(0.8, 0.04, Some(0.008))
            .over(of(0.5, 0.01, None))
            .unwrap();
        assert!((found.value - 1.6).abs() < 1e-15);
        assert!((found.stat / found.value - 0.0029_f64.sqrt()).abs() < 1e-15);
        assert!((found.syst.unwrap() - 0.016).abs() < 1e-15);
    }

    /// Nothing passes in data: the error is not 0 over 0.
    #[test]
    fn a_ratio_of_nothing_has_an_error() {
        let found = of(0.0, 0.1, None).over(of(0.5, 0.01, None)).unwrap();
        assert!(found.value.abs() < 1e-15 && (found.stat - 0.2).abs() < 1e-15);
        assert_eq!(found.syst, None);
    }

    #[test]
    fn nothing_is_divided_by_nothing() {
        assert!(of(0.5, 0.1, None).over(of(0.0, 0.0, None)).is_none());
        assert!(of(f64::NAN, 0.1, None).over(of(0.5, 0.0, None)).is_none());
        let negative = of(0.5, 0.1, None).over(of(-0.1, 0.1, None)).unwrap();
        assert!(negative.value < 0.0 && negative.stat > 0.0);
    }
}
