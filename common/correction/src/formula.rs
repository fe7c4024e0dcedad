//! Formulas in ROOT's notation, of the operators and functions that correctionlib has.

mod parse;
mod term;

use serde_json::Value;

use crate::error::FileError;
use crate::input::{Input, InputKind, InputVariable};
use crate::list::{array, numbers};

use term::Term;

/// A formula of inputs and parameters.
#[derive(Debug, Clone)]
pub(crate) struct Formula {
    /// The inputs that x, y, z and t stand for.
    variables: Vec<usize>,
    parameters: Vec<f64>,
    root: Term,
}

impl Formula {
    pub(crate) fn read(
        value: &Value,
        place: &str,
        inputs: &[InputVariable],
    ) -> Result<Self, FileError> {
        let text = value.get("expression").and_then(Value::as_str);
        let text = text.ok_or_else(|| FileError::content(place, "a formula has an expression"))?;
        let parser = value
            .get("parser")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if parser != "TFormula" {
            let what = format!("the parser \"{parser}\" of formulas is not known, only TFormula");
            return Err(FileError::content(place, what));
        }
        let mut variables = Vec::new();
        for name in array(value.get("variables"), &format!("{place}.variables"))? {
            let name = name.as_str().unwrap_or_default();
            let found = inputs
                .iter()
                .position(|variable| variable.name == name && variable.kind != InputKind::Text);
            let at = found.ok_or_else(|| {
                FileError::content(
                    &format!("{place}.variables"),
                    format!("\"{name}\" is no number among the inputs"),
                )
            })?;
            variables.push(at);
        }
        let parameters = match value.get("parameters") {
            None | Some(Value::Null) => Vec::new(),
            some => numbers(some, &format!("{place}.parameters"))?,
        };
        let root = parse::parse(text, variables.len());
        let root = root.map_err(|what| FileError::content(&format!("{place}.expression"), what))?;
        Ok(Self {
            variables,
            parameters,
            root,
        })
    }

    /// The value; `parameters` take the place of its own where it has none.
    pub(crate) fn evaluate(&self, inputs: &[Input<'_>], parameters: &[f64]) -> f64 {
        let parameters = match self.parameters.is_empty() {
            true => parameters,
            false => &self.parameters,
        };
        self.value(&self.root, inputs, parameters)
    }

    fn value(&self, term: &Term, inputs: &[Input<'_>], parameters: &[f64]) -> f64 {
        match term {
            Term::Number(value) => *value,
            Term::Variable(index) => {
                let at = self.variables.get(*index).copied().unwrap_or(usize::MAX);
                inputs.get(at).map_or(f64::NAN, |input| input.number())
            }
            Term::Parameter(index) => parameters.get(*index).copied().unwrap_or(f64::NAN),
            Term::One(function, of) => function(self.value(of, inputs, parameters)),
            Term::Two(function, a, b) => function(
                self.value(a, inputs, parameters),
                self.value(b, inputs, parameters),
            ),
        }
    }
}
