//! One TTree as a file has it: its record, and the branches in that.

use std::sync::Arc;

use crate::branches::Branches;
use crate::cluster;
use crate::error::{Error, Place};
use crate::file::RootFile;
use crate::key::Key;
use crate::ttree::{TreeRecord, list_branches};

/// A TTree of an open file. Cloning it shares the description.
#[derive(Debug, Clone)]
pub(crate) struct StoredTree {
    pub(crate) inner: Arc<StoredTreeInner>,
}

#[derive(Debug)]
pub(crate) struct StoredTreeInner {
    pub(crate) file: RootFile,
    name: String,
    pub(crate) record: TreeRecord,
    branches: Branches,
}

impl StoredTree {
    /// Reads the tree of a key, of which `path` is the name with its directories.
    pub(crate) fn of(file: &RootFile, key: &Key, path: &str) -> Result<Self, Error> {
        let (payload, header_length) = file.read_object(key, path)?;
        Self::from_ttree(file.clone(), path, &key.class, payload, header_length)
    }

    fn from_ttree(
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
        Ok(Self {
            inner: Arc::new(StoredTreeInner {
                file,
                name: name.to_owned(),
                record,
                branches: Branches::new(branches),
            }),
        })
    }

    /// The name, with the directories it is in.
    pub(crate) fn name(&self) -> &str {
        &self.inner.name
    }

    pub(crate) fn entries(&self) -> u64 {
        self.inner.record.entries
    }

    pub(crate) fn branches(&self) -> &Branches {
        &self.inner.branches
    }

    /// Ascending cluster boundaries: first 0, last the number of entries.
    pub(crate) fn clusters(&self) -> Vec<u64> {
        cluster::boundaries(&self.inner.record)
    }

    pub(crate) fn place(&self) -> Place {
        Place::tree(self.inner.file.name(), &self.inner.name)
    }
}
