//! A tree: a table of entries with a column for each branch.

use std::collections::HashMap;
use std::sync::Arc;

use crate::branch::Branch;
use crate::cluster;
use crate::error::{Error, Place};
use crate::file::RootFile;
use crate::nearest::nearest_name;
use crate::reader::Reader;
use crate::ttree::{RangeReader, TreeRecord, list_branches};

/// A tree of an open file. Cloning it shares the description.
#[derive(Debug, Clone)]
pub struct Tree {
    pub(crate) inner: Arc<TreeInner>,
}

#[derive(Debug)]
pub(crate) struct TreeInner {
    pub(crate) file: RootFile,
    name: String,
    pub(crate) record: TreeRecord,
    branches: Vec<Branch>,
    by_name: HashMap<Arc<str>, usize>,
    /// Those that are in others.
    nested: Vec<usize>,
}

impl Tree {
    pub(crate) fn from_ttree(
        file: RootFile,
        name: &str,
        class: &str,
        payload: Vec<u8>,
        header_length: u16,
    ) -> Result<Self, Error> {
        let record = TreeRecord::read(class, payload, header_length, &file)
            .map_err(|error| Place::tree(file.name(), name).corrupt(error))?;
        let branches = list_branches(&record, &file)
            .map_err(|error| Place::tree(file.name(), name).corrupt(error))?;
        let mut by_name = HashMap::with_capacity(branches.len());
        for (index, branch) in branches.iter().enumerate() {
            by_name.entry(Arc::clone(&branch.name)).or_insert(index);
        }
        let nested = (0..branches.len()).filter(|&index| {
            let branch = branches.get(index);
            branch.is_some_and(|branch| branch.name.contains('/'))
        });
        let nested = nested.collect();
        let name = name.to_owned();
        Ok(Tree {
            inner: Arc::new(TreeInner {
                file,
                name,
                record,
                branches,
                by_name,
                nested,
            }),
        })
    }

    /// The name, with the directories it is in.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// The number of entries.
    pub fn entries(&self) -> u64 {
        self.inner.record.entries
    }

    /// The branches, each followed by its sub-branches.
    pub fn branches(&self) -> &[Branch] {
        &self.inner.branches
    }

    /// The branch of that name. The names above a sub-branch may be left out when no other
    /// branch is called the same, and may have dots between them.
    pub fn branch(&self, name: &str) -> Option<&Branch> {
        if let Some(&index) = self.inner.by_name.get(name) {
            return self.inner.branches.get(index);
        }
        let only = |fits: &dyn Fn(&str) -> bool| {
            let branches = self.inner.nested.iter();
            let branches = branches.filter_map(|&index| self.inner.branches.get(index));
            let mut fitting = branches.filter(|branch| fits(&branch.name));
            fitting.next().filter(|_| fitting.next().is_none())
        };
        only(&|full| {
            full.strip_suffix(name)
                .is_some_and(|above| above.ends_with('/'))
        })
        .or_else(|| only(&|full| is_dotted(full, name)))
    }

    /// The entries at which clusters begin, ascending from 0, and last the number of entries.
    ///
    /// A cluster is a run of entries whose baskets were written together: reading a whole one
    /// decompresses nothing that it does not need.
    pub fn clusters(&self) -> Vec<u64> {
        cluster::boundaries(&self.inner.record)
    }

    /// Makes a reader of these branches, in this order.
    ///
    /// # Errors
    /// [`Error::NoBranch`] for a name that is not there, with the nearest one that is;
    /// [`Error::Unsupported`] for a branch that is not decoded, with the reason.
    pub fn reader(&self, names: &[&str]) -> Result<Reader, Error> {
        let mut chosen = Vec::with_capacity(names.len());
        for &name in names {
            let Some(branch) = self.branch(name) else {
                let existing = self.inner.branches.iter().map(Branch::name);
                return Err(Error::NoBranch {
                    place: self.place(),
                    wanted: name.to_owned(),
                    nearest: nearest_name(name, existing).map(str::to_owned),
                });
            };
            if let Err(reason) = branch.data_type() {
                return Err(self.place().with_branch(&branch.name).unsupported(reason));
            }
            chosen.push((name, branch));
        }
        let columns = RangeReader::new(self.clone(), &chosen)?;
        Ok(Reader::new(self.place(), self.entries(), &chosen, columns))
    }

    pub(crate) fn place(&self) -> Place {
        Place::tree(self.inner.file.name(), &self.inner.name)
    }
}

/// Whether `name` is `full` with dots for the slashes.
fn is_dotted(full: &str, name: &str) -> bool {
    let same = |(full, name): (u8, u8)| full == name || (full == b'/' && name == b'.');
    full.len() == name.len() && full.bytes().zip(name.bytes()).all(same)
}
