//! The Parquet files that a job wrote, in memory.

use std::fs::{self, File};
use std::path::Path;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::part::Outcome;

/// Rows of a batch, as a job has events in one.
const ROWS: usize = 4_096;

/// One of them.
pub(crate) struct Table {
    pub(crate) schema: SchemaRef,
    pub(crate) batches: Vec<RecordBatch>,
    /// What the file says of itself.
    pub(crate) facts: Vec<(String, String)>,
    /// Bytes of the file.
    pub(crate) size: u64,
}

impl Table {
    /// All that are in a folder.
    pub(crate) fn all_in(folder: &Path) -> Outcome<Vec<Self>> {
        let mut tables = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|end| end == "parquet") {
                tables.push(Self::read(&path)?);
            }
        }
        match tables.is_empty() {
            true => Err(format!("{}: no Parquet file is there", folder.display()).into()),
            false => Ok(tables),
        }
    }

    fn read(path: &Path) -> Outcome<Self> {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        let reader = ParquetRecordBatchReaderBuilder::try_new(file)?.with_batch_size(ROWS);
        // That of the file, and not of the reader: its metadata say which column is the event.
        let schema = reader.schema().clone();
        let metadata = reader.metadata().file_metadata().key_value_metadata();
        let facts = metadata.into_iter().flatten().filter_map(|fact| {
            let key = fact.key.strip_prefix("lumimill.")?;
            Some((key.to_owned(), fact.value.clone()?))
        });
        let facts = facts.collect();
        Ok(Self {
            schema,
            batches: reader.build()?.collect::<Result<_, _>>()?,
            facts,
            size,
        })
    }
}
