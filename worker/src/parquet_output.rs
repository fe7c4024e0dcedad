//! Rows into one Parquet file: zstd, statistics on every column, and metadata that says what
//! made it.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{Array, RecordBatch};
use arrow_schema::{Schema, SchemaRef};
use lumimill_common::failure::{Failure, FailureKind};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowRowGroupWriterFactory, compute_leaves};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;

use crate::identity::Role;

/// Most rows of a row group: large enough to scan fast, small enough to stay within a slot's memory.
const ROW_GROUP: usize = 262_144;
/// Columns whose encoders are there at a time.
const COLUMNS: usize = 64;
/// Bytes of rows in memory after which a row group ends, however few rows they are.
const ROW_GROUP_BYTES: usize = 32 << 20;

/// A Parquet file being written in scratch space; dropped unfinished, it is removed.
///
/// The rows of a row group are encoded together, one column after the other: an encoder and what it
/// compresses with take half a megabyte, which tables of 1,600 columns cannot have of each.
pub struct ParquetOutput {
    writer: Option<SerializedFileWriter<Hashed>>,
    /// What makes the encoders of the columns, so many of them at a time.
    encoders: Vec<ArrowRowGroupWriterFactory>,
    /// The rows of the row group that is not written yet.
    group: Vec<RecordBatch>,
    group_rows: usize,
    group_bytes: usize,
    path: PathBuf,
    rows: u64,
}

/// A finished file, or the rows of a stage that writes none.
#[derive(Debug)]
pub struct Finished {
    /// Where it lies, if there is one.
    pub path: Option<PathBuf>,
    /// Rows in it.
    pub rows: u64,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its BLAKE3 hash, in hexadecimal.
    pub hash: String,
}

impl Finished {
    /// Rows that were only measured.
    #[must_use]
    pub fn without_table(rows: u64) -> Self {
        Self {
            path: None,
            rows,
            bytes: 0,
            hash: String::new(),
        }
    }

    /// Removes the file from scratch space: the next attempt writes it anew.
    pub(crate) fn remove(&self) {
        if let Some(path) = &self.path {
            // Scratch space is swept anyway; this only frees it sooner.
            let _ = std::fs::remove_file(path);
        }
    }
}

impl ParquetOutput {
    /// Begins a file with this schema and these facts about what made it.
    pub fn create(
        path: &Path,
        schema: &SchemaRef,
        facts: Vec<(String, String)>,
    ) -> Result<Self, Failure> {
        let properties = properties(schema, facts)?;
        let failure = |error| write_failure(path, &error);
        let encoders = encoders(schema, &properties).map_err(failure)?;
        let file = Hashed::create(path).map_err(|error| scratch_failure(path, &error))?;
        let writer = ArrowWriter::try_new(file, schema.clone(), Some(properties))
            .and_then(ArrowWriter::into_serialized_writer);
        let mut output = Self {
            writer: None,
            encoders,
            group: Vec::new(),
            group_rows: 0,
            group_bytes: 0,
            path: path.to_owned(),
            rows: 0,
        };
        let (writer, _) = writer.map_err(failure)?;
        output.writer = Some(writer);
        Ok(output)
    }

    /// Appends rows.
    pub fn write(&mut self, rows: &RecordBatch) -> Result<(), Failure> {
        if rows.num_rows() == 0 {
            return Ok(());
        }
        if self.group_rows + rows.num_rows() > ROW_GROUP {
            self.write_group()?;
        }
        self.rows += rows.num_rows() as u64;
        self.group_rows += rows.num_rows();
        let columns = rows.columns().iter();
        let bytes = columns.map(|it| it.to_data().get_slice_memory_size().unwrap_or(0));
        self.group_bytes += bytes.sum::<usize>();
        self.group.push(rows.clone());
        match self.group_bytes >= ROW_GROUP_BYTES {
            true => self.write_group(),
            false => Ok(()),
        }
    }

    /// Encodes what there is as a row group.
    fn write_group(&mut self) -> Result<(), Failure> {
        let group = std::mem::take(&mut self.group);
        (self.group_rows, self.group_bytes) = (0, 0);
        let Some(file) = &mut self.writer else {
            return Ok(());
        };
        let written = encode(file, &self.encoders, &group);
        written.map_err(|error| write_failure(&self.path, &error))
    }

    /// Writes the footer and hands the file over.
    pub fn finish(mut self) -> Result<Finished, Failure> {
        self.write_group()?;
        let missing = || {
            Failure::retry(
                FailureKind::Scratch,
                self.path.display(),
                "the writer is gone",
            )
        };
        let writer = self.writer.take().ok_or_else(missing)?;
        let mut file = writer
            .into_inner()
            .map_err(|error| write_failure(&self.path, &error))?;
        file.flush()
            .map_err(|error| scratch_failure(&self.path, &error))?;
        let hash = file.hash.finalize().to_hex().to_string();
        let path = std::mem::take(&mut self.path);
        Ok(Finished {
            path: Some(path),
            rows: self.rows,
            bytes: file.bytes,
            hash,
        })
    }
}

impl Drop for ParquetOutput {
    fn drop(&mut self) {
        if !self.path.as_os_str().is_empty() {
            // Scratch space is swept anyway; this only frees it sooner.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// What makes the encoders of the columns of a table.
fn encoders(
    schema: &SchemaRef,
    properties: &WriterProperties,
) -> Result<Vec<ArrowRowGroupWriterFactory>, ParquetError> {
    let some = schema.fields().chunks(COLUMNS).map(|fields| {
        let schema = Arc::new(Schema::new(fields.to_vec()));
        let writer = ArrowWriter::try_new(io::sink(), schema, Some(properties.clone()))?;
        Ok(writer.into_serialized_writer()?.1)
    });
    some.collect()
}

/// Writes a row group of some rows, one column after the other.
fn encode(
    file: &mut SerializedFileWriter<Hashed>,
    encoders: &[ArrowRowGroupWriterFactory],
    rows: &[RecordBatch],
) -> Result<(), ParquetError> {
    let Some(first) = rows.first() else {
        return Ok(());
    };
    let number = file.flushed_row_groups().len();
    let mut group = file.next_row_group()?;
    let fields = first.schema_ref().fields();
    let mut place = 0;
    for (fields, encoders) in fields.chunks(COLUMNS).zip(encoders) {
        let mut encoders = encoders.create_column_writers(number)?.into_iter();
        for field in fields {
            // One for each leaf of a column.
            let mut of_field = Vec::new();
            for batch in rows {
                let leaves = compute_leaves(field, batch.column(place))?;
                if of_field.is_empty() {
                    of_field.extend(encoders.by_ref().take(leaves.len()));
                }
                for (encoder, leaf) in of_field.iter_mut().zip(&leaves) {
                    encoder.write(leaf)?;
                }
            }
            for encoder in of_field {
                encoder.close()?.append_to_row_group(&mut group)?;
            }
            place += 1;
        }
    }
    group.close()?;
    Ok(())
}

fn properties(schema: &Schema, facts: Vec<(String, String)>) -> Result<WriterProperties, Failure> {
    let level = ZstdLevel::try_new(1)
        .map_err(|error| Failure::reject(FailureKind::Output, "zstd", error))?;
    let facts = facts
        .into_iter()
        .map(|(key, value)| KeyValue::new(format!("lumimill.{key}"), value));
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_created_by(format!("lumimill {}", env!("CARGO_PKG_VERSION")))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_key_value_metadata(Some(facts.collect()));
    for field in schema.fields() {
        let column = || ColumnPath::from(field.name().as_str());
        if field.data_type().is_floating() {
            // Computed values hardly repeat: a dictionary would be built and thrown away.
            builder = builder.set_column_dictionary_enabled(column(), false);
        } else if field.data_type().is_integer() && Role::of(field).is_some() {
            // What numbers an event is the same as in the row before, or a little more.
            builder = builder
                .set_column_dictionary_enabled(column(), false)
                .set_column_encoding(column(), Encoding::DELTA_BINARY_PACKED);
        }
    }
    Ok(builder.build())
}

/// A failed write to scratch space: the disk may have room again later.
fn scratch_failure(path: &Path, error: &io::Error) -> Failure {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let folder = path.parent().unwrap_or(path).display();
    Failure::retry(
        FailureKind::Scratch,
        folder,
        format!("cannot write {name}: {error}"),
    )
}

fn write_failure(path: &Path, error: &parquet::errors::ParquetError) -> Failure {
    let folder = path.parent().unwrap_or(path).display();
    match error {
        parquet::errors::ParquetError::External(cause) => Failure::retry(
            FailureKind::Scratch,
            folder,
            format!("cannot write the Parquet file: {cause}"),
        ),
        other => Failure::retry(
            FailureKind::Scratch,
            folder,
            format!("cannot write the Parquet file: {other}"),
        ),
    }
}

/// A file that knows its size and hash as it is written.
#[derive(Debug)]
struct Hashed {
    file: io::BufWriter<File>,
    hash: blake3::Hasher,
    bytes: u64,
}

impl Hashed {
    fn create(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let file = io::BufWriter::with_capacity(1 << 18, File::create(path)?);
        Ok(Self {
            file,
            hash: blake3::Hasher::new(),
            bytes: 0,
        })
    }
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        if let Some(written) = bytes.get(..written) {
            self.hash.update(written);
        }
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests;
