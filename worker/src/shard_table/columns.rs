//! The columns of a plan, and shards as rows of it.

use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, BooleanArray, RecordBatch, StringArray, UInt64Array};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use lumimill_common::shard::{Shard, ShardId, Source, WholeStage};

use super::packed;

/// Columns of the table.
#[must_use]
pub fn schema() -> SchemaRef {
    let text = |name: &str| {
        let is_optional = ["lumis", "parent", "beside", "whole", "packed"].contains(&name);
        Field::new(name, DataType::Utf8, is_optional)
    };
    let number = |name: &str| Field::new(name, DataType::UInt64, false);
    Arc::new(Schema::new(vec![
        text("shard"),
        text("stage"),
        text("parent"),
        text("beside"),
        text("whole"),
        Field::new("category", DataType::UInt64, true),
        text("dataset"),
        text("file"),
        number("size"),
        text("state"),
        text("tree"),
        number("start"),
        number("stop"),
        number("events"),
        number("certified_events"),
        text("lumis"),
        Field::new("dropped", DataType::Binary, true),
        Field::new("is_dropped", DataType::Boolean, false),
        text("packed"),
    ]))
}

/// Shards as rows, all of them to be done or all of them dropped.
pub fn rows(
    schema: &SchemaRef,
    shards: &[Shard],
    is_dropped: bool,
) -> Result<RecordBatch, ArrowError> {
    let text = |of: fn(&Shard) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(shards.iter().map(of)))
    };
    let number = |of: fn(&Shard) -> u64| -> ArrayRef {
        Arc::new(UInt64Array::from_iter_values(shards.iter().map(of)))
    };
    let lumis = shards
        .iter()
        .map(|shard| Some(shard.lumis.as_ref()?.to_json()));
    let dropped = shards
        .iter()
        .map(|shard| (!shard.dropped.is_empty()).then(|| shard.dropped.to_bytes()));
    let parents = shards.iter().map(|shard| match shard.source {
        Source::Entries | Source::Category(_) => None,
        Source::Rows(parent) => Some(parent.to_string()),
    });
    let categories = shards.iter().map(|shard| match shard.source {
        Source::Category(number) => Some(u64::from(number)),
        Source::Entries | Source::Rows(_) => None,
    });
    let wholes = shards.iter().map(|shard| {
        let wholes: Vec<String> = shard.wholes.iter().map(WholeStage::to_string).collect();
        (!wholes.is_empty()).then(|| wholes.join(", "))
    });
    let beside = shards.iter().map(|shard| {
        let ids: Vec<String> = shard.beside.iter().map(ShardId::to_string).collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    });
    let columns = vec![
        text(|shard| shard.id.to_string()),
        text(|shard| shard.stage.to_string()),
        Arc::new(parents.collect::<StringArray>()),
        Arc::new(beside.collect::<StringArray>()),
        Arc::new(wholes.collect::<StringArray>()),
        Arc::new(categories.collect::<UInt64Array>()),
        text(|shard| shard.dataset.to_string()),
        text(|shard| shard.file.url.clone()),
        number(|shard| shard.file.size),
        text(|shard| shard.file.state.clone()),
        text(|shard| shard.tree.to_string()),
        number(|shard| shard.entries.start),
        number(|shard| shard.entries.end),
        number(|shard| shard.entries.end.saturating_sub(shard.entries.start)),
        number(|shard| shard.certified_events),
        Arc::new(lumis.collect::<StringArray>()),
        Arc::new(dropped.collect::<BinaryArray>()),
        Arc::new(BooleanArray::from(vec![is_dropped; shards.len()])),
        Arc::new(shards.iter().map(packed::written).collect::<StringArray>()),
    ];
    RecordBatch::try_new(Arc::clone(schema), columns)
}

/// A schema whose texts are views: one that many rows share is in memory once.
pub(super) fn viewed(schema: &Schema) -> SchemaRef {
    let viewed = |field: &Arc<Field>| match field.data_type() {
        DataType::Utf8 => Field::clone(field).with_data_type(DataType::Utf8View),
        _ => Field::clone(field),
    };
    let fields: Vec<Field> = schema.fields().iter().map(viewed).collect();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}
