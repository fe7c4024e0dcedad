//! Which files a dataset is made of: globs, paths, URLs and `@lists` become identified files.
//!
//! Everything wrong with the input is found in one go. It looks at a file's header only; what
//! its trees hold is the business of [`crate::plan`].

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
