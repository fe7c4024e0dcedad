//! An open Parquet file: what its footer says, held against what is there.

use std::collections::HashMap;
use std::sync::Arc;

use lumimill_rootfile::ReadAt;
use parquet::arrow::parquet_to_arrow_schema;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};

use super::column::ParquetColumn;
use super::columns::columns_of;
use super::fault::{ParquetFault, guarded};
use super::place::range_of;
use super::schema_depth;

/// What such a file begins and ends with.
const MAGIC: &[u8] = b"PAR1";
/// Of the footer, at its end: its length and the magic.
const END: u64 = 8;
/// A footer that is longer is not read; those of real files have some megabytes at most.
const LONGEST_FOOTER: u64 = 128 << 20;
/// Names that such files have.
const ENDINGS: [&str; 3] = [".parquet", ".parq", ".pq"];

/// A Parquet file. Cloning it shares the open file.
#[derive(Debug, Clone)]
pub struct ParquetFile {
    pub(super) inner: Arc<Inner>,
    pub(super) memory: Option<u64>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) source: Arc<dyn ReadAt>,
    pub(super) metadata: Arc<ParquetMetaData>,
    state: [u8; 16],
    pub(super) columns: Vec<ParquetColumn>,
    /// Where each name is among the columns: of several, the one that is read.
    pub(super) places: HashMap<String, usize>,
    /// The entry that each row group begins with, and how many entries there are.
    pub(super) starts: Vec<u64>,
}

impl ParquetFile {
    /// Whether a file that is no ROOT file begins as a Parquet file does, or is called as one.
    ///
    /// # Errors
    /// When its first bytes cannot be read.
    pub fn is_meant(source: &dyn ReadAt) -> Result<bool, ParquetFault> {
        if ENDINGS.iter().any(|ending| source.name().ends_with(ending)) {
            return Ok(true);
        }
        let mut start = [0; 4];
        if source.size() < start.len() as u64 {
            return Ok(false);
        }
        read_into(source, 0, &mut start)?;
        Ok(start == MAGIC)
    }

    /// Opens the file whose bytes `source` gives.
    ///
    /// # Errors
    /// When it cannot be read, or is not a whole Parquet file.
    pub fn from_source(source: Arc<dyn ReadAt>) -> Result<Self, ParquetFault> {
        let corrupt = |what: String| ParquetFault::Corrupt {
            file: source.name().to_owned(),
            what,
        };
        let footer = footer_of(&*source)?;
        let mut state = blake3::Hasher::new();
        state.update(&footer);
        state.update(source.version().unwrap_or_default().as_bytes());
        let state = state.finalize();
        let state = state.as_bytes().first_chunk().copied().unwrap_or_default();
        schema_depth::check(&footer).map_err(corrupt)?;
        let metadata = guarded(|| ParquetMetaDataReader::decode_metadata(&footer))
            .map_err(|error| corrupt(format!("its footer cannot be read: {error}")))?;
        let starts = starts_of(&metadata, source.size()).map_err(corrupt)?;
        let columns = guarded(|| {
            let schema = metadata.file_metadata().schema_descr();
            let plain = parquet_to_arrow_schema(schema, None)?;
            // What only the program that wrote the file knows of its types.
            let told = metadata.file_metadata().key_value_metadata();
            let told = parquet_to_arrow_schema(schema, told).ok();
            let told = told.as_ref().map_or(plain.fields(), |told| told.fields());
            let columns = columns_of((plain.fields(), told), &metadata);
            Ok::<_, parquet::errors::ParquetError>(columns)
        });
        let columns = columns.map_err(|error| corrupt(format!("its schema: {error}")))?;
        let mut places = HashMap::new();
        for (place, column) in columns.iter().enumerate() {
            match column.data_type.is_ok() {
                true => drop(places.insert(column.name.clone(), place)),
                false => drop(places.entry(column.name.clone()).or_insert(place)),
            }
        }
        Ok(Self {
            inner: Arc::new(Inner {
                places,
                metadata: Arc::new(metadata),
                state,
                columns,
                starts,
                source,
            }),
            memory: None,
        })
    }

    /// The same file, of which nothing is unpacked that needs more memory than this, in bytes.
    #[must_use]
    pub fn with_memory_limit(mut self, bytes: Option<u64>) -> Self {
        self.memory = bytes;
        self
    }

    /// The file's path or URL.
    #[must_use]
    pub fn name(&self) -> &str {
        self.inner.source.name()
    }

    /// The file's length in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.inner.source.size()
    }

    /// What tells the file from what it was before it was written again under the same name: a hash
    /// (BLAKE3) of its footer, which has the places and sizes of all that is in it, and, as values may
    /// change without these, of when it was changed (on S3 of its ETag).
    #[must_use]
    pub fn state(&self) -> [u8; 16] {
        self.inner.state
    }
}

pub(super) fn read_into(
    source: &dyn ReadAt,
    offset: u64,
    bytes: &mut [u8],
) -> Result<(), ParquetFault> {
    let read = source.read_at(offset, bytes);
    read.map_err(|error| ParquetFault::Io {
        file: source.name().to_owned(),
        source: error,
    })
}

/// The bytes of the footer, without its end.
fn footer_of(source: &dyn ReadAt) -> Result<Vec<u8>, ParquetFault> {
    let corrupt = |what: String| ParquetFault::Corrupt {
        file: source.name().to_owned(),
        what,
    };
    let Some(at) = source.size().checked_sub(END) else {
        return Err(corrupt(format!(
            "not a Parquet file: it has {} bytes",
            source.size()
        )));
    };
    let mut end = [0; END as usize];
    read_into(source, at, &mut end)?;
    let (length, magic) = end.split_at(4);
    match magic {
        MAGIC => {}
        b"PARE" => return Err(corrupt(String::from("it is encrypted, which is not read"))),
        _ => {
            let what = "not a whole Parquet file: it does not end with PAR1, so it was cut off, is still \
                        being written, or is of another kind";
            return Err(corrupt(what.to_owned()));
        }
    }
    let length = length.first_chunk().copied().unwrap_or_default();
    let length = u64::from(u32::from_le_bytes(length));
    let start = at.checked_sub(length).filter(|start| *start >= 4);
    let Some(start) = start.filter(|_| length <= LONGEST_FOOTER) else {
        return Err(corrupt(format!(
            "its footer claims {length} bytes of the {at} before it (at most {LONGEST_FOOTER} are read)"
        )));
    };
    let mut footer = vec![0; usize::try_from(length).unwrap_or_default()];
    read_into(source, start, &mut footer)?;
    Ok(footer)
}

/// The entry that each row group begins with, and how many there are; or what in the footer contradicts
/// itself or the file.
fn starts_of(metadata: &ParquetMetaData, size: u64) -> Result<Vec<u64>, String> {
    let leaves = metadata.file_metadata().schema_descr().num_columns();
    let mut starts = vec![0];
    let mut rows = 0u64;
    let mut ranges = Vec::new();
    for (number, group) in metadata.row_groups().iter().enumerate() {
        let of_group = u64::try_from(group.num_rows())
            .map_err(|_| format!("row group {number} claims {} rows", group.num_rows()))?;
        if group.columns().len() != leaves {
            return Err(format!(
                "row group {number} has {} columns, the schema {leaves}",
                group.columns().len()
            ));
        }
        for column in group.columns() {
            let name = column.column_path().string();
            if column.file_path().is_some() {
                return Err(format!("column {name:?} is in another file"));
            }
            let range = range_of(column).filter(|range| range.end <= size);
            let Some(range) = range.filter(|_| column.uncompressed_size() >= 0) else {
                return Err(format!("column {name:?} is outside of the file"));
            };
            // pyarrow says of columns without rows that they begin at the beginning.
            if of_group > 0 {
                ranges.push((range.start, range.end));
            }
            let is_flat = column.column_descr().max_rep_level() == 0;
            if is_flat && column.num_values() != group.num_rows() {
                return Err(format!(
                    "row group {number} has {of_group} rows, its column {name:?} has {} values",
                    column.num_values()
                ));
            }
        }
        rows = rows
            .checked_add(of_group)
            .ok_or("it claims more rows than can be")?;
        starts.push(rows);
    }
    ranges.retain(|(start, end)| start < end);
    ranges.sort_unstable();
    let overlap = ranges.windows(2).any(|pair| match pair {
        [(_, end), (start, _)] => end > start,
        _ => false,
    });
    if overlap {
        return Err(String::from("two of its columns are in the same bytes"));
    }
    match u64::try_from(metadata.file_metadata().num_rows()) {
        Ok(all) if all == rows => Ok(starts),
        _ => Err(format!(
            "it claims {} rows, its row groups have {rows}",
            metadata.file_metadata().num_rows()
        )),
    }
}
