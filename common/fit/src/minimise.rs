//! The minimiser: damped Fisher scoring in coordinates without limits.
//!
//! A parameter between limits is p = low + (high − low)·(1 + sin u)/2, so that no step leaves them.
//! Each step solves (F + λ·diag F)·δ = −g with the information matrix F, which is positive definite
//! whatever the data; λ falls after a step that helped and rises after one that did not.

use crate::density::Lowest;
use crate::likelihood::Slopes;
use crate::matrix::{Symmetric, dot};
use crate::objective::{Objective, WEAKEST};

/// The expected distance to the minimum at which a descent ends, in units of −ln L.
const ENOUGH: f64 = 1e-9;
/// The longest step of a coordinate, of which π goes from limit to limit.
const LONGEST_STEP: f64 = 0.7;
/// A density that is lower than this somewhere, where 1 is the height of a flat one, is pressed against 0.
pub(crate) const TOUCHES: f64 = 1e-3;
/// Information by an inner coordinate below this is none: what the data say nothing of stays where it is.
const NOTHING: f64 = 1e-4;
/// The most steps of Newton after that.
const MOST_POLISHING: usize = 4;
/// A pivot of the scaled matrix of second derivatives below this is rounding.
const LEAST: f64 = 1e-11;
/// The most steps of a descent.
const MOST_STEPS: usize = 500;

/// A parameter that is free between limits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Free {
    pub(crate) index: usize,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// Where a descent ended.
#[derive(Debug, Clone)]
pub(crate) struct Descent {
    pub(crate) values: Vec<f64>,
    pub(crate) nll: f64,
    pub(crate) edm: f64,
    pub(crate) calls: usize,
    pub(crate) converged: bool,
}

impl Free {
    fn outer(self, u: f64) -> f64 {
        let span = self.high - self.low;
        (self.low + span * 0.5 * (1.0 + u.sin())).clamp(self.low, self.high)
    }

    fn inner(self, p: f64) -> f64 {
        let place = 2.0 * (p - self.low) / (self.high - self.low) - 1.0;
        // Not at a limit, from where there is no way back.
        place.clamp(-0.998, 0.998).asin()
    }

    /// Whether a coordinate lies so near a limit that it no longer moves the parameter.
    pub(crate) fn is_stuck(self, p: f64) -> bool {
        let span = self.high - self.low;
        (p - self.low).min(self.high - p) < 1e-7 * span
    }
}

/// One point in inner coordinates.
struct Point {
    u: Vec<f64>,
    values: Vec<f64>,
}

impl Point {
    fn at(u: Vec<f64>, free: &[Free], values: &[f64]) -> Self {
        let mut values = values.to_vec();
        for (free, u) in free.iter().zip(&u) {
            if let Some(value) = values.get_mut(free.index) {
                *value = free.outer(*u);
            }
        }
        Self { u, values }
    }
}

/// Goes down from `start`, moving the free parameters alone. Where a density is pressed against 0, the
/// way leads along barriers that grow weaker.
pub(crate) fn descend(objective: &Objective<'_>, free: &[Free], start: &[f64]) -> Descent {
    let found = straight(objective, free, start);
    let is_clear = |lowest: &Lowest| found.converged && lowest.height > TOUCHES;
    let lowest = objective.model.lowest(&found.values);
    if lowest.iter().all(|(_, lowest)| is_clear(lowest)) {
        return found;
    }
    let mut values = start.to_vec();
    let mut calls = found.calls;
    for decade in 0.. {
        let barrier = 0.1_f64.powi(decade).max(WEAKEST);
        let at = straight(&objective.with_barrier(barrier), free, &values);
        calls += at.calls;
        values.clone_from(&at.values);
        if barrier <= WEAKEST {
            let is_better = at.nll.is_finite() && (at.converged || !found.converged);
            let taken = if is_better { at } else { found };
            return Descent { calls, ..taken };
        }
    }
    found
}

/// Goes down from `start` by one barrier.
fn straight(objective: &Objective<'_>, free: &[Free], start: &[f64]) -> Descent {
    let inner = free
        .iter()
        .map(|free| free.inner(start[free.index]))
        .collect();
    let mut here = Point::at(inner, free, start);
    let mut damping = 1e-3;
    let mut descent = Descent {
        values: here.values.clone(),
        nll: f64::INFINITY,
        edm: f64::INFINITY,
        calls: 0,
        converged: false,
    };
    for _ in 0..MOST_STEPS {
        descent.calls += 1;
        let Some(slopes) = objective.slopes(&here.values) else {
            return descent;
        };
        descent.values.clone_from(&here.values);
        descent.nll = slopes.value;
        let (gradient, information) =
            inner_slopes(&slopes, free, &here.u, NOTHING * objective.scale);
        descent.edm = distance(&gradient, &information) / objective.scale;
        if descent.edm < ENOUGH {
            descent.converged = true;
            return descent;
        }
        let found = step(
            objective,
            free,
            &here,
            (&gradient, &information),
            slopes.value,
            &mut damping,
            &mut descent.calls,
        );
        match found {
            Some(next) => here = next,
            // Nothing near is lower: only rounding is left, or this is no minimum.
            None => break,
        }
    }
    descent.converged = descent.edm < 1e-5;
    descent
}

/// Half of gᵀF⁻¹g: how far −ln L would fall by one full step.
fn distance(gradient: &[f64], information: &Symmetric) -> f64 {
    match information.cholesky(1e-14) {
        Some(root) => 0.5 * dot(gradient, &root.solve(gradient)),
        None => f64::INFINITY,
    }
}

/// The next point, which is lower, and the damping that led there.
fn step(
    objective: &Objective<'_>,
    free: &[Free],
    here: &Point,
    (gradient, information): (&[f64], &Symmetric),
    nll: f64,
    damping: &mut f64,
    calls: &mut usize,
) -> Option<Point> {
    while *damping < 1e12 {
        let mut damped = information.clone();
        for i in 0..gradient.len() {
            let more = *damping * information.at(i, i) + f64::MIN_POSITIVE;
            damped.add_one(i, i, more);
        }
        if let Some(root) = damped.cholesky(1e-15) {
            let step = root.solve(gradient);
            let longest = step.iter().fold(0.0_f64, |longest, s| longest.max(s.abs()));
            let factor = (LONGEST_STEP / longest).min(1.0);
            let u = here
                .u
                .iter()
                .zip(&step)
                .map(|(u, s)| u - factor * s)
                .collect();
            let next = Point::at(u, free, &here.values);
            *calls += 1;
            if objective.value(&next.values) < nll {
                *damping = (*damping * 0.1).max(1e-9);
                return Some(next);
            }
        }
        *damping *= 8.0;
    }
    *damping = 1e-3;
    None
}

/// Gradient and information by the inner coordinates of the free parameters. Where the coordinate
/// itself bends upwards, at a limit that the fit is pressed against, that bend is information, too.
fn inner_slopes(slopes: &Slopes, free: &[Free], u: &[f64], nothing: f64) -> (Vec<f64>, Symmetric) {
    let half = |free: &Free| 0.5 * (free.high - free.low);
    let rates: Vec<f64> = free
        .iter()
        .zip(u)
        .map(|(free, u)| half(free) * u.cos())
        .collect();
    let mut gradient = Vec::with_capacity(free.len());
    let mut information = Symmetric::zero(free.len());
    for (i, (a, rate)) in free.iter().zip(&rates).enumerate() {
        let outer = slopes.gradient[a.index];
        gradient.push(outer * rate);
        for (j, (b, other)) in free.iter().zip(&rates).enumerate() {
            information.add_one(i, j, slopes.information.at(a.index, b.index) * rate * other);
        }
        let bend = -outer * half(a) * u[i].sin();
        information.add_one(i, i, bend.max(0.0) + nothing);
    }
    (gradient, information)
}

/// The same minimum to the last digits, by steps of Newton as long as they come nearer: the weights that
/// follow from a fit add up to its yields no better than it is at its minimum.
pub(crate) fn polished(objective: &Objective<'_>, free: &[Free], found: &Descent) -> Descent {
    let mut best = found.clone();
    let moving = free
        .iter()
        .filter(|free| !free.is_stuck(found.values[free.index]));
    let moving: Vec<Free> = moving.copied().collect();
    let Some((mut edm, mut step)) = newton(objective, &moving, &best.values) else {
        return best;
    };
    for _ in 0..MOST_POLISHING {
        let mut values = best.values.clone();
        for (free, step) in moving.iter().zip(&step) {
            values[free.index] -= step;
            if !(free.low..=free.high).contains(&values[free.index]) {
                return best;
            }
        }
        best.calls += 1;
        match newton(objective, &moving, &values) {
            Some((nearer, next)) if nearer < edm => (edm, step) = (nearer, next),
            _ => return best,
        }
        best.nll = objective.value(&values);
        best.values = values;
        best.edm = edm / objective.scale;
    }
    best
}

/// The step to the minimum of the parabola that touches −ln L, and how far it falls by that.
fn newton(objective: &Objective<'_>, free: &[Free], values: &[f64]) -> Option<(f64, Vec<f64>)> {
    let indices: Vec<usize> = free.iter().map(|free| free.index).collect();
    let slopes = objective.slopes(values)?;
    let gradient = indices.iter().map(|index| slopes.gradient[*index]);
    let gradient: Vec<f64> = gradient.collect();
    let root = objective
        .bends(values)?
        .hessian
        .picked(&indices)
        .cholesky(LEAST)?;
    let step = root.solve(&gradient);
    Some((0.5 * dot(&gradient, &step), step))
}
