//! The extended maximum-likelihood fit of a model to a sample.

mod begin;
mod goodness;
mod outcome;
mod quality;

use thiserror::Error;

use crate::likelihood::Likelihood;
use crate::minimise::{Descent, Free, Objective, descend, polished};
use crate::model::Model;
use crate::sample::Sample;
use crate::setup::{Setup, SetupError};

pub use goodness::{Goodness, chi2_probability};
pub use outcome::{Fit, FitParameter, Status};
pub use quality::Influence;

/// How many more starts, by hash, are tried beside the first one.
const MORE_STARTS: u64 = 3;

/// Why no fit was made.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum FitError {
    /// Nothing in the range.
    #[error("no entry in the range [{low}, {high}]: choose another range, or other categories")]
    Empty {
        /// The lower end.
        low: f64,
        /// The upper end.
        high: f64,
    },
    /// Fewer entries than free parameters.
    #[error(
        "{entries} entries for {parameters} free parameters: choose wider categories, or fix parameters"
    )]
    FewEntries {
        /// The entries in the range.
        entries: u64,
        /// The free parameters.
        parameters: usize,
    },
    /// All entries have one value, or lie in one bin.
    #[error(
        "all {entries} entries have one value of the fit variable, near {near}: nothing can be told from it"
    )]
    Constant {
        /// The entries.
        entries: u64,
        /// The value, or the middle of the bin.
        near: f64,
    },
    /// Weights that add up to nothing.
    #[error("the weights of {entries} entries add up to {sum}: a fit needs a sum above 0")]
    Weights {
        /// The entries.
        entries: u64,
        /// Their sum.
        sum: f64,
    },
    /// Wishes that cannot be.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Setup(Vec<SetupError>),
    /// The sample is on another range than the model.
    #[error("the sample and the model have different ranges")]
    Range,
    /// At all starting values the model is negative or 0 where entries are.
    #[error(
        "the model is negative, or 0 where there are entries, at all starting values: add a component that covers the range, or give other starting values"
    )]
    NoDensity,
}

/// Fits `model` to `sample`: from values guessed or given, and from three more by hash, of which the
/// best is taken. The same sample gives the same fit, whoever makes it.
pub fn fit(model: &Model, sample: Sample<'_>, setup: &Setup) -> Result<Fit, FitError> {
    check(model, sample, setup)?;
    let begin = begin::Begin::new(model, sample, setup);
    let entries = sample.entries();
    if entries < begin.free.len() as u64 {
        let parameters = begin.free.len();
        return Err(FitError::FewEntries {
            entries,
            parameters,
        });
    }
    let likelihood = Likelihood::new(model, sample);
    let objective = Objective {
        likelihood: &likelihood,
        constraints: begin.constraints(model, setup),
        scale: begin.scale,
    };
    let descents: Vec<Descent> = (0..=MORE_STARTS)
        .filter_map(|number| begin.values(number, &objective))
        .map(|start| descend(&objective, &begin.free, &start))
        .filter(|descent| descent.nll.is_finite())
        .collect();
    let best = best(&descents, begin.scale).ok_or(FitError::NoDensity)?;
    let best = match best.converged {
        true => polished(&objective, &begin.free, best),
        false => best.clone(),
    };
    Ok(outcome::outcome(
        model, &objective, &begin, &descents, &best,
    ))
}

/// The lowest; of those that are as low the one from the first start, so that terms of a sum do not
/// change places.
fn best(descents: &[Descent], scale: f64) -> Option<&Descent> {
    let lowest = descents
        .iter()
        .filter(|descent| descent.converged || descents.iter().all(|other| !other.converged))
        .map(|descent| descent.nll)
        .min_by(f64::total_cmp)?;
    descents
        .iter()
        .find(|descent| descent.nll <= lowest + 1e-6 * scale)
}

fn check(model: &Model, sample: Sample<'_>, setup: &Setup) -> Result<(), FitError> {
    let mistakes = setup.mistakes(model);
    if !mistakes.is_empty() {
        return Err(FitError::Setup(mistakes));
    }
    if model.range() != sample.range() {
        return Err(FitError::Range);
    }
    let entries = sample.entries();
    let (low, high) = (model.range().low(), model.range().high());
    let mut filled = sample.places().filter(|place| place.sumw2 > 0.0);
    let Some(first) = filled.next() else {
        return Err(match entries {
            0 => FitError::Empty { low, high },
            // All of them have the weight 0.
            _ => FitError::Weights { entries, sum: 0.0 },
        });
    };
    if filled.all(|place| place.low.total_cmp(&first.low).is_eq()) {
        let near = 0.5 * (first.low + first.high);
        return Err(FitError::Constant { entries, near });
    }
    let sum: f64 = sample.places().map(|place| place.sumw).sum();
    if sum <= 0.0 || !sum.is_finite() {
        return Err(FitError::Weights { entries, sum });
    }
    Ok(())
}

/// Free parameters, as the outcome needs them, too.
type FreeParameters = Vec<Free>;

#[cfg(test)]
mod tests;
