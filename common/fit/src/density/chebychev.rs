//! `chebychev(n)`: a polynomial of degree n, as a series of Chebychev's polynomials on the range.

use std::sync::LazyLock;

use super::{Density, Form, Lowest, Parameters, Shape};
use crate::number::{LOCAL, Number};
use crate::range::FitRange;
use crate::start::{Guess, Landmarks, Start};

pub(super) const FORM: Form = Form {
    name: "chebychev",
    parameters: Parameters::Series(Guess::natural(coefficient)),
    make: |degree| Density::Chebychev(Chebychev(degree)),
};

/// 1 + Σ c_i T_i(t), i from 1 to the degree, t from −1 to 1 on the range; a density where that is nowhere
/// negative, and there no |c_i| is above 2
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

/// Steps in the angle whose cosine is t, at which low places are looked for: a series of degree 8 has at
/// most 4 between the ends.
const STEPS: usize = 64;
/// The cosines of all steps of a whole turn.
static COSINES: LazyLock<[f64; 2 * STEPS]> = LazyLock::new(|| {
    std::array::from_fn(|i| (i as f64 * std::f64::consts::PI / STEPS as f64).cos())
});

/// How far an angle is from the ends, as a part of 1: a low place that parts from an end, which is a low
/// place itself, begins to count where it is one of its own.
fn between(angle: f64) -> f64 {
    let square = angle.sin().powi(2);
    square / (square + 0.01)
}

impl Chebychev {
    /// The angles of the ends, and of those between where the series is lower than around: of equal steps,
    /// and by Newton's steps between them. Each with the second derivative by the angle, 0 for the ends, which do
    /// not move.
    fn low_angles(&self, p: &[f64; LOCAL]) -> Vec<(f64, f64)> {
        let sum = |of: &dyn Fn(f64, f64) -> f64| -> f64 {
            let terms = p.iter().take(self.0).zip(1_u32..);
            terms.map(|(c, k)| of(*c, f64::from(k))).sum()
        };
        let heights: Vec<f64> = (0..=STEPS)
            .map(|i| {
                let cosine = |k: usize| COSINES[k * i % (2 * STEPS)];
                let terms = p.iter().take(self.0).zip(1_usize..);
                terms.map(|(c, k)| c * cosine(k)).sum()
            })
            .collect();
        let step = std::f64::consts::PI / STEPS as f64;
        let slope = |angle: f64| sum(&|c, k| -k * c * (k * angle).sin());
        let bend = |angle: f64| sum(&|c, k| -k * k * c * (k * angle).cos());
        let mut angles = vec![(0.0, 0.0), (std::f64::consts::PI, 0.0)];
        let mut from = |mut low: f64, mut high: f64| {
            let mut angle = 0.5 * (low + high);
            for _ in 0..8 {
                let (slope, bend) = (slope(angle), bend(angle));
                match slope < 0.0 {
                    true => low = angle,
                    false => high = angle,
                }
                let next = angle - slope / bend;
                let is_between = bend > 0.0 && low <= next && next <= high;
                angle = if is_between { next } else { 0.5 * (low + high) };
            }
            angles.push((angle, bend(angle)));
        };
        for (i, three) in (1_usize..).zip(heights.windows(3)) {
            let middle = i as f64 * step;
            if three[1] < three[0] && three[1] <= three[2] {
                from(middle - step, middle + step);
            }
        }
        // One so near an end that no step is lower.
        let last = std::f64::consts::PI;
        if bend(0.0) < 0.0 && heights[0] <= heights[1] {
            from(0.0, step);
        }
        if bend(last) < 0.0 && heights[heights.len() - 1] <= heights[heights.len() - 2] {
            from(last - step, last);
        }
        angles
    }
}

impl Shape for Chebychev {
    fn lowest(&self, p: &[f64; LOCAL], range: FitRange) -> Vec<Lowest> {
        let low = self.low_angles(p).into_iter().map(|(angle, bend)| {
            let t = angle.cos();
            let (mut slope, mut bow) = ([0.0; LOCAL], [0.0; LOCAL]);
            let mut height = 1.0;
            let terms = slope.iter_mut().zip(&mut bow).zip(p).zip(1_u32..);
            for (((slope, bow), c), k) in terms.take(self.0) {
                let k = f64::from(k);
                *slope = (k * angle).cos();
                height += c * *slope;
                if bend > 0.0 {
                    *bow = -k * (k * angle).sin() / bend.sqrt();
                }
            }
            let at = range.low() + 0.5 * (t + 1.0) * range.width();
            Lowest {
                weight: if bend > 0.0 { between(angle) } else { 1.0 },
                height,
                at,
                slope,
                bow,
            }
        });
        low.collect()
    }

    fn height<T: Number>(&self, x: f64, p: &[T; LOCAL], range: FitRange) -> T {
        // Only as many polynomials as there are coefficients.
        let t = range.scaled(x);
        let (mut before, mut at) = (1.0, t);
        let mut sum = T::constant(1.0);
        for c in p.iter().take(self.0) {
            sum = sum + *c * at;
            (before, at) = (at, 2.0 * t * at - before);
        }
        sum
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
