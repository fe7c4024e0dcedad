//! `crystal_ball(mean, width, alpha, n)`: a normal distribution with a power law below.

use super::gauss::normal_between;
use super::{Density, Form, Parameters, Shape};
use crate::number::{LOCAL, Number};
use crate::quadrature::around_peak;
use crate::range::FitRange;
use crate::start;

pub(super) const FORM: Form = Form {
    name: "crystal_ball",
    parameters: Parameters::Fixed(&[
        ("mean", start::MEAN),
        ("width", start::WIDTH),
        ("alpha", start::TAIL),
        ("n", start::POWER),
    ]),
    make: |_| Density::CrystalBall(CrystalBall),
};

/// exp(−t²/2) above t = −alpha, t = (x − mean)/width, and below it the power law −n that goes on
/// smoothly (J. E. Gaiser, SLAC-255, appendix F)
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CrystalBall;

impl Shape for CrystalBall {
    fn height<T: Number>(
        &self,
        x: f64,
        &[mean, width, alpha, n, ..]: &[T; LOCAL],
        _: FitRange,
    ) -> T {
        let t = (-mean + x) / width;
        if t.value() < -alpha.value() {
            tail_height(-t, alpha, n)
        } else {
            (t * t * -0.5).exp()
        }
    }

    fn area<T: Number>(
        &self,
        low: f64,
        high: f64,
        &[mean, width, alpha, n, ..]: &[T; LOCAL],
        _: FitRange,
    ) -> T {
        let (from, to) = ((-mean + low) / width, (-mean + high) / width);
        let edge = -alpha;
        let area = if to.value() <= edge.value() {
            tail_area(-to, -from, alpha, n)
        } else if from.value() >= edge.value() {
            core_area(from, to)
        } else {
            tail_area(alpha, -from, alpha, n) + core_area(edge, to)
        };
        area * width
    }

    fn breaks(&self, &[mean, width, ..]: &[f64; LOCAL], _: FitRange) -> Vec<f64> {
        around_peak(mean, width)
    }
}

/// ∫ exp(−t²/2) dt
pub(super) fn core_area<T: Number>(from: T, to: T) -> T {
    const ROOT: f64 = 2.506_628_274_631_000_7;
    normal_between(from, to) * ROOT
}

/// The tail at the distance `t` above `alpha`, equal to exp(−alpha²/2) there.
pub(super) fn tail_height<T: Number>(t: T, alpha: T, n: T) -> T {
    (alpha * alpha * -0.5).exp() * stretch(t, alpha, n).power(-n)
}

/// The integral of the tail over distances from `near` to `far`.
pub(super) fn tail_area<T: Number>(near: T, far: T, alpha: T, n: T) -> T {
    let at = |t: T| stretch(t, alpha, n).power(-n + 1.0);
    let scale = (alpha * alpha * -0.5).exp() * n / (alpha * (n - 1.0));
    scale * (at(near) - at(far))
}

/// 1 + (t − alpha)·alpha/n
fn stretch<T: Number>(t: T, alpha: T, n: T) -> T {
    (t - alpha) * alpha / n + 1.0
}
