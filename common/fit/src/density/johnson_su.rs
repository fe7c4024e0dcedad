//! `johnson_su(mean, width, gamma, delta)`: Johnson's unbounded distribution.

use super::gauss::{normal, normal_between};
use super::{Density, Form, Parameters, Shape};
use crate::number::{LOCAL, Number};
use crate::quadrature::around_peak;
use crate::range::FitRange;
use crate::start::{self, Guess, Landmarks, Start};

pub(super) const FORM: Form = Form {
    name: "johnson_su",
    parameters: Parameters::Fixed(&[
        ("mean", start::MEAN),
        ("width", start::WIDTH),
        ("gamma", Guess::open(gamma)),
        ("delta", Guess::open(delta)),
    ]),
    make: |_| Density::JohnsonSu(JohnsonSu),
};

/// gamma + delta·asinh((x − mean)/width) is distributed normally (N. L. Johnson, Biometrika 36
/// (1949) 149)
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct JohnsonSu;

fn gamma(_: &Landmarks, _: usize) -> Start {
    Start {
        value: 0.0,
        low: -10.0,
        high: 10.0,
    }
}

fn delta(_: &Landmarks, _: usize) -> Start {
    Start {
        value: 1.2,
        low: 0.2,
        high: 20.0,
    }
}

impl Shape for JohnsonSu {
    fn height<T: Number>(
        &self,
        x: f64,
        &[mean, width, gamma, delta, ..]: &[T; LOCAL],
        _: FitRange,
    ) -> T {
        let t = (-mean + x) / width;
        let z = gamma + delta * t.asinh();
        normal(z) * delta / (width * (t * t + 1.0).sqrt())
    }

    fn area<T: Number>(
        &self,
        low: f64,
        high: f64,
        &[mean, width, gamma, delta, ..]: &[T; LOCAL],
        _: FitRange,
    ) -> T {
        let z = |x: f64| gamma + delta * ((-mean + x) / width).asinh();
        normal_between(z(low), z(high))
    }

    fn breaks(&self, &[mean, width, gamma, delta, ..]: &[f64; LOCAL], _: FitRange) -> Vec<f64> {
        around_peak(mean - width * (gamma / delta).sinh(), width / delta)
    }
}
