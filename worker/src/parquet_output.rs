//! Rows into one Parquet file: zstd, statistics on every column, and metadata that says what
//! made it.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_schema::{Schema, SchemaRef};
use lumimill_common::failure::{Failure, FailureKind};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use crate::identity::Role;

/// Rows in a row group: large enough to scan fast, small enough to stay within a slot's memory.
const ROW_GROUP: usize = 262_144;

/// A Parquet file being written in scratch space; dropped unfinished, it is removed.
#[derive(Debug)]
pub struct ParquetOutput {
    writer: Option<ArrowWriter<Hashed>>,
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
        let file = Hashed::create(path).map_err(|error| scratch_failure(path, &error))?;
        let writer = ArrowWriter::try_new(file, schema.clone(), Some(properties))
            .map_err(|error| write_failure(path, &error));
        let mut output = Self {
            writer: None,
            path: path.to_owned(),
            rows: 0,
        };
        output.writer = Some(writer?);
        Ok(output)
    }

    /// Appends rows.
    pub fn write(&mut self, rows: &RecordBatch) -> Result<(), Failure> {
        let Some(writer) = &mut self.writer else {
            return Ok(());
        };
        writer
            .write(rows)
            .map_err(|error| write_failure(&self.path, &error))?;
        self.rows += rows.num_rows() as u64;
        Ok(())
    }

    /// Writes the footer and hands the file over.
    pub fn finish(mut self) -> Result<Finished, Failure> {
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

fn properties(schema: &Schema, facts: Vec<(String, String)>) -> Result<WriterProperties, Failure> {
    let level = ZstdLevel::try_new(1)
        .map_err(|error| Failure::reject(FailureKind::Output, "zstd", error))?;
    let facts = facts
        .into_iter()
        .map(|(key, value)| KeyValue::new(format!("lumimill.{key}"), value));
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_created_by(format!("lumimill {}", env!("CARGO_PKG_VERSION")))
        .set_max_row_group_row_count(Some(ROW_GROUP))
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
