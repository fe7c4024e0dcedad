//! Why an input file, whatever its kind, cannot be read.

use std::io;

use thiserror::Error;

use super::parquet::ParquetFault;

/// A failure to open or read an input file; the message names it, and as far as they are known the
/// tree or table and the column.
#[derive(Debug, Error)]
pub enum Error {
    /// Of a ROOT file, or of what kind it is.
    #[error(transparent)]
    Root(#[from] lumimill_rootfile::Error),
    /// Of a Parquet file.
    #[error(transparent)]
    Parquet(#[from] ParquetFault),
}

impl Error {
    /// Whether the same call may succeed when it is made again: networks and storage fail for a while,
    /// damaged bytes and names that are missing stay as they are.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Root(error) => error.is_transient(),
            Self::Parquet(ParquetFault::Io { file, source }) => {
                let source = io::Error::new(source.kind(), source.to_string());
                let file = file.clone();
                lumimill_rootfile::Error::Open { file, source }.is_transient()
            }
            Self::Parquet(_) => false,
        }
    }

    /// What the system said, where it could not deliver bytes.
    #[must_use]
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        use lumimill_rootfile::Error::{Io, Open};
        match self {
            Self::Root(Open { source, .. } | Io { source, .. })
            | Self::Parquet(ParquetFault::Io { source, .. }) => Some(source.kind()),
            Self::Root(_) | Self::Parquet(_) => None,
        }
    }

    /// Whether more memory would be needed than may be used.
    #[must_use]
    pub fn is_too_much_memory(&self) -> bool {
        matches!(
            self,
            Self::Root(lumimill_rootfile::Error::TooMuchMemory { .. })
                | Self::Parquet(ParquetFault::TooMuchMemory { .. })
        )
    }
}
