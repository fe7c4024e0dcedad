//! What can go wrong when a ROOT file is read, said so that a person can act on it.

use std::fmt;
use std::io;
use std::ops::Range;

use thiserror::Error;

/// A failure to open or read a ROOT file.
///
/// Every message names the file, and as far as they are known the tree, the branch and the
/// basket. [`Error::is_transient`] says whether trying again can help.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The source could not deliver bytes it should have.
    #[error("{file}: cannot read {length} bytes at byte {offset}: {source}")]
    Io {
        /// The file's name.
        file: String,
        /// Where the bytes begin in the file.
        offset: u64,
        /// How many bytes were asked for.
        length: u64,
        /// What the source said.
        source: io::Error,
    },
    /// The file could not be opened.
    #[error("{file}: cannot open: {source}")]
    Open {
        /// The path as it was given.
        file: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file does not start as a ROOT file does.
    #[error("{file}: not a ROOT file: {found}")]
    NotRoot {
        /// The file's name.
        file: String,
        /// What it starts with instead.
        found: String,
    },
    /// The bytes of the file contradict themselves or end too early.
    #[error("{place}: corrupt: {what}")]
    Corrupt {
        /// File, and where known tree, branch and basket.
        place: Place,
        /// What was expected and what was found.
        what: String,
    },
    /// No tree has that name.
    #[error("{file}: no tree {wanted:?}{}", existing_trees(.existing))]
    NoTree {
        /// The file's name.
        file: String,
        /// The name that was asked for.
        wanted: String,
        /// The trees that the file has.
        existing: Vec<String>,
    },
    /// Trees that are to stand beside one another in every directory do not.
    #[error("{file}: trees {wanted:?}: {}", first_few(.problems, "; "))]
    Siblings {
        /// The file's name.
        file: String,
        /// The name that was asked for.
        wanted: String,
        /// What is wrong with which directories.
        problems: Vec<String>,
    },
    /// No branch of the tree has that name.
    #[error("{place}: no branch {wanted:?}{}", nearest_branch(.nearest.as_deref()))]
    NoBranch {
        /// File and tree.
        place: Place,
        /// The name that was asked for.
        wanted: String,
        /// The existing name that is nearest to it.
        nearest: Option<String>,
    },
    /// The object or branch holds something that this reader does not decode.
    #[error("{place}: unsupported: {reason}")]
    Unsupported {
        /// File, tree and branch.
        place: Place,
        /// Why it is not decoded.
        reason: String,
    },
    /// The entry range does not lie within the tree.
    #[error("{place}: entries {}..{} are not within the tree's {entries}", .range.start, .range.end)]
    OutOfRange {
        /// File and tree.
        place: Place,
        /// The range that was asked for.
        range: Range<u64>,
        /// How many entries the tree has.
        entries: u64,
    },
    /// What is read at once would need more memory than it may, by what the file claims.
    #[error("{place}: {} MiB would be decompressed at once, the limit is {} MiB", .needed.div_ceil(1 << 20), .limit.div_ceil(1 << 20))]
    TooMuchMemory {
        /// File, tree and, where it is of one, branch.
        place: Place,
        /// Bytes that would be needed.
        needed: u64,
        /// Bytes that may be used.
        limit: u64,
    },
    /// The range holds more values than one Arrow array can index.
    #[error("{place}: entries {}..{} hold too many values for one batch: read fewer entries at a time", .range.start, .range.end)]
    TooLarge {
        /// File, tree and branch.
        place: Place,
        /// The range that was asked for.
        range: Range<u64>,
    },
}

impl Error {
    /// Whether the same call may succeed when it is made again.
    ///
    /// Reading may fail for a while (network, storage); corrupt bytes, missing names and files
    /// that are not there stay as they are.
    pub fn is_transient(&self) -> bool {
        use io::ErrorKind::{
            InvalidData, InvalidInput, IsADirectory, NotADirectory, NotFound, PermissionDenied,
            UnexpectedEof, Unsupported,
        };
        match self {
            Error::Io { source, .. } | Error::Open { source, .. } => !matches!(
                source.kind(),
                InvalidData
                    | InvalidInput
                    | IsADirectory
                    | NotADirectory
                    | NotFound
                    | PermissionDenied
                    | UnexpectedEof
                    | Unsupported
            ),
            _ => false,
        }
    }
}

/// Where in a file something is wrong: file, and as far as known tree, branch and basket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place(Box<Parts>);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Parts {
    file: String,
    tree: Option<String>,
    branch: Option<String>,
    basket: Option<usize>,
}

impl Place {
    pub(crate) fn file(file: &str) -> Self {
        Place(Box::new(Parts {
            file: file.to_owned(),
            ..Parts::default()
        }))
    }

    pub(crate) fn tree(file: &str, tree: &str) -> Self {
        let mut place = Place::file(file);
        place.0.tree = Some(tree.to_owned());
        place
    }

    pub(crate) fn with_branch(&self, branch: &str) -> Self {
        let mut place = self.clone();
        place.0.branch = Some(branch.to_owned());
        place
    }

    pub(crate) fn with_basket(&self, basket: usize) -> Self {
        let mut place = self.clone();
        place.0.basket = Some(basket);
        place
    }

    pub(crate) fn corrupt(&self, what: impl fmt::Display) -> Error {
        Error::Corrupt {
            place: self.clone(),
            what: what.to_string(),
        }
    }

    pub(crate) fn unsupported(&self, reason: impl fmt::Display) -> Error {
        Error::Unsupported {
            place: self.clone(),
            reason: reason.to_string(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.file)?;
        if let Some(tree) = &self.0.tree {
            write!(f, ": tree {tree:?}")?;
        }
        if let Some(branch) = &self.0.branch {
            write!(f, ", branch {branch:?}")?;
        }
        if let Some(basket) = self.0.basket {
            write!(f, ", basket {basket}")?;
        }
        Ok(())
    }
}

fn existing_trees(existing: &[String]) -> String {
    match existing {
        [] => "; the file has no trees".to_owned(),
        names => format!("; the file has {}", first_few(names, ", ")),
    }
}

/// As many of a list as a person reads, and how many more there are.
fn first_few(list: &[String], between: &str) -> String {
    const NAMED: usize = 12;
    let named = list.iter().take(NAMED).map(String::as_str);
    let named = named.collect::<Vec<_>>().join(between);
    match list.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named}{between}and {more} more"),
    }
}

fn nearest_branch(nearest: Option<&str>) -> String {
    nearest
        .map(|name| format!("; did you mean {name:?}?"))
        .unwrap_or_default()
}
