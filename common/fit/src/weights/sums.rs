//! Whether weights add up to the yields.

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Nothing speaks against the weights.
    Valid,
    /// To be looked at before the weights are used.
    Doubtful,
    /// The weights mean nothing here.
    Invalid,
}

impl Verdict {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Doubtful => "doubtful",
            Self::Invalid => "invalid",
        }
    }
}

/// The sum of the weights of a component beside its yield: at the maximum of the likelihood they are
/// equal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SumRule {
    /// Σw
    pub sum: f64,
    /// The yield of the fit.
    pub expected: f64,
    /// A difference up to this is nothing.
    pub tolerance: f64,
    /// A difference above this means that the weights are not those of the data.
    pub limit: f64,
}

impl SumRule {
    /// The rule for one component. The tolerance is 0.5 % of the yield, the limit 5 %; but a
    /// difference below a tenth of the statistical error of the sum, √Σw², is nothing, and one below
    /// the error no reason to stop: small components are judged by their own size.
    pub fn new(sum: f64, sum_of_squares: f64, expected: f64) -> Self {
        let error = sum_of_squares.max(0.0).sqrt();
        Self {
            sum,
            expected,
            tolerance: (5e-3 * expected.abs()).max(0.1 * error),
            limit: (5e-2 * expected.abs()).max(error),
        }
    }

    /// The rule for weights that are orthogonal by another function than the density as fitted: what
    /// they add up to is another estimate of the yield, with an error of its own. A difference below
    /// the statistical error is nothing, one below three of them no reason to stop.
    pub fn of_another(sum: f64, sum_of_squares: f64, expected: f64) -> Self {
        let error = sum_of_squares.max(0.0).sqrt();
        Self {
            sum,
            expected,
            tolerance: (5e-3 * expected.abs()).max(error),
            limit: (5e-2 * expected.abs()).max(3.0 * error),
        }
    }

    /// What the difference means.
    pub fn verdict(&self) -> Verdict {
        let difference = (self.sum - self.expected).abs();
        if difference <= self.tolerance {
            Verdict::Valid
        } else if difference <= self.limit {
            Verdict::Doubtful
        } else {
            Verdict::Invalid
        }
    }
}
