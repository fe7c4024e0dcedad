//! Which files a dataset is made of: globs, paths, URLs and `@lists` become identified files.
//!
//! Everything wrong with the input is found in one go. It looks at a file's header only; what
//! its trees hold is the business of [`crate::plan`].

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
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
            inputs.notes.extend(again.note(&dataset.name));
        }
        inputs
    }
}

/// The files of a dataset.
struct Discovered {
    files: Vec<InputFile>,
    problems: Vec<InputProblem>,
    again: Again,
}

/// Files that are named more than once.
#[derive(Default)]
struct Again {
    names: usize,
    first: Option<String>,
}

impl Again {
    fn add(&mut self, said: impl FnOnce() -> String) {
        self.names += 1;
        self.first.get_or_insert_with(said);
    }

    fn note(self, dataset: &str) -> Option<String> {
        let first = self.first?;
        let more = match self.names {
            1 => String::from("it is"),
            names => format!("so it is with {names} names, and each file is"),
        };
        Some(format!("dataset {dataset}: {first}; {more} read once"))
    }
}

/// The files of a dataset, sorted and each once, and everything that is wrong with them. It is
/// dataset `number` of the campaign, from 0.
/// Relative paths are relative to the folder `base`, that of the campaign file.
fn discover(number: usize, dataset: &Dataset, base: &Path) -> Discovered {
    let (mut problems, mut again) = (Vec::new(), Again::default());
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for (entry, text) in dataset.files.iter().enumerate() {
        let Expansion { urls, wrong } = expand(text, base);
        problems.extend(wrong.into_iter().map(|problem| (entry, problem)));
        for url in urls {
            match found.entry(url) {
                Entry::Vacant(new) => drop(new.insert(entry)),
                Entry::Occupied(known) => again.add(|| format!("{} is named again", known.key())),
            }
        }
    }
    // The same file under two names, such as `a.root` and `./a.root`, is read once.
    let mut known: BTreeMap<PathBuf, String> = BTreeMap::new();
    let mut entries = Vec::with_capacity(found.len());
    let mut named = Vec::with_capacity(found.len());
    for (url, entry) in found {
        let location = Location::of(base, &url);
        match known.entry(true_name(&location)) {
            Entry::Occupied(known) => {
                again.add(|| format!("{url} is the same file as {}", known.get()))
            }
            Entry::Vacant(new) => {
                new.insert(url.clone());
                entries.push(entry);
                named.push((url, location));
            }
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
