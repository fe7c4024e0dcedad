//! `plan.parquet`: one row a shard; campaign, stages, files and notes in its metadata, so that
//! the ledger is rebuilt from it alone.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt64Type;
use arrow_array::{Array, ArrayRef, RecordBatch, StringArray, UInt64Array};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use bytes::Bytes;
use lumimill_common::campaign::InvalidName;
use lumimill_common::shard::{FileIdentity, InvalidShardId, Shard};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use super::Plan;

/// Raised whenever a plan is written in another way than before.
const VERSION: u32 = 1;
/// Rows written at once.
const ROWS: usize = 8192;

/// Why a plan cannot be written or read.
#[derive(Debug, Error)]
pub enum PlanTableError {
    /// The Parquet file.
    #[error("plan.parquet: {0}")]
    Parquet(#[from] ParquetError),
    /// The rows of the Parquet file.
    #[error("plan.parquet: {0}")]
    Arrow(#[from] ArrowError),
    /// Bytes that no Parquet writer wrote.
    #[error("plan.parquet: damaged: plan the campaign again")]
    Damaged,
    /// Metadata that is not there.
    #[error("plan.parquet: no metadata {key:?}: not a plan, or not a whole one")]
    NoMetadata {
        /// Its key.
        key: &'static str,
    },
    /// A plan of another time.
    #[error("plan.parquet: written in form {found}, expected {VERSION}: plan the campaign again")]
    Version {
        /// The form that it is written in.
        found: u32,
    },
    /// Metadata that is not what it should be.
    #[error("plan.parquet: metadata {key:?}: {reason}")]
    Metadata {
        /// Its key.
        key: &'static str,
        /// What is wrong.
        reason: serde_json::Error,
    },
    /// A column that is not there, or of another type.
    #[error("plan.parquet: column {column:?} is missing or of the wrong type")]
    Column {
        /// Its name.
        column: &'static str,
    },
    /// A shard id that is not one.
    #[error("plan.parquet: {0}")]
    ShardId(#[from] InvalidShardId),
    /// A stage name that is not one.
    #[error("plan.parquet: {0}")]
    Name(#[from] InvalidName),
    /// Lumi sections that are not a mask.
    #[error("plan.parquet: shard {shard}: lumis: {reason}")]
    Lumis {
        /// The shard.
        shard: String,
        /// What is wrong.
        reason: serde_json::Error,
    },
}

impl Plan {
    /// The bytes of `plan.parquet`: equal for equal plans.
    ///
    /// # Errors
    /// When Parquet refuses the rows.
    pub fn to_parquet(&self) -> Result<Vec<u8>, PlanTableError> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
            .set_key_value_metadata(Some(self.metadata()?))
            .build();
        let schema = schema();
        let mut writer = ArrowWriter::try_new(Vec::new(), Arc::clone(&schema), Some(properties))?;
        for shards in self.shards.chunks(ROWS) {
            writer.write(&rows(&schema, shards)?)?;
        }
        Ok(writer.into_inner()?)
    }

    fn metadata(&self) -> Result<Vec<KeyValue>, PlanTableError> {
        Ok(vec![
            KeyValue::new(String::from("lumimill.plan"), VERSION.to_string()),
            entry("lumimill.campaign", &self.campaign)?,
            entry("lumimill.config_digest", &self.digest)?,
            entry("lumimill.certified", &self.certified)?,
            entry("lumimill.stages", &self.stages)?,
            entry("lumimill.files", &self.files)?,
            entry("lumimill.duplicates", &self.duplicates)?,
            entry("lumimill.notes", &self.notes)?,
        ])
    }

    /// Reads the bytes of `plan.parquet`.
    ///
    /// # Errors
    /// When they are not a plan that this version wrote.
    pub fn from_parquet(bytes: Vec<u8>) -> Result<Self, PlanTableError> {
        // The parquet crate panics on some damaged footers (a negative offset, for one).
        std::panic::catch_unwind(|| Self::read_parquet(bytes))
            .map_err(|_| PlanTableError::Damaged)?
    }

    fn read_parquet(bytes: Vec<u8>) -> Result<Self, PlanTableError> {
        let builder = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes))?;
        let metadata: HashMap<String, String> = builder
            .metadata()
            .file_metadata()
            .key_value_metadata()
            .into_iter()
            .flatten()
            .filter_map(|entry| Some((entry.key.clone(), entry.value.clone()?)))
            .collect();
        let found = value(&metadata, "lumimill.plan")?;
        if found != VERSION {
            return Err(PlanTableError::Version { found });
        }
        let mut shards = Vec::new();
        for batch in builder.with_batch_size(ROWS).build()? {
            read_shards(&batch?, &mut shards)?;
        }
        Ok(Self {
            campaign: value(&metadata, "lumimill.campaign")?,
            digest: value(&metadata, "lumimill.config_digest")?,
            certified: value(&metadata, "lumimill.certified")?,
            stages: value(&metadata, "lumimill.stages")?,
            files: value(&metadata, "lumimill.files")?,
            shards,
            duplicates: value(&metadata, "lumimill.duplicates")?,
            notes: value(&metadata, "lumimill.notes")?,
        })
    }
}

/// A value as JSON under a key.
fn entry(key: &'static str, value: &impl Serialize) -> Result<KeyValue, PlanTableError> {
    let json = serde_json::to_string(value);
    let json = json.map_err(|reason| PlanTableError::Metadata { key, reason })?;
    Ok(KeyValue::new(key.to_owned(), json))
}

fn value<T: DeserializeOwned>(
    metadata: &HashMap<String, String>,
    key: &'static str,
) -> Result<T, PlanTableError> {
    let json = metadata.get(key);
    let json = json.ok_or(PlanTableError::NoMetadata { key })?;
    serde_json::from_str(json).map_err(|reason| PlanTableError::Metadata { key, reason })
}

fn schema() -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, name == "lumis");
    let number = |name: &str| Field::new(name, DataType::UInt64, false);
    Arc::new(Schema::new(vec![
        text("shard"),
        text("stage"),
        text("dataset"),
        text("file"),
        number("size"),
        text("uuid"),
        text("tree"),
        number("start"),
        number("stop"),
        number("events"),
        number("certified_events"),
        text("lumis"),
    ]))
}

fn rows(schema: &SchemaRef, shards: &[Shard]) -> Result<RecordBatch, ArrowError> {
    let text = |of: fn(&Shard) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(shards.iter().map(of)))
    };
    let number = |of: fn(&Shard) -> u64| -> ArrayRef {
        Arc::new(UInt64Array::from_iter_values(shards.iter().map(of)))
    };
    let lumis = shards
        .iter()
        .map(|shard| Some(shard.lumis.as_ref()?.to_json()));
    let columns = vec![
        text(|shard| shard.id.to_string()),
        text(|shard| shard.stage.to_string()),
        text(|shard| shard.dataset.clone()),
        text(|shard| shard.file.url.clone()),
        number(|shard| shard.file.size),
        text(|shard| shard.file.uuid.clone()),
        text(|shard| shard.tree.clone()),
        number(|shard| shard.entries.start),
        number(|shard| shard.entries.end),
        number(|shard| shard.entries.end.saturating_sub(shard.entries.start)),
        number(|shard| shard.certified_events),
        Arc::new(lumis.collect::<StringArray>()),
    ];
    RecordBatch::try_new(Arc::clone(schema), columns)
}

fn read_shards(batch: &RecordBatch, shards: &mut Vec<Shard>) -> Result<(), PlanTableError> {
    let text = |column: &'static str| {
        batch
            .column_by_name(column)
            .and_then(|array| array.as_string_opt::<i32>())
            .ok_or(PlanTableError::Column { column })
    };
    let number = |column: &'static str| {
        batch
            .column_by_name(column)
            .and_then(|array| array.as_primitive_opt::<UInt64Type>())
            .ok_or(PlanTableError::Column { column })
    };
    let (id, stage, dataset) = (text("shard")?, text("stage")?, text("dataset")?);
    let (file, uuid, tree, lumis) = (text("file")?, text("uuid")?, text("tree")?, text("lumis")?);
    let (size, start, stop) = (number("size")?, number("start")?, number("stop")?);
    let certified = number("certified_events")?;
    for row in 0..batch.num_rows() {
        let lumis = (!lumis.is_null(row)).then(|| lumis.value(row));
        let parsed = lumis.map(serde_json::from_str).transpose();
        shards.push(Shard {
            id: id.value(row).parse()?,
            stage: stage.value(row).parse()?,
            dataset: dataset.value(row).to_owned(),
            file: FileIdentity {
                url: file.value(row).to_owned(),
                size: size.value(row),
                uuid: uuid.value(row).to_owned(),
            },
            tree: tree.value(row).to_owned(),
            entries: start.value(row)..stop.value(row),
            certified_events: certified.value(row),
            lumis: parsed.map_err(|reason| PlanTableError::Lumis {
                shard: id.value(row).to_owned(),
                reason,
            })?,
        });
    }
    Ok(())
}
