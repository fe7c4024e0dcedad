//! Columns with a value per member of a collection, in stages whose rows are events.
//!
//! Such a column stands beside its collection: its name says which that is, and what comes later
//! reads it as one of that collection.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type};
use arrow_array::{
    Array, ArrayRef, Float32Array, Float64Array, ListArray, RecordBatch, RecordBatchOptions,
};
use arrow_buffer::{OffsetBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field, Schema};
use lumimill_common::expression::Scope;

use super::RunError;

/// The type of a column with an `item` per member.
pub(crate) fn list_of(item: DataType) -> DataType {
    DataType::List(Arc::new(Field::new("item", item, false)))
}

/// The type of the values of a list.
pub(crate) fn item_of(stored: &DataType) -> Option<&DataType> {
    match stored {
        DataType::List(item) => Some(item.data_type()),
        _ => None,
    }
}

/// What is wrong with the name of a column that has a value per member of `collection`.
pub(crate) fn wrong_name(
    name: &str,
    collection: &str,
    schema: &Schema,
    scope: &Scope,
) -> Option<String> {
    if schema.field_with_name(name).is_ok() {
        return Some(format!(
            "it has a value per member of {collection}, and there is a column of this name: give it \
             another one"
        ));
    }
    (scope.collection_named(name) != collection).then(|| {
        format!(
            "it has a value per member of {collection}, and stands beside them: name it \
             {collection}_…, such as {collection}_{name}"
        )
    })
}

/// Values, those of each entry ending at `ends`, as a list column.
pub(crate) fn list_column(
    name: &str,
    values: ArrayRef,
    ends: &[usize],
    items_may_be_null: bool,
) -> Result<ArrayRef, RunError> {
    let too_long = |_| RunError::TooLong(name.to_owned());
    let mut offsets = Vec::with_capacity(ends.len() + 1);
    offsets.push(0);
    for end in ends {
        offsets.push(i32::try_from(*end).map_err(too_long)?);
    }
    let item = Field::new("item", values.data_type().clone(), items_may_be_null);
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    let list = ListArray::try_new(Arc::new(item), offsets, values, None)?;
    Ok(Arc::new(list))
}

/// A batch with one more column.
pub(crate) fn with_column(
    batch: &RecordBatch,
    field: Field,
    column: ArrayRef,
) -> Result<RecordBatch, RunError> {
    let fields = batch.schema_ref().fields().iter().cloned();
    let fields = fields.chain([Arc::new(field)]).collect::<Vec<_>>();
    let columns = batch.columns().iter().cloned().chain([column]).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let schema = Arc::new(Schema::new(fields));
    Ok(RecordBatch::try_new_with_options(
        schema, columns, &options,
    )?)
}

/// Floats with NaN for null.
pub(crate) fn without_nulls(values: ArrayRef) -> ArrayRef {
    if values.null_count() == 0 {
        return values;
    }
    match values.data_type() {
        DataType::Float32 => {
            let values = values.as_primitive::<Float32Type>().iter();
            Arc::new(Float32Array::from_iter_values(
                values.map(|value| value.unwrap_or(f32::NAN)),
            ))
        }
        DataType::Float64 => {
            let values = values.as_primitive::<Float64Type>().iter();
            Arc::new(Float64Array::from_iter_values(
                values.map(|value| value.unwrap_or(f64::NAN)),
            ))
        }
        _ => values,
    }
}
