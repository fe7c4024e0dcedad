//! Which files a dataset is made of: globs, paths and `@lists` become identified files.
//!
//! Everything wrong with the input is found in one go. It looks at a file's header only; what
//! its trees hold is the business of [`crate::plan`].

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use lumimill_common::campaign::Dataset;
use lumimill_common::shard::FileIdentity;
use lumimill_rootfile::RootFile;
use thiserror::Error;

mod pattern;
#[cfg(test)]
mod tests;

/// An input file that opened as a ROOT file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputFile {
    /// What it is called in plans and reports; relative to the campaign file unless absolute.
    pub identity: FileIdentity,
    /// Where it is opened.
    pub path: PathBuf,
}

/// What is wrong with the input of a dataset.
#[derive(Debug, Error)]
#[error("dataset {dataset:?}: {problem}")]
pub struct InputProblem {
    /// The dataset.
    pub dataset: String,
    /// What is wrong, naming the file.
    pub problem: InputError,
}

/// Why an entry of `files`, or a file it stands for, cannot be used.
#[derive(Debug, Error)]
pub enum InputError {
    /// A remote file.
    #[error("{url}: reading {scheme}:// is not available in this version: copy or mount the file")]
    Remote {
        /// The URL.
        url: String,
        /// Its scheme.
        scheme: String,
    },
    /// Not a pattern.
    #[error("{pattern}: not a file pattern: {reason}")]
    BadPattern {
        /// The pattern as written.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A pattern that stands for nothing.
    #[error("{pattern}: no file matches in {folder}")]
    NoMatch {
        /// The pattern as written.
        pattern: String,
        /// The folder that it is relative to.
        folder: String,
    },
    /// A list that cannot be read.
    #[error("{list}: cannot read the list of files: {reason}")]
    List {
        /// The entry as written, with its `@`.
        list: String,
        /// What is wrong.
        reason: String,
    },
    /// No such file.
    #[error("{file}: no such file")]
    Missing {
        /// The file.
        file: String,
    },
    /// A folder where a file should be.
    #[error("{file}: is a folder: write \"{file}/*.root\" for the files in it")]
    Folder {
        /// The folder.
        file: String,
    },
    /// A file of no bytes.
    #[error("{file}: is empty (0 bytes): copy it again, or take it out")]
    Empty {
        /// The file.
        file: String,
    },
    /// The operating system refuses.
    #[error("{file}: cannot open: {reason}")]
    Unreadable {
        /// The file.
        file: String,
        /// What it said.
        reason: String,
    },
    /// Not a ROOT file, or not a whole one; the message names it.
    #[error(transparent)]
    Root(#[from] lumimill_rootfile::Error),
}

/// The files of a dataset, sorted and each once, and everything that is wrong with them.
/// Relative paths are relative to the folder `base`, that of the campaign file.
#[must_use]
pub fn discover(dataset: &Dataset, base: &Path) -> (Vec<InputFile>, Vec<InputProblem>) {
    let mut problems = Vec::new();
    let mut paths = Vec::new();
    for entry in &dataset.files {
        pattern::expand(entry, base, &mut paths, &mut problems);
    }
    paths.sort_unstable();
    paths.dedup();
    // The same file under two names, such as `a.root` and `./a.root`, is read once.
    let mut known = BTreeSet::new();
    let mut files = Vec::with_capacity(paths.len());
    for url in paths {
        let path = base.join(&url);
        let canonical = path.canonicalize().unwrap_or_else(|_| path.clone());
        if !known.insert(canonical) {
            continue;
        }
        match identify(&url, path) {
            Ok(file) => files.push(file),
            Err(problem) => problems.push(problem),
        }
    }
    let of_dataset = |problem| InputProblem {
        dataset: dataset.name.clone(),
        problem,
    };
    (files, problems.into_iter().map(of_dataset).collect())
}

fn identify(url: &str, path: PathBuf) -> Result<InputFile, InputError> {
    let file = || url.to_owned();
    let metadata = std::fs::metadata(&path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => InputError::Missing { file: file() },
        _ => InputError::Unreadable {
            file: file(),
            reason: error.to_string(),
        },
    })?;
    if metadata.is_dir() {
        let file = url.trim_end_matches('/').to_owned();
        return Err(InputError::Folder { file });
    }
    if metadata.len() == 0 {
        return Err(InputError::Empty { file: file() });
    }
    let root = RootFile::open(&path)?;
    let uuid = root.uuid();
    Ok(InputFile {
        identity: FileIdentity {
            url: file(),
            size: root.size(),
            uuid: uuid.iter().map(|byte| format!("{byte:02x}")).collect(),
        },
        path,
    })
}
