//! Where the library of ONNX Runtime is, and which version it is; whether it is one that is used.
//!
//! Loads nothing: the version is read from the file, so that what would not work is told before any
//! of its code runs.

mod search;
mod version;

use std::fmt;
use std::path::{Path, PathBuf};

pub use search::{Place, cached, find, found_by};
pub use version::Version;

/// The version that `lumimill runtime install` gets.
pub const PINNED: Version = Version::new(1, 31, 1);
/// The oldest one whose interface is spoken.
pub const OLDEST: Version = Version::new(1, 24, 0);
/// What gets it.
pub const INSTALL: &str = "`lumimill runtime install` gets it";

/// A library that is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Library {
    /// The file.
    pub path: PathBuf,
    /// Its version.
    pub version: Version,
    /// Why it is this one.
    pub place: Place,
}

impl Library {
    /// What plans and tables call it.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{NAME} {}", self.version)
    }
}

/// How the names of these engines begin in plans and tables.
pub const NAME: &str = "onnxruntime";

/// A library that was found and is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {}: {reason}", path.display())]
pub struct LibraryError {
    /// The file.
    pub path: PathBuf,
    /// Where it was named, or looked for.
    pub place: Place,
    /// Why it is not used, and what to do.
    pub reason: Unfit,
}

/// Why a library is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfit {
    /// It cannot be read.
    Unreadable(String),
    /// It is something else.
    NoLibrary,
    /// A library, of something else.
    NoRuntime,
    /// Older than what is spoken.
    Old(Version),
    /// Known to be wrong.
    Wrong(Version),
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => write!(f, "{error}"),
            Self::NoLibrary => write!(f, "is no shared library; {INSTALL}"),
            Self::NoRuntime => write!(f, "is a library, but none of ONNX Runtime; {INSTALL}"),
            Self::Old(version) => write!(
                f,
                "is ONNX Runtime {version}, which is too old: {OLDEST} or newer is needed; {INSTALL} \
                 as version {PINNED}"
            ),
            Self::Wrong(version) => write!(
                f,
                "is ONNX Runtime {version}, whose labels of random forests with two classes are \
                 wrong: use another one; {INSTALL} as version {PINNED}"
            ),
        }
    }
}

/// The version of a library that may be used.
///
/// # Errors
/// When it is none, or not one that is right.
pub fn version_of(path: &Path) -> Result<Version, Unfit> {
    let version = version::read(path)?;
    match version {
        version if version < OLDEST => Err(Unfit::Old(version)),
        version if (version.major, version.minor) == (1, 26) => Err(Unfit::Wrong(version)),
        version => Ok(version),
    }
}

#[cfg(test)]
mod tests;
