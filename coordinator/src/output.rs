//! The output of a campaign: its store, held by one run at a time.

mod held;
mod inventory;
mod planned;
mod replaced;
mod stray;
mod told;
mod writable;

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Context;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use lumimill_common::campaign::StageName;
use lumimill_common::control::{PlanKeys, plan_digest};
use lumimill_common::failed_record;
use lumimill_common::failure::{FailedAttempt, FailedRecord, Failure, FailureKind};
use lumimill_common::form;
use lumimill_common::marker::{Expected, Marker};
use lumimill_common::shard::{Shard, ShardId};
use lumimill_common::stage_keys::{
    done_folder, failed_folder, failed_key, marker_key, measure_key, object_key, retrying_folder,
    retrying_key,
};
use lumimill_common::store::{Key, Object, Place, Store};

use crate::campaign_file::Mistakes;
use crate::pack_sizes::PackSizes;
use crate::plan::Plan;
use crate::stored::newer;

pub use self::held::Held;
pub(crate) use self::held::can_be_written;
pub use self::inventory::Inventory;
pub use self::planned::Planned;
pub(crate) use self::replaced::replaces_nothing;
pub use self::told::Told;
pub(crate) use self::writable::could_be_written;

/// Requests that are on their way at a time.
const AT_ONCE: usize = 32;
/// Stages that are listed at a time.
const STAGES_AT_ONCE: usize = 4;

/// Shards of which nothing is left to be done.
#[derive(Debug, Default)]
pub(crate) struct Over {
    /// With a marker.
    pub done: BTreeSet<ShardId>,
    /// With a failed record and no marker.
    pub given_up: BTreeSet<ShardId>,
}

/// The store of a campaign, and what is in it.
#[derive(Debug, Clone)]
pub struct Output {
    store: Arc<dyn Store>,
    /// Names that a campaign there may have: that of its folder.
    names: Vec<String>,
    /// How many markers are in a pack.
    pack_sizes: PackSizes,
}

impl Output {
    /// Looks at the output in a place, where nothing may be yet.
    pub fn open(place: &Place) -> Result<Self, Mistakes> {
        let store = place.open()?;
        Ok(Self::of(store, place))
    }

    fn of(store: Arc<dyn Store>, place: &Place) -> Self {
        Self {
            store,
            names: place.names(),
            pack_sizes: PackSizes::default(),
        }
    }

    /// The output in a store of a test's.
    #[cfg(test)]
    pub(crate) fn in_store(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            names: Vec::new(),
            pack_sizes: PackSizes::default(),
        }
    }

    /// The same with packs of other sizes.
    #[must_use]
    pub fn with_packs(self, pack_sizes: PackSizes) -> Self {
        Self { pack_sizes, ..self }
    }

    /// How many markers are in a pack.
    pub(crate) fn pack_sizes(&self) -> PackSizes {
        self.pack_sizes
    }

    /// The store behind it.
    #[must_use]
    pub fn store(&self) -> Arc<dyn Store> {
        self.store.clone()
    }

    /// Writes the campaign and its plan for people to look at, and for the runs to come.
    pub(crate) async fn write_plan(&self, campaign: &str, plan: &Plan) -> anyhow::Result<()> {
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

    /// What is over of all stages of a plan: shards that have a marker, and those that have a failed
    /// record and no marker.
    pub(crate) async fn over_of(&self, plan: &Plan) -> anyhow::Result<Over> {
        let stages = plan.stages.iter().map(|stage| stage.name.clone());
        self.over(stages.collect()).await
    }

    /// The same of stages, whose folders are listed beside each other. A shard that is done after it
    /// was given up is done: markers are listed last.
    pub(crate) async fn over(&self, stages: Vec<StageName>) -> anyhow::Result<Over> {
        let mut over = Over::default();
        let listing = stages.iter().map(async |stage| {
            let folder = failed_folder(stage);
            let failed = self.ids(&folder, |name| name.strip_suffix(".json"));
            let failed = failed.await?;
            anyhow::Ok((failed, self.done(stage).await?))
        });
        let listing: Vec<_> = listing.collect();
        let mut listed = stream::iter(listing).buffered(STAGES_AT_ONCE);
        while let Some(stage) = listed.next().await {
            let (failed, done) = stage?;
            over.given_up.extend(failed);
            over.done.extend(done);
        }
        over.given_up.retain(|shard| !over.done.contains(shard));
        Ok(over)
    }

    /// Shards of a stage whose object is there, marker or not.
    pub async fn objects(&self, stage: &StageName) -> anyhow::Result<BTreeSet<ShardId>> {
        let there = self.inventory_of(stage).await?;
        Ok(there.tables.into_keys().collect())
    }

    async fn ids(
        &self,
        folder: &Key,
        id: impl Fn(&str) -> Option<&str> + Send + Sync,
    ) -> anyhow::Result<BTreeSet<ShardId>> {
        let mut ids = BTreeSet::new();
        let mut each = |object: Object| {
            ids.extend(id(object.key.file_name()).and_then(|id| id.parse::<ShardId>().ok()));
        };
        self.store.visit(folder, &mut each).await?;
        Ok(ids)
    }

    /// The marker of a shard, or why it cannot be used: its shard is as good as not done then. The
    /// bytes that it should have are known, and whoever does the shard again writes them.
    ///
    /// # Errors
    /// What the store says, and what a newer version wrote.
    pub async fn marker(
        &self,
        expected: Expected<'_>,
    ) -> anyhow::Result<Result<Option<Marker>, String>> {
        Ok(match self.marker_bytes(expected.shard).await? {
            Ok(Some(bytes)) => self.read_marker(expected, &bytes)?.map(Some),
            Ok(None) => Ok(None),
            Err(reason) => Err(reason),
        })
    }

    /// The bytes of the marker of a shard, whatever they are, or why there are too many.
    pub(crate) async fn marker_bytes(
        &self,
        shard: &Shard,
    ) -> anyhow::Result<Result<Option<Vec<u8>>, String>> {
        let key = marker_key(&shard.stage, shard.id);
        match self.store.get(&key).await {
            Err(error) if error.is_large() => Ok(Err(error.reason().to_owned())),
            bytes => Ok(Ok(bytes?)),
        }
    }

    /// What the bytes of the marker of a shard say, or why they cannot be used.
    ///
    /// # Errors
    /// What a newer version wrote.
    pub(crate) fn read_marker(
        &self,
        expected: Expected<'_>,
        bytes: &[u8],
    ) -> anyhow::Result<Result<Marker, String>> {
        match Marker::read(bytes, expected) {
            Ok(marker) => Ok(Ok(marker)),
            Err(error) if error.is_newer() => {
                let key = marker_key(&expected.shard.stage, expected.shard.id);
                Err(newer(self.store.as_ref(), &key, &error).into())
            }
            Err(error) => Ok(Err(error.to_string())),
        }
    }

    /// The record of a shard's failed attempts. Of one that is damaged it is still known that the
    /// shard was given up, and what to do about it.
    pub async fn failed_record(
        &self,
        stage: &StageName,
        shard: ShardId,
    ) -> anyhow::Result<Option<FailedRecord>> {
        let key = failed_key(stage, shard);
        let damaged = |reason: &str| {
            let message = format!(
                "{key} is damaged, the record of why it failed: {reason}; lumimill resubmit \
                 --failed does the shard again, and says why if it fails again"
            );
            let failure = Failure::reject(FailureKind::Record, "", message);
            let attempts = vec![FailedAttempt::new(1, &failure)];
            Ok(Some(FailedRecord { shard, attempts }))
        };
        let bytes = match self.store.get(&key).await {
            Err(error) if error.is_large() => return damaged(error.reason()),
            bytes => bytes?,
        };
        let Some(bytes) = bytes else {
            return Ok(None);
        };
        match form::read(&bytes) {
            Ok(record) => Ok(Some(record)),
            Err(error) if error.is_newer() => Err(newer(self.store.as_ref(), &key, &error).into()),
            Err(error) => damaged(&error.to_string()),
        }
    }

    /// Why shards of a plan are tried again, those that are over left out: so many of their
    /// records are read as tell.
    pub(crate) async fn retries_of(
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
    pub(crate) async fn unmark(
        &self,
        shards: impl IntoIterator<Item = &Shard>,
    ) -> anyhow::Result<()> {
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
    pub(crate) async fn set_back(
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
            self.store.put(&aside, bytes.clone()).await?;
            self.store.delete(&key).await?;
            // Whoever saw both may have removed this one meanwhile.
            if self.store.get(&aside).await?.is_none() {
                self.store.put(&aside, bytes).await?;
            }
        }
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

    /// Removes what is there of shards that were dropped; the record of why they failed stays.
    pub(crate) async fn remove_dropped(&self, shards: &[Shard]) -> anyhow::Result<()> {
        let removing: Vec<_> = shards
            .iter()
            .map(async |Shard { stage, id, .. }| {
                for key in [
                    marker_key(stage, *id),
                    measure_key(stage, *id),
                    object_key(stage, *id),
                ] {
                    self.store.delete(&key).await?;
                }
                anyhow::Ok(())
            })
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
