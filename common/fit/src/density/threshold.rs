//! `threshold(edge, power, slope)`: a background that begins at a threshold, as that of the mass
//! difference of D* and D does at the mass of the pion.

use super::{Density, Form, Parameters, Shape};
use crate::number::{LOCAL, Number};
use crate::quadrature::smooth;
use crate::range::FitRange;
use crate::start::{Guess, Landmarks, Start};

pub(super) const FORM: Form = Form {
    name: "threshold",
    parameters: Parameters::Fixed(&[("edge", Guess::walled(edge)), ("power", Guess::open(power)), ("slope", Guess::open(slope))]),
    make: |_| Density::Threshold(Threshold),
};

/// d^power · e^(slope·d), d = x − edge, and 0 below the edge
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Threshold;

fn edge(of: &Landmarks, _: usize) -> Start {
    let (low, width) = (of.range.low(), of.range.width());
    Start {
        value: low,
        low: low - 0.2 * width,
        high: low + 0.2 * width,
    }
}

fn power(_: &Landmarks, _: usize) -> Start {
    Start {
        value: 0.6,
        low: 0.05,
        high: 6.0,
    }
}

fn slope(of: &Landmarks, _: usize) -> Start {
    let steepest = 100.0 / of.range.width();
    Start {
        value: -1.0 / of.range.width(),
        low: -steepest,
        high: steepest,
    }
}

impl Shape for Threshold {
    fn height<T: Number>(&self, x: f64, &[edge, power, slope, ..]: &[T; LOCAL], range: FitRange) -> T {
        if x <= edge.value() {
            return T::constant(0.0);
        }
        // In parts of the range, so that no power of a small unit overflows.
        let d = -edge + x;
        (d * range.width().recip()).power(power) * (slope * d).exp()
    }

    fn area<T: Number>(&self, low: f64, high: f64, p: &[T; LOCAL], range: FitRange) -> T {
        let &[edge, power, slope, ..] = p;
        if high <= edge.value() {
            return T::constant(0.0);
        }
        // By v⁴ = d/width any power above 0 is smooth enough at the edge.
        let scale = range.width();
        let root = |x: f64| {
            if x <= edge.value() {
                return T::constant(0.0);
            }
            ((-edge + x) * scale.recip()).sqrt().sqrt()
        };
        let f = |v: T| {
            let d = v * v * v * v;
            v.power(power * 4.0 + 3.0) * (slope * d * scale).exp()
        };
        smooth(root(low), root(high), f) * (4.0 * scale)
    }

    fn breaks(&self, &[edge, ..]: &[f64; LOCAL], range: FitRange) -> Vec<f64> {
        let steps = (0..24).rev().map(|k| edge + range.width() * 0.5_f64.powi(k));
        [edge].into_iter().chain(steps).collect()
    }
}
