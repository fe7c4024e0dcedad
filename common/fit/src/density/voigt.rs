//! `voigt(mean, width, gamma)`: a resonance seen with a normal resolution.

use errorfunctions::ComplexErrorFunctions;
use num_complex::Complex64;

use super::{Density, Form, Parameters, Shape};
use crate::number::{LOCAL, Number};
use crate::quadrature::{around_peak, piecewise};
use crate::range::FitRange;
use crate::start::{self, Guess, Landmarks, Start};

pub(super) const FORM: Form = Form {
    name: "voigt",
    parameters: Parameters::Fixed(&[
        ("mean", start::MEAN),
        ("width", start::WIDTH),
        ("gamma", Guess::open(gamma)),
    ]),
    make: |_| Density::Voigt(Voigt),
};

/// The convolution of gauss(mean, width) with gamma/(π(x² + gamma²)): `gamma` is half the width of
/// the resonance at half its height
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Voigt;

fn gamma(of: &Landmarks, _: usize) -> Start {
    let width = start::width(of, 0);
    Start {
        value: 0.5 * of.spread,
        low: width.low / 10.0,
        high: width.high,
    }
}

impl Shape for Voigt {
    fn height<T: Number>(&self, x: f64, &[mean, width, gamma, ..]: &[T; LOCAL], _: FitRange) -> T {
        let scale = (width * std::f64::consts::SQRT_2).recip();
        real_faddeeva((-mean + x) * scale, gamma * scale) * scale
    }

    fn area<T: Number>(&self, low: f64, high: f64, p: &[T; LOCAL], range: FitRange) -> T {
        let breaks = self.breaks(&p.map(T::value), range);
        piecewise(low, high, &breaks, |x| self.height(x, p, range))
    }

    fn breaks(&self, &[mean, width, gamma, ..]: &[f64; LOCAL], _: FitRange) -> Vec<f64> {
        around_peak(mean, (width + gamma) * 0.8)
    }
}

/// The real part of w(x + iy), with derivatives: w is analytic, w′ = −2zw + 2i/√π, so that a step
/// of Taylor's series from the value is exact to the second order.
fn real_faddeeva<T: Number>(x: T, y: T) -> T {
    let z = Complex64::new(x.value(), y.value());
    let w = z.w();
    let first = -2.0 * z * w + Complex64::new(0.0, std::f64::consts::FRAC_2_SQRT_PI);
    let second = -2.0 * w - 2.0 * z * first;
    let (dx, dy) = (x - x.value(), y - y.value());
    let linear = dx * first.re - dy * first.im;
    let quadratic = (dx * dx - dy * dy) * (0.5 * second.re) - dx * dy * second.im;
    linear + quadratic + w.re
}
