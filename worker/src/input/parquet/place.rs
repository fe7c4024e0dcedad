//! Where a column of a row group is.

use std::ops::Range;

use parquet::file::metadata::ColumnChunkMetaData;

/// The bytes of a column in a row group; none where they cannot be.
pub(super) fn range_of(column: &ColumnChunkMetaData) -> Option<Range<u64>> {
    let data = u64::try_from(column.data_page_offset()).ok()?;
    let start = match dictionary_of(column) {
        Some(dictionary) => data.min(u64::try_from(dictionary).ok()?),
        None => data,
    };
    let length = u64::try_from(column.compressed_size()).ok()?;
    Some(start..start.checked_add(length)?)
}

/// Where the dictionary is, where there is one: some writers say 0 for none.
pub(super) fn dictionary_of(column: &ColumnChunkMetaData) -> Option<i64> {
    column
        .dictionary_page_offset()
        .filter(|offset| *offset != 0)
}
