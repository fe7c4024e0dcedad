//! One RNTuple as a file has it.

use std::sync::Arc;

use super::anchor::Anchor;
use super::field_list::list_fields;
use super::footer::Description;
use super::page_list::Cluster;
use super::schema::Column;
use super::shape::Shape;
use crate::branch::Branch;
use crate::branches::Branches;
use crate::error::{Error, Place};
use crate::file::RootFile;
use crate::key::Key;

/// An RNTuple of an open file. Cloning it shares the description.
#[derive(Debug, Clone)]
pub(crate) struct Ntuple {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    file: RootFile,
    name: String,
    entries: u64,
    /// Pages above this are in several records of the file.
    largest_record: u64,
    columns: Vec<Column>,
    clusters: Vec<Cluster>,
    branches: Branches,
    /// How those branches are read that can be, by the number that each has.
    shapes: Vec<Shape>,
}

impl Ntuple {
    /// Reads the RNTuple of a key, of which `path` is the name with its directories.
    pub(crate) fn of(file: &RootFile, key: &Key, path: &str) -> Result<Self, Error> {
        let place = Place::tree(file.name(), path);
        let (object, _) = file.read_object(key, path)?;
        let anchor = Anchor::read(&object).map_err(|fault| fault.at(&place))?;
        let description = Description::read(file, &anchor, &place)?;
        let (branches, shapes) = list_fields(&description, anchor.largest_record)
            .map_err(|error| place.corrupt(error))?;
        Ok(Self {
            inner: Arc::new(Inner {
                file: file.clone(),
                name: path.to_owned(),
                entries: description.entries,
                largest_record: anchor.largest_record,
                columns: description.schema.columns,
                clusters: description.clusters,
                branches: Branches::new(branches),
                shapes,
            }),
        })
    }

    /// The name, with the directories it is in.
    pub(crate) fn name(&self) -> &str {
        &self.inner.name
    }

    pub(crate) fn entries(&self) -> u64 {
        self.inner.entries
    }

    pub(crate) fn branches(&self) -> &Branches {
        &self.inner.branches
    }

    /// Ascending cluster boundaries: first 0, last the number of entries.
    pub(crate) fn boundaries(&self) -> Vec<u64> {
        let clusters = self.inner.clusters.iter();
        let ends = clusters.map(|cluster| cluster.first.saturating_add(cluster.entries));
        std::iter::once(0).chain(ends).collect()
    }

    pub(crate) fn place(&self) -> Place {
        Place::tree(self.inner.file.name(), &self.inner.name)
    }

    pub(super) fn file(&self) -> &RootFile {
        &self.inner.file
    }

    pub(super) fn largest_record(&self) -> u64 {
        self.inner.largest_record
    }

    pub(super) fn column(&self, id: usize) -> Option<&Column> {
        self.inner.columns.get(id)
    }

    pub(super) fn clusters(&self) -> &[Cluster] {
        &self.inner.clusters
    }

    pub(super) fn shape(&self, branch: &Branch) -> Option<&Shape> {
        self.inner.shapes.get(branch.record)
    }
}
