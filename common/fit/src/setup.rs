//! What a user may say of a fit: starting values, limits, constants, constraints.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::model::Model;
use crate::notation::nearest_hint;
use crate::start::Start;

/// Wishes for parameters by name (yields are named as their components).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Setup {
    /// Where the fit begins, instead of where it would guess.
    pub start: BTreeMap<String, StartValue>,
    /// Parameters that stay at a value.
    pub fix: BTreeMap<String, f64>,
    /// Parameters that are known from elsewhere: mean and standard deviation.
    pub constrain: BTreeMap<String, (f64, f64)>,
}

/// A starting value, with or without limits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum StartValue {
    /// Limits are guessed, wide enough for the value.
    Value(f64),
    /// Limits are given, too.
    Limited(Start),
}

/// What cannot be wished.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum SetupError {
    /// There is no such parameter.
    #[error("{key}.{name}: the model has no parameter \"{name}\"{hint}")]
    Unknown {
        /// Where it was said: start, fix or constrain.
        key: &'static str,
        /// The name.
        name: String,
        /// The nearest one.
        hint: String,
    },
    /// Numbers that are none, or out of order.
    #[error("{key}.{name}: {what}")]
    Numbers {
        /// Where it was said.
        key: &'static str,
        /// The parameter.
        name: String,
        /// What is needed.
        what: &'static str,
    },
}

impl Setup {
    /// Everything that is wrong with it for this model.
    pub fn mistakes(&self, model: &Model) -> Vec<SetupError> {
        let mut mistakes = Vec::new();
        let mut note = |key, name: &str, what: Option<&'static str>| {
            let name = name.to_owned();
            if !model.parameter_names().any(|known| known == name) {
                let hint = nearest_hint(&name, model.parameter_names());
                mistakes.push(SetupError::Unknown { key, name, hint });
            } else if let Some(what) = what {
                mistakes.push(SetupError::Numbers { key, name, what });
            }
        };
        for (name, start) in &self.start {
            note("start", name, start.mistake());
        }
        for (name, value) in &self.fix {
            let wrong = (!value.is_finite()).then_some("a constant is a finite number");
            let started = self
                .start
                .contains_key(name)
                .then_some("it is fixed and has a starting value: leave one of them out");
            note("fix", name, wrong.or(started));
        }
        for (name, (mean, deviation)) in &self.constrain {
            let is_right = mean.is_finite() && deviation.is_finite() && *deviation > 0.0;
            let wrong =
                (!is_right).then_some("a constraint is a mean and a standard deviation above 0");
            let fixed = self
                .fix
                .contains_key(name)
                .then_some("it is fixed and constrained: leave one of them out");
            note("constrain", name, wrong.or(fixed));
        }
        mistakes
    }
}

impl StartValue {
    fn mistake(self) -> Option<&'static str> {
        match self {
            Self::Value(value) if value.is_finite() => None,
            Self::Value(_) => Some("a starting value is a finite number"),
            Self::Limited(Start { value, low, high }) => {
                let is_right =
                    low < high && low <= value && value <= high && (high - low).is_finite();
                (!is_right)
                    .then_some("give [value, low, high] with low ≤ value ≤ high and low < high")
            }
        }
    }
}
