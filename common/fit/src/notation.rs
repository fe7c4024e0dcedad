//! The notation of models: `gauss(mean, width1) + gauss(mean, width2)`.
//!
//! A component is a sum of densities. Arguments are names of parameters, which a sum, and the whole
//! model, shares by name, or numbers, which stay as they are. A density without its arguments takes
//! names of its own, which begin with that of the component: `exponential` in `background` has
//! `background_slope`, `chebychev(2)` has `background_c1` and `background_c2`. The part of each term
//! but the last is a parameter of its own, `signal_fraction`, or is written in front of it,
//! `core * gauss(mean, width1) + gauss(mean, width2)`.

mod error;
mod nearest;
mod parse;
mod templates;
mod token;

use crate::density::Density;
use crate::start::Guess;

pub use error::NotationError;
pub(crate) use nearest::hint as nearest_hint;
pub(crate) use parse::parse;
pub use templates::template_names;

/// A component as it was written: terms that are summed.
pub(crate) struct Sum {
    pub(crate) terms: Vec<WrittenTerm>,
}

/// One density of a sum.
pub(crate) struct WrittenTerm {
    pub(crate) density: Density,
    pub(crate) arguments: Vec<Argument>,
    /// How much of what the terms before it left, nothing for the last term.
    pub(crate) part: Option<Argument>,
}

/// What stands in the place of a parameter.
pub(crate) enum Argument {
    /// A parameter, and how to guess it.
    Name { name: String, guess: Guess },
    /// A number that stays.
    Number(f64),
}

#[cfg(test)]
mod tests;
