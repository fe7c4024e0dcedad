//! The name of an event's dataset as a column that may be kept: `keep = ["dataset"]`.
//!
//! A branch of that name comes before it, in the files that have one.

use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{Array, DictionaryArray, Int32Array, RecordBatch, StringArray};
use arrow_schema::{ArrowError, DataType, Field, Schema};

use crate::identity::{DATASET, Role};

fn field() -> Field {
    let (keys, values) = (DataType::Int32, DataType::Utf8);
    let data_type = DataType::Dictionary(Box::new(keys), Box::new(values));
    Role::Dataset.given_to(Field::new(DATASET, data_type, false))
}

/// The branches of a file, and the column.
#[must_use]
pub(crate) fn with_dataset(schema: &Schema) -> Schema {
    let fields = schema.fields().iter().cloned();
    let fields = fields.chain([Arc::new(field())]).collect::<Vec<_>>();
    Schema::new_with_metadata(fields, schema.metadata().clone())
}

/// The events of a dataset, and the column.
pub(crate) fn add_dataset(events: &RecordBatch, dataset: &str) -> Result<RecordBatch, ArrowError> {
    let keys = Int32Array::from(vec![0; events.num_rows()]);
    let names = StringArray::from_iter_values([dataset]);
    let column = DictionaryArray::<Int32Type>::try_new(keys, Arc::new(names))?;
    let column: Arc<dyn Array> = Arc::new(column);
    let columns = events.columns().iter().cloned().chain([column]).collect();
    RecordBatch::try_new(Arc::new(with_dataset(&events.schema())), columns)
}
