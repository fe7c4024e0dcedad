//! An input file, of whatever kind: a ROOT file with its trees, or a Parquet file, which is one table.

use std::sync::Arc;

use lumimill_rootfile::{ReadAt, RootFile};

use super::error::Error;
use super::event_table::EventTable;
use super::parquet::{ParquetFile, ParquetTable};

/// An open input file. Cloning it shares the file.
#[derive(Debug, Clone)]
pub enum EventFile {
    /// With trees, each a TTree or an RNTuple.
    Root(RootFile),
    /// One table.
    Parquet(ParquetFile),
}

impl EventFile {
    /// Opens the file whose bytes `source` gives; they say of which kind it is.
    ///
    /// # Errors
    /// When it cannot be read, is of no known kind, or not whole.
    pub fn from_source(source: Arc<dyn ReadAt>) -> Result<Self, Error> {
        match RootFile::from_source(source.clone()) {
            Err(lumimill_rootfile::Error::NotRoot { .. }) if ParquetFile::is_meant(&*source)? => {
                Ok(Self::Parquet(ParquetFile::from_source(source)?))
            }
            opened => Ok(Self::Root(opened?)),
        }
    }

    /// The same file, of which nothing is unpacked that needs more memory than this, in bytes: tables
    /// and ranges of entries that do are refused before.
    #[must_use]
    pub fn with_memory_limit(self, bytes: Option<u64>) -> Self {
        match self {
            Self::Root(file) => Self::Root(file.with_memory_limit(bytes)),
            Self::Parquet(file) => Self::Parquet(file.with_memory_limit(bytes)),
        }
    }

    /// The file's path or URL.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Root(file) => file.name(),
            Self::Parquet(file) => file.name(),
        }
    }

    /// The file's length in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Self::Root(file) => file.size(),
            Self::Parquet(file) => file.size(),
        }
    }

    /// What tells the file from what it was before it was written again under the same name: a hash of
    /// where it says what it holds and when it was written.
    #[must_use]
    pub fn state(&self) -> [u8; 16] {
        match self {
            Self::Root(file) => file.state(),
            Self::Parquet(file) => file.state(),
        }
    }

    /// The identity that the program which wrote the file gave it; all zero when it has none.
    #[must_use]
    pub fn uuid(&self) -> [u8; 16] {
        match self {
            Self::Root(file) => file.uuid(),
            Self::Parquet(_) => [0; 16],
        }
    }

    /// What a person should know of the file as a whole.
    #[must_use]
    pub fn warning(&self) -> Option<&str> {
        match self {
            Self::Root(file) => file.warning(),
            Self::Parquet(_) => None,
        }
    }

    /// The trees in it, those in directories as `DIR/tree`; the one table of a Parquet file has the
    /// name that it is asked for by.
    ///
    /// # Errors
    /// When its directories cannot be read.
    pub fn tree_names(&self) -> Result<Vec<String>, Error> {
        match self {
            Self::Root(file) => Ok(file.tree_names()?),
            Self::Parquet(_) => Ok(Vec::new()),
        }
    }

    /// The tree of that name, or the trees that the name stands for as one table; a Parquet file's
    /// only table, whatever a campaign calls its tree.
    ///
    /// # Errors
    /// When there is none, or its description cannot be read.
    pub fn table(&self, name: &str) -> Result<EventTable, Error> {
        match self {
            Self::Root(file) => Ok(file.tree(name)?.into()),
            Self::Parquet(file) => Ok(ParquetTable::of(file, name)?.into()),
        }
    }
}
