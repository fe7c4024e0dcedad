//! What the rows of a shard are given by all shards of other stages: weights by fits, and columns
//! drawn by densities.

use std::collections::{BTreeMap, HashSet};
use std::sync::Mutex;

use crate::estimated::Estimated;
use crate::weights::RowWeights;

/// Weights and densities for the rows of a shard; nothing where its stage has none.
#[derive(Debug, Default)]
pub(crate) struct Given<'a> {
    pub(crate) weights: Option<RowWeights<'a>>,
    pub(crate) estimated: Option<&'a Estimated>,
    /// The random numbers that rows of the shard were drawn by, for each model.
    pub(crate) draws: Draws,
}

/// Random numbers of rows, by the name of the model.
pub(crate) type Draws = Mutex<BTreeMap<String, HashSet<u64>>>;

impl Given<'_> {
    /// Of each file that this is, by the category of its fit or the stage of its density, its hash.
    pub(crate) fn digests(&self) -> BTreeMap<String, String> {
        let weights = self.weights.iter().flat_map(RowWeights::digests);
        let weights = weights.map(|(category, hash)| (category.clone(), hash.clone()));
        let estimated = self.estimated.iter().flat_map(|it| it.digests());
        weights.chain(estimated).collect()
    }
}
