//! Reading entries of a Parquet file into record batches, one row group after the other.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{Field, Schema, SchemaRef};
use arrow_select::concat::concat_batches;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, RowSelection, RowSelector};
use parquet::arrow::{FieldLevels, ProjectionMask, parquet_to_arrow_field_levels};

use super::chunk::Noted;
use super::column::ParquetColumn;
use super::fault::{MOST_TEXT, ParquetFault, TEXT_BATCH, guarded};
use super::file::ParquetFile;
use super::row_group::RowGroup;
use super::values::{Unread, values_of};
use crate::input::event_column::is_of_texts;

/// Reads ranges of entries from chosen columns. Where the last one ended is remembered, so that ascending
/// ranges unpack every page once.
pub struct ParquetReader {
    file: ParquetFile,
    columns: Vec<ParquetColumn>,
    leaves: Vec<usize>,
    levels: FieldLevels,
    schema: SchemaRef,
    stream: Option<Stream>,
    noted: Arc<Mutex<Noted>>,
}

impl fmt::Debug for ParquetReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParquetReader")
            .field("file", &self.file.name())
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}

/// A row group that is being read.
struct Stream {
    rows: ParquetRecordBatchReader,
    /// The entry that comes next, and the one that the row group ends before.
    next: u64,
    end: u64,
    /// Whether it is read from its first row on.
    is_whole: bool,
    /// Rows that were decoded and not asked for yet.
    held: Option<RecordBatch>,
}

/// Bytes of the texts of rows.
fn bytes_of_texts(rows: &RecordBatch) -> usize {
    let columns = rows.columns().iter();
    let texts = columns.filter(|column| is_of_texts(column.data_type()));
    let bytes = texts.map(|column| column.to_data().get_slice_memory_size().unwrap_or_default());
    bytes.fold(0, usize::saturating_add)
}

impl ParquetReader {
    pub(super) fn new(
        file: ParquetFile,
        columns: Vec<ParquetColumn>,
    ) -> Result<Self, ParquetFault> {
        let mut leaves: Vec<usize> = columns.iter().map(|column| column.leaf).collect();
        leaves.sort_unstable();
        leaves.dedup();
        let descriptor = file.inner.metadata.file_metadata().schema_descr();
        let mask = ProjectionMask::leaves(descriptor, leaves.iter().copied());
        let levels = guarded(|| parquet_to_arrow_field_levels(descriptor, mask, None));
        let levels = levels.map_err(|what| ParquetFault::Corrupt {
            file: file.name().to_owned(),
            what,
        })?;
        let fields = columns.iter().filter_map(|column| {
            let data_type = column.data_type.as_ref().ok()?;
            Some(Field::new(&column.name, data_type.clone(), false))
        });
        Ok(Self {
            schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
            file,
            columns,
            leaves,
            levels,
            stream: None,
            noted: Arc::default(),
        })
    }

    /// The columns' names and Arrow types.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Reads exactly these entries.
    ///
    /// # Errors
    /// When they are not all within the table, cannot be read or decoded, or have a missing value that
    /// nothing stands for.
    pub fn read(&mut self, entries: Range<u64>) -> Result<RecordBatch, ParquetFault> {
        let all = self.file.inner.starts.last().copied().unwrap_or_default();
        let rows = entries.end.checked_sub(entries.start);
        let rows = rows.and_then(|rows| usize::try_from(rows).ok());
        let Some(rows) = rows.filter(|_| entries.end <= all) else {
            return Err(ParquetFault::OutOfRange {
                file: self.file.name().to_owned(),
                range: entries,
                entries: all,
            });
        };
        if rows == 0 || self.columns.is_empty() {
            return self.batch(Vec::new(), rows);
        }
        let mut parts = Vec::new();
        let (mut at, mut texts) = (entries.start, 0);
        while at < entries.end {
            let most = usize::try_from(entries.end - at).unwrap_or(usize::MAX);
            let decoded = self.next(at, most, rows)?;
            let part = self.read_as(&decoded, at)?;
            at += decoded.num_rows() as u64;
            texts += bytes_of_texts(&part);
            if texts > MOST_TEXT {
                let from = entries.start;
                return Err(self.corrupt(format!(
                    "the texts of entries {from} to {at} have more than {MOST_TEXT} bytes, which is what is read \
                     at once: leave out their column"
                )));
            }
            parts.push(part);
        }
        self.joined(&parts)
    }

    /// These rows, one after the other.
    pub(in crate::input) fn joined(
        &self,
        parts: &[RecordBatch],
    ) -> Result<RecordBatch, ParquetFault> {
        match parts {
            [one] => Ok(one.clone()),
            several => {
                let joined = guarded(|| concat_batches(&self.schema, several));
                joined.map_err(|what| self.corrupt(what))
            }
        }
    }

    /// Some rows from an entry on, of one row group.
    fn next(&mut self, at: u64, most: usize, batch: usize) -> Result<RecordBatch, ParquetFault> {
        let mut stream = match self.stream.take() {
            Some(stream) if stream.next == at && at < stream.end => stream,
            _ => self.open(at, batch)?,
        };
        let decoded = match stream.held.take() {
            Some(held) => held,
            None => {
                let next = guarded(|| stream.rows.next().transpose());
                let next = next.map_err(|what| self.noted_or(what))?;
                let left = stream.end - stream.next;
                match next {
                    Some(decoded) if decoded.num_rows() as u64 <= left => decoded,
                    _ => {
                        let what = format!("a row group ends at entry {at}, {left} too early");
                        return Err(self.corrupt(what));
                    }
                }
            }
        };
        let rows = decoded.num_rows();
        if rows == 0 {
            return Err(self.corrupt(format!("no rows at entry {at}")));
        }
        let given = rows.min(most);
        stream.held = (rows > given).then(|| decoded.slice(given, rows - given));
        stream.next += given as u64;
        if stream.next == stream.end && stream.is_whole {
            self.check_end(&mut stream)?;
        }
        self.stream = Some(stream);
        Ok(decoded.slice(0, given))
    }

    /// That nothing comes after the last row of a row group, where the decoder would give it.
    fn check_end(&self, stream: &mut Stream) -> Result<(), ParquetFault> {
        let next = guarded(|| stream.rows.next().transpose());
        let next = next.map_err(|what| self.noted_or(what))?;
        match next.filter(|rows| rows.num_rows() > 0) {
            None => Ok(()),
            Some(_) => {
                let what = format!(
                    "a row group has more rows than its footer says, up to entry {}",
                    stream.end
                );
                Err(self.corrupt(what))
            }
        }
    }

    /// The row group of an entry, from that on, in batches of so many.
    fn open(&self, at: u64, batch: usize) -> Result<Stream, ParquetFault> {
        let starts = &self.file.inner.starts;
        let number = starts
            .partition_point(|start| *start <= at)
            .saturating_sub(1);
        let group = self.file.inner.metadata.row_groups().get(number);
        let ends = starts.get(number).zip(starts.get(number + 1));
        let (Some(group), Some((start, end))) = (group, ends) else {
            return Err(self.corrupt(format!("no row group has entry {at}")));
        };
        let row_group = RowGroup::new(&self.file, group, &self.leaves, &self.noted);
        let row_group = row_group.map_err(|what| self.corrupt(what))?;
        let rows = |from: u64, to: u64| usize::try_from(to - from).unwrap_or(usize::MAX);
        let selection = (at > *start).then(|| {
            RowSelection::from(vec![
                RowSelector::skip(rows(*start, at)),
                RowSelector::select(rows(at, *end)),
            ])
        });
        let has_texts = self
            .schema
            .fields()
            .iter()
            .any(|field| is_of_texts(field.data_type()));
        let batch = match has_texts {
            true => batch.min(TEXT_BATCH),
            false => batch,
        };
        let rows = guarded(|| {
            ParquetRecordBatchReader::try_new_with_row_groups(
                &self.levels,
                &row_group,
                batch,
                selection,
            )
        });
        Ok(Stream {
            rows: rows.map_err(|what| self.noted_or(what))?,
            next: at,
            end: *end,
            is_whole: at == *start,
            held: None,
        })
    }

    /// The columns of rows that were decoded, which begin with this entry.
    fn read_as(&self, decoded: &RecordBatch, at: u64) -> Result<RecordBatch, ParquetFault> {
        let file = || self.file.name().to_owned();
        let read = self.columns.iter().map(|column| {
            let values = guarded(|| Ok::<_, String>(values_of(column, decoded)));
            let values = values.map_err(|what| self.corrupt(what))?;
            values.map_err(|unread| match unread {
                Unread::Missing(what, row) => ParquetFault::Missing {
                    file: file(),
                    column: column.name.clone(),
                    what,
                    entry: at + row as u64,
                },
                Unread::Otherwise => self.corrupt(format!(
                    "column {:?} is not as the schema has it",
                    column.name
                )),
            })
        });
        let arrays = read.collect::<Result<Vec<_>, _>>()?;
        self.batch(arrays, decoded.num_rows())
    }

    fn batch(&self, arrays: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch, ParquetFault> {
        if rows == 0 {
            return Ok(RecordBatch::new_empty(self.schema()));
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(self.schema(), arrays, &options);
        batch.map_err(|error| self.corrupt(error.to_string()))
    }

    fn corrupt(&self, what: String) -> ParquetFault {
        ParquetFault::Corrupt {
            file: self.file.name().to_owned(),
            what,
        }
    }

    /// What was noted where the decoder failed, or what the decoder says.
    fn noted_or(&self, what: String) -> ParquetFault {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let file = self.file.name().to_owned();
        match (noted.io.take(), noted.too_large.take(), self.file.memory) {
            (Some(source), ..) => ParquetFault::Io { file, source },
            (None, Some(needed), Some(limit)) => ParquetFault::TooMuchMemory {
                file,
                needed,
                limit,
            },
            _ => ParquetFault::Corrupt { file, what },
        }
    }
}
