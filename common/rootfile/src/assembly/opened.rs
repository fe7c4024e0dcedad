//! The trees that were opened last: several readers go through the same directories one after the other,
//! each with its own columns.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crate::error::Error;
use crate::file::RootFile;
use crate::key::Key;
use crate::single_tree::SingleTree;

/// Trees that are kept: those of a directory, mostly one or two, and of the one before.
const MOST: usize = 8;

/// Trees by where they are in the file, the last one last.
#[derive(Debug, Default)]
pub(super) struct Opened(Mutex<VecDeque<(u64, SingleTree)>>);

impl Opened {
    /// The tree of a key, opened where it is not one of the last.
    pub(super) fn tree(&self, file: &RootFile, key: &Key, path: &str) -> Result<SingleTree, Error> {
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, tree)) = known().iter().find(|(seek, _)| *seek == key.seek) {
            return Ok(tree.clone());
        }
        let tree = SingleTree::of(file, key, path)?;
        let mut known = known();
        if known.len() >= MOST {
            known.pop_front();
        }
        known.push_back((key.seek, tree.clone()));
        Ok(tree)
    }
}
