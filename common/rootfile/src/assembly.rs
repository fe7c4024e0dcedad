//! Trees of one kind in several directories of a file, read as one; and trees beside them, whose
//! columns stand beside theirs row by row.
//!
//! The first directory says which branches there are. One that another directory lacks, or has in
//! another type, is there and cannot be read, with the reason; so is one that two trees beside one
//! another have. Of the trees only their lengths and clusters are remembered: they are opened again
//! where they are read.

mod opened;
mod reader;

use std::collections::{HashMap, HashSet};

use crate::branch::Branch;
use crate::branches::Branches;
use crate::directory::Directory;
use crate::error::{Error, Place};
use crate::file::RootFile;
use crate::key::Key;
use crate::listing::{matching, no_tree};
use crate::single_tree::{SingleTree, is_tree_class};
use crate::tree_name::TreeName;
use opened::Opened;

pub(crate) use reader::AssemblyReader;

/// Cluster boundaries that are remembered; beyond, a directory is one.
const MOST_CLUSTERS: usize = 1 << 22;

/// Trees that are read as one.
#[derive(Debug)]
pub(crate) struct Assembly {
    file: RootFile,
    name: String,
    parts: Vec<Part>,
    entries: u64,
    clusters: Vec<u64>,
    branches: Branches,
    /// For each branch, which tree of a directory has it.
    owners: Vec<usize>,
    opened: Opened,
}

/// The trees of one directory.
#[derive(Debug)]
struct Part {
    first: u64,
    entries: u64,
    trees: Vec<(Key, String)>,
}

impl Assembly {
    /// Looks into every directory that matches.
    pub(crate) fn open(file: &RootFile, name: &str, wanted: &TreeName<'_>) -> Result<Self, Error> {
        let directories = matching(file, wanted)?;
        if directories.is_empty() {
            return Err(no_tree(file, name));
        }
        let mut survey = Survey::new(file);
        for (path, directory) in &directories {
            survey.look_into(path, *directory, wanted)?;
        }
        if survey.parts.is_empty() && survey.never_there(&directories) {
            return Err(no_tree(file, name));
        }
        survey.finish(name)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn entries(&self) -> u64 {
        self.entries
    }

    pub(crate) fn directories(&self) -> usize {
        self.parts.len()
    }

    pub(crate) fn branches(&self) -> &Branches {
        &self.branches
    }

    pub(crate) fn clusters(&self) -> Vec<u64> {
        self.clusters.clone()
    }

    pub(crate) fn place(&self) -> Place {
        Place::tree(self.file.name(), &self.name)
    }

    /// The tree that an entry is in, and which of its entries it is.
    pub(crate) fn origin(&self, entry: u64) -> Option<(&str, u64)> {
        let after = self.parts.partition_point(|part| part.first <= entry);
        let part = self.parts.get(after.checked_sub(1)?)?;
        let (_, tree) = part.trees.first()?;
        Some((tree, entry.saturating_sub(part.first)))
    }
}

/// What was found in directories so far.
struct Survey<'a> {
    file: &'a RootFile,
    parts: Vec<Part>,
    entries: u64,
    clusters: Vec<u64>,
    branches: Vec<Branch>,
    owners: Vec<usize>,
    by_name: HashMap<(usize, String), usize>,
    problems: Vec<String>,
    /// Where the trees are: damage has one in several directories.
    seeks: HashSet<u64>,
}

impl<'a> Survey<'a> {
    fn new(file: &'a RootFile) -> Self {
        Self {
            file,
            parts: Vec::new(),
            entries: 0,
            clusters: vec![0],
            branches: Vec::new(),
            owners: Vec::new(),
            by_name: HashMap::new(),
            problems: Vec::new(),
            seeks: HashSet::new(),
        }
    }

    fn look_into(
        &mut self,
        path: &str,
        directory: Directory,
        wanted: &TreeName<'_>,
    ) -> Result<(), Error> {
        let keys = self.file.keys(directory)?;
        let mut trees: Vec<(Key, SingleTree)> = Vec::new();
        for leaf in wanted.leaves() {
            let named = keys.iter().filter(|key| *key.name == *leaf);
            let named = named.filter(|key| is_tree_class(&key.class));
            let Some(key) = named.max_by_key(|key| key.cycle) else {
                self.missing(path, leaf, wanted.first());
                continue;
            };
            let full = format!("{path}{leaf}");
            if !self.seeks.insert(key.seek) {
                let place = Place::tree(self.file.name(), &full);
                return Err(place.corrupt("its record is that of another directory, too"));
            }
            trees.push((key.clone(), SingleTree::of(self.file, key, &full)?));
        }
        let Some((_, main)) = trees.first() else {
            return Ok(());
        };
        let (name, entries) = (main.name().to_owned(), main.entries());
        for (_, tree) in trees.iter().skip(1) {
            if tree.entries() != entries {
                self.problems.push(format!(
                    "{} has {} entries and {name}, beside which it stands, has {entries}",
                    tree.name(),
                    tree.entries()
                ));
            }
        }
        if trees.len() < wanted.leaves().count() {
            return Ok(());
        }
        self.add_clusters(main);
        match self.parts.is_empty() {
            true => self.first_branches(&trees),
            false => self.compare_branches(&trees),
        }
        let trees = trees.into_iter();
        let trees = trees.map(|(key, tree)| (key, tree.name().to_owned()));
        self.parts.push(Part {
            first: self.entries,
            entries,
            trees: trees.collect(),
        });
        self.entries = self.entries.saturating_add(entries);
        Ok(())
    }

    fn missing(&mut self, path: &str, leaf: &str, first: &str) {
        let beside = match leaf == first {
            true => String::new(),
            false => format!(" to stand beside {first}"),
        };
        let place = match path {
            "" => "the top of the file",
            path => path.trim_end_matches('/'),
        };
        self.problems
            .push(format!("{place} has no tree {leaf}{beside}"));
    }

    /// Whether no directory has the tree that says how many entries there are.
    fn never_there(&self, directories: &[(String, Directory)]) -> bool {
        let missing = self.problems.iter();
        let missing = missing.filter(|problem| !problem.contains(" to stand beside "));
        missing.count() == directories.len()
    }

    fn add_clusters(&mut self, tree: &SingleTree) {
        let end = self.entries.saturating_add(tree.entries());
        let clusters = tree.clusters();
        if self.clusters.len().saturating_add(clusters.len()) <= MOST_CLUSTERS {
            let inner = clusters.iter().map(|at| self.entries.saturating_add(*at));
            let inner: Vec<u64> = inner.filter(|at| *at < end).collect();
            self.clusters.extend(inner);
        }
        self.clusters.push(end);
        self.clusters.dedup();
    }

    /// The branches are those of the first directory.
    fn first_branches(&mut self, trees: &[(Key, SingleTree)]) {
        let mut known: HashMap<String, usize> = HashMap::new();
        for (owner, (_, tree)) in trees.iter().enumerate() {
            for branch in tree.branches().list() {
                let name = branch.name().to_owned();
                if let Some(&other) = known.get(&name) {
                    let reason = format!("it is in {} and in another tree beside it", tree.name());
                    self.spoil(other, reason);
                    continue;
                }
                let at = self.branches.len();
                known.insert(name.clone(), at);
                self.by_name.insert((owner, name), at);
                self.branches.push(branch.clone());
                self.owners.push(owner);
            }
        }
    }

    /// Branches that a further directory has otherwise.
    fn compare_branches(&mut self, trees: &[(Key, SingleTree)]) {
        let mut spoilt = Vec::new();
        for (&(owner, ref name), &at) in &self.by_name {
            let Some(((_, tree), known)) = trees.get(owner).zip(self.branches.get_mut(at)) else {
                continue;
            };
            let Some(branch) = tree.branch(name) else {
                spoilt.push((at, format!("{} has no such branch", tree.name())));
                continue;
            };
            known.compressed_bytes = known
                .compressed_bytes
                .saturating_add(branch.compressed_bytes);
            known.uncompressed_bytes = known
                .uncompressed_bytes
                .saturating_add(branch.uncompressed_bytes);
            known.baskets = known.baskets.saturating_add(branch.baskets);
            match (known.data_type(), branch.data_type()) {
                (Ok(one), Ok(other)) if one == other => {}
                (Ok(one), Ok(other)) => {
                    let name = tree.name();
                    let reason = format!("it is {one}, and {other} in {name}");
                    spoilt.push((at, reason));
                }
                (Ok(_), Err(reason)) => spoilt.push((at, reason.to_owned())),
                (Err(_), _) => {}
            }
        }
        for (at, reason) in spoilt {
            self.spoil(at, reason);
        }
    }

    fn spoil(&mut self, at: usize, reason: String) {
        if let Some(branch) = self
            .branches
            .get_mut(at)
            .filter(|branch| branch.column.is_ok())
        {
            branch.column = Err(reason);
        }
    }

    fn finish(self, name: &str) -> Result<Assembly, Error> {
        if !self.problems.is_empty() {
            return Err(Error::Siblings {
                file: self.file.name().to_owned(),
                wanted: name.to_owned(),
                problems: self.problems,
            });
        }
        Ok(Assembly {
            file: self.file.clone(),
            name: name.to_owned(),
            parts: self.parts,
            entries: self.entries,
            clusters: self.clusters,
            branches: Branches::new(self.branches),
            owners: self.owners,
            opened: Opened::default(),
        })
    }
}
