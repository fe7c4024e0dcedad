//! What a fit found, and how sure it is.

use super::attempt::Attempt;
use super::begin::NEAR;
use super::goodness::{Goodness, goodness};
use super::quality::{self, Influence};
use crate::matrix::Symmetric;
use crate::minimise::{Descent, Free, TOUCHES};
use crate::model::Model;
use crate::objective::Objective;

/// A parameter that changes −ln L by less than about this from limit to limit has no influence.
const IDLE: f64 = 1e-2;

/// A finished fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// Yields first, then the parameters of densities, in the order of the model.
    pub parameters: Vec<FitParameter>,
    /// Whether the values are those of a minimum with known errors.
    pub status: Status,
    /// Twice what −ln L would still fall, as one more step of the minimiser expects.
    pub edm: f64,
    /// How often the likelihood was computed, over all starts.
    pub calls: usize,
    /// −ln L, in bins from where all are as expected.
    pub nll: f64,
    /// Of all parameters; rows of constants, of those stuck at a limit and of those without influence are
    /// 0. Nothing when it is not positive definite.
    pub covariance: Option<Symmetric>,
    /// How parameters follow entries; nothing without a covariance.
    pub influence: Option<Influence>,
    /// From how many starting points the fit was made.
    pub starts: usize,
    /// How many of them led to this minimum (to 0.01 of −2 ln L).
    pub agreeing: usize,
    /// The data against the model, in bins.
    pub goodness: Option<Goodness>,
    /// The densities that are held from going below 0.
    pub touching: Vec<Touch>,
}

/// A density that is 0 somewhere, and would be negative there if it could.
#[derive(Debug, Clone, PartialEq)]
pub struct Touch {
    /// The component.
    pub component: String,
    /// Where.
    pub at: f64,
}

/// A parameter after the fit.
#[derive(Debug, Clone, PartialEq)]
pub struct FitParameter {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// The standard deviation; nothing for a constant, one stuck at a limit or without influence, or
    /// without covariance.
    pub error: Option<f64>,
    /// The least value it could have.
    pub low: f64,
    /// The greatest value it could have.
    pub high: f64,
    /// Whether it lies at one of them.
    pub at_limit: bool,
    /// Whether that is a limit which the fit chose, and beyond which a better fit may lie.
    pub held: bool,
    /// Whether it has no influence at these values, as of the shape of what has no entries.
    pub idle: bool,
    /// Whether it was a constant.
    pub fixed: bool,
}

/// Whether a fit can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// A minimum with a covariance.
    Converged,
    /// No minimum was reached.
    NotConverged,
    /// The second derivatives at the end are not those of a minimum: parameters that the data do not
    /// tell apart.
    NoCovariance,
}

impl Status {
    /// 0 when converged, as it stands in tables.
    pub fn code(self) -> u8 {
        match self {
            Self::Converged => 0,
            Self::NotConverged => 1,
            Self::NoCovariance => 2,
        }
    }

    /// What it means, in a few words.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Converged => "converged",
            Self::NotConverged => "no minimum was reached",
            Self::NoCovariance => "the data do not tell the parameters apart: no errors",
        }
    }
}

impl Fit {
    /// All values, in the order of the model.
    pub fn values(&self) -> Vec<f64> {
        self.parameters
            .iter()
            .map(|parameter| parameter.value)
            .collect()
    }

    /// A parameter by name.
    pub fn parameter(&self, name: &str) -> Option<&FitParameter> {
        self.parameters
            .iter()
            .find(|parameter| parameter.name == name)
    }

    /// The correlation of two parameters by their place; nothing where an error is missing.
    pub fn correlation(&self, i: usize, j: usize) -> Option<f64> {
        let covariance = self.covariance.as_ref()?;
        let scale = (covariance.at(i, i) * covariance.at(j, j)).sqrt();
        (scale > 0.0).then(|| covariance.at(i, j) / scale)
    }

    /// The names of the parameters that lie at a limit.
    pub fn at_limit(&self) -> impl Iterator<Item = &str> {
        let stuck = self
            .parameters
            .iter()
            .filter(|parameter| parameter.at_limit);
        stuck.map(|parameter| parameter.name.as_str())
    }
}

/// What came of the last attempt; `calls` is how often the likelihood was computed before.
pub(super) fn outcome(
    model: &Model,
    objective: &Objective<'_>,
    attempt: &Attempt,
    calls: usize,
) -> Fit {
    let Attempt {
        begin,
        descents,
        best,
    } = attempt;
    let idle = idle(objective, &begin.free, &best.values);
    let is_moving =
        |free: &&Free| !free.is_stuck(best.values[free.index]) && !idle.contains(&free.index);
    let moving = begin.free.iter().filter(is_moving);
    let moving: Vec<usize> = moving.map(|free| free.index).collect();
    let (covariance, influence) = quality::covariance(objective, &best.values, &moving).unzip();
    let status = match (best.converged, &covariance) {
        (false, _) => Status::NotConverged,
        (true, None) => Status::NoCovariance,
        (true, Some(_)) => Status::Converged,
    };
    let parameters = model.parameter_names().enumerate().map(|(index, name)| {
        let value = best.values[index];
        let start = begin.starts[index];
        let free = begin.free.iter().find(|free| free.index == index);
        let variance = covariance
            .as_ref()
            .map(|covariance| covariance.at(index, index));
        let error = variance.filter(|variance| *variance > 0.0).map(f64::sqrt);
        let near = (value - start.low).min(start.high - value);
        let is_near =
            near < NEAR * (start.high - start.low) && error.is_none_or(|error| near < error);
        let at_limit = free.is_some_and(|free| free.is_stuck(value) || is_near);
        let idle = idle.contains(&index);
        FitParameter {
            name: name.to_owned(),
            value,
            error,
            low: start.low,
            high: start.high,
            at_limit: at_limit && !idle,
            held: at_limit && !idle && begin.is_held(index, value),
            idle,
            fixed: free.is_none(),
        }
    });
    let near = |descent: &&Descent| descent.nll <= best.nll + 0.005 * begin.scale;
    Fit {
        parameters: parameters.collect(),
        status,
        edm: best.edm,
        calls: calls + attempt.calls(),
        nll: best.nll,
        starts: descents.len(),
        agreeing: descents.iter().filter(near).count(),
        goodness: goodness(
            model,
            objective.likelihood.sample(),
            &best.values,
            moving.len(),
        ),
        touching: touching(model, &best.values),
        covariance,
        influence,
    }
}

/// The free parameters that change nothing, however they move between their limits.
fn idle(objective: &Objective<'_>, free: &[Free], values: &[f64]) -> Vec<usize> {
    // The barrier says nothing of the data.
    let Some(slopes) = objective.with_barrier(0.0).slopes(values) else {
        return Vec::new();
    };
    let is_idle = |free: &&Free| {
        let span = free.high - free.low;
        let information = slopes.information.at(free.index, free.index);
        information * span * span < IDLE * objective.scale
    };
    free.iter().filter(is_idle).map(|free| free.index).collect()
}

/// The densities that are 0 somewhere, each once.
fn touching(model: &Model, values: &[f64]) -> Vec<Touch> {
    let mut touching: Vec<Touch> = Vec::new();
    for (term, lowest) in model.lowest(values) {
        let (component, at) = (model.name_of(term.component), lowest.at);
        if lowest.height < TOUCHES && touching.iter().all(|known| known.component != component) {
            touching.push(Touch { component, at });
        }
    }
    touching
}
