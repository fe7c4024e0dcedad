//! Why files cannot be compared, or should not be read together.

use thiserror::Error;

use super::told::Twice;
use crate::plan::event_columns::EventColumnError;

/// Stretches of entries that a plan drops, at most: it holds them in memory, and in its table.
pub(super) const MOST_STRETCHES: usize = 4_000_000;

/// Why files cannot be compared, or should not be read together.
#[derive(Debug, Error)]
pub enum DuplicateError {
    /// A file cannot be read.
    #[error("looking for duplicate events: {0}")]
    Column(#[from] EventColumnError),
    /// Events are there more than once.
    #[error("{0}")]
    Twice(Box<Twice>),
    /// More than one plan should hold.
    #[error(
        "certification.duplicates: \"first\" would drop more than {MOST_STRETCHES} separate \
         stretches of entries, of {files}: leave out the files that repeat others"
    )]
    TooMany {
        /// The files, or the first of them.
        files: String,
    },
    /// Identities that no search in bounded memory can tell apart.
    #[error("looking for duplicate events: the event numbers of {file} cannot be compared")]
    Incomparable {
        /// A file that has them.
        file: String,
    },
}

impl From<lumimill_worker::input::Error> for DuplicateError {
    fn from(error: lumimill_worker::input::Error) -> Self {
        Self::Column(error.into())
    }
}
