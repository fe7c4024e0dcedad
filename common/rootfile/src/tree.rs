//! A tree: a table of entries with a column for each branch.

use std::collections::HashMap;
use std::sync::Arc;

use crate::branch::{Branch, Column, compression_name};
use crate::cluster;
use crate::error::{Error, Place};
use crate::file::RootFile;
use crate::nearest::nearest_name;
use crate::reader::Reader;
use crate::ttree::{BasketIndex, Interpretation, TreeRecord, interpret};

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
    by_name: HashMap<String, usize>,
}

impl Tree {
    pub(crate) fn from_ttree(
        file: RootFile,
        name: &str,
        class: &str,
        payload: Vec<u8>,
        header_length: u16,
    ) -> Result<Self, Error> {
        let record = TreeRecord::read(class, payload, header_length)
            .map_err(|error| Place::tree(file.name(), name).corrupt(error))?;
        let branches = list_branches(&record);
        let mut by_name = HashMap::with_capacity(branches.len());
        for (index, branch) in branches.iter().enumerate() {
            by_name.entry(branch.name.clone()).or_insert(index);
        }
        let name = name.to_owned();
        Ok(Tree {
            inner: Arc::new(TreeInner {
                file,
                name,
                record,
                branches,
                by_name,
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
    /// branch is called the same.
    pub fn branch(&self, name: &str) -> Option<&Branch> {
        if let Some(&index) = self.inner.by_name.get(name) {
            return self.inner.branches.get(index);
        }
        let mut below = self.inner.branches.iter().filter(|branch| {
            branch
                .name
                .strip_suffix(name)
                .is_some_and(|above| above.ends_with('/'))
        });
        below.next().filter(|_| below.next().is_none())
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
        Reader::new(self.clone(), &chosen)
    }

    pub(crate) fn place(&self) -> Place {
        Place::tree(self.inner.file.name(), &self.inner.name)
    }
}

/// The branches in the order of the tree, each before those below it.
fn list_branches(record: &TreeRecord) -> Vec<Branch> {
    let mut branch_of_leaf = vec![None; record.leaves.len()];
    for (index, branch) in record.branches.iter().enumerate() {
        for &leaf in &branch.leaves {
            if let Some(slot) = branch_of_leaf.get_mut(leaf) {
                *slot = Some(index);
            }
        }
    }
    let mut listed = Vec::with_capacity(record.branches.len());
    let mut waiting: Vec<(usize, String)> = record
        .top
        .iter()
        .rev()
        .map(|&index| (index, String::new()))
        .collect();
    // Damage can make a branch its own child; a tree lists each of its branches once.
    while let Some((index, above)) = waiting.pop()
        && listed.len() < record.branches.len()
    {
        let Some(branch) = record.branches.get(index) else {
            continue;
        };
        let interpretation = interpret(record, branch);
        let counter = interpretation
            .counter
            .and_then(|leaf| branch_of_leaf.get(leaf).copied().flatten());
        let name = format!("{above}{}", branch.name);
        for &child in branch.children.iter().rev() {
            waiting.push((child, format!("{name}/")));
        }
        listed.push(describe(record, index, name, interpretation, counter));
    }
    listed
}

fn describe(
    record: &TreeRecord,
    index: usize,
    name: String,
    interpretation: Interpretation,
    counter: Option<usize>,
) -> Branch {
    let Interpretation {
        layout, type_name, ..
    } = interpretation;
    let column = layout.map(|layout| Column {
        data_type: layout.data_type(),
        layout,
        counter,
    });
    let counting = counter.and_then(|index| record.branches.get(index));
    let counter = counting.map(|branch| branch.name.clone());
    let Some(branch) = record.branches.get(index) else {
        return Branch {
            name,
            title: String::new(),
            type_name,
            counter,
            column,
            compression: String::new(),
            compressed_bytes: 0,
            uncompressed_bytes: 0,
            baskets: 0,
            record: index,
        };
    };
    Branch {
        name,
        title: branch.title.clone(),
        type_name,
        counter,
        column,
        compression: compression_name(branch.compression),
        compressed_bytes: u64::try_from(branch.stored_bytes).unwrap_or(0),
        uncompressed_bytes: u64::try_from(branch.total_bytes).unwrap_or(0),
        baskets: BasketIndex::read(branch, &record.payload).map_or(0, |index| index.spans.len()),
        record: index,
    }
}
