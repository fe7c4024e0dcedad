//! Where an input file is, and how it is opened there.

use std::fmt;
use std::path::{Path, PathBuf};

use lumimill_common::store::S3Address;
use lumimill_rootfile::{Error, RootFile};

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

    /// Opens the ROOT file there. One in S3-compatible storage is read by ranges, with settings
    /// from the environment.
    ///
    /// # Errors
    /// When it cannot be opened or read, or is not a whole ROOT file.
    pub fn open(&self) -> Result<RootFile, Error> {
        match self {
            Self::File(path) => RootFile::open(path),
            Self::S3(url) => RootFile::from_source(remote::open(url)?),
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
