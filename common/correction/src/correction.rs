//! One correction: inputs to a number.

use crate::error::EvaluateError;
use crate::formula::Formula;
use crate::node::Node;

/// What an input of a correction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputKind {
    /// Text, which selects a category.
    Text,
    /// An integer.
    Int,
    /// A number.
    Real,
}

/// The name and kind of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputVariable {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: InputKind,
}

/// A value for an input.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Input<'a> {
    /// Text.
    Text(&'a str),
    /// An integer, which a real input takes, too.
    Int(i64),
    /// A number.
    Real(f64),
}

/// A correction of a file.
#[derive(Debug, Clone)]
pub struct Correction {
    pub(crate) name: String,
    pub(crate) inputs: Vec<InputVariable>,
    pub(crate) formulas: Vec<Formula>,
    pub(crate) data: Node,
    /// Of each input.
    pub(crate) categories: Vec<Categories>,
}

/// The texts that an input may be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Categories {
    /// Those that are named, in the order of the file.
    pub texts: Vec<String>,
    /// Whether there is a value for others, too.
    pub are_open: bool,
}

impl Correction {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its inputs, in the order in which they are given.
    pub fn inputs(&self) -> &[InputVariable] {
        &self.inputs
    }

    /// The texts that it knows of an input, by its number.
    pub fn categories(&self, input: usize) -> Categories {
        self.categories.get(input).cloned().unwrap_or_default()
    }

    /// Its value for these inputs.
    pub fn evaluate(&self, inputs: &[Input<'_>]) -> Result<f64, EvaluateError> {
        if inputs.len() != self.inputs.len() {
            return Err(EvaluateError::Count {
                expected: self.inputs.len(),
                found: inputs.len(),
            });
        }
        for (variable, input) in self.inputs.iter().zip(inputs) {
            let fits = matches!(
                (variable.kind, input),
                (InputKind::Text, Input::Text(_))
                    | (InputKind::Int, Input::Int(_))
                    | (InputKind::Real, Input::Real(_) | Input::Int(_))
            );
            if !fits {
                return Err(EvaluateError::Type {
                    name: variable.name.clone(),
                    expected: variable.kind.word(),
                });
            }
        }
        self.data.evaluate(self, &mut inputs.to_vec())
    }
}

impl InputKind {
    /// The word for it in a file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Int => "int",
            Self::Real => "real",
        }
    }
}

impl Input<'_> {
    /// The number that it is, NaN for text.
    pub(crate) fn number(self) -> f64 {
        match self {
            Self::Text(_) => f64::NAN,
            Self::Int(value) => value as f64,
            Self::Real(value) => value,
        }
    }
}
