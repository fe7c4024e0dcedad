//! `gauss(mean, width)`: the normal distribution.

use super::{Density, Form, Parameters, Shape};
use crate::number::{LOCAL, Number};
use crate::quadrature::around_peak;
use crate::range::FitRange;
use crate::start;

pub(super) const FORM: Form = Form {
    name: "gauss",
    parameters: Parameters::Fixed(&[("mean", start::MEAN), ("width", start::WIDTH)]),
    make: |_| Density::Gauss(Gauss),
};

/// exp(−t²/2)/(width √(2π)), t = (x − mean)/width
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Gauss;

impl Shape for Gauss {
    fn height<T: Number>(&self, x: f64, &[mean, width, ..]: &[T; LOCAL], _: FitRange) -> T {
        normal((-mean + x) / width) / width
    }

    fn area<T: Number>(
        &self,
        low: f64,
        high: f64,
        &[mean, width, ..]: &[T; LOCAL],
        _: FitRange,
    ) -> T {
        normal_between((-mean + low) / width, (-mean + high) / width)
    }

    fn breaks(&self, &[mean, width, ..]: &[f64; LOCAL], _: FitRange) -> Vec<f64> {
        around_peak(mean, width)
    }
}

/// The density of the standard normal distribution.
pub(super) fn normal<T: Number>(t: T) -> T {
    const HEIGHT: f64 = 0.398_942_280_401_432_7;
    (t * t * -0.5).exp() * HEIGHT
}

/// The probability of the standard normal distribution between `a` and `b`, precise in both tails.
pub(super) fn normal_between<T: Number>(a: T, b: T) -> T {
    let half = |t: T| (t * std::f64::consts::FRAC_1_SQRT_2).erfc() * 0.5;
    if a.value() > 0.0 {
        half(a) - half(b)
    } else if b.value() < 0.0 {
        half(-b) - half(-a)
    } else {
        -(half(-a) + half(b)) + 1.0
    }
}
