//! Which of several models scores a row.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt8Type;
use arrow_array::{Array, ArrayRef, RecordBatch, UInt32Array};
use arrow_schema::DataType;
use arrow_select::interleave::interleave;
use arrow_select::take::take_record_batch;
use lumimill_common::failure::{Failure, FailureKind};

use super::bins::Bins;
use super::evaluator::{Evaluator, Gathering};
use super::fold::FOLD;

/// Models that read the same columns and add the same ones, and who scores which row.
#[derive(Debug, Clone)]
pub enum Choice {
    /// One model scores every row.
    Only(Arc<dyn Evaluator>),
    /// One a fold: a row is scored by that of its fold.
    Folds(Vec<Arc<dyn Evaluator>>),
    /// One a bin: a row is scored by that of its bin.
    Bins(Bins),
}

impl Choice {
    /// All of its models, in order.
    #[must_use]
    pub fn all(&self) -> &[Arc<dyn Evaluator>] {
        match self {
            Self::Only(one) => std::slice::from_ref(one),
            Self::Folds(folds) => folds,
            Self::Bins(bins) => bins.models(),
        }
    }

    /// The bins of models in bins.
    #[must_use]
    pub fn bins(&self) -> Option<&Bins> {
        match self {
            Self::Bins(bins) => Some(bins),
            Self::Only(_) | Self::Folds(_) => None,
        }
    }

    /// Types of the columns that they add.
    #[must_use]
    pub fn outputs(&self) -> Vec<DataType> {
        let first = self.all().first();
        let scores = first.map(|model| model.outputs()).unwrap_or_default();
        let bin = self.bins().map(|_| DataType::Int32);
        scores.into_iter().chain(bin).collect()
    }

    /// The columns that they add to these rows.
    pub fn evaluate(&self, rows: &mut Gathering<'_>) -> Result<Vec<ArrayRef>, Failure> {
        match self {
            Self::Only(one) => one.evaluate(rows),
            Self::Folds(folds) => by_fold(folds, rows.rows()),
            Self::Bins(bins) => bins.evaluate(rows.rows()),
        }
    }
}

/// Scores each row with the model of its fold.
fn by_fold(models: &[Arc<dyn Evaluator>], rows: &RecordBatch) -> Result<Vec<ArrayRef>, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::reject(FailureKind::Model, FOLD, error);
    let folds = rows
        .column_by_name(FOLD)
        .and_then(|column| column.as_primitive_opt::<UInt8Type>());
    let folds = folds.ok_or_else(|| failed(&"no fold column"))?;
    let read = models.first().map_or(&[][..], |model| model.inputs());
    let columns = rows.schema_ref().fields().iter().enumerate();
    let columns = columns.filter(|(_, field)| read.contains(field.name()));
    let columns: Vec<usize> = columns.map(|(index, _)| index).collect();
    let read = rows.project(&columns).map_err(|error| failed(&error))?;
    let of = |fold: u8| usize::from(fold) % models.len().max(1);
    let mut scores = Vec::with_capacity(models.len());
    for (fold, model) in models.iter().enumerate() {
        let chosen = (0u32..).zip(folds.values());
        let chosen = chosen.filter(|(_, found)| of(**found) == fold);
        let chosen = UInt32Array::from_iter_values(chosen.map(|(row, _)| row));
        let rows = take_record_batch(&read, &chosen).map_err(|error| failed(&error))?;
        scores.push(model.evaluate(&mut Gathering::of(&rows))?);
    }
    // Of each row, whose score it is and which of them.
    let mut next = vec![0; models.len()];
    let mut places = Vec::with_capacity(rows.num_rows());
    for found in folds.values() {
        let fold = of(*found);
        if let Some(next) = next.get_mut(fold) {
            places.push((fold, *next));
            *next += 1;
        }
    }
    let outputs = models.first().map_or(0, |model| model.outputs().len());
    let column = |index: usize| {
        let of_folds = scores.iter().filter_map(|columns| columns.get(index));
        let of_folds: Vec<&dyn Array> = of_folds.map(AsRef::as_ref).collect();
        interleave(&of_folds, &places).map_err(|error| failed(&error))
    };
    (0..outputs).map(column).collect()
}
