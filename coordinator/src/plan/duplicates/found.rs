//! What was found of events that are there more than once, counted by lumi section, and told to
//! a person.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use lumimill_common::entry_set::EntrySet;
use lumimill_common::event_id::{EventNumber, LumiSection, Run};

use super::told::{DuplicateLumi, FILES, Twice};
use crate::plan::event_key::{Key, parts};
use crate::plan::inputs::Scanned;

/// Events named of a lumi section.
const EXAMPLES: usize = 5;
/// Lumi sections that a plan lists.
const LISTED: usize = 1000;

/// What was found in files that are read together.
#[derive(Debug)]
pub(super) struct Found {
    /// Events that are there more than once.
    pub(super) events: u64,
    /// Copies of them beside the first of each.
    copies: u64,
    /// Whether all were looked for.
    pub(super) is_all: bool,
    /// By file, the entries beyond the first of each event.
    pub(super) dropped: Vec<EntrySet>,
    lumis: BTreeMap<(u32, u32), OfLumi>,
    files: BTreeSet<usize>,
}

#[derive(Debug, Default)]
struct OfLumi {
    events: u64,
    copies: u64,
    examples: BTreeSet<u64>,
    files: BTreeSet<usize>,
}

impl Found {
    pub(super) fn of(files: usize) -> Self {
        Self {
            events: 0,
            copies: 0,
            is_all: true,
            dropped: vec![EntrySet::default(); files],
            lumis: BTreeMap::new(),
            files: BTreeSet::new(),
        }
    }

    /// Counts an event that is there more than once, in a file; `again` when it is not the first.
    pub(super) fn meet(&mut self, key: Key, file: usize, again: bool) {
        let (run, lumi, event) = parts(key);
        let of_lumi = self.lumis.entry((run, lumi)).or_default();
        self.files.insert(file);
        if of_lumi.files.len() < FILES {
            of_lumi.files.insert(file);
        }
        if again {
            self.copies += 1;
            of_lumi.copies += 1;
        } else {
            self.events += 1;
            of_lumi.events += 1;
            of_lumi.examples.insert(event);
            if of_lumi.examples.len() > EXAMPLES {
                of_lumi.examples.pop_last();
            }
        }
    }

    /// Adds entries of a file that are beyond the first of their events.
    pub(super) fn drop_also(&mut self, file: usize, entries: &EntrySet) {
        if let Some(dropped) = self.dropped.get_mut(file) {
            *dropped = dropped.union(entries);
        }
    }

    /// Separate stretches of entries beyond the first of their events.
    pub(super) fn stretches(&self) -> usize {
        self.dropped
            .iter()
            .map(|dropped| dropped.ranges().len())
            .sum()
    }

    /// What a person is told.
    pub(super) fn told(&self, files: &[&Scanned<'_>]) -> Twice {
        let names = names(files);
        let name = |at: &usize| names.get(*at).cloned();
        let mut listed: Vec<DuplicateLumi> = self
            .lumis
            .iter()
            .map(|((run, lumi), of_lumi)| DuplicateLumi {
                run: Run::new(*run),
                lumi: LumiSection::new(*lumi),
                files: of_lumi.files.iter().filter_map(name).collect(),
                duplicate_events: of_lumi.events,
                copies: of_lumi.copies,
                examples: of_lumi
                    .examples
                    .iter()
                    .copied()
                    .map(EventNumber::new)
                    .collect(),
            })
            .collect();
        listed.sort_by_key(|lumi| (Reverse(lumi.copies), lumi.run, lumi.lumi));
        listed.truncate(LISTED);
        listed.sort_by_key(|lumi| (lumi.run, lumi.lumi));
        Twice {
            of: of_what(files),
            events: self.events,
            copies: self.copies,
            is_all: self.is_all,
            lumis: self.lumis.len() as u64,
            listed,
            files: self.files.iter().filter_map(name).collect(),
            same: same_files(files, &names),
        }
    }
}

/// The files, with their datasets where there are several.
pub(super) fn names(files: &[&Scanned<'_>]) -> Vec<String> {
    let first = files.first().map(|file| &file.input.dataset.name);
    let is_one = files
        .iter()
        .all(|file| Some(&file.input.dataset.name) == first);
    let name = |file: &&Scanned<'_>| {
        let (url, dataset) = (&file.input.file.identity.url, &file.input.dataset.name);
        match is_one {
            true => url.clone(),
            false => format!("{url} (dataset {dataset})"),
        }
    };
    files.iter().map(name).collect()
}

fn of_what(files: &[&Scanned<'_>]) -> String {
    let datasets: BTreeSet<&str> = files
        .iter()
        .map(|file| file.input.dataset.name.as_str())
        .collect();
    let names: Vec<String> = datasets
        .iter()
        .take(FILES)
        .map(|name| format!("{name:?}"))
        .collect();
    let noun = if datasets.len() == 1 {
        "dataset"
    } else {
        "datasets"
    };
    format!("{noun} {}", names.join(", "))
}

/// A file that is in two datasets, if any is.
pub(super) fn copies(files: &[&Scanned<'_>]) -> Option<(String, String)> {
    let mut each_once: Vec<&Scanned<'_>> = Vec::new();
    let mut known = BTreeSet::new();
    for file in files {
        let input = &file.input;
        let (dataset, identity) = (&input.dataset.name, &input.file.identity);
        if known.insert((dataset, identity.size, &identity.state, &input.tree)) {
            each_once.push(file);
        }
    }
    same_files(&each_once, &names(&each_once))
}

/// Two files that are copies of one, if any are.
fn same_files(files: &[&Scanned<'_>], names: &[String]) -> Option<(String, String)> {
    let mut known: BTreeMap<(u64, &str, &str), usize> = BTreeMap::new();
    for (at, file) in files.iter().enumerate() {
        let identity = &file.input.file.identity;
        let key = (
            identity.size,
            identity.state.as_str(),
            file.input.tree.as_str(),
        );
        if let Some(first) = known.insert(key, at) {
            return Some((names.get(first)?.clone(), names.get(at)?.clone()));
        }
    }
    None
}
