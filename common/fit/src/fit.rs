//! The extended maximum-likelihood fit of a model to a sample.

mod attempt;
mod begin;
mod goodness;
mod outcome;
mod quality;

use thiserror::Error;

use self::attempt::Attempt;
use self::begin::Begin;
use crate::likelihood::Likelihood;
use crate::model::Model;
use crate::objective::{Objective, WEAKEST};
use crate::sample::Sample;
use crate::setup::{Setup, SetupError};

pub use goodness::{Goodness, chi2_probability};
pub use outcome::{Fit, FitParameter, Status, Touch};
pub use quality::Influence;

/// How often limits that were guessed are moved farther away, as the fit lies at them.
const MOST_WIDENINGS: usize = 3;
/// A fit that is no better than this, in units of −ln L, is no reason to move a limit.
const NO_BETTER: f64 = 5e-3;
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
    /// A density that is negative at all starting values.
    #[error(
        "the density of \"{component}\" is negative near {at} at all starting values: give others, or take bernstein, which is nowhere negative"
    )]
    Negative {
        /// The component.
        component: String,
        /// Where.
        at: f64,
    },
    /// At all starting values the model is negative or 0 where entries are.
    #[error(
        "the model is negative, or 0 where there are entries, at all starting values: add a component that covers the range, or give other starting values"
    )]
    NoDensity,
}

/// Fits `model` to `sample`: from values guessed or given, and from three more by hash, of which the
/// best is taken. Where that lies at a limit which was a guess, too, the fit is made again with another one
/// farther away, as long as it gets better. The same sample gives the same fit, whoever makes it.
pub fn fit(model: &Model, sample: Sample<'_>, setup: &Setup) -> Result<Fit, FitError> {
    check(model, sample, setup)?;
    let begin = Begin::new(model, sample, setup).map_err(FitError::Setup)?;
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
        model,
        constraints: begin.constraints(model, setup),
        scale: begin.scale,
        barrier: WEAKEST,
    };
    let refused = refusal(model, &begin);
    let mut attempt = Attempt::of(&objective, begin).ok_or(refused)?;
    let mut calls = 0;
    for _ in 0..MOST_WIDENINGS {
        let Some(wider) = attempt.begin.widened(&attempt.best.values) else {
            break;
        };
        calls += attempt.calls();
        let enough = attempt.best.nll - NO_BETTER * attempt.begin.scale;
        let next = Attempt::of(&objective, wider);
        let is_as_sure = |next: &Attempt| next.best.converged || !attempt.best.converged;
        match next.filter(|next| next.best.nll < enough && is_as_sure(next)) {
            Some(next) => attempt = next,
            None => {
                attempt.begin.settle(&attempt.best.values);
                break;
            }
        }
    }
    Ok(outcome::outcome(model, &objective, &attempt, calls))
}

/// Why the model is no density at starting values.
fn refusal(model: &Model, begin: &Begin) -> FitError {
    let values: Vec<f64> = begin.starts.iter().map(|start| start.value).collect();
    let mut lowest = model.lowest(&values).into_iter();
    let negative = lowest.find(|(_, lowest)| !lowest.is_density());
    negative.map_or(FitError::NoDensity, |(term, lowest)| FitError::Negative {
        component: model.name_of(term.component),
        at: lowest.at,
    })
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

#[cfg(test)]
mod tests;
