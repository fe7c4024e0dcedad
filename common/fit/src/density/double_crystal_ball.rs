//! `double_crystal_ball(mean, width, alpha_left, n_left, alpha_right, n_right)`: a normal
//! distribution with a power law on both sides.

use super::crystal_ball::{core_area, tail_area, tail_height};
use super::{Density, Form, Parameters, Shape};
use crate::number::{LOCAL, Number};
use crate::quadrature::around_peak;
use crate::range::FitRange;
use crate::start;

pub(super) const FORM: Form = Form {
    name: "double_crystal_ball",
    parameters: Parameters::Fixed(&[
        ("mean", start::MEAN),
        ("width", start::WIDTH),
        ("alpha_left", start::TAIL),
        ("n_left", start::POWER),
        ("alpha_right", start::TAIL),
        ("n_right", start::POWER),
    ]),
    make: |_| Density::DoubleCrystalBall(DoubleCrystalBall),
};

/// The core and tails of `crystal_ball`, one tail on each side.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DoubleCrystalBall;

impl Shape for DoubleCrystalBall {
    fn height<T: Number>(&self, x: f64, p: &[T; LOCAL], _: FitRange) -> T {
        let &[mean, width, alpha_left, n_left, alpha_right, n_right, ..] = p;
        let t = (-mean + x) / width;
        if t.value() < -alpha_left.value() {
            tail_height(-t, alpha_left, n_left)
        } else if t.value() > alpha_right.value() {
            tail_height(t, alpha_right, n_right)
        } else {
            (t * t * -0.5).exp()
        }
    }

    fn area<T: Number>(&self, low: f64, high: f64, p: &[T; LOCAL], _: FitRange) -> T {
        let &[mean, width, alpha_left, n_left, alpha_right, n_right, ..] = p;
        let (from, to) = ((-mean + low) / width, (-mean + high) / width);
        let mut area = T::constant(0.0);
        if from.value() < -alpha_left.value() {
            let near = larger(-to, alpha_left);
            area = area + tail_area(near, -from, alpha_left, n_left);
        }
        if to.value() > alpha_right.value() {
            let near = larger(from, alpha_right);
            area = area + tail_area(near, to, alpha_right, n_right);
        }
        let core_from = larger(from, -alpha_left);
        let core_to = -larger(-to, -alpha_right);
        if core_from.value() < core_to.value() {
            area = area + core_area(core_from, core_to);
        }
        area * width
    }

    fn breaks(&self, &[mean, width, ..]: &[f64; LOCAL], _: FitRange) -> Vec<f64> {
        around_peak(mean, width)
    }
}

fn larger<T: Number>(a: T, b: T) -> T {
    if a.value() > b.value() { a } else { b }
}
