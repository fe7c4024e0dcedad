//! One row group, as the decoder asks for it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use lumimill_rootfile::Begun;
use parquet::arrow::arrow_reader::RowGroups;
use parquet::basic::Compression;
use parquet::column::page::PageIterator;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::serialized_reader::SerializedPageReader;

use super::chunk::{Chunk, Noted, first_window};
use super::file::ParquetFile;
use super::pages::{CountedPages, OneColumn};
use super::place::{dictionary_of, range_of};

/// Bytes that lists may have in a row group, however few are stored: one entry may hold all of them.
const SMALL_LISTS: u64 = 256 << 20;
/// Bytes that one stored byte may stand for, of larger ones.
const LARGEST_RATIO: u64 = 1100;
/// Bytes that a value of a list takes while it is decoded, with what says which list it is in.
const VALUE_BYTES: u64 = 12;

/// A row group of a file, of which some columns are read.
pub(super) struct RowGroup<'a> {
    file: &'a ParquetFile,
    group: &'a RowGroupMetaData,
    begun: BTreeMap<usize, Arc<dyn Begun>>,
    noted: &'a Arc<Mutex<Noted>>,
}

impl<'a> RowGroup<'a> {
    /// What is far away of the beginning of these leaves is asked for.
    pub(super) fn new(
        file: &'a ParquetFile,
        group: &'a RowGroupMetaData,
        leaves: &[usize],
        noted: &'a Arc<Mutex<Noted>>,
    ) -> Result<Self, String> {
        let mut begun = BTreeMap::new();
        let (mut stored, mut claimed) = (0u64, 0u64);
        for leaf in leaves {
            let Some(column) = group.columns().get(*leaf) else {
                continue;
            };
            if column.column_descr().max_rep_level() > 0 {
                let values = column.num_values().unsigned_abs();
                stored = stored.saturating_add(column.compressed_size().unsigned_abs());
                claimed = claimed.saturating_add(values.saturating_mul(VALUE_BYTES));
            }
            let source = &*file.inner.source;
            let range = range_of(column).unwrap_or_default();
            let window = first_window(source, &range);
            if let Some(ahead) = source.begin(&[window]) {
                begun.insert(*leaf, Arc::from(ahead));
            }
        }
        let allowed = SMALL_LISTS.max(stored.saturating_mul(LARGEST_RATIO));
        match claimed <= allowed {
            true => Ok(Self {
                file,
                group,
                begun,
                noted,
            }),
            false => Err(format!(
                "the lists of a row group claim {claimed} bytes in {stored}: at most {allowed} are read of \
                 so many; write smaller row groups"
            )),
        }
    }
}

impl RowGroups for RowGroup<'_> {
    fn num_rows(&self) -> usize {
        usize::try_from(self.group.num_rows()).unwrap_or_default()
    }

    fn column_chunks(&self, leaf: usize) -> Result<Box<dyn PageIterator>, ParquetError> {
        let missing = || ParquetError::General(format!("no column {leaf}"));
        let column = self.group.columns().get(leaf).ok_or_else(missing)?;
        let chunk = Chunk::new(
            self.file.inner.source.clone(),
            range_of(column).unwrap_or_default(),
            self.begun.get(&leaf).cloned(),
            matches!(column.compression(), Compression::GZIP(_)),
            (self.file.memory, self.noted.clone()),
        );
        let (chunk, rows) = (Arc::new(chunk), self.num_rows());
        let pages = match dictionary_of(column) == column.dictionary_page_offset() {
            true => SerializedPageReader::new(chunk, column, rows, None)?,
            false => {
                let column = column.clone().into_builder();
                let column = column.set_dictionary_page_offset(None).build()?;
                SerializedPageReader::new(chunk, &column, rows, None)?
            }
        };
        Ok(Box::new(OneColumn(Some(CountedPages::new(pages, column)))))
    }

    fn row_groups(&self) -> Box<dyn Iterator<Item = &RowGroupMetaData> + '_> {
        Box::new(std::iter::once(self.group))
    }

    fn metadata(&self) -> &ParquetMetaData {
        &self.file.inner.metadata
    }
}
