//! The trees and such of a file, in all of its directories.

use std::collections::{HashMap, HashSet};

use crate::directory::{Directory, is_directory_class};
use crate::error::{Error, Place};
use crate::file::RootFile;
use crate::key::Key;
use crate::single_tree::is_tree_class;
use crate::tree_name::{TreeName, matches};

/// Directories deeper than this, or more than this many, are taken for damage.
const DEEPEST_DIRECTORY: usize = 64;
const MOST_DIRECTORIES: usize = 1 << 20;
/// Bytes of names that are always allowed; beyond, they are as many as the file has.
const SHORT_NAMES: u64 = 1 << 20;

/// A walk over the directories of a file.
pub(crate) struct Listing<'a> {
    file: &'a RootFile,
    /// Whether objects of a class are listed.
    is_listed: fn(&str) -> bool,
    visited: HashSet<u64>,
    names: Vec<String>,
    /// Bytes that paths may still take: a damaged file repeats long names in many paths.
    left: u64,
}

impl<'a> Listing<'a> {
    /// The paths of all objects of some classes below a directory, in the order of the keys.
    pub(crate) fn of(
        file: &'a RootFile,
        top: Directory,
        is_listed: fn(&str) -> bool,
    ) -> Result<Vec<String>, Error> {
        let mut listing = Listing {
            file,
            is_listed,
            visited: HashSet::new(),
            names: Vec::new(),
            left: file.size().saturating_add(SHORT_NAMES),
        };
        listing.collect(top, "", 0)?;
        Ok(listing.names)
    }

    fn collect(&mut self, directory: Directory, prefix: &str, depth: usize) -> Result<(), Error> {
        if depth > DEEPEST_DIRECTORY || self.visited.len() > MOST_DIRECTORIES {
            return Err(self.corrupt(prefix, "its directories have no end, at"));
        }
        if directory.keys_seek != 0 && !self.visited.insert(directory.keys_seek) {
            return Err(self.corrupt(prefix, "it contains itself: the directory"));
        }
        let keys = self.file.keys(directory)?;
        for key in highest_cycles(&keys) {
            let is_listed = (self.is_listed)(&key.class);
            if !is_listed && !is_directory_class(&key.class) {
                continue;
            }
            let path = self.path(prefix, &key.name)?;
            if is_listed {
                self.names.push(path);
            } else {
                let below = self.file.directory_of(key)?;
                self.collect(below, &format!("{path}/"), depth + 1)?;
            }
        }
        Ok(())
    }

    fn path(&mut self, prefix: &str, name: &str) -> Result<String, Error> {
        let length = (prefix.len() as u64).saturating_add(name.len() as u64);
        let Some(left) = self.left.checked_sub(length) else {
            return Err(self.corrupt(prefix, "its names are longer than the file, in"));
        };
        self.left = left;
        Ok(format!("{prefix}{name}"))
    }

    fn corrupt(&self, directory: &str, what: &str) -> Error {
        let directory: String = directory.chars().take(100).collect();
        Place::file(self.file.name()).corrupt(format!("{what} {directory:?}"))
    }
}

/// The names of the trees of a file, of either kind, in the order of its keys.
pub(crate) fn tree_names(file: &RootFile) -> Result<Vec<String>, Error> {
    Listing::of(file, file.top(), is_tree_class)
}

/// That a file has no tree of a name, with those that it has.
pub(crate) fn no_tree(file: &RootFile, wanted: &str) -> Error {
    match tree_names(file) {
        Ok(existing) => Error::NoTree {
            file: file.name().to_owned(),
            wanted: wanted.to_owned(),
            existing,
        },
        Err(error) => error,
    }
}

/// Of keys with the same name, the one with the highest cycle, at the place of the first.
fn highest_cycles(keys: &[Key]) -> Vec<&Key> {
    let mut highest: Vec<&Key> = Vec::with_capacity(keys.len());
    let mut slots: HashMap<&str, usize> = HashMap::with_capacity(keys.len());
    for key in keys {
        match slots
            .get(&*key.name)
            .and_then(|&slot| highest.get_mut(slot))
        {
            Some(known) if known.cycle < key.cycle => *known = key,
            Some(_) => {}
            None => {
                slots.insert(&key.name, highest.len());
                highest.push(key);
            }
        }
    }
    highest
}

/// The directories that the patterns of a name match, each with its path and a slash, in the order
/// of the keys; the top of the file where there is no pattern.
pub(crate) fn matching(
    file: &RootFile,
    wanted: &TreeName<'_>,
) -> Result<Vec<(String, Directory)>, Error> {
    let mut found = vec![(String::new(), file.top())];
    let mut visited = HashSet::new();
    for (depth, pattern) in wanted.patterns().enumerate() {
        let corrupt = |path: &str, what: &str| {
            let path: String = path.chars().take(100).collect();
            Place::file(file.name()).corrupt(format!("{what} {path:?}"))
        };
        let mut below = Vec::new();
        let mut left = file.size().saturating_add(SHORT_NAMES);
        for (prefix, directory) in &found {
            for key in highest_cycles(&file.keys(*directory)?) {
                if !(is_directory_class(&key.class) && matches(pattern, &key.name)) {
                    continue;
                }
                let length = (prefix.len() as u64).saturating_add(key.name.len() as u64);
                let Some(rest) = left.checked_sub(length) else {
                    return Err(corrupt(prefix, "its names are longer than the file, in"));
                };
                left = rest;
                let path = format!("{prefix}{}/", key.name);
                let directory = file.directory_of(key)?;
                let is_new = directory.keys_seek == 0 || visited.insert(directory.keys_seek);
                if !is_new || depth > DEEPEST_DIRECTORY || below.len() > MOST_DIRECTORIES {
                    return Err(corrupt(&path, "its directories have no end, at"));
                }
                below.push((path, directory));
            }
        }
        found = below;
    }
    Ok(found)
}
