//! `bernstein(n)`: a polynomial of degree n that is nowhere negative, as a sum of Bernstein's. Each takes a
//! part of what those before leave, so that any of them may vanish.

use super::{Density, Form, Parameters, Shape};
use crate::number::{LOCAL, Number};
use crate::range::FitRange;
use crate::start::{Guess, Landmarks, Start};

pub(super) const FORM: Form = Form {
    name: "bernstein",
    parameters: Parameters::Series(Guess::natural(coefficient)),
    make: |degree| Density::Bernstein(Bernstein(degree)),
};

/// Σ f_i·B_i(t), i from 0 to the degree n, B_i = (n over i)·t^i·(1 − t)^(n − i), t from 0 to 1 on the
/// range, f_i = c_i·Π(1 − c_j), j from 1 to i − 1, and f_0 = Π(1 − c_j) of all: the parameters c_i are
/// parts of what is left, and the f_i, whose sum is 1, the parts of the density, as all B_i have one area
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bernstein(usize);

fn coefficient(of: &Landmarks, _: usize) -> Start {
    let rise = (0.5 * of.slope * of.range.width()).exp();
    Start {
        value: (rise / (1.0 + rise)).clamp(0.1, 0.9),
        low: 0.0,
        high: 1.0,
    }
}

/// (n over i)·t^i·(1 − t)^(n − i)
fn basis(n: usize, i: usize, t: f64) -> f64 {
    let mut ways = 1.0;
    for k in 0..i {
        ways *= (n - k) as f64 / (k + 1) as f64;
    }
    ways * t.powi(i as i32) * (1.0 - t).powi((n - i) as i32)
}

/// ∫ B_i dt from 0 to `t`: the sum of the bases of degree n + 1 above i, divided by n + 1.
fn antiderivative(n: usize, i: usize, t: f64) -> f64 {
    let sum: f64 = (i + 1..=n + 1).map(|k| basis(n + 1, k, t)).sum();
    sum / (n + 1) as f64
}

impl Bernstein {
    fn sum<T: Number>(&self, p: &[T; LOCAL], of: impl Fn(usize) -> f64) -> T {
        let mut left = T::constant(1.0);
        let mut sum = T::constant(0.0);
        for (i, part) in p.iter().enumerate().take(self.0) {
            sum = sum + left * *part * of(i + 1);
            left = left * (-*part + 1.0);
        }
        sum + left * of(0)
    }
}

impl Shape for Bernstein {
    fn height<T: Number>(&self, x: f64, p: &[T; LOCAL], range: FitRange) -> T {
        let t = (x - range.low()) / range.width();
        self.sum(p, |i| basis(self.0, i, t))
    }

    fn area<T: Number>(&self, low: f64, high: f64, p: &[T; LOCAL], range: FitRange) -> T {
        let t = |x: f64| (x - range.low()) / range.width();
        let n = self.0;
        self.sum(p, |i| antiderivative(n, i, t(high)) - antiderivative(n, i, t(low))) * range.width()
    }
}
