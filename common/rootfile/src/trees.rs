//! The trees of a file, by their names.

use crate::assembly::Assembly;
use crate::error::{Error, Place};
use crate::file::RootFile;
use crate::listing;
use crate::rntuple::is_early_rntuple_class;
use crate::single_tree::{SingleTree, is_tree_class};
use crate::tree::Tree;
use crate::tree_name::{TreeName, split_cycle};

impl RootFile {
    /// The names of the trees, TTrees and RNTuples, `DIR/tree` in directories, in the order of the
    /// file's keys; of several cycles the highest only.
    ///
    /// # Errors
    /// When a directory cannot be read or is damaged.
    pub fn tree_names(&self) -> Result<Vec<String>, Error> {
        listing::tree_names(self)
    }

    /// Reads the description of a tree: `Events`, `Events;1` or `DIR/tree`.
    ///
    /// `DF_*/tree` is that tree of each directory that matches, one after another in the order of
    /// the file; `DF_*/tree+other` has the columns of `other`, which is beside it in each, too.
    ///
    /// # Errors
    /// [`Error::NoTree`] when there is none of that name, listing those that exist;
    /// [`Error::Siblings`] when trees do not stand beside one another in each directory;
    /// [`Error::Unsupported`] when the name is of an RNTuple of before the format was final; otherwise
    /// as for reading.
    pub fn tree(&self, name: &str) -> Result<Tree, Error> {
        if let Some(tree) = self.stored_tree(name)? {
            return Ok(tree);
        }
        match TreeName::of_several(name) {
            Some(several) => Ok(Assembly::open(self, name, &several)?.into()),
            None => Err(listing::no_tree(self, name)),
        }
    }

    /// A tree that the file has under this name.
    fn stored_tree(&self, name: &str) -> Result<Option<Tree>, Error> {
        let (path, cycle) = split_cycle(name);
        let (directory, leaf) = match path.rsplit_once('/') {
            Some((parents, leaf)) => (self.find_directory(parents)?, leaf),
            None => (Some(self.top()), path),
        };
        let Some(directory) = directory else {
            return Ok(None);
        };
        let keys = self.keys(directory)?;
        let named = || keys.iter().filter(|key| *key.name == *leaf);
        let tree = named()
            .filter(|key| is_tree_class(&key.class))
            .filter(|key| cycle.is_none_or(|cycle| cycle == key.cycle))
            .max_by_key(|key| key.cycle);
        match tree {
            Some(key) => SingleTree::of(self, key, path).map(|tree| Some(tree.into())),
            None if named().any(|key| is_early_rntuple_class(&key.class)) => {
                let reason = "it is an RNTuple of before the format was final, which only the ROOT that \
                              wrote it reads: write it anew, by RDataFrame's Snapshot";
                Err(Place::tree(self.name(), path).unsupported(reason))
            }
            None => Ok(None),
        }
    }
}
