//! The output of a campaign: its store, held by one run at a time.

mod held;
mod inventory;
mod stray;
mod told;
mod writable;

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Context, ensure};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use lumimill_common::campaign::{Stage, StageName};
use lumimill_common::control::{ControlState, PlanKeys, plan_digest};
use lumimill_common::failed_record;
use lumimill_common::failure::{FailedRecord, Failure};
use lumimill_common::form;
use lumimill_common::marker::{
    Expected, Marker, done_folder, failed_folder, failed_key, marker_key, measure_key, object_key,
    retrying_folder, retrying_key,
};
use lumimill_common::shard::{Shard, ShardId};
use lumimill_common::store::{Key, Place, Store};

use crate::campaign_file::Mistakes;
use crate::plan::{Plan, ShardTableError};
use crate::stored::{record, unreadable};

pub use self::held::Held;
pub use self::inventory::Inventory;
pub use self::told::Told;
pub use self::writable::could_be_written;

/// Requests that are on their way at a time.
const AT_ONCE: usize = 32;

/// A marker that says nothing. Its shard is as good as not done: the bytes that it should have are
/// known, and whoever does the shard again writes them.
#[derive(Debug, thiserror::Error)]
#[error(
    "{location}: the marker of shard {shard} of stage {stage} cannot be used: {reason}; remove \
     {stage}/_done/{shard} and do the campaign again, which does this shard only"
)]
pub struct DamagedMarker {
    /// The store.
    pub location: String,
    /// Stage of the shard.
    pub stage: StageName,
    /// The shard.
    pub shard: ShardId,
    /// What is wrong.
    pub reason: String,
}

/// The store of a campaign, and what is in it.
#[derive(Debug, Clone)]
pub struct Output {
    store: Arc<dyn Store>,
    /// Names that a campaign there may have: that of its folder.
    names: Vec<String>,
}

impl Output {
    /// Looks at the output in a place, where nothing may be yet.
    pub fn open(place: &Place) -> Result<Self, Mistakes> {
        let store = place.open()?;
        Ok(Self::of(store, place))
    }

    fn of(store: Arc<dyn Store>, place: &Place) -> Self {
        let names = place.names();
        Self { store, names }
    }

    /// The output in a store of a test's.
    #[cfg(test)]
    pub(crate) fn in_store(store: Arc<dyn Store>) -> Self {
        let names = Vec::new();
        Self { store, names }
    }

    /// The store behind it.
    #[must_use]
    pub fn store(&self) -> Arc<dyn Store> {
        self.store.clone()
    }

    /// The campaign file in force.
    pub async fn campaign(&self) -> anyhow::Result<Option<String>> {
        let key = self.in_force().await?.campaign;
        let found = self.store.get(&key).await?;
        found.map(|bytes| self.read_campaign(bytes)).transpose()
    }

    /// The plan in force.
    pub async fn plan(&self) -> anyhow::Result<Option<Plan>> {
        let key = self.in_force().await?.plan;
        let found = self.store.get(&key).await?;
        found.map(|bytes| self.read_plan(&key, bytes)).transpose()
    }

    /// Of a campaign that is with a pool what was submitted, else what was written last.
    async fn in_force(&self) -> anyhow::Result<PlanKeys> {
        let control = self.control().await?;
        let with_pool = control.filter(|control| control.state != ControlState::Cancelled);
        let submitted = with_pool.and_then(|control| PlanKeys::submitted(&control.plan));
        Ok(submitted.unwrap_or_else(PlanKeys::last))
    }

    /// Writes the campaign and its plan for people to look at, and for the runs to come.
    pub async fn write_plan(&self, campaign: &str, plan: &Plan) -> anyhow::Result<()> {
        let keys = PlanKeys::last();
        self.store.put(&keys.campaign, campaign.into()).await?;
        self.store.put(&keys.plan, plan.to_parquet()?).await?;
        Ok(())
    }

    /// Writes a campaign and its plan for a pool, and returns their digest. Nothing changes until
    /// a control record names it.
    pub async fn write_submission(&self, campaign: &str, plan: &Plan) -> anyhow::Result<String> {
        let bytes = plan.to_parquet()?;
        let digest = plan_digest(&bytes, campaign.as_bytes());
        let keys = PlanKeys::submitted(&digest).context("a digest")?;
        self.store.put(&keys.campaign, campaign.into()).await?;
        self.store.put(&keys.plan, bytes).await?;
        Ok(digest)
    }

    /// The campaign file and the plan of a digest.
    pub async fn submission(&self, digest: &str) -> anyhow::Result<Option<(String, Plan)>> {
        let Some(keys) = PlanKeys::submitted(digest) else {
            return Ok(None);
        };
        let (Some(campaign), Some(plan)) = (
            self.store.get(&keys.campaign).await?,
            self.store.get(&keys.plan).await?,
        ) else {
            return Ok(None);
        };
        let location = self.store.location();
        let found = plan_digest(&plan, &campaign);
        ensure!(
            found == digest,
            "{location}: what is in _plans/{digest} has digest {found}: submit the campaign again"
        );
        Ok(Some((
            self.read_campaign(campaign)?,
            self.read_plan(&keys.plan, plan)?,
        )))
    }

    fn read_campaign(&self, bytes: Vec<u8>) -> anyhow::Result<String> {
        let location = self.store.location();
        String::from_utf8(bytes).with_context(|| format!("{location}: campaign.toml is not text"))
    }

    fn read_plan(&self, key: &Key, bytes: Vec<u8>) -> anyhow::Result<Plan> {
        let store = self.store.as_ref();
        let plan = Plan::from_parquet(bytes).map_err(|error| match &error {
            ShardTableError::Form(error) => unreadable(store, key, error),
            _ => anyhow::anyhow!("{}: {error}", store.location()),
        })?;
        let name = plan.campaign.as_str();
        ensure!(
            self.names.is_empty() || self.names.iter().any(|folder| folder == name),
            "{}: {key} is of campaign {name}, and a campaign is in the folder of its name: plan or \
             submit the campaign again",
            store.location()
        );
        Ok(plan)
    }

    /// Writes one file of the report.
    pub async fn write_report(&self, name: &str, bytes: Vec<u8>) -> anyhow::Result<()> {
        self.store
            .put(&key(&format!("report/{name}"))?, bytes)
            .await?;
        Ok(())
    }

    /// Shards of a stage that have a marker.
    pub async fn done(&self, stage: &StageName) -> anyhow::Result<BTreeSet<ShardId>> {
        self.ids(&done_folder(stage), |name| Some(name)).await
    }

    /// Shards of all stages of a plan that have a marker.
    pub async fn done_of(&self, plan: &Plan) -> anyhow::Result<BTreeSet<ShardId>> {
        let mut done = BTreeSet::new();
        for stage in &plan.stages {
            done.extend(self.done(&stage.name).await?);
        }
        Ok(done)
    }

    /// Shards of all stages of a plan that have a failed record and no marker.
    pub async fn failed_of(
        &self,
        plan: &Plan,
        done: &BTreeSet<ShardId>,
    ) -> anyhow::Result<BTreeSet<ShardId>> {
        let mut failed = BTreeSet::new();
        for stage in &plan.stages {
            failed.extend(
                self.ids(&failed_folder(&stage.name), |name| {
                    name.strip_suffix(".json")
                })
                .await?,
            );
        }
        Ok(&failed - done)
    }

    /// Shards of a stage whose object is there, marker or not.
    pub async fn objects(&self, stage: &StageName) -> anyhow::Result<BTreeSet<ShardId>> {
        let there = self.inventory_of(stage).await?;
        Ok(there.tables.into_keys().collect())
    }

    async fn ids(
        &self,
        folder: &Key,
        id: impl Fn(&str) -> Option<&str>,
    ) -> anyhow::Result<BTreeSet<ShardId>> {
        let listed = self.store.list(folder).await?;
        Ok(listed
            .iter()
            .filter_map(|object| id(object.key.file_name())?.parse().ok())
            .collect())
    }

    /// The marker of a shard, whatever was measured on it.
    pub async fn marker(&self, stage: &Stage, shard: ShardId) -> anyhow::Result<Option<Marker>> {
        let key = marker_key(&stage.name, shard);
        let bytes = match self.store.get(&key).await {
            Err(error) if error.is_large() => {
                return Err(self.damaged(stage, shard, &error.reason()).into());
            }
            bytes => bytes?,
        };
        let Some(bytes) = bytes else {
            return Ok(None);
        };
        let expected = Expected {
            stage: &stage.name,
            shard,
        };
        match Marker::read(&bytes, expected) {
            Ok(marker) => Ok(Some(marker)),
            Err(error) if error.is_newer() => Err(unreadable(self.store.as_ref(), &key, &error)),
            Err(error) => Err(self.damaged(stage, shard, &error).into()),
        }
    }

    /// What is said of a marker that says nothing.
    #[must_use]
    pub fn damaged(
        &self,
        stage: &Stage,
        shard: ShardId,
        reason: &dyn std::fmt::Display,
    ) -> DamagedMarker {
        DamagedMarker {
            location: self.store.location(),
            stage: stage.name.clone(),
            shard,
            reason: reason.to_string(),
        }
    }

    /// The record of a shard's failed attempts.
    pub async fn failed_record(
        &self,
        stage: &StageName,
        shard: ShardId,
    ) -> anyhow::Result<Option<FailedRecord>> {
        let key = failed_key(stage, shard);
        let Some(bytes) = self.store.get(&key).await? else {
            return Ok(None);
        };
        record(self.store.as_ref(), &key, &bytes).map(Some)
    }

    /// Why shards of a plan are tried again, those that are over left out: so many of their
    /// records are read as tell.
    pub async fn retries_of(
        &self,
        plan: &Plan,
        over: &BTreeSet<ShardId>,
    ) -> anyhow::Result<Vec<(ShardId, Option<Failure>)>> {
        /// Records that are read; the others are counted.
        const READ: usize = 100;
        let mut retries = Vec::new();
        for stage in &plan.stages {
            let folder = retrying_folder(&stage.name);
            let ids = self.ids(&folder, |name| name.strip_suffix(".json")).await?;
            let reading: Vec<_> = (&ids - over)
                .into_iter()
                .zip(retries.len()..)
                .map(|(id, place)| async move {
                    let key = retrying_key(&stage.name, id);
                    let bytes = match place < READ {
                        true => self.store.get(&key).await?,
                        false => None,
                    };
                    let record = bytes.and_then(|bytes| form::read(&bytes).ok());
                    let last =
                        record.and_then(|record: FailedRecord| record.attempts.into_iter().last());
                    anyhow::Ok((id, last.map(|last| last.failure)))
                })
                .collect();
            let reading = stream::iter(reading).buffered(AT_ONCE);
            retries.extend(reading.try_collect::<Vec<_>>().await?);
        }
        Ok(retries)
    }

    /// Removes the markers of shards, which are to be done again. Nothing is lost by it: what a
    /// shard comes to is known by its id.
    pub async fn unmark(&self, shards: impl IntoIterator<Item = &Shard>) -> anyhow::Result<()> {
        let removing: Vec<_> = shards
            .into_iter()
            .map(async |shard| {
                let key = marker_key(&shard.stage, shard.id);
                self.store.delete(&key).await
            })
            .collect();
        let removing = stream::iter(removing).buffer_unordered(AT_ONCE);
        removing.try_collect::<()>().await?;
        Ok(())
    }

    /// Removes the markers of shards that are not whole, and sets those aside that are only to be
    /// measured again: their tables and cut flows stay.
    pub async fn set_back(
        &self,
        shards: &[Shard],
        to_measure: &BTreeSet<ShardId>,
    ) -> anyhow::Result<()> {
        let (measured, made) = shards
            .iter()
            .partition::<Vec<_>, _>(|shard| to_measure.contains(&shard.id));
        self.unmark(made).await?;
        let setting: Vec<_> = measured
            .into_iter()
            .map(|shard| self.set_aside(shard))
            .collect();
        let setting = stream::iter(setting).buffer_unordered(AT_ONCE);
        setting.try_collect().await
    }

    async fn set_aside(&self, shard: &Shard) -> anyhow::Result<()> {
        let key = marker_key(&shard.stage, shard.id);
        if let Some(bytes) = self.store.get(&key).await? {
            let aside = measure_key(&shard.stage, shard.id);
            self.store.put(&aside, bytes).await?;
            self.store.delete(&key).await?;
        }
        Ok(())
    }

    /// Forgets the markers that shards had before they were measured again.
    pub async fn forget_measured(&self, plan: &Plan, inventory: &Inventory) -> anyhow::Result<()> {
        let over = &inventory.earlier & &inventory.done;
        let shards = plan.shards.iter().filter(|shard| over.contains(&shard.id));
        let removing: Vec<_> = shards
            .map(async |shard| {
                let key = measure_key(&shard.stage, shard.id);
                self.store.delete(&key).await
            })
            .collect();
        let removing = stream::iter(removing).buffer_unordered(AT_ONCE);
        removing.try_collect::<()>().await?;
        Ok(())
    }

    /// Removes shards: the marker of each, then its object and its failed record.
    pub async fn remove(&self, shards: &[(StageName, ShardId)]) -> anyhow::Result<()> {
        let removing: Vec<_> = shards
            .iter()
            .map(|(stage, shard)| self.remove_one(stage, *shard))
            .collect();
        let removing = stream::iter(removing).buffer_unordered(AT_ONCE);
        removing.try_collect().await
    }

    async fn remove_one(&self, stage: &StageName, shard: ShardId) -> anyhow::Result<()> {
        for key in [
            marker_key(stage, shard),
            measure_key(stage, shard),
            object_key(stage, shard),
            failed_key(stage, shard),
            retrying_key(stage, shard),
        ] {
            self.store.delete(&key).await?;
        }
        Ok(())
    }

    /// Forgets that shards failed: while its record stays, a shard counts as over.
    pub async fn begin_anew(&self, shards: impl IntoIterator<Item = &Shard>) {
        let forgetting: Vec<_> = shards
            .into_iter()
            .map(|shard| failed_record::forget(self.store.as_ref(), &shard.stage, shard.id))
            .collect();
        let forgetting = stream::iter(forgetting).buffer_unordered(AT_ONCE);
        forgetting.collect::<()>().await;
    }
}

fn key(text: &str) -> anyhow::Result<Key> {
    Ok(text.parse()?)
}
