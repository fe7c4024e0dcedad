//! The tree that a correction is evaluated by.

mod read;

use std::collections::BTreeSet;

use crate::bins::{Edges, Flow};
use crate::error::EvaluateError;
use crate::formula::Formula;
use crate::input::{Categories, Input, InputVariable};

pub(crate) use read::Reader;

/// A part of the tree; inputs are named by their place.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    Number(f64),
    /// Bins in one or more inputs; the last one runs fastest through the content.
    Bins {
        axes: Vec<(usize, Edges)>,
        content: Vec<Node>,
        flow: Flow,
        /// What `Flow::Default` gives.
        default: Option<Box<Node>>,
    },
    /// Values of text or integers.
    Category {
        input: usize,
        content: Vec<(Key, Node)>,
        default: Option<Box<Node>>,
    },
    Formula(Formula),
    /// One of the formulas of the correction, with parameters of its own.
    FormulaRef {
        index: usize,
        parameters: Vec<f64>,
    },
    /// An input is replaced below.
    Transform {
        input: usize,
        rule: Box<Node>,
        content: Box<Node>,
    },
}

/// What the nodes of a correction are of, beside themselves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Beside<'a> {
    pub(crate) inputs: &'a [InputVariable],
    pub(crate) formulas: &'a [Formula],
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Key {
    Text(String),
    Int(i64),
}

impl Node {
    /// The texts that an input may be here and below.
    pub(crate) fn categories(&self, of: usize) -> Categories {
        let mut found = Categories::default();
        let mut known = BTreeSet::new();
        let mut waiting = vec![self];
        while let Some(node) = waiting.pop() {
            match node {
                Self::Number(_) | Self::Formula(_) | Self::FormulaRef { .. } => {}
                Self::Bins {
                    content, default, ..
                } => {
                    waiting.extend(content.iter().rev());
                    waiting.extend(default.as_deref());
                }
                Self::Category {
                    input,
                    content,
                    default,
                } => {
                    for (key, _) in content.iter().filter(|_| *input == of) {
                        if let Key::Text(text) = key
                            && known.insert(text.as_str())
                        {
                            found.texts.push(text.clone());
                        }
                    }
                    found.are_open |= *input == of && default.is_some();
                    waiting.extend(content.iter().rev().map(|(_, node)| node));
                    waiting.extend(default.as_deref());
                }
                Self::Transform { rule, content, .. } => waiting.extend([&**content, &**rule]),
            }
        }
        found
    }

    pub(crate) fn evaluate<'a>(
        &'a self,
        of: Beside<'_>,
        inputs: &mut Vec<Input<'a>>,
    ) -> Result<f64, EvaluateError> {
        match self {
            Self::Number(value) => Ok(*value),
            Self::Bins {
                axes,
                content,
                flow,
                default,
            } => {
                let mut index = 0;
                for (input, edges) in axes {
                    let value = number(inputs, *input);
                    let Some(bin) = edges.flowed(value, *flow) else {
                        return match default {
                            Some(default) => default.evaluate(of, inputs),
                            None => Err(EvaluateError::Outside {
                                name: name(of, *input),
                                value,
                            }),
                        };
                    };
                    index = index * edges.bins() + bin;
                }
                content
                    .get(index)
                    .map_or(Ok(f64::NAN), |node| node.evaluate(of, inputs))
            }
            Self::Category {
                input,
                content,
                default,
            } => {
                let value = inputs.get(*input).copied().unwrap_or(Input::Real(f64::NAN));
                let found = content
                    .iter()
                    .find(|(key, _)| key.is(value))
                    .map(|(_, node)| node);
                match found.or(default.as_deref()) {
                    Some(node) => node.evaluate(of, inputs),
                    None => Err(EvaluateError::Category {
                        name: name(of, *input),
                        value: shown(value),
                        known: known(content),
                    }),
                }
            }
            Self::Formula(formula) => Ok(formula.evaluate(inputs, &[])),
            Self::FormulaRef { index, parameters } => {
                let formula = of.formulas.get(*index);
                Ok(formula.map_or(f64::NAN, |formula| formula.evaluate(inputs, parameters)))
            }
            Self::Transform {
                input,
                rule,
                content,
            } => {
                let value = rule.evaluate(of, inputs)?;
                let Some(slot) = inputs.get_mut(*input) else {
                    return Ok(f64::NAN);
                };
                let before = *slot;
                if matches!(before, Input::Int(_)) && value.is_nan() {
                    let name = name(of, *input);
                    return Err(EvaluateError::Outside { name, value });
                }
                *slot = match before {
                    Input::Int(_) => Input::Int(value.round_ties_even() as i64),
                    _ => Input::Real(value),
                };
                let found = content.evaluate(of, inputs);
                if let Some(slot) = inputs.get_mut(*input) {
                    *slot = before;
                }
                found
            }
        }
    }
}

impl Key {
    fn is(&self, input: Input<'_>) -> bool {
        match (self, input) {
            (Self::Text(key), Input::Text(value)) => key == value,
            (Self::Int(key), Input::Int(value)) => *key == value,
            _ => false,
        }
    }

    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Text(key) => format!("\"{key}\""),
            Self::Int(key) => key.to_string(),
        }
    }
}

fn number(inputs: &[Input<'_>], at: usize) -> f64 {
    inputs.get(at).map_or(f64::NAN, |input| input.number())
}

fn name(of: Beside<'_>, input: usize) -> String {
    of.inputs
        .get(input)
        .map(|variable| variable.name.clone())
        .unwrap_or_default()
}

fn shown(value: Input<'_>) -> String {
    match value {
        Input::Text(text) => format!("\"{}\"", text.chars().take(60).collect::<String>()),
        Input::Int(value) => value.to_string(),
        Input::Real(value) => value.to_string(),
    }
}

/// The first categories, for a message.
fn known(content: &[(Key, Node)]) -> String {
    let some: Vec<String> = content.iter().take(8).map(|(key, _)| key.shown()).collect();
    let more = if content.len() > 8 { ", …" } else { "" };
    format!("{}{more}", some.join(", "))
}
