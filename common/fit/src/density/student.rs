//! `student(mean, width, nu)`: Student's t, a peak with tails of a power law.

use super::{Density, Form, Parameters, Shape};
use crate::number::{LOCAL, Number};
use crate::quadrature::{around_peak, piecewise};
use crate::range::FitRange;
use crate::start::{self, Guess, Landmarks, Start};

pub(super) const FORM: Form = Form {
    name: "student",
    parameters: Parameters::Fixed(&[("mean", start::MEAN), ("width", start::WIDTH), ("nu", Guess::open(nu))]),
    make: |_| Density::Student(Student),
};

/// (1 + t²/nu)^(−(nu + 1)/2), t = (x − mean)/width
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Student;

fn nu(_: &Landmarks, _: usize) -> Start {
    Start {
        value: 4.0,
        low: 0.2,
        high: 100.0,
    }
}

impl Shape for Student {
    fn height<T: Number>(&self, x: f64, &[mean, width, nu, ..]: &[T; LOCAL], _: FitRange) -> T {
        let t = (-mean + x) / width;
        (t * t / nu + 1.0).power((nu + 1.0) * -0.5)
    }

    fn area<T: Number>(&self, low: f64, high: f64, p: &[T; LOCAL], range: FitRange) -> T {
        let breaks = self.breaks(&p.map(T::value), range);
        piecewise(low, high, &breaks, |x| self.height(x, p, range))
    }

    fn breaks(&self, &[mean, width, ..]: &[f64; LOCAL], _: FitRange) -> Vec<f64> {
        around_peak(mean, width)
    }
}
