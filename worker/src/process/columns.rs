//! Rows with more columns.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{Field, Schema};
use lumimill_common::failure::{Failure, FailureKind};

pub(super) fn with_column(
    rows: &RecordBatch,
    field: Field,
    column: ArrayRef,
) -> Result<RecordBatch, Failure> {
    let fields = rows.schema_ref().fields().iter().cloned();
    let fields = fields.chain([Arc::new(field)]).collect::<Vec<_>>();
    let columns = rows.columns().iter().cloned().chain([column]).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
        .map_err(|error| Failure::reject(FailureKind::Column, "fold", error))
}

/// Scored rows beside what was read for them, which cuts need and the table may not keep.
pub(super) fn beside(read: &RecordBatch, rows: &RecordBatch) -> Result<RecordBatch, Failure> {
    let mut whole = rows.clone();
    for (field, column) in read.schema_ref().fields().iter().zip(read.columns()) {
        if whole.column_by_name(field.name()).is_none() {
            whole = with_column(&whole, field.as_ref().clone(), column.clone())?;
        }
    }
    Ok(whole)
}
