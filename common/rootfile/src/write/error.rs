//! What can go wrong while a file is written.

use arrow_schema::DataType;

/// Why a ROOT file could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The output refused bytes.
    #[error("writing {file}: {source}")]
    Io {
        /// Name of the file.
        file: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A column has a type that this writer has no branch for.
    #[error(
        "column {column}: no branch can hold {data_type}; expected a primitive, a boolean, or a list of them"
    )]
    Unsupported {
        /// Name of the column.
        column: String,
        /// Its Arrow type.
        data_type: DataType,
    },
    /// A list column does not name its counter, or names one that does not come before it.
    #[error(
        "column {column}: its counter {counter:?} must be an int32 or uint32 column that comes before it"
    )]
    Counter {
        /// Name of the list column.
        column: String,
        /// The counter its field names; empty when it names none.
        counter: String,
    },
    /// A counter column and a list disagree.
    #[error(
        "column {column}: entry {entry} has {found} elements where counter {counter} says {expected}"
    )]
    Count {
        /// Name of the list column.
        column: String,
        /// Name of its counter.
        counter: String,
        /// Index of the entry in the batch.
        entry: usize,
        /// Elements in the list.
        found: i64,
        /// What the counter says.
        expected: i64,
    },
    /// A batch does not have the tree's schema, or has nulls.
    #[error("tree {tree}: {reason}")]
    Batch {
        /// Name of the tree.
        tree: String,
        /// What is wrong with the batch.
        reason: String,
    },
    /// The file, or a record in it, would need the 64-bit forms.
    #[error("{file}: {what} would pass 2 GB; write several files")]
    TooLarge {
        /// Name of the file.
        file: String,
        /// What grew too large.
        what: &'static str,
    },
    /// A codec refused its input.
    #[error("compressing {bytes} bytes with {codec}: {reason}")]
    Compress {
        /// Name of the codec.
        codec: &'static str,
        /// Bytes that were to be compressed.
        bytes: usize,
        /// What the codec said.
        reason: String,
    },
}
