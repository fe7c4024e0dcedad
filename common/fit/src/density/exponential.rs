//! `exponential(slope)`: e^(slope·x), falling for a negative slope.

use super::{Density, Form, Parameters, Shape};
use crate::number::{LOCAL, Number};
use crate::range::FitRange;
use crate::start::{Guess, Landmarks, Start};

pub(super) const FORM: Form = Form {
    name: "exponential",
    parameters: Parameters::Fixed(&[("slope", Guess::open(slope))]),
    make: |_| Density::Exponential(Exponential),
};

/// e^(slope·(x − the lower end of the range))
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Exponential;

fn slope(of: &Landmarks, _: usize) -> Start {
    let steepest = 50.0 / of.range.width();
    Start {
        value: of.slope,
        low: -steepest,
        high: steepest,
    }
}

impl Shape for Exponential {
    fn height<T: Number>(&self, x: f64, &[slope, ..]: &[T; LOCAL], range: FitRange) -> T {
        (slope * (x - range.low())).exp()
    }

    fn area<T: Number>(
        &self,
        low: f64,
        high: f64,
        &[slope, ..]: &[T; LOCAL],
        range: FitRange,
    ) -> T {
        let width = high - low;
        (slope * (low - range.low())).exp() * (slope * width).growth() * width
    }
}
