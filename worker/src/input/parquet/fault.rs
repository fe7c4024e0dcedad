//! What can go wrong when a Parquet file is read, said so that a person can act on it.

use std::io;
use std::ops::Range;

use thiserror::Error;

use crate::caught::caught;

/// A failure to open or read a Parquet file.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ParquetFault {
    /// The source could not deliver bytes it should have.
    #[error("{file}: cannot read: {source}")]
    Io {
        /// The file's name.
        file: String,
        /// What the source said.
        source: io::Error,
    },
    /// The bytes of the file contradict themselves or end too early.
    #[error("{file}: corrupt: {what}")]
    Corrupt {
        /// The file's name.
        file: String,
        /// What was expected and what was found.
        what: String,
    },
    /// No column has that name.
    #[error("{file}: no column {wanted:?}{}", did_you_mean(.nearest.as_deref()))]
    NoColumn {
        /// The file's name.
        file: String,
        /// The name that was asked for.
        wanted: String,
        /// The existing name that is nearest to it.
        nearest: Option<String>,
    },
    /// Something that this reader does not decode.
    #[error("{file}: column {column:?}: unsupported: {reason}")]
    Unsupported {
        /// The file's name.
        file: String,
        /// The column.
        column: String,
        /// Why it is not decoded.
        reason: String,
    },
    /// Trees of many directories, or beside one another, which only ROOT files have.
    #[error(
        "{file}: trees {wanted:?}: a Parquet file is one table, without directories: give its dataset a \
         stage of its own, without a pattern in tree and without zip_trees"
    )]
    OneTable {
        /// The file's name.
        file: String,
        /// The name that was asked for.
        wanted: String,
    },
    /// A value that is missing and that nothing stands for.
    #[error(
        "{file}: column {column:?}: {what} in entry {entry} is missing (null), and only a missing float has \
         a value that stands for it, NaN: fill it when the file is written"
    )]
    Missing {
        /// The file's name.
        file: String,
        /// The column.
        column: String,
        /// The list, or a value of it.
        what: &'static str,
        /// The first entry that has such.
        entry: u64,
    },
    /// The entry range does not lie within the table.
    #[error("{file}: entries {}..{} are not within the {entries} of the file", .range.start, .range.end)]
    OutOfRange {
        /// The file's name.
        file: String,
        /// The range that was asked for.
        range: Range<u64>,
        /// How many entries there are.
        entries: u64,
    },
    /// What is read at once would need more memory than it may, by what the file claims.
    #[error(
        "{file}: {} MiB would be unpacked at once, the limit is {} MiB",
        .needed.div_ceil(1 << 20), .limit.div_ceil(1 << 20)
    )]
    TooMuchMemory {
        /// The file's name.
        file: String,
        /// Bytes that would be needed.
        needed: u64,
        /// Bytes that may be used.
        limit: u64,
    },
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest
        .map(|name| format!("; did you mean {name:?}?"))
        .unwrap_or_default()
}

/// Rows that are decoded at once where some are texts, which may be long.
pub(super) const TEXT_BATCH: usize = 64;

/// Bytes of texts that are decoded at once, at most.
pub(super) const MOST_TEXT: usize = 256 << 20;

/// Runs the decoder, whose panics are errors of the file.
pub(super) fn guarded<T, E: ToString>(work: impl FnOnce() -> Result<T, E>) -> Result<T, String> {
    match caught(work) {
        Ok(done) => done.map_err(|error| error.to_string()),
        Err(panic) if panic.is_empty() => Err(String::from("the decoder broke off")),
        Err(panic) => Err(format!("the decoder broke off: {panic}")),
    }
}
