//! A program while it is compiled, and the values that its graph has so far.

use std::collections::HashMap;
use std::sync::Arc;

use super::constant::Constants;
use crate::score::error::Problem;
use crate::score::onnx::Node;
use crate::score::program::{Action, Step};

/// A value of the graph while it is compiled.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// Columns of the features; all of them, of undeclared number, when `None`. `exact` while no
    /// cast to single precision lies between them and the input.
    Features {
        columns: Option<Arc<[usize]>>,
        double: bool,
        exact: bool,
    },
    /// A slot of the program.
    Slot { index: usize, double: bool },
}

/// The program so far, and where each value lies.
#[derive(Debug)]
pub(super) struct Compiler<'a> {
    pub(super) constants: Constants<'a>,
    pub(super) values: HashMap<&'a str, Value>,
    pub(super) steps: Vec<Step>,
    pub(super) width_used: usize,
    /// Columns of all steps.
    pub(super) step_columns: usize,
    /// Columns of features that were chosen so far.
    pub(super) chosen_columns: usize,
    /// Columns of inputs of single precision.
    pub(super) singles: Vec<std::ops::Range<usize>>,
    pub(super) reads_doubles: bool,
    pub(super) producer: &'a str,
    pub(super) notes: Vec<String>,
}

/// Columns that all steps have together, at most: a chunk of rows has a number in each.
const STEP_COLUMNS: usize = 1 << 18;

/// Columns of features that operators put together, at most.
const CHOSEN_COLUMNS: usize = 1 << 22;

impl Compiler<'_> {
    /// Whether columns may hold what single precision does not.
    pub(super) fn is_wide(&self, columns: Option<&[usize]>) -> bool {
        let is_single = |column: &usize| self.singles.iter().any(|of| of.contains(column));
        match columns {
            Some(columns) => !columns.iter().all(is_single),
            None => self.singles.is_empty(),
        }
    }

    /// The value of an input of a node.
    pub(super) fn input(&self, node: &Node, position: usize) -> Result<Value, Problem> {
        let name = node.inputs.get(position).ok_or_else(|| {
            Problem::invalid(format!(
                "operator {} has no input {position}",
                node.operator
            ))
        })?;
        self.values.get(name.as_str()).cloned().ok_or_else(|| {
            Problem::needs_runtime(format!(
                "operator {} reads {name:?}, which is a label, a constant or computed later",
                node.operator
            ))
        })
    }

    /// An input as a slot: features are loaded into one.
    pub(super) fn slot(&mut self, node: &Node, position: usize) -> Result<usize, Problem> {
        match self.input(node, position)? {
            // What is computed here is of single precision.
            Value::Slot { double: true, .. } => Err(Problem::needs_runtime(format!(
                "operator {} computes with scores in double precision; convert the model without a Cast to \
                 double behind its trees",
                node.operator
            ))),
            Value::Slot { index, .. } => Ok(index),
            Value::Features {
                columns,
                double: true,
                exact: true,
            } if self.is_wide(columns.as_deref()) => Err(Problem::needs_runtime(format!(
                "operator {} computes with the inputs in double precision; convert the model with \
                 inputs of single precision, or compute columns in the campaign",
                node.operator
            ))),
            Value::Features {
                columns: Some(columns),
                ..
            } => {
                let used = columns.iter().map(|column| column + 1).max().unwrap_or(0);
                self.width_used = self.width_used.max(used);
                let width = columns.len();
                self.push(Action::Load(columns), width)?;
                Ok(self.last_slot())
            }
            Value::Features { columns: None, .. } => Err(Problem::needs_runtime(format!(
                "operator {} reads an input of undeclared width",
                node.operator
            ))),
        }
    }

    pub(super) fn slot_width(&self, index: usize) -> usize {
        self.steps.get(index).map_or(0, |step| step.width)
    }

    /// Appends a step; its slot is the value.
    pub(super) fn push(&mut self, action: Action, width: usize) -> Result<Value, Problem> {
        self.push_as(action, width, false)
    }

    /// The same of one that the model has in double precision, if so: it is rounded, and whatever computes
    /// with it further needs the digits that are lost.
    pub(super) fn push_as(
        &mut self,
        action: Action,
        width: usize,
        double: bool,
    ) -> Result<Value, Problem> {
        self.step_columns = self.step_columns.saturating_add(width);
        if self.step_columns > STEP_COLUMNS {
            return Err(Problem::invalid(format!(
                "its operators compute more than {STEP_COLUMNS} columns together"
            )));
        }
        self.steps.push(Step { action, width });
        Ok(Value::Slot {
            index: self.last_slot(),
            double,
        })
    }

    /// Counts columns of features that an operator is about to put together.
    pub(super) fn make_room(&mut self, columns: usize) -> Result<(), Problem> {
        self.chosen_columns = self.chosen_columns.saturating_add(columns);
        match self.chosen_columns > CHOSEN_COLUMNS {
            true => Err(Problem::invalid(format!(
                "its operators put more than {CHOSEN_COLUMNS} columns of features together"
            ))),
            false => Ok(()),
        }
    }

    pub(super) fn last_slot(&self) -> usize {
        self.steps.len().saturating_sub(1)
    }
}
