//! The columns that a model's outputs become, whatever evaluates it.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Float32Array, Float64Array, Int64Array};
use arrow_schema::DataType;
use lumimill_common::campaign::ModelOutput;

use super::signature::{Outputs, Wrong, score_element, too_deep, wrong_element};

/// A column that is made of an output.
#[derive(Debug, Clone)]
pub(super) struct OutputColumn {
    /// Which of the engine's outputs.
    pub(super) output: usize,
    /// Values that it has for each row.
    pub(super) width: usize,
    /// Which of them.
    pub(super) element: usize,
    pub(super) stored: DataType,
}

/// What an engine gives for an output when it is given some rows.
#[derive(Debug, Clone)]
pub(super) struct Given {
    /// Which of the engine's outputs.
    pub(super) output: usize,
    pub(super) shape: Vec<usize>,
    pub(super) stored: DataType,
}

/// The columns that are asked for, of what is given for `rows` rows of input.
pub(super) fn columns_of(
    outputs: &Outputs,
    rows: usize,
    given: &dyn Fn(&str) -> Option<Given>,
) -> Result<Vec<OutputColumn>, Vec<Wrong>> {
    let mut wrong = Vec::new();
    let asked = outputs.list();
    let mut columns = Vec::with_capacity(asked.len());
    for asked in asked {
        let in_outputs = |message| Wrong::new(format!("outputs.{}", asked.column), message);
        let column = given(&asked.output).ok_or_else(|| in_outputs(String::new()));
        let column = column.and_then(|given| {
            let width = width_of(asked, rows, &given).map_err(in_outputs)?;
            let element = match outputs {
                Outputs::Score(_) => score_element(width.unwrap_or(1), asked.element)?,
                Outputs::Named(_) => element_of(asked, width).map_err(in_outputs)?,
            };
            Ok(OutputColumn {
                output: given.output,
                width: width.unwrap_or(1),
                element,
                stored: given.stored,
            })
        });
        match column {
            Ok(column) => columns.push(column),
            Err(found) => wrong.push(found),
        }
    }
    match wrong.is_empty() {
        true => Ok(columns),
        false => Err(wrong),
    }
}

/// How many values each row has, unless it is one by itself.
fn width_of(asked: &ModelOutput, rows: usize, given: &Given) -> Result<Option<usize>, String> {
    let (found, rest) = match given.shape.as_slice() {
        [] => return Err(format!("output {:?} is a single value", asked.output)),
        [rows, rest @ ..] => (*rows, rest),
    };
    if rest.len() > 1 {
        return Err(too_deep(&asked.output, given.shape.len()));
    }
    if found != rows {
        return Err(format!(
            "output {:?} has {found} rows for {rows} rows of input: it makes no column",
            asked.output
        ));
    }
    Ok(rest.first().copied())
}

/// Which of the values of a row an output that was named is.
fn element_of(asked: &ModelOutput, width: Option<usize>) -> Result<usize, String> {
    let values = width.unwrap_or(1);
    match wrong_element(&asked.output, values, width.is_none(), asked.element) {
        Some(message) => Err(message),
        None => Ok(asked.element.unwrap_or_default()),
    }
}

/// A column as it grows.
pub(super) enum Values {
    Float(Vec<f32>),
    Double(Vec<f64>),
    Long(Vec<i64>),
    Bool(Vec<bool>),
}

impl Values {
    pub(super) fn of(column: &OutputColumn, rows: usize) -> Self {
        match column.stored {
            DataType::Float64 => Self::Double(Vec::with_capacity(rows)),
            DataType::Int64 => Self::Long(Vec::with_capacity(rows)),
            DataType::Boolean => Self::Bool(Vec::with_capacity(rows)),
            _ => Self::Float(Vec::with_capacity(rows)),
        }
    }

    pub(super) fn finish(self) -> ArrayRef {
        match self {
            Self::Float(values) => Arc::new(Float32Array::from(values)),
            Self::Double(values) => Arc::new(Float64Array::from(values)),
            Self::Long(values) => Arc::new(Int64Array::from(values)),
            Self::Bool(values) => Arc::new(BooleanArray::from(values)),
        }
    }
}
