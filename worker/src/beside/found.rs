//! Columns that are found for rows.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, RecordBatch};
use arrow_schema::{ArrowError, DataType, Field, Schema};
use lumimill_common::campaign::{Join, MissingRows};

use crate::identity::Role;

/// Columns of a batch of rows, and which of the rows stay where some do not.
pub(crate) struct Found {
    pub(crate) fields: Vec<Arc<Field>>,
    pub(crate) columns: Vec<ArrayRef>,
    pub(crate) stays: Option<(String, BooleanArray)>,
}

impl Found {
    /// A batch of rows with these columns, and with one that says which of them stay, by the name of
    /// the step.
    pub(crate) fn added_to(self, rows: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let mut fields: Vec<Arc<Field>> = rows.schema_ref().fields().iter().cloned().collect();
        let mut columns = rows.columns().to_vec();
        fields.extend(self.fields);
        columns.extend(self.columns);
        if let Some((step, mask)) = self.stays {
            fields.push(Arc::new(Field::new(step, DataType::Boolean, false)));
            columns.push(Arc::new(mask));
        }
        let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
        RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)
    }
}

/// The columns that a table adds: all but those that say of what its rows are, as those of the rows
/// do.
pub(crate) fn added(table: &Schema, join: Option<&Join>) -> Vec<Arc<Field>> {
    let may_lack = join.is_some_and(|join| join.missing == MissingRows::Null);
    let fields = table
        .fields()
        .iter()
        .filter(|field| Role::of(field).is_none());
    let as_added = |field: &Arc<Field>| match may_lack {
        true => Arc::new(field.as_ref().clone().with_nullable(true)),
        false => Arc::clone(field),
    };
    fields.map(as_added).collect()
}
