//! The output of a campaign: its store, held by one run at a time.

use std::collections::BTreeSet;
use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use lumimill_common::campaign::StageName;
use lumimill_common::control::{Control, campaign_key, control_key, plan_digest, plan_key};
use lumimill_common::failure::FailedRecord;
use lumimill_common::marker::{
    Marker, done_folder, failed_folder, failed_key, marker_key, object_key, retrying_key,
};
use lumimill_common::shard::ShardId;
use lumimill_common::store::{Key, LocalStore, Place, Store};

use crate::campaign_file::Mistakes;
use crate::plan::Plan;

/// The store of a campaign, and what is in it.
#[derive(Debug, Clone)]
pub struct Output {
    store: Arc<dyn Store>,
}

/// Held while a run writes; given up when dropped, or when the process dies.
///
/// A folder is held by one run at a time. Nothing is held in S3-compatible storage, where a lock
/// would outlive a killed run: two runs of one campaign file write the same bytes to the same
/// keys, so they cost time and do no harm; runs of two different files under one name do.
#[derive(Debug)]
pub struct Held {
    folder: Option<(Arc<LocalStore>, File)>,
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some((store, _lock)) = &self.folder {
            store.close();
        }
    }
}

/// The store in a place, ready for writing. Refused is a mistake that somebody must correct;
/// anything else may pass.
async fn prepared(place: &Place) -> anyhow::Result<Arc<dyn Store>> {
    let (store, conditional) =
        place
            .prepare()
            .await
            .map_err(|error| match error.is_transient() {
                true => anyhow::Error::from(error),
                false => Mistakes::new(place, vec![error.to_string()]).into(),
            })?;
    if !conditional {
        eprintln!(
            "note: {place}: this service ignores conditional requests; two runs of one campaign \
             at the same moment would not notice each other"
        );
    }
    Ok(store)
}

impl Output {
    /// Looks at the output in a place, where nothing may be yet.
    pub fn open(place: &Place) -> Result<Self, Mistakes> {
        let store = place.open()?;
        Ok(Self { store })
    }

    /// Takes a place for writing; an error when it cannot be written, or somebody else has it.
    pub async fn hold(place: &Place) -> anyhow::Result<(Self, Held)> {
        match place {
            Place::Folder(folder) => Self::hold_folder(folder),
            Place::S3(_) => {
                let store = prepared(place).await?;
                Ok((Self { store }, Held { folder: None }))
            }
        }
    }

    /// Takes a place for writing beside workers and other coordinators.
    pub async fn share(place: &Place) -> anyhow::Result<Self> {
        Ok(Self {
            store: prepared(place).await?,
        })
    }

    fn hold_folder(folder: &Path) -> anyhow::Result<(Self, Held)> {
        let refused = |reason: String| {
            Mistakes::new(
                folder.display(),
                vec![format!("the output folder cannot be written: {reason}")],
            )
        };
        let store = LocalStore::create(folder).map_err(|error| refused(error.to_string()))?;
        let path = folder.join("_lock");
        let lock = File::create(&path).map_err(|error| refused(error.to_string()))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!(
                "another run of this campaign is writing to {}: wait for it, or stop it",
                folder.display()
            ),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", path.display()));
            }
        }
        store.clear_scratch()?;
        let store = Arc::new(store);
        let held = Held {
            folder: Some((store.clone(), lock)),
        };
        Ok((Self { store }, held))
    }

    /// The store behind it.
    #[must_use]
    pub fn store(&self) -> Arc<dyn Store> {
        self.store.clone()
    }

    /// The campaign file that was written last.
    pub async fn campaign(&self) -> anyhow::Result<Option<String>> {
        let Some(bytes) = self.store.get(&campaign_key()).await? else {
            return Ok(None);
        };
        let location = self.store.location();
        String::from_utf8(bytes)
            .map(Some)
            .with_context(|| format!("{location}: campaign.toml is not text"))
    }

    /// The plan that was written last.
    pub async fn plan(&self) -> anyhow::Result<Option<Plan>> {
        let found = self.plan_and_digest().await?;
        Ok(found.map(|(plan, _)| plan))
    }

    /// The plan that was written last, and its digest.
    pub async fn plan_and_digest(&self) -> anyhow::Result<Option<(Plan, String)>> {
        let Some(bytes) = self.store.get(&plan_key()).await? else {
            return Ok(None);
        };
        let digest = plan_digest(&bytes);
        let location = self.store.location();
        let plan = Plan::from_parquet(bytes);
        let plan = plan.with_context(|| format!("{location}: plan.parquet"))?;
        Ok(Some((plan, digest)))
    }

    /// Writes the campaign and its plan, and returns the plan's digest.
    pub async fn write_plan(&self, campaign: &str, plan: &Plan) -> anyhow::Result<String> {
        let bytes = plan.to_parquet()?;
        let digest = plan_digest(&bytes);
        self.store.put(&campaign_key(), campaign.into()).await?;
        self.store.put(&plan_key(), bytes).await?;
        Ok(digest)
    }

    /// What the campaign was told to do, where it was submitted.
    pub async fn control(&self) -> anyhow::Result<Option<Control>> {
        let Some(bytes) = self.store.get(&control_key()).await? else {
            return Ok(None);
        };
        let control = serde_json::from_slice(&bytes);
        let location = self.store.location();
        control.with_context(|| format!("{location}: _control.json cannot be read"))
    }

    /// Tells the campaign what to do.
    pub async fn write_control(&self, control: &Control) -> anyhow::Result<()> {
        let bytes = serde_json::to_vec_pretty(control)?;
        self.store.put(&control_key(), bytes).await?;
        Ok(())
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
        let id = |name: &str| {
            name.strip_prefix("part-")?
                .strip_suffix(".parquet")
                .map(str::to_owned)
        };
        let listed = self.store.list(&key(stage.as_str())?).await?;
        Ok(listed
            .iter()
            .filter_map(|object| id(object.key.file_name())?.parse().ok())
            .collect())
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

    /// The marker of a shard.
    pub async fn marker(
        &self,
        stage: &StageName,
        shard: ShardId,
    ) -> anyhow::Result<Option<Marker>> {
        let key = marker_key(stage, shard);
        let Some(bytes) = self.store.get(&key).await? else {
            return Ok(None);
        };
        let marker: Marker = serde_json::from_slice(&bytes)
            .with_context(|| format!("{}: marker {key} cannot be read", self.store.location()))?;
        if marker.shard != shard || marker.object != object_key(stage, shard).as_str() {
            bail!(
                "{}: marker {key} is of another shard, {}",
                self.store.location(),
                marker.shard
            );
        }
        Ok(Some(marker))
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
        let record = serde_json::from_slice(&bytes)
            .with_context(|| format!("{}: {key} cannot be read", self.store.location()))?;
        Ok(Some(record))
    }

    /// Removes a shard's marker, then its object and its failed record.
    pub async fn remove(&self, stage: &StageName, shard: ShardId) -> anyhow::Result<()> {
        for key in [
            marker_key(stage, shard),
            object_key(stage, shard),
            failed_key(stage, shard),
            retrying_key(stage, shard),
        ] {
            self.store.delete(&key).await?;
        }
        Ok(())
    }
}

fn key(text: &str) -> anyhow::Result<Key> {
    Ok(text.parse()?)
}
