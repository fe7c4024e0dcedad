//! `bifurcated_gauss(mean, width_left, width_right)`: a peak with a width of its own on each side.

use super::gauss::normal_between;
use super::{Density, Form, Parameters, Shape};
use crate::number::{LOCAL, Number};
use crate::quadrature::around_peak;
use crate::range::FitRange;
use crate::start;

pub(super) const FORM: Form = Form {
    name: "bifurcated_gauss",
    parameters: Parameters::Fixed(&[
        ("mean", start::MEAN),
        ("width_left", start::WIDTH),
        ("width_right", start::WIDTH),
    ]),
    make: |_| Density::BifurcatedGauss(BifurcatedGauss),
};

/// exp(−t²/2), t = (x − mean)/width_left below the mean, else (x − mean)/width_right
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BifurcatedGauss;

impl Shape for BifurcatedGauss {
    fn height<T: Number>(&self, x: f64, &[mean, left, right, ..]: &[T; LOCAL], _: FitRange) -> T {
        let width = if x < mean.value() { left } else { right };
        let t = (-mean + x) / width;
        (t * t * -0.5).exp()
    }

    fn area<T: Number>(
        &self,
        low: f64,
        high: f64,
        &[mean, left, right, ..]: &[T; LOCAL],
        _: FitRange,
    ) -> T {
        const ROOT: f64 = 2.506_628_274_631_000_7;
        let side = |from: T, to: T, width: T| normal_between(from / width, to / width) * width * ROOT;
        let (from, to, middle) = (-mean + low, -mean + high, T::constant(0.0));
        if high <= mean.value() {
            side(from, to, left)
        } else if low >= mean.value() {
            side(from, to, right)
        } else {
            side(from, middle, left) + side(middle, to, right)
        }
    }

    fn breaks(&self, &[mean, left, right, ..]: &[f64; LOCAL], _: FitRange) -> Vec<f64> {
        around_peak(mean, left.min(right))
    }
}
