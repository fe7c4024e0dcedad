//! Why a batch gives no rows, and the entry of it that is at fault.

use arrow_schema::DataType;
use lumimill_common::expression::EvaluateError;

/// Why a batch gives no rows.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A column is not what the schema promised, or holds a value that cannot be used.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    /// The column to count members by is missing, or is not a list.
    #[error("column \"{0}\" is missing or not a list without nulls")]
    Lengths(String),
    /// An event with an absurd number of members.
    #[error(
        "{members} members give more than {most} pairs in one batch; a condition in rows would leave fewer"
    )]
    TooMany {
        /// The entry.
        entry: u32,
        /// Its members.
        members: usize,
        /// The most pairs that are formed.
        most: usize,
    },
    /// An absurd number of values in one column of a batch.
    #[error("column \"{0}\" has more values in one batch than a list column holds")]
    TooLong(String),
    /// A value that its column's type cannot hold.
    #[error(
        "column \"{column}\" is stored as {stored}, which cannot hold {value}: give it a type that does, {}", wider(.stored)
    )]
    DoesNotFit {
        /// The output column.
        column: String,
        /// Its stored type.
        stored: DataType,
        /// The value.
        value: String,
    },
    /// A label that is stored in bytes, which holds something other than 0 and 1.
    #[error(
        "label \"{column}\": entry {entry} holds {value}, neither 0 nor 1: make a column of it, such as {column} != 0"
    )]
    NotAFlag {
        /// The column.
        column: String,
        /// The entry, counted from the beginning of the batch.
        entry: u64,
        /// What it holds.
        value: i64,
    },
    /// Columns that do not make a batch.
    #[error("rows do not make a batch: {0}")]
    Arrow(#[from] arrow_schema::ArrowError),
}

impl RunError {
    /// The error as it is told: where it says an entry of the batch itself, that is one of all.
    #[must_use]
    pub(crate) fn of_batch(mut self, of: impl Fn(usize) -> u64) -> Self {
        if let Self::NotAFlag { entry, .. } = &mut self {
            *entry = usize::try_from(*entry).map_or(*entry, of);
        }
        self
    }

    /// The same error, where entries of the batch are others of another one.
    #[must_use]
    pub(crate) fn with_entries(self, of: impl Fn(usize) -> usize) -> Self {
        match self {
            Self::Evaluate(error) => Self::Evaluate(error.with_entries(of)),
            Self::NotAFlag {
                column,
                entry,
                value,
            } => Self::NotAFlag {
                column,
                entry: usize::try_from(entry).map_or(entry, |entry| of(entry) as u64),
                value,
            },
            error => error,
        }
    }

    /// The entry of the batch that it is about, if it is about one.
    #[must_use]
    pub fn entry(&self) -> Option<usize> {
        match self {
            Self::Evaluate(error) => error.entry(),
            Self::TooMany { entry, .. } => Some(*entry as usize),
            _ => None,
        }
    }
}

/// Types that hold more than this one.
fn wider(stored: &DataType) -> &'static str {
    match stored {
        DataType::Float32 => "such as \"f64\"",
        _ => "such as \"i64\", \"u64\" or \"f64\"",
    }
}
