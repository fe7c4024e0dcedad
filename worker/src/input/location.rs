//! Where an input file is, and how it is opened there.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lumimill_common::store::S3Address;
use lumimill_rootfile::LocalFile;

use super::error::Error;
use super::event_file::EventFile;
use super::remote;

/// Where an input file is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Location {
    /// A file of this machine.
    File(PathBuf),
    /// An object of S3-compatible storage, by its `s3://` URL.
    S3(String),
}

impl Location {
    /// Where a URL or path leads; paths are relative to `base`, the folder of the campaign file.
    #[must_use]
    pub fn of(base: &Path, url: &str) -> Self {
        match S3Address::is_meant(url) {
            true => Self::S3(url.to_owned()),
            false => Self::File(base.join(url)),
        }
    }

    /// Opens the file there. One in S3-compatible storage is read by ranges, with settings
    /// from the environment.
    ///
    /// # Errors
    /// When it cannot be opened or read, or is not a whole file of events.
    pub fn open(&self) -> Result<EventFile, Error> {
        match self {
            Self::File(path) => EventFile::from_source(Arc::new(LocalFile::open(path)?)),
            Self::S3(url) => EventFile::from_source(remote::open(url)?),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::S3(url) => f.write_str(url),
        }
    }
}
