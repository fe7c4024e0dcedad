//! What is in an output and of no shard of a plan: whoever reads the tables would see it.

use std::collections::BTreeSet;

use lumimill_common::campaign::StageName;
use lumimill_common::shard::ShardId;
use lumimill_common::stage_keys::{marker_key, object_key};
use lumimill_common::store::Key;

use super::{Inventory, Output};
use crate::plan::{Plan, PlannedStage};

impl Output {
    /// Tables and markers that no shard of a plan accounts for: of an earlier configuration, of a
    /// stage that was taken out or has another name now, or of a shard that was split.
    pub(crate) async fn stale(&self, plan: &Plan) -> anyhow::Result<Vec<(StageName, ShardId)>> {
        let strays = self.strays(plan).await?.into_iter();
        Ok(strays.map(|stray| (stray.stage, stray.shard)).collect())
    }

    /// The same where the stages of the plan were just listed: they are listed again only if there is
    /// something of no shard of it.
    pub(crate) async fn stale_of(
        &self,
        plan: &Plan,
        there: &Inventory,
    ) -> anyhow::Result<Vec<(StageName, ShardId)>> {
        let planned = plan.shards.iter().map(|shard| shard.id).collect();
        if !there.has_no_strays(&planned) {
            return self.stale(plan).await;
        }
        let strays = self.former_strays(plan).await?.into_iter();
        Ok(strays.map(|stray| (stray.stage, stray.shard)).collect())
    }

    /// The key of each of them: of the table, or of the marker where there is no table.
    pub(crate) async fn stray_keys(&self, plan: &Plan) -> anyhow::Result<Vec<Key>> {
        let strays = self.strays(plan).await?;
        let keys = strays.iter().map(|stray| match stray.has_table {
            true => object_key(&stray.stage, stray.shard),
            false => marker_key(&stray.stage, stray.shard),
        });
        Ok(keys.collect())
    }

    async fn strays(&self, plan: &Plan) -> anyhow::Result<Vec<Stray>> {
        let planned: BTreeSet<ShardId> = plan.shards.iter().map(|shard| shard.id).collect();
        let mut strays = Vec::new();
        for PlannedStage { name, .. } in &plan.stages {
            let there = self.inventory_of(name).await?;
            strays.extend(there.strays(name, &planned));
        }
        strays.extend(self.former_strays(plan).await?);
        Ok(strays)
    }

    /// Those of stages which the plan does not have.
    async fn former_strays(&self, plan: &Plan) -> anyhow::Result<Vec<Stray>> {
        let mut strays = Vec::new();
        for name in self.former_stages(plan).await? {
            let there = self.inventory_of(&name).await?;
            strays.extend(there.strays(&name, &BTreeSet::new()));
        }
        Ok(strays)
    }

    /// Folders that could be of stages which the plan does not have.
    async fn former_stages(&self, plan: &Plan) -> anyhow::Result<Vec<StageName>> {
        let folders = self.store.folders().await?.into_iter();
        let names = folders.filter_map(|folder| folder.parse::<StageName>().ok());
        let is_former = |name: &StageName| plan.stages.iter().all(|stage| stage.name != *name);
        Ok(names.filter(is_former).collect())
    }
}

/// A table or a marker, or both, of no shard of a plan.
struct Stray {
    stage: StageName,
    shard: ShardId,
    has_table: bool,
}

impl Inventory {
    /// Whether all tables and markers are of these shards.
    fn has_no_strays(&self, planned: &BTreeSet<ShardId>) -> bool {
        let mut there = self.tables.keys().chain(&self.done);
        there.all(|shard| planned.contains(shard))
    }

    /// What is there of a stage and, by its id, of none of these shards.
    fn strays(&self, stage: &StageName, planned: &BTreeSet<ShardId>) -> Vec<Stray> {
        let tables: BTreeSet<ShardId> = self.tables.keys().copied().collect();
        let of = |shard: &ShardId| Stray {
            stage: stage.clone(),
            shard: *shard,
            has_table: tables.contains(shard),
        };
        (&tables | &self.done).difference(planned).map(of).collect()
    }
}
