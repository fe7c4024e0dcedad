//! One type for each column of a stage, whatever file its values come from.
//!
//! Files of one stage may hold a branch in several types, as NanoAOD of two versions does. When a
//! plan is made, such a branch gets the smallest type that holds every value of all of them
//! exactly, and workers read it as that; so expressions mean the same in every file, and every
//! table has the same schema. A branch without such a type is a mistake.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, DataType, Field, Schema};
use lumimill_common::field_hash::FieldHash;
use serde::{Deserialize, Serialize};

mod decided;
mod number_type;
mod widen;

pub use decided::FileSchema;

use number_type::NumberType;
use widen::widened;

/// What a plan decided of the types of a stage.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageTypes {
    /// Branches that files hold in several types, each with the one that it is read as.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    read_as: BTreeMap<String, NumberType>,
    /// Columns of the output, in order; none where nothing was decided.
    columns: Vec<PlannedColumn>,
}

/// A column of the output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedColumn {
    /// Its name.
    pub name: String,
    /// Its Arrow type.
    #[serde(rename = "type")]
    pub data_type: String,
    /// Whether it may be null.
    pub nullable: bool,
}

impl StageTypes {
    /// Adds what was decided to a hash.
    pub(crate) fn add_to(&self, hash: &mut FieldHash) {
        let of_column = |column: &PlannedColumn| {
            let PlannedColumn {
                name,
                data_type,
                nullable,
            } = column;
            let mut hash = FieldHash::of("column");
            hash.text("name", name)
                .text("type", data_type)
                .flag("nullable", *nullable);
            hash
        };
        let of_branch = |(name, number): (&String, &NumberType)| {
            let read_as = number_type::name_of(&number.within(&DataType::Null));
            let mut hash = FieldHash::of("branch");
            hash.text("name", name).text("read_as", read_as);
            hash
        };
        hash.parts("columns", self.columns.iter().map(of_column))
            .parts("read_as", self.read_as.iter().map(of_branch));
    }

    /// What a person should know: branches that files hold in several types.
    #[must_use]
    pub fn told(&self) -> Option<String> {
        let read_as = self.read_as.iter();
        let read_as = read_as.map(|(name, number)| {
            let number = number_type::name_of(&number.within(&DataType::Null));
            format!("{name} ({number})")
        });
        let read_as: Vec<String> = read_as.collect();
        (!read_as.is_empty()).then(|| {
            let names = read_as.join(", ");
            format!("files hold branches in several types, which are read as one: {names}")
        })
    }

    /// The branches of a file as they are read.
    #[must_use]
    pub(crate) fn retyped(&self, schema: &Schema) -> Schema {
        let fields = schema.fields().iter().map(|field| {
            let number = self.read_as.get(field.name());
            let wide = number.map(|number| number.within(field.data_type()));
            match wide {
                Some(wide) => Arc::new(Field::new(field.name(), wide, field.is_nullable())),
                None => field.clone(),
            }
        });
        Schema::new_with_metadata(fields.collect::<Vec<_>>(), schema.metadata().clone())
    }

    /// A batch as it was read from a file, with every branch in its type.
    pub fn widened(&self, batch: RecordBatch) -> Result<RecordBatch, ArrowError> {
        let schema = batch.schema();
        let is_wide = |field: &&Arc<Field>| self.read_as.contains_key(field.name());
        if !schema.fields().iter().any(|field| is_wide(&field)) {
            return Ok(batch);
        }
        let wide = Arc::new(self.retyped(&schema));
        let columns = batch.columns().iter().zip(wide.fields());
        let columns = columns.map(|(column, field)| widened(column, field.data_type()));
        let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        RecordBatch::try_new_with_options(wide, columns, &options)
    }
}
