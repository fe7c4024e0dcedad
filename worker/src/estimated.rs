//! Densities that earlier stages estimate, for columns that are drawn by them.

use std::collections::BTreeMap;
use std::sync::Arc;

use lumimill_common::campaign::{DENSITY, StageName};
use lumimill_common::metric::FrozenKde;

/// Densities of stages, as they are in the store.
#[derive(Debug, Clone, Default)]
pub(crate) struct Estimated(pub(crate) BTreeMap<StageName, Density>);

/// A density and the hash of its file.
#[derive(Debug, Clone)]
pub(crate) struct Density {
    pub(crate) frozen: Arc<FrozenKde>,
    pub(crate) digest: String,
}

impl Estimated {
    /// That of a stage.
    pub(crate) fn of(&self, stage: &StageName) -> Option<&FrozenKde> {
        self.0.get(stage).map(|stored| stored.frozen.as_ref())
    }

    /// Of each file, by stage and category, its hash.
    pub(crate) fn digests(&self) -> impl Iterator<Item = (String, String)> {
        let stored = self.0.iter();
        stored.map(|(stage, stored)| (format!("{stage}/{DENSITY}"), stored.digest.clone()))
    }
}
