//! `chebychev(n)`: a polynomial of degree n, as a series of Chebychev's polynomials on the range.

use super::{Density, Form, Parameters, Shape};
use crate::number::{LOCAL, Number};
use crate::range::FitRange;
use crate::start::{Landmarks, Start};

pub(super) const FORM: Form = Form {
    name: "chebychev",
    parameters: Parameters::Series(coefficient),
    make: |degree| Density::Chebychev(Chebychev(degree)),
};

/// 1 + Σ c_i T_i(t), i from 1 to the degree, t from −1 to 1 on the range
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Chebychev(usize);

fn coefficient(_: &Landmarks, _: usize) -> Start {
    Start {
        value: 0.0,
        low: -2.0,
        high: 2.0,
    }
}

/// T_0 … T_(LOCAL + 1) at `t`.
fn polynomials(t: f64) -> [f64; LOCAL + 2] {
    let mut values = [1.0; LOCAL + 2];
    values[1] = t;
    for i in 2..values.len() {
        values[i] = 2.0 * t * values[i - 1] - values[i - 2];
    }
    values
}

/// ∫ T_i dt up to `t`, up to a constant, for i from 0 to LOCAL.
fn antiderivatives(t: f64) -> [f64; LOCAL + 1] {
    let at = polynomials(t);
    let mut values = [t; LOCAL + 1];
    values[1] = 0.5 * t * t;
    for i in 2..values.len() {
        let n = i as f64;
        values[i] = 0.5 * (at[i + 1] / (n + 1.0) - at[i - 1] / (n - 1.0));
    }
    values
}

impl Shape for Chebychev {
    fn height<T: Number>(&self, x: f64, p: &[T; LOCAL], range: FitRange) -> T {
        let at = polynomials(range.scaled(x));
        let terms = p.iter().zip(&at[1..]).take(self.0);
        terms.fold(T::constant(1.0), |sum, (c, t)| sum + *c * *t)
    }

    fn area<T: Number>(&self, low: f64, high: f64, p: &[T; LOCAL], range: FitRange) -> T {
        let (from, to) = (
            antiderivatives(range.scaled(low)),
            antiderivatives(range.scaled(high)),
        );
        let mut area = T::constant(to[0] - from[0]);
        for i in 1..=self.0.min(LOCAL) {
            area = area + p[i - 1] * (to[i] - from[i]);
        }
        area * (0.5 * range.width())
    }
}
