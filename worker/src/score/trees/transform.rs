//! Post-transforms: from the sums of an ensemble to what the operator puts out.
//!
//! Formulas as in ONNX Runtime, whose scores these must equal: the ONNX specification names the
//! transforms and leaves the rest open.

use crate::score::error::Problem;

/// What is applied to the sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PostTransform {
    None,
    Logistic,
    Softmax,
    SoftmaxZero,
    Probit,
}

impl PostTransform {
    pub(super) fn from_name(name: &str) -> Result<Self, Problem> {
        match name {
            "NONE" => Ok(Self::None),
            "LOGISTIC" => Ok(Self::Logistic),
            "SOFTMAX" => Ok(Self::Softmax),
            "SOFTMAX_ZERO" => Ok(Self::SoftmaxZero),
            "PROBIT" => Ok(Self::Probit),
            other => Err(Problem::invalid(format!(
                "post_transform {other:?} is not one of NONE, LOGISTIC, SOFTMAX, SOFTMAX_ZERO and PROBIT"
            ))),
        }
    }

    /// The specification of ai.onnx.ml 5 lists SOFTMAX as 1 and LOGISTIC as 2; ONNX Runtime takes
    /// them the other way round, and is followed.
    pub(super) fn from_number(number: i64) -> Result<Self, Problem> {
        match number {
            0 => Ok(Self::None),
            1 => Ok(Self::Logistic),
            2 => Ok(Self::Softmax),
            3 => Ok(Self::SoftmaxZero),
            4 => Ok(Self::Probit),
            other => Err(Problem::invalid(format!(
                "post_transform {other}, expected 0 to 4"
            ))),
        }
    }

    /// Transforms the scores of one row, of at least two columns, in place.
    pub(super) fn apply(self, scores: &mut [f32]) {
        match self {
            Self::None => {}
            Self::Logistic => scores
                .iter_mut()
                .for_each(|score| *score = logistic(*score)),
            Self::Probit => scores.iter_mut().for_each(|score| *score = probit(*score)),
            Self::Softmax => softmax(scores),
            Self::SoftmaxZero => softmax_zero(scores),
        }
    }
}

/// 1 / (1 + e^-x), without overflow.
pub(crate) fn logistic(x: f32) -> f32 {
    let upper = 1.0 / (1.0 + (-x.abs()).exp());
    if x < 0.0 { 1.0 - upper } else { upper }
}

/// √2 erf⁻¹(2x - 1), with Winitzki's approximation of erf⁻¹ (a = 0.147).
pub(super) fn probit(x: f32) -> f32 {
    const A: f32 = 0.147;
    const TWO_OVER_PI_A: f32 = (2.0 / (std::f64::consts::PI * 0.147)) as f32;
    let argument = 2.0 * x - 1.0;
    let sign = if argument < 0.0 { -1.0 } else { 1.0 };
    let log = ((1.0 - argument) * (1.0 + argument)).ln();
    let half = TWO_OVER_PI_A + 0.5 * log;
    // Near x = 0.5 this cancels: the order of the operations is ONNX Runtime's.
    let square = -half + (half * half - 1.0 / A * log).sqrt();
    std::f32::consts::SQRT_2 * (sign * square.sqrt())
}

/// e^x over its sum, shifted by the greatest value.
pub(crate) fn softmax(scores: &mut [f32]) {
    let greatest = scores.iter().fold(
        -f32::MAX,
        |most, score| if *score > most { *score } else { most },
    );
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = (*score - greatest).exp();
        sum += *score;
    }
    scores.iter_mut().for_each(|score| *score /= sum);
}

/// Softmax over the scores that are not zero; those stay zero.
fn softmax_zero(scores: &mut [f32]) {
    const ZERO: f32 = 1e-7;
    let greatest = scores.iter().fold(
        -f32::MAX,
        |most, score| if *score > most { *score } else { most },
    );
    let scale = (-greatest).exp();
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        if *score > ZERO || *score < -ZERO {
            *score = (*score - greatest).exp();
            sum += *score;
        } else {
            *score *= scale;
        }
    }
    scores.iter_mut().for_each(|score| *score /= sum);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logistic_is_symmetric_and_does_not_overflow() {
        assert!((logistic(0.3) - 0.574_442_5).abs() < 1e-7);
        assert!((logistic(-0.3) - 0.425_557_5).abs() < 1e-7);
        assert_eq!(logistic(1000.0).to_bits(), 1.0_f32.to_bits());
        assert_eq!(logistic(-1000.0).to_bits(), 0.0_f32.to_bits());
        assert!(logistic(f32::NAN).is_nan());
    }

    #[test]
    fn probit_is_the_quantile_of_the_normal_distribution() {
        // The approximation is good to 2e-3.
        assert!((probit(0.5)).abs() < 1e-6);
        assert!((probit(0.841_344_7) - 1.0).abs() < 5e-3);
        assert!((probit(0.022_750_13) + 2.0).abs() < 5e-3);
    }

    #[test]
    fn softmax_zero_leaves_zeros() {
        let mut scores = [0.0, 0.7, 0.0];
        PostTransform::SoftmaxZero.apply(&mut scores);
        assert_eq!(
            scores.map(f32::to_bits),
            [0.0_f32, 1.0, 0.0].map(f32::to_bits)
        );
        let mut scores = [-0.3, 0.7];
        PostTransform::Softmax.apply(&mut scores);
        assert!((scores[1] - 0.731_058_6).abs() < 1e-6);
    }
}
