//! One tree of a file, a TTree or an RNTuple, and its reader: the same for whoever reads it.

use std::ops::Range;

use arrow_array::ArrayRef;

use crate::branch::Branch;
use crate::branches::Branches;
use crate::error::{Error, Place};
use crate::file::RootFile;
use crate::key::Key;
use crate::rntuple::{Ntuple, NtupleReader, is_rntuple_class};
use crate::stored_tree::StoredTree;
use crate::ttree::{RangeReader, is_ttree_class};

/// A tree of an open file. Cloning it shares the description.
#[derive(Debug, Clone)]
pub(crate) enum SingleTree {
    Ttree(StoredTree),
    Ntuple(Ntuple),
}

/// Reads ranges of entries from some of its branches.
#[derive(Debug)]
pub(crate) enum SingleReader {
    Ttree(RangeReader),
    Ntuple(NtupleReader),
}

/// Whether objects of this class are trees that can be read.
pub(crate) fn is_tree_class(class: &str) -> bool {
    is_ttree_class(class) || is_rntuple_class(class)
}

impl SingleTree {
    /// Reads the description of the tree of a key, of which `path` is the name with its directories.
    pub(crate) fn of(file: &RootFile, key: &Key, path: &str) -> Result<Self, Error> {
        match is_rntuple_class(&key.class) {
            true => Ntuple::of(file, key, path).map(Self::Ntuple),
            false => StoredTree::of(file, key, path).map(Self::Ttree),
        }
    }

    /// The name, with the directories it is in.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Ttree(tree) => tree.name(),
            Self::Ntuple(tree) => tree.name(),
        }
    }

    pub(crate) fn entries(&self) -> u64 {
        match self {
            Self::Ttree(tree) => tree.entries(),
            Self::Ntuple(tree) => tree.entries(),
        }
    }

    pub(crate) fn branches(&self) -> &Branches {
        match self {
            Self::Ttree(tree) => tree.branches(),
            Self::Ntuple(tree) => tree.branches(),
        }
    }

    /// The branch of exactly that name.
    pub(crate) fn branch(&self, name: &str) -> Option<&Branch> {
        let found = self.branches().find(name);
        found.filter(|branch| &*branch.name == name)
    }

    /// Ascending cluster boundaries: first 0, last the number of entries.
    pub(crate) fn clusters(&self) -> Vec<u64> {
        match self {
            Self::Ttree(tree) => tree.clusters(),
            Self::Ntuple(tree) => tree.boundaries(),
        }
    }

    pub(crate) fn place(&self) -> Place {
        match self {
            Self::Ttree(tree) => tree.place(),
            Self::Ntuple(tree) => tree.place(),
        }
    }

    /// A reader of these branches.
    pub(crate) fn reader(&self, chosen: &[(&str, &Branch)]) -> Result<SingleReader, Error> {
        match self {
            Self::Ttree(tree) => RangeReader::new(tree.clone(), chosen).map(SingleReader::Ttree),
            Self::Ntuple(tree) => NtupleReader::new(tree.clone(), chosen).map(SingleReader::Ntuple),
        }
    }
}

impl SingleReader {
    /// Says that these entries are read next, where those that follow are asked for ahead.
    pub(crate) fn ask(&self, entries: &Range<u64>) {
        match self {
            Self::Ttree(reader) => reader.ask(entries),
            Self::Ntuple(reader) => reader.ask(entries),
        }
    }

    /// The columns' values of these entries, which are within the tree.
    pub(crate) fn read(&mut self, entries: &Range<u64>) -> Result<Vec<ArrayRef>, Error> {
        match self {
            Self::Ttree(reader) => reader.read(entries),
            Self::Ntuple(reader) => reader.read(entries),
        }
    }

    /// Expects these entries of one tree to be read in ascending order by all of these: where they are
    /// far away, what follows is asked for before it is wanted.
    pub(crate) fn expect(readers: &mut [&mut Self], entries: &Range<u64>) {
        let (mut ttree, mut ntuple) = (Vec::new(), Vec::new());
        for reader in readers {
            match reader {
                Self::Ttree(reader) => ttree.push(reader),
                Self::Ntuple(reader) => ntuple.push(reader),
            }
        }
        RangeReader::expect(&mut ttree, entries.clone());
        NtupleReader::expect(&mut ntuple, entries.clone());
    }
}
