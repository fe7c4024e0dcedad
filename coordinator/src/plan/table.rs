//! `plan.parquet`: one row a shard; campaign, stages, files and notes in its metadata, so that
//! the ledger is rebuilt from it alone.

use std::sync::Arc;

use lumimill_worker::shard_table::{
    ROWS, SEAL, Seal, ShardTable, ShardTableError, VERSION, rows, schema,
};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use serde::Serialize;

use super::{Plan, Splits};

/// Key of the splits, which few plans have.
const SPLITS: &str = "lumimill.splits";

impl Plan {
    /// The bytes of `plan.parquet`: equal for equal plans.
    ///
    /// # Errors
    /// When Parquet refuses the rows.
    pub(crate) fn to_parquet(&self) -> Result<Vec<u8>, ShardTableError> {
        let metadata = self.metadata()?;
        let said = metadata.iter();
        let said = said.map(|entry| (entry.key.as_str(), entry.value.as_deref().unwrap_or("")));
        let mut seal = Seal::of(said);
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
            .set_key_value_metadata(Some(metadata))
            .build();
        let schema = schema();
        let mut writer = ArrowWriter::try_new(Vec::new(), Arc::clone(&schema), Some(properties))?;
        for (shards, is_dropped) in [(&self.shards, false), (&self.dropped, true)] {
            for shards in shards.chunks(ROWS) {
                let rows = rows(&schema, shards, is_dropped)?;
                seal.rows(&rows)?;
                writer.write(&rows)?;
            }
        }
        writer.append_key_value_metadata(KeyValue::new(SEAL.to_owned(), seal.digits()));
        Ok(writer.into_inner()?)
    }

    fn metadata(&self) -> Result<Vec<KeyValue>, ShardTableError> {
        let mut metadata = vec![
            KeyValue::new(String::from("lumimill.plan"), VERSION.to_string()),
            entry("lumimill.campaign", &self.campaign)?,
            entry("lumimill.config_digest", &self.configuration)?,
            entry("lumimill.certified", &self.certified)?,
            entry("lumimill.stages", &self.stages)?,
            entry("lumimill.files", &self.files)?,
            entry("lumimill.duplicates", &self.duplicates)?,
            entry("lumimill.notes", &self.notes)?,
        ];
        if !self.splits.is_empty() {
            metadata.push(entry(SPLITS, &self.splits)?);
        }
        Ok(metadata)
    }

    /// Reads the bytes of `plan.parquet`.
    ///
    /// # Errors
    /// When they are not a plan that this version wrote.
    pub fn from_parquet(bytes: Vec<u8>) -> Result<Self, ShardTableError> {
        let table = ShardTable::from_parquet(bytes)?;
        Ok(Self {
            campaign: table.value("lumimill.campaign")?,
            configuration: table.value("lumimill.config_digest")?,
            certified: table.value("lumimill.certified")?,
            stages: table.stages()?,
            files: table.value("lumimill.files")?,
            duplicates: table.value("lumimill.duplicates")?,
            notes: table.value("lumimill.notes")?,
            splits: match table.has(SPLITS) {
                true => table.value(SPLITS)?,
                false => Splits::new(),
            },
            shards: table.shards,
            dropped: table.dropped,
        })
    }
}

/// A value as JSON under a key.
fn entry(key: &'static str, value: &impl Serialize) -> Result<KeyValue, ShardTableError> {
    let json = serde_json::to_string(value);
    let json = json.map_err(|reason| ShardTableError::Metadata { key, reason })?;
    Ok(KeyValue::new(key.to_owned(), json))
}
