//! Which files a dataset is made of: globs, paths, URLs and `@lists` become identified files.
//!
//! Everything wrong with the input is found in one go. It looks at a file's header only; what
//! its trees hold is the business of [`crate::plan`].

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use lumimill_common::campaign::Dataset;
use lumimill_worker::input::Location;
use thiserror::Error;

mod alternatives;
mod identify;
mod input_error;
mod input_file;
mod list;
mod pattern;
mod remote;
mod special;
#[cfg(test)]
mod tests;
mod walk;

pub(crate) use input_error::InputError;
pub(crate) use input_file::InputFile;

use list::{Expansion, expand};

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

/// The files of a campaign.
#[derive(Debug, Default)]
pub struct Inputs {
    /// Those of each dataset, in order; sorted and each once.
    pub files: Vec<Vec<InputFile>>,
    /// Everything that is wrong with them.
    pub problems: Vec<InputProblem>,
    /// What is right, and not what somebody may expect.
    pub notes: Vec<String>,
}

impl Inputs {
    /// Finds the files of all datasets. Relative paths are relative to the folder `base`.
    #[must_use]
    pub fn find(datasets: &[Dataset], base: &Path) -> Self {
        let mut inputs = Self::default();
        for (number, dataset) in datasets.iter().enumerate() {
            let Discovered {
                files,
                problems,
                again,
            } = discover(number, dataset, base);
            inputs.files.push(files);
            inputs.problems.extend(problems);
            inputs.notes.extend(note(&dataset.name, &again));
        }
        inputs
    }
}

/// The files of a dataset.
struct Discovered {
    files: Vec<InputFile>,
    problems: Vec<InputProblem>,
    /// Names of those that are named more than once.
    again: BTreeSet<String>,
}

/// What is said of files that are named more than once.
fn note(dataset: &str, again: &BTreeSet<String>) -> Option<String> {
    let first = again.first()?;
    let files = match again.len() {
        1 => format!("{first} is named"),
        files => format!("{files} files are named, {first} the first of them,"),
    };
    Some(format!(
        "dataset {dataset}: {files} more than once, and read once"
    ))
}

/// The files of a dataset, sorted and each once, and everything that is wrong with them. It is
/// dataset `number` of the campaign, from 0.
/// Relative paths are relative to the folder `base`, that of the campaign file.
fn discover(number: usize, dataset: &Dataset, base: &Path) -> Discovered {
    let (mut problems, mut again) = (Vec::new(), BTreeSet::new());
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for (entry, text) in dataset.files.iter().enumerate() {
        let Expansion { urls, wrong } = expand(text, base);
        problems.extend(wrong.into_iter().map(|problem| (entry, problem)));
        for url in urls {
            match found.entry(url) {
                Entry::Vacant(new) => drop(new.insert(entry)),
                Entry::Occupied(known) => drop(again.insert(known.key().clone())),
            }
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
        } else {
            again.insert(url);
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
    Discovered {
        files,
        problems: problems.into_iter().map(of_dataset).collect(),
        again,
    }
}

/// What a file is called that may have several names.
fn true_name(location: &Location) -> PathBuf {
    match location {
        Location::File(path) => path.canonicalize().unwrap_or_else(|_| path.clone()),
        Location::S3(url) => PathBuf::from(url),
    }
}
