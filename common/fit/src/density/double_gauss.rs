//! `double_gauss(mean, width1, width2, fraction)`: two normal distributions of one mean.

use super::gauss::Gauss;
use super::{Density, Form, Parameters, Shape};
use crate::number::{LOCAL, Number};
use crate::quadrature::around_peak;
use crate::range::FitRange;
use crate::start;

pub(super) const FORM: Form = Form {
    name: "double_gauss",
    parameters: Parameters::Fixed(&[
        ("mean", start::MEAN),
        ("width1", start::WIDTH),
        ("width2", start::WIDE_WIDTH),
        ("fraction", start::FRACTION),
    ]),
    make: |_| Density::DoubleGauss(DoubleGauss),
};

/// fraction·gauss(mean, width1) + (1 − fraction)·gauss(mean, width2); the fraction is that of the
/// whole axis, not only of the fit range
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DoubleGauss;

impl DoubleGauss {
    fn mixed<T: Number>(p: &[T; LOCAL], of: impl Fn(&[T; LOCAL]) -> T) -> T {
        let &[mean, width1, width2, fraction, ..] = p;
        let narrow = of(&[mean, width1, mean, mean, mean, mean, mean, mean]);
        let wide = of(&[mean, width2, mean, mean, mean, mean, mean, mean]);
        fraction * (narrow - wide) + wide
    }
}

impl Shape for DoubleGauss {
    fn height<T: Number>(&self, x: f64, p: &[T; LOCAL], range: FitRange) -> T {
        Self::mixed(p, |one| Gauss.height(x, one, range))
    }

    fn area<T: Number>(&self, low: f64, high: f64, p: &[T; LOCAL], range: FitRange) -> T {
        Self::mixed(p, |one| Gauss.area(low, high, one, range))
    }

    fn breaks(&self, &[mean, width1, ..]: &[f64; LOCAL], _: FitRange) -> Vec<f64> {
        around_peak(mean, width1)
    }
}
