//! Columns of the same rows, put side by side.

use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{ArrowError, Schema};

/// The columns of two batches of the same rows.
pub(crate) fn side_by_side(
    left: &RecordBatch,
    right: &RecordBatch,
) -> Result<RecordBatch, ArrowError> {
    let both = |batch: &RecordBatch| {
        batch
            .schema_ref()
            .fields()
            .iter()
            .cloned()
            .collect::<Vec<_>>()
    };
    let fields = [both(left), both(right)].concat();
    let columns = [left.columns(), right.columns()].concat();
    let options = RecordBatchOptions::new().with_row_count(Some(left.num_rows()));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)
}
