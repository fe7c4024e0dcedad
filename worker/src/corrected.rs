//! Weights of rows by a correction: its value for their columns, and those of its variations.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch};
use arrow_schema::{DataType, Field};
use lumimill_common::campaign::Outside;
use lumimill_correction::{Correction, EvaluateError, Input};

use crate::score::doubles;

/// What an input of a correction is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Slot {
    /// The same text for all rows.
    Text(String),
    /// The text of the variation.
    Varied,
    /// A column of numbers.
    Number(String),
    /// A column of whole numbers.
    Integer(String),
}

/// A column of weights, as far as it differs from the first one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Variation {
    /// The texts that it is of: several are added in quadrature.
    pub(crate) texts: Vec<String>,
}

/// A correction, what it is given and the columns that it gives.
#[derive(Debug)]
pub(crate) struct Corrected {
    pub(crate) correction: Correction,
    pub(crate) slots: Vec<Slot>,
    /// The text of no variation.
    pub(crate) nominal: String,
    pub(crate) variations: Vec<Variation>,
    pub(crate) columns: Vec<String>,
    pub(crate) outside: Outside,
}

/// Why a batch has no weights.
#[derive(Debug)]
pub(crate) struct NoWeight {
    /// The row that it is about, if it is about one.
    pub(crate) row: Option<usize>,
    pub(crate) message: String,
}

impl Corrected {
    /// The columns that it adds.
    pub(crate) fn fields(&self) -> Vec<Field> {
        let columns = self.columns.iter();
        columns
            .map(|name| Field::new(name, DataType::Float64, false))
            .collect()
    }

    /// Their values, one a row.
    pub(crate) fn evaluate(&self, rows: &RecordBatch) -> Result<Vec<ArrayRef>, NoWeight> {
        let numbers = self.numbers(rows)?;
        let mut columns = vec![Vec::with_capacity(rows.num_rows()); 1 + self.variations.len()];
        for row in 0..rows.num_rows() {
            let weights = match self.weights(&numbers, row) {
                Ok(weights) => weights,
                Err(wrong) if self.outside == Outside::Nan && is_outside(&wrong) => {
                    vec![f64::NAN; columns.len()]
                }
                Err(wrong) => {
                    let hint = match is_outside(&wrong) {
                        true => "; outside = \"nan\" gives such rows NaN",
                        false => "",
                    };
                    return Err(NoWeight {
                        row: Some(row),
                        message: format!("{wrong}{hint}"),
                    });
                }
            };
            for (column, weight) in columns.iter_mut().zip(weights) {
                column.push(weight);
            }
        }
        let columns = columns.into_iter();
        Ok(columns
            .map(|column| Arc::new(Float64Array::from(column)) as ArrayRef)
            .collect())
    }

    /// The numbers of each input that is one.
    fn numbers(&self, rows: &RecordBatch) -> Result<Vec<Vec<f64>>, NoWeight> {
        let whole = |message: String| NoWeight { row: None, message };
        let mut numbers = Vec::with_capacity(self.slots.len());
        for (slot, input) in self.slots.iter().zip(self.correction.inputs()) {
            let (Slot::Number(name) | Slot::Integer(name)) = slot else {
                numbers.push(Vec::new());
                continue;
            };
            let column = rows.column_by_name(name);
            let column = column.ok_or_else(|| whole(format!("there is no column {name}")))?;
            let stored = column.data_type();
            let is_integer = stored.is_integer() || *stored == DataType::Boolean;
            if matches!(slot, Slot::Integer(_)) && !is_integer {
                let input = &input.name;
                return Err(whole(format!(
                    "its input {input} is of the type int, and {name} is {stored}: give it a whole \
                     number, such as int({name})"
                )));
            }
            let values = doubles(column);
            numbers.push(values.ok_or_else(|| whole(format!("column {name} is no number")))?);
        }
        Ok(numbers)
    }

    fn weights(&self, numbers: &[Vec<f64>], row: usize) -> Result<Vec<f64>, EvaluateError> {
        let mut inputs: Vec<Input<'_>> = Vec::with_capacity(self.slots.len());
        for (slot, numbers) in self.slots.iter().zip(numbers) {
            let number = numbers.get(row).copied().unwrap_or(f64::NAN);
            inputs.push(match slot {
                Slot::Text(text) => Input::Text(text),
                Slot::Varied => Input::Text(&self.nominal),
                Slot::Number(_) => Input::Real(number),
                // Of what is null nothing is known, and it is no 0.
                Slot::Integer(_) if number.is_nan() => {
                    let input = self.correction.inputs().get(inputs.len());
                    return Err(EvaluateError::Outside {
                        name: input.map_or_else(String::new, |input| input.name.clone()),
                        value: number,
                    });
                }
                Slot::Integer(_) => Input::Int(number as i64),
            });
        }
        let nominal = self.correction.evaluate(&inputs)?;
        let mut weights = vec![nominal];
        for variation in &self.variations {
            let mut shifts = Vec::with_capacity(variation.texts.len());
            for text in &variation.texts {
                for (input, slot) in inputs.iter_mut().zip(&self.slots) {
                    if *slot == Slot::Varied {
                        *input = Input::Text(text);
                    }
                }
                shifts.push(self.correction.evaluate(&inputs)?);
            }
            weights.push(varied(nominal, &shifts));
        }
        Ok(weights)
    }
}

/// One variation as it is; several in quadrature, to the side of their sum.
fn varied(nominal: f64, values: &[f64]) -> f64 {
    if let [only] = values {
        return *only;
    }
    let shifts = values.iter().map(|value| value - nominal);
    let sum: f64 = shifts.clone().sum();
    let squares: f64 = shifts.map(|shift| shift * shift).sum();
    nominal + squares.sqrt().copysign(sum)
}

/// Whether it is about what a row has, and not about the correction.
fn is_outside(error: &EvaluateError) -> bool {
    matches!(
        error,
        EvaluateError::Outside { .. } | EvaluateError::Category { .. }
    )
}

#[cfg(test)]
mod tests;
