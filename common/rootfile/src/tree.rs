//! A tree: a table of entries with a column for each branch.

use std::sync::Arc;

use crate::assembly::Assembly;
use crate::branch::Branch;
use crate::branches::Branches;
use crate::error::{Error, Place};
use crate::nearest::nearest_name;
use crate::reader::Reader;
use crate::single_tree::SingleTree;
use crate::stored_baskets::StoredBaskets;

/// A tree of an open file, a TTree or an RNTuple, or several as one. Cloning it shares the
/// description.
#[derive(Debug, Clone)]
pub struct Tree(Form);

#[derive(Debug, Clone)]
enum Form {
    Single(SingleTree),
    Assembled(Arc<Assembly>),
}

impl From<SingleTree> for Tree {
    fn from(tree: SingleTree) -> Self {
        Self(Form::Single(tree))
    }
}

impl From<Assembly> for Tree {
    fn from(tree: Assembly) -> Self {
        Self(Form::Assembled(Arc::new(tree)))
    }
}

impl Tree {
    /// The name, with the directories it is in.
    pub fn name(&self) -> &str {
        match &self.0 {
            Form::Single(tree) => tree.name(),
            Form::Assembled(tree) => tree.name(),
        }
    }

    /// The number of entries.
    pub fn entries(&self) -> u64 {
        match &self.0 {
            Form::Single(tree) => tree.entries(),
            Form::Assembled(tree) => tree.entries(),
        }
    }

    /// Whether it is an RNTuple.
    pub fn is_ntuple(&self) -> bool {
        matches!(self.0, Form::Single(SingleTree::Ntuple(_)))
    }

    /// The directories whose trees follow one another, where a pattern chose them.
    pub fn directories(&self) -> Option<usize> {
        match &self.0 {
            Form::Single(_) => None,
            Form::Assembled(tree) => Some(tree.directories()),
        }
    }

    /// The tree that an entry is in, and which of its entries it is.
    pub fn origin(&self, entry: u64) -> (&str, u64) {
        match &self.0 {
            Form::Single(tree) => (tree.name(), entry),
            Form::Assembled(tree) => tree.origin(entry).unwrap_or((tree.name(), entry)),
        }
    }

    /// The branches, each followed by its sub-branches.
    pub fn branches(&self) -> &[Branch] {
        self.known().list()
    }

    /// The branch of that name. The names above a sub-branch may be left out when no other
    /// branch is called the same, and may have dots between them.
    pub fn branch(&self, name: &str) -> Option<&Branch> {
        self.known().find(name)
    }

    /// The entries at which clusters begin, ascending from 0, and last the number of entries.
    ///
    /// A cluster is a run of entries whose baskets were written together: reading a whole one
    /// decompresses nothing that it does not need.
    pub fn clusters(&self) -> Vec<u64> {
        match &self.0 {
            Form::Single(tree) => tree.clusters(),
            Form::Assembled(tree) => tree.clusters(),
        }
    }

    /// Makes a reader of these branches, in this order.
    ///
    /// # Errors
    /// [`Error::NoBranch`] for a name that is not there, with the nearest one that is;
    /// [`Error::Unsupported`] for a branch that is not decoded, with the reason.
    pub fn reader(&self, names: &[&str]) -> Result<Reader, Error> {
        let (positions, chosen): (Vec<usize>, Vec<_>) = self.chosen(names)?.into_iter().unzip();
        let chosen: Vec<_> = names.iter().copied().zip(chosen).collect();
        match &self.0 {
            Form::Single(tree) => Reader::of_single(tree, &chosen),
            Form::Assembled(tree) => Ok(Reader::of_assembly(tree, &chosen, &positions)),
        }
    }

    /// Reads all baskets of these branches, and unpacks none: to measure what unpacking them costs.
    ///
    /// # Errors
    /// As [`Tree::reader`]; and [`Error::Unsupported`] where this is not one TTree.
    pub fn stored_baskets(&self, names: &[&str]) -> Result<StoredBaskets, Error> {
        let Form::Single(SingleTree::Ttree(tree)) = &self.0 else {
            return Err(self.place().unsupported("only a TTree has baskets"));
        };
        let chosen = self.chosen(names)?;
        let branches: Vec<&Branch> = chosen.into_iter().map(|(_, branch)| branch).collect();
        StoredBaskets::read(tree, &branches)
    }

    /// The branches of these names, each with its position, or why one cannot be read.
    fn chosen(&self, names: &[&str]) -> Result<Vec<(usize, &Branch)>, Error> {
        let chosen = names.iter().map(|&name| {
            let position = self.known().position(name);
            let found = position.and_then(|at| Some((at, self.branches().get(at)?)));
            let Some((position, branch)) = found else {
                let existing = self.branches().iter().map(Branch::name);
                return Err(Error::NoBranch {
                    place: self.place(),
                    wanted: name.to_owned(),
                    nearest: nearest_name(name, existing).map(str::to_owned),
                });
            };
            match branch.data_type() {
                Ok(_) => Ok((position, branch)),
                Err(reason) => Err(self.place().with_branch(&branch.name).unsupported(reason)),
            }
        });
        chosen.collect()
    }

    fn known(&self) -> &Branches {
        match &self.0 {
            Form::Single(tree) => tree.branches(),
            Form::Assembled(tree) => tree.branches(),
        }
    }

    fn place(&self) -> Place {
        match &self.0 {
            Form::Single(tree) => tree.place(),
            Form::Assembled(tree) => tree.place(),
        }
    }
}
