//! What a fit found, and how sure it is.

use super::begin::Begin;
use super::goodness::{Goodness, goodness};
use super::quality::{self, Influence};
use crate::matrix::Symmetric;
use crate::minimise::{Descent, Objective};
use crate::model::Model;

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
    /// Of all parameters; rows of constants and of those stuck at a limit are 0. Nothing when it is
    /// not positive definite.
    pub covariance: Option<Symmetric>,
    /// How parameters follow entries; nothing without a covariance.
    pub influence: Option<Influence>,
    /// From how many starting points the fit was made.
    pub starts: usize,
    /// How many of them led to this minimum (to 0.01 of −2 ln L).
    pub agreeing: usize,
    /// The data against the model, in bins.
    pub goodness: Option<Goodness>,
}

/// A parameter after the fit.
#[derive(Debug, Clone, PartialEq)]
pub struct FitParameter {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// The standard deviation; nothing for a constant, one stuck at a limit, or without covariance.
    pub error: Option<f64>,
    /// The least value it could have.
    pub low: f64,
    /// The greatest value it could have.
    pub high: f64,
    /// Whether it lies at one of them.
    pub at_limit: bool,
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

pub(super) fn outcome(
    model: &Model,
    objective: &Objective<'_>,
    begin: &Begin,
    descents: &[Descent],
    best: &Descent,
) -> Fit {
    let stuck: Vec<bool> = begin
        .free
        .iter()
        .map(|free| free.is_stuck(best.values[free.index]))
        .collect();
    let moving = begin.free.iter().zip(&stuck).filter(|(_, stuck)| !**stuck);
    let moving: Vec<usize> = moving.map(|(free, _)| free.index).collect();
    let (covariance, influence) = quality::covariance(objective, &best.values, &moving).unzip();
    let status = match (best.converged, &covariance) {
        (false, _) => Status::NotConverged,
        (true, None) => Status::NoCovariance,
        (true, Some(_)) => Status::Converged,
    };
    let parameters = model.parameter_names().enumerate().map(|(index, name)| {
        let value = best.values[index];
        let start = begin.starts[index];
        let free = begin.free.iter().position(|free| free.index == index);
        let variance = covariance
            .as_ref()
            .map(|covariance| covariance.at(index, index));
        let error = variance.filter(|variance| *variance > 0.0).map(f64::sqrt);
        let near = (value - start.low).min(start.high - value);
        let is_near =
            near < 1e-3 * (start.high - start.low) && error.is_none_or(|error| near < error);
        FitParameter {
            name: name.to_owned(),
            value,
            error,
            low: start.low,
            high: start.high,
            at_limit: free.is_some_and(|at| stuck[at] || is_near),
            fixed: free.is_none(),
        }
    });
    let near = |descent: &&Descent| descent.nll <= best.nll + 0.005 * begin.scale;
    Fit {
        parameters: parameters.collect(),
        status,
        edm: best.edm,
        calls: descents.iter().map(|descent| descent.calls).sum(),
        nll: best.nll,
        starts: descents.len(),
        agreeing: descents.iter().filter(near).count(),
        goodness: goodness(
            model,
            objective.likelihood.sample(),
            &best.values,
            moving.len(),
        ),
        covariance,
        influence,
    }
}
