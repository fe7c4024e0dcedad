//! What the branches of an RNTuple are called: as in the tree that it stands for.
//!
//! Writers lay NanoAOD out in several ways. ROOT's importer makes a collection `_collection0` with
//! members `Muon_pt`, and shows each at the top as `Muon_pt`; CMS's own module makes a collection
//! `Muon` with a member `pt`, and a record `HLT` with members `IsoMu24`. All are called as in a tree.

use std::collections::HashSet;

use super::schema::Schema;

/// What ROOT's importer calls the collections that it makes.
const IMPORTED: &str = "_collection";
/// How much longer than the names of the fields those of the branches may be together.
const LARGEST_RATIO: usize = 16;
const SHORT_NAMES: usize = 1 << 20;
/// And however long those of the fields are.
const LONG_NAMES: usize = 64 << 20;

/// The names that are taken, and how long they may be yet.
#[derive(Debug)]
pub(super) struct Names {
    /// The names of the fields that are in no other.
    top: HashSet<String>,
    given: HashSet<String>,
    left: usize,
}

impl Names {
    pub(super) fn of(schema: &Schema) -> Self {
        let fields = schema.fields.iter().map(|field| field.name.len());
        let length: usize = fields.sum();
        let top = schema.top.iter().filter_map(|&id| schema.fields.get(id));
        Self {
            top: top.map(|field| field.name.to_string()).collect(),
            given: HashSet::new(),
            left: length
                .saturating_mul(LARGEST_RATIO)
                .min(LONG_NAMES)
                .saturating_add(SHORT_NAMES),
        }
    }

    /// Whether a field that is in no other is called so.
    pub(super) fn is_top(&self, name: &str) -> bool {
        self.top.contains(name)
    }

    /// The name of a branch for a field: `short`, or its full name where that is taken; `None` where
    /// all names together are too long to be true.
    pub(super) fn give(&mut self, short: &str, path: &str) -> Option<String> {
        let is_free = short == path || !self.top.contains(short);
        let name = match is_free && !self.given.contains(short) {
            true => short,
            false => path,
        };
        self.left = self.left.checked_sub(name.len())?;
        self.given.insert(name.to_owned());
        Some(name.to_owned())
    }
}

/// The name of a member of a collection or record of this name.
pub(super) fn member(of: &str, name: &str) -> String {
    match (of.starts_with(IMPORTED), name.starts_with(':')) {
        (true, _) => name.to_owned(),
        // A base class.
        (false, true) => of.to_owned(),
        (false, false) => format!("{of}_{name}"),
    }
}

/// The name of the branch that counts the items of a collection; `None` where the collection's own
/// name says nothing.
pub(super) fn counter(collection: &str) -> Option<String> {
    (!collection.starts_with(IMPORTED)).then(|| format!("n{collection}"))
}
