//! Copies a campaign's report and tables to a folder, as far as they are there and whole, so that
//! the folder can be verified like the output itself.

use std::fs::File;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::stream::{self, StreamExt};
use lumimill_common::campaign::Campaign;
use lumimill_common::control::PlanKeys;
use lumimill_common::marker::{Marker, marker_key, object_key};
use lumimill_common::shard::Shard;
use lumimill_common::store::{Key, LocalStore, Place, Store, StoreError};

use crate::output::Output;
use crate::plan::Plan;
use crate::soundness::marker;

/// Objects that are on their way at a time.
const AT_ONCE: usize = 8;
/// Bytes of a table that are on their way at a time.
const PIECE: u64 = 8 << 20;
/// Requests that fail after all their attempts before the store is taken to be gone.
const MOST_TROUBLES: usize = 20;

/// What was brought, and what was not.
#[derive(Debug, Default)]
pub struct Fetched {
    /// Files of the report.
    pub reports: usize,
    /// Tables, each as its marker says.
    pub tables: usize,
    /// What could not be brought, and why.
    pub missing: Vec<String>,
}

/// A copy in the making.
pub struct Fetch<'a> {
    /// Where it comes from.
    pub output: &'a Output,
    /// The campaign as it was planned.
    pub campaign: &'a Campaign,
    /// Where it goes.
    pub copy: &'a LocalStore,
    /// Is told of every object that is over.
    pub told: &'a (dyn Fn() + Sync),
    troubles: AtomicUsize,
}

/// Why an object was not brought.
enum Lack {
    /// It is not there, not whole or not to be had.
    Of(String),
    /// The copy cannot be written.
    Copy(StoreError),
}

impl From<std::io::Error> for Lack {
    fn from(error: std::io::Error) -> Self {
        Self::Of(format!("the copy cannot be written: {error}"))
    }
}

impl<'a> Fetch<'a> {
    /// A copy of nothing so far.
    pub fn new(
        output: &'a Output,
        campaign: &'a Campaign,
        copy: &'a LocalStore,
        told: &'a (dyn Fn() + Sync),
    ) -> Self {
        Self {
            output,
            campaign,
            copy,
            told,
            troubles: AtomicUsize::new(0),
        }
    }

    /// Brings these files of the report, and then the tables of a plan, if there is one.
    pub async fn bring(&self, reports: &[Key], plan: Option<&Plan>) -> anyhow::Result<Fetched> {
        let mut fetched = Fetched::default();
        for (key, brought) in self.all(reports, |key| self.file(key)).await {
            match brought {
                Ok(()) => fetched.reports += 1,
                Err(lack) => fetched.missing.push(told(key, lack)?),
            }
        }
        if let Some(plan) = plan {
            self.plan(plan, &mut fetched).await?;
        }
        Ok(fetched)
    }

    /// The tables of a plan with their markers, and the plan itself.
    async fn plan(&self, plan: &Plan, fetched: &mut Fetched) -> anyhow::Result<()> {
        if let Some(text) = self.output.campaign().await? {
            let keys = PlanKeys::last();
            self.copy.put(&keys.campaign, text.into_bytes()).await?;
            self.copy.put(&keys.plan, plan.to_parquet()?).await?;
        }
        for (shard, brought) in self.all(&plan.shards, |shard| self.table(shard)).await {
            match brought {
                Ok(()) => fetched.tables += 1,
                Err(lack) => {
                    let key = object_key(&shard.stage, shard.id);
                    fetched.missing.push(told(&key, lack)?);
                }
            }
        }
        let copy = Output::open(&Place::Folder(self.copy.location().into()))?;
        for key in copy.stray_keys(plan).await? {
            fetched.missing.push(format!(
                "{key} in {} is of an earlier plan, and readers would see it: remove it",
                self.copy.location()
            ));
        }
        Ok(())
    }

    async fn all<'i, T, F>(
        &self,
        items: &'i [T],
        bring: impl Fn(&'i T) -> F,
    ) -> Vec<(&'i T, Result<(), Lack>)>
    where
        F: Future<Output = Result<(), Lack>>,
    {
        let bringing: Vec<_> = items
            .iter()
            .map(|item| {
                let bringing = bring(item);
                async move {
                    let brought = match self.troubles.load(Ordering::Relaxed) {
                        MOST_TROUBLES.. => Err(Lack::Of(String::from(
                            "was not tried: the store does not answer",
                        ))),
                        _ => bringing.await,
                    };
                    (self.told)();
                    (item, brought)
                }
            })
            .collect();
        stream::iter(bringing).buffered(AT_ONCE).collect().await
    }

    async fn file(&self, key: &Key) -> Result<(), Lack> {
        let found = self.output.store().get(key).await;
        let bytes = found.map_err(|error| self.lack(&error))?;
        let bytes = bytes.ok_or_else(|| Lack::Of(String::from("is gone")))?;
        self.copy.put(key, bytes).await.map_err(Lack::Copy)
    }

    /// A table, and its marker last: what has a marker is whole, here as there.
    async fn table(&self, shard: &Shard) -> Result<(), Lack> {
        let (store, name) = (self.output.store(), marker_key(&shard.stage, shard.id));
        let found = marker(self.output, self.campaign, shard).await;
        let found = found.map_err(|error| match error.downcast_ref::<StoreError>() {
            Some(error) => self.lack(error),
            None => Lack::Of(format!("has a marker that cannot be read: {error:#}")),
        })?;
        let marker = match found {
            Ok(Some(marker)) => marker,
            Ok(None) => return Err(Lack::Of(String::from("is not done"))),
            Err(fault) => {
                let reason = format!("has a marker that is damaged: {fault:?}");
                return Err(Lack::Of(reason));
            }
        };
        self.checked(store.as_ref(), shard, &marker).await?;
        self.file(&name).await
    }

    /// Copies a table piece by piece; it may be larger than memory.
    async fn checked(&self, store: &dyn Store, shard: &Shard, marker: &Marker) -> Result<(), Lack> {
        let key = object_key(&shard.stage, shard.id);
        let path = self.copy.scratch().join(shard.id.to_string());
        let mut file = File::create(&path)?;
        match self.pieces(store, &key, marker, &mut file).await {
            Ok(()) => self.copy.put_file(&key, &path).await.map_err(Lack::Copy),
            Err(lack) => {
                // Nothing of it stays.
                let _ = std::fs::remove_file(&path);
                Err(lack)
            }
        }
    }

    async fn pieces(
        &self,
        store: &dyn Store,
        key: &Key,
        marker: &Marker,
        file: &mut File,
    ) -> Result<(), Lack> {
        let (mut hash, mut size) = (blake3::Hasher::new(), 0);
        while size <= marker.bytes {
            let piece = store.get_range(key, size..size + PIECE).await;
            let piece = piece.map_err(|error| self.lack(&error))?;
            let piece = piece.ok_or_else(|| Lack::Of(String::from("is missing")))?;
            if piece.is_empty() {
                break;
            }
            hash.update(&piece);
            size += piece.len() as u64;
            file.write_all(&piece)?;
        }
        let hash = hash.finalize().to_hex().to_string();
        match size == marker.bytes && hash == marker.hash {
            true => Ok(()),
            false => Err(Lack::Of(format!(
                "is damaged: {size} bytes with hash {hash}, expected {} with {}",
                marker.bytes, marker.hash
            ))),
        }
    }

    fn lack(&self, error: &StoreError) -> Lack {
        if error.is_transient() {
            self.troubles.fetch_add(1, Ordering::Relaxed);
        }
        Lack::Of(format!("cannot be read: {}", error.reason()))
    }
}

/// What to say of an object that was not brought; an error when no other one will be.
fn told(key: &Key, lack: Lack) -> anyhow::Result<String> {
    match lack {
        Lack::Of(reason) => Ok(format!("{key} {reason}")),
        Lack::Copy(error) => Err(error.into()),
    }
}
