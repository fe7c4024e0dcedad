//! What a coordinator tells of the moment, for `status`: workers, rates, what runs. It is gone
//! with the coordinator, and nothing is decided by it.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use lumimill_common::form::{self, Stored};
use lumimill_common::store::{Key, Store};
use serde::{Deserialize, Serialize};

use super::campaign::ActiveCampaign;
use super::workers::Workers;
use crate::stored::unreadable;

/// Age in seconds after which nobody is serving any more.
const OLD: u64 = 15;

/// How it all is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Live {
    /// When, in seconds since 1970.
    pub time: u64,
    /// Entries a second of all workers together.
    pub rate: f64,
    /// Messages that could not be read, since this coordinator began.
    pub unreadable: u64,
    /// The workers.
    pub workers: Vec<LiveWorker>,
    /// The campaigns that are driven, by name.
    pub campaigns: BTreeMap<String, LiveCampaign>,
}

/// A worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LiveWorker {
    /// Its name.
    pub name: String,
    /// Its pool.
    pub pool: String,
    /// Jobs that it does at a time.
    pub slots: u32,
    /// Jobs that it does now.
    pub running: usize,
    /// Shards that it did.
    pub done: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Memory in use, in bytes.
    pub memory: u64,
    /// Whether it fails much more often than its peers.
    pub conspicuous: bool,
}

/// A campaign that is driven.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LiveCampaign {
    /// Shards that are under way, by stage.
    pub running: BTreeMap<String, usize>,
    /// Stages whose jobs were published.
    pub published: Vec<String>,
    /// Entries a second that go into it.
    pub rate: f64,
}

impl Stored for Live {
    const FORM: u64 = 1;
    const OLDEST: u64 = 0;
}

impl Live {
    pub(super) fn of<'a>(
        workers: &Workers,
        campaigns: impl Iterator<Item = &'a ActiveCampaign>,
        unreadable: u64,
    ) -> Self {
        let all: usize = workers.beats().map(|beat| beat.running.len()).sum();
        let rate = workers.rate();
        let live = |campaign: &ActiveCampaign| {
            let running = campaign.running_by_stage(&workers.running(campaign.name()));
            let share = running.values().sum::<usize>() as f64 / all.max(1) as f64;
            let live = LiveCampaign {
                running,
                published: campaign.published(),
                rate: rate * share,
            };
            (campaign.name().to_string(), live)
        };
        Self {
            time: now(),
            rate,
            unreadable,
            workers: workers
                .beats()
                .map(|beat| LiveWorker {
                    name: beat.worker.clone(),
                    pool: beat.pool.clone(),
                    slots: beat.slots,
                    running: beat.running.len(),
                    done: beat.done,
                    failed: beat.failed,
                    memory: beat.memory,
                    conspicuous: workers.is_conspicuous(beat),
                })
                .collect(),
            campaigns: campaigns.map(live).collect(),
        }
    }
}

/// Entries a second that no pool does.
const FASTEST: f64 = 1e15;

impl Live {
    /// Whether it can be so: anybody who may write to the store may have written it.
    fn is_possible(&self) -> bool {
        let campaigns = self.campaigns.values().map(|campaign| campaign.rate);
        campaigns
            .chain([self.rate])
            .all(|rate| (0.0..FASTEST).contains(&rate))
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

fn key() -> anyhow::Result<Key> {
    Ok("_serve/live.json".parse()?)
}

pub(super) async fn write(root: &dyn Store, live: &Live) -> anyhow::Result<()> {
    root.put(&key()?, form::write(live)?).await?;
    Ok(())
}

/// What the coordinator told last; `None` when nobody serves.
pub async fn read_live(root: &dyn Store) -> anyhow::Result<Option<Live>> {
    let key = key()?;
    let bytes = match root.get(&key).await {
        Err(error) if error.is_large() => None,
        bytes => bytes?,
    };
    let Some(bytes) = bytes else {
        return Ok(None);
    };
    let live: Live = match form::read(&bytes) {
        Ok(live) => live,
        Err(error) if error.is_newer() => return Err(unreadable(root, &key, &error)),
        // It is written again in a moment.
        Err(_) => return Ok(None),
    };
    Ok(Some(live).filter(|live| now().abs_diff(live.time) < OLD && live.is_possible()))
}
