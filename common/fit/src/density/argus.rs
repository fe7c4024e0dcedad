//! `argus(endpoint, slope)`: a background that ends at a kinematic limit.

use super::{Density, Form, Parameters, Shape};
use crate::number::{LOCAL, Number};
use crate::quadrature::smooth;
use crate::range::FitRange;
use crate::start::{Guess, Landmarks, Start};

pub(super) const FORM: Form = Form {
    name: "argus",
    parameters: Parameters::Fixed(&[("endpoint", Guess::walled(endpoint)), ("slope", Guess::open(slope))]),
    make: |_| Density::Argus(Argus),
};

/// x √u e^(slope·u), u = 1 − (x/endpoint)², and 0 above the endpoint (ARGUS, Phys. Lett. B 241
/// (1990) 278)
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Argus;

fn endpoint(of: &Landmarks, _: usize) -> Start {
    let (low, high) = (of.range.low(), of.range.high());
    Start {
        value: high,
        low: high - 0.2 * (high - low),
        high: high + 0.2 * (high - low),
    }
}

fn slope(_: &Landmarks, _: usize) -> Start {
    Start {
        value: -5.0,
        low: -200.0,
        high: 200.0,
    }
}

impl Shape for Argus {
    fn height<T: Number>(&self, x: f64, &[endpoint, slope, ..]: &[T; LOCAL], _: FitRange) -> T {
        if x >= endpoint.value() {
            return T::constant(0.0);
        }
        let ratio = endpoint.recip() * x;
        let u = -(ratio * ratio) + 1.0;
        u.sqrt() * (slope * u).exp() * x
    }

    fn area<T: Number>(
        &self,
        low: f64,
        high: f64,
        &[endpoint, slope, ..]: &[T; LOCAL],
        _: FitRange,
    ) -> T {
        if low >= endpoint.value() {
            return T::constant(0.0);
        }
        // By v = √u, of which x dx = −endpoint²·v dv, nothing is steep at the endpoint.
        let root = |x: f64| {
            if x >= endpoint.value() {
                return T::constant(0.0);
            }
            let ratio = endpoint.recip() * x;
            (-(ratio * ratio) + 1.0).sqrt()
        };
        let f = |v: T| v * v * (slope * v * v).exp();
        smooth(root(high), root(low), f) * endpoint * endpoint
    }

    fn breaks(&self, &[endpoint, ..]: &[f64; LOCAL], range: FitRange) -> Vec<f64> {
        let steps = (0..24).map(|k| endpoint - range.width() * 0.5_f64.powi(k));
        steps.chain([endpoint]).collect()
    }
}
