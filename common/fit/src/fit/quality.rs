//! The covariance of a fit.

use crate::matrix::Symmetric;
use crate::objective::Objective;

/// A pivot of the scaled matrix of second derivatives below this is rounding.
const LEAST: f64 = 1e-11;

/// How parameters follow entries, of all parameters as the covariance is: an entry moves them by the
/// response times its score, the slope of the logarithm of its density.
#[derive(Debug, Clone, PartialEq)]
pub struct Influence {
    /// The inverse of the second derivatives of −ln L.
    pub response: Symmetric,
    /// The variance of the first derivatives: Σw² times the products of scores, with what is known from
    /// elsewhere.
    pub variance: Symmetric,
}

/// The covariance, and how parameters follow entries: by the inverse of the exact second derivatives by
/// the parameters of those indices, in a matrix of all; nothing when they are not positive definite.
/// With weights the inverse stands on both sides of the variance of the first derivatives
/// (C. Langenbruch, Eur. Phys. J. C 82 (2022) 393).
pub(super) fn covariance(
    objective: &Objective<'_>,
    values: &[f64],
    moving: &[usize],
) -> Option<(Symmetric, Influence)> {
    let bends = objective.bends(values)?;
    let inverse = bends.hessian.picked(moving).inverse(LEAST)?;
    let variance = bends.score_variance.picked(moving);
    let inner = match objective.likelihood.sample().is_weighted() {
        true => inverse.around(&variance),
        false => inverse.clone(),
    };
    let of_all = |picked: &Symmetric| {
        let mut all = Symmetric::zero(values.len());
        for (i, a) in moving.iter().enumerate() {
            for (j, b) in moving.iter().enumerate() {
                all.set(*a, *b, picked.at(i, j));
            }
        }
        all
    };
    let influence = Influence {
        response: of_all(&inverse),
        variance: of_all(&variance),
    };
    Some((of_all(&inner), influence))
}
