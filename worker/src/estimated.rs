//! Densities that earlier stages estimate, for columns that are drawn by them.

use std::collections::BTreeMap;
use std::sync::Arc;

use lumimill_common::campaign::{DENSITY, StageName};
use lumimill_common::failure::{Failure, FailureKind};
use lumimill_common::metric::FrozenKde;

use crate::commit::Attempt;

/// Densities of stages, as they are in the store.
#[derive(Debug, Clone, Default)]
pub(crate) struct Estimated(BTreeMap<StageName, Stored>);

/// A density and the hash of its file.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    frozen: Arc<FrozenKde>,
    digest: String,
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

impl Attempt {
    /// The densities that columns are drawn by; none where none are.
    pub(crate) async fn estimated(&self) -> Result<Option<Estimated>, Failure> {
        let Self {
            production, shard, ..
        } = self;
        let Some(stage) = production.stages.get(&shard.stage) else {
            return Ok(None);
        };
        let mut known = production.estimated.lock().await;
        let mut estimated = Estimated::default();
        for name in stage.stage().densities() {
            let stored = match known.0.get(name) {
                Some(stored) => stored.clone(),
                None => self.stored(name).await?,
            };
            known.0.insert(name.clone(), stored.clone());
            estimated.0.insert(name.clone(), stored);
        }
        Ok((!estimated.0.is_empty()).then_some(estimated))
    }

    async fn stored(&self, stage: &StageName) -> Result<Stored, Failure> {
        let shards = self.of_whole(stage);
        let only = shards.first().ok_or_else(|| {
            let message = format!("nothing of {stage} is in the plan: its density was given up");
            Failure::reject(FailureKind::Parent, &self.shard.stage, message)
        })?;
        let (frozen, digest) = self.frozen::<FrozenKde>(only).await?;
        Ok(Stored {
            frozen: Arc::new(frozen),
            digest,
        })
    }
}
