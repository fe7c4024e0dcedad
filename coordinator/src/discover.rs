//! Which files a dataset is made of: globs, paths, URLs and `@lists` become identified files.
//!
//! Everything wrong with the input is found in one go. It looks at a file's header only; what
//! its trees hold is the business of [`crate::plan`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use lumimill_common::campaign::Dataset;
use lumimill_common::shard::FileIdentity;
use lumimill_common::spelling::SpellingError;
use lumimill_worker::input::Location;
use thiserror::Error;

mod alternatives;
mod identify;
mod list;
mod pattern;
mod remote;
#[cfg(test)]
mod tests;
mod walk;

use list::{Expansion, expand};

/// An input file that opened as a ROOT file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputFile {
    /// What it is called in plans and reports; relative to the campaign file unless absolute.
    pub identity: FileIdentity,
    /// Where it is opened.
    pub location: Location,
}

/// What is wrong with the input of a dataset.
#[derive(Debug, Error)]
#[error("dataset[{number}].files[{entry}] ({dataset}): {problem}")]
pub struct InputProblem {
    /// Which dataset of the campaign, from 0.
    pub number: usize,
    /// Which of its `files`, from 0.
    pub entry: usize,
    /// Its name.
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
    /// A pattern of objects that cannot be asked for, or an object whose URL is wrong.
    #[error("{pattern}: cannot be looked for: {reason}")]
    Unsearchable {
        /// The pattern or URL as written.
        pattern: String,
        /// What the storage, or its settings, said.
        reason: String,
    },
    /// A path that leads nowhere.
    #[error(transparent)]
    Path(#[from] SpellingError),
    /// An entry that stands for more files than anybody has.
    #[error("{entry}: stands for more than {most} files: name fewer, or split the dataset")]
    TooMany {
        /// The entry as written, or the beginning of it.
        entry: String,
        /// The most that it may.
        most: usize,
    },
    /// An entry that is longer than any path.
    #[error("{entry}…: is longer than a path may be ({most} bytes)")]
    TooLong {
        /// The beginning of the entry.
        entry: String,
        /// The most that it may have.
        most: usize,
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
    /// A pipe, a socket or a device, which may never end.
    #[error("{file}: is no regular file: copy what comes out of it to a file")]
    NotAFile {
        /// What it is called.
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

/// The files of a campaign.
#[derive(Debug, Default)]
pub struct Inputs {
    /// Those of each dataset, in order; sorted and each once.
    pub files: Vec<Vec<InputFile>>,
    /// Everything that is wrong with them.
    pub problems: Vec<InputProblem>,
}

impl Inputs {
    /// Finds the files of all datasets. Relative paths are relative to the folder `base`.
    #[must_use]
    pub fn find(datasets: &[Dataset], base: &Path) -> Self {
        let mut inputs = Self::default();
        for (number, dataset) in datasets.iter().enumerate() {
            let (files, problems) = discover(number, dataset, base);
            inputs.files.push(files);
            inputs.problems.extend(problems);
        }
        inputs
    }
}

/// The files of a dataset, sorted and each once, and everything that is wrong with them. It is
/// dataset `number` of the campaign, from 0.
/// Relative paths are relative to the folder `base`, that of the campaign file.
fn discover(number: usize, dataset: &Dataset, base: &Path) -> (Vec<InputFile>, Vec<InputProblem>) {
    let mut problems = Vec::new();
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for (entry, text) in dataset.files.iter().enumerate() {
        let Expansion { urls, wrong } = expand(text, base);
        problems.extend(wrong.into_iter().map(|problem| (entry, problem)));
        for url in urls {
            found.entry(url).or_insert(entry);
        }
    }
    // The same file under two names, such as `a.root` and `./a.root`, is read once.
    let mut known = BTreeSet::new();
    let mut entries = Vec::with_capacity(found.len());
    let mut named = Vec::with_capacity(found.len());
    for (url, entry) in found {
        let location = Location::of(base, &url);
        if known.insert(true_name(&location)) {
            entries.push(entry);
            named.push((url, location));
        }
    }
    let mut files = Vec::with_capacity(named.len());
    for (entry, identified) in entries.into_iter().zip(identify::all(&named)) {
        match identified {
            Ok(file) => files.push(file),
            Err(problem) => problems.push((entry, problem)),
        }
    }
    problems.sort_by_key(|(entry, _)| *entry);
    let of_dataset = |(entry, problem)| InputProblem {
        number,
        entry,
        dataset: dataset.name.clone(),
        problem,
    };
    (files, problems.into_iter().map(of_dataset).collect())
}

/// What a file is called that may have several names.
fn true_name(location: &Location) -> PathBuf {
    match location {
        Location::File(path) => path.canonicalize().unwrap_or_else(|_| path.clone()),
        Location::S3(url) => PathBuf::from(url),
    }
}
