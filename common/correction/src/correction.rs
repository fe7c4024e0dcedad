//! One correction: inputs to a number.

use crate::error::EvaluateError;
use crate::formula::Formula;
use crate::input::{Categories, Input, InputKind, InputVariable};
use crate::node::{Beside, Node};

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
        let beside = Beside {
            inputs: &self.inputs,
            formulas: &self.formulas,
        };
        self.data.evaluate(beside, &mut inputs.to_vec())
    }
}
