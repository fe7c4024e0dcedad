//! What a coordinator tells of the moment, for `status`: workers, rates, what runs. It is gone
//! with the coordinator, and nothing is decided by it.

use std::collections::BTreeMap;
use std::time::Duration;

use lumimill_common::control::live_key;
use lumimill_common::failure::{Failure, FailureKind};
use lumimill_common::form::{self, Stored};
use lumimill_common::store::Store;
use serde::{Deserialize, Serialize};

use crate::stored::newer;
use crate::tally::Tally;

/// Time between two words.
pub(crate) const EVERY: Duration = Duration::from_secs(2);
/// Silence after which what was told says nothing of now.
const OLD: Duration = Duration::from_secs(15);

/// How it all is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Live {
    /// When, in seconds since 1970 by its own clock, by which nobody judges it.
    pub time: u64,
    /// Entries a second of all workers together.
    pub rate: f64,
    /// Messages that could not be read, since this coordinator began.
    pub unreadable: u64,
    /// The workers.
    pub workers: Vec<LiveWorker>,
    /// The campaigns that are driven, by name.
    pub campaigns: BTreeMap<String, LiveCampaign>,
    /// Why the broker cannot be used, if so.
    #[serde(default)]
    pub broker: Option<String>,
    /// Jobs that wait for a worker, by pool, where that is known.
    #[serde(default)]
    pub waiting: BTreeMap<String, u64>,
}

/// A worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct LiveWorker {
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
    /// Why it takes nothing new at the moment, if so.
    #[serde(default)]
    pub resting: Option<String>,
}

/// A campaign that is driven.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct LiveCampaign {
    /// Shards that are under way, by stage.
    pub running: BTreeMap<String, usize>,
    /// Stages whose jobs were published.
    pub published: Vec<String>,
    /// Entries a second that go into it.
    pub rate: f64,
    /// What keeps it from being driven, if anything does.
    #[serde(default)]
    pub trouble: Option<String>,
    /// What shards are tried again for that uses up no attempt, the most frequent first.
    #[serde(default)]
    pub put_off: Vec<Retries>,
    /// How many of its shards are in which state, where they are too many to be listed by whoever
    /// looks at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tally: Option<Tally>,
}

/// Shards that are tried again for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Retries {
    /// How many.
    pub shards: usize,
    /// Kind of failure.
    pub kind: FailureKind,
    /// What one of them says.
    pub message: String,
}

impl Retries {
    /// Failures, like ones together, the most frequent first; no more than a few.
    pub(crate) fn of<'a>(failures: impl Iterator<Item = &'a Failure>) -> Vec<Self> {
        const MOST: usize = 5;
        let mut groups: BTreeMap<String, Self> = BTreeMap::new();
        for failure in failures {
            let group = groups.entry(failure.fingerprint());
            group
                .and_modify(|group| group.shards += 1)
                .or_insert_with(|| Self {
                    shards: 1,
                    kind: failure.kind,
                    message: failure.message.clone(),
                });
        }
        let mut groups: Vec<Self> = groups.into_values().collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.shards));
        groups.truncate(MOST);
        groups
    }
}

impl Stored for Live {
    const FORM: u64 = 1;
    const OLDEST: u64 = 0;
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

pub(crate) async fn write(root: &dyn Store, live: &Live) -> anyhow::Result<()> {
    root.put(&live_key(), form::write(live)?).await?;
    Ok(())
}

/// What a coordinator told last, and how long ago.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Heard {
    /// What it told.
    pub live: Live,
    /// Time since, by the store's own clock.
    pub silent: Duration,
}

impl Heard {
    /// What it told, if it has not been silent for long.
    #[must_use]
    pub(crate) fn now(&self) -> Option<&Live> {
        (self.silent < OLD).then_some(&self.live)
    }
}

/// What the coordinator told last; `None` when none ever did. Nobody's clock is asked but the
/// store's own; and where that says that it was long ago, whether anything new is told meanwhile.
pub(crate) async fn read_live(root: &dyn Store) -> anyhow::Result<Option<Heard>> {
    let read = async || match root.get(&live_key()).await {
        Err(error) if error.is_large() => Ok(None),
        bytes => bytes,
    };
    let Some(bytes) = read().await? else {
        return Ok(None);
    };
    let mut silent = root.age(&live_key()).await?.unwrap_or(Duration::MAX);
    let mut last = bytes.clone();
    if silent >= OLD {
        tokio::time::sleep(EVERY + EVERY / 2).await;
        last = read().await?.unwrap_or(bytes.clone());
        if last != bytes {
            silent = Duration::ZERO;
        }
    }
    match form::read(&last) {
        Ok(live) => Ok(Some(Heard { live, silent }).filter(|heard| heard.live.is_possible())),
        Err(error) if error.is_newer() => Err(newer(root, &live_key(), &error).into()),
        // It is written again in a moment.
        Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use lumimill_common::control::live_key;
    use lumimill_common::store::LocalStore;

    use super::{Live, OLD, read_live, write};

    /// What a coordinator tells whose clock is that of another century.
    async fn told(store: &LocalStore, time: u64) {
        let live = Live {
            time,
            ..Live::default()
        };
        write(store, &live).await.unwrap();
    }

    #[tokio::test]
    async fn a_coordinator_is_not_judged_by_its_clock() {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalStore::create(folder.path()).unwrap();
        assert_eq!(read_live(&store).await.unwrap(), None, "never heard of");
        told(&store, 7).await;
        let heard = read_live(&store).await.unwrap().unwrap();
        assert!(heard.now().is_some(), "{heard:?}");
    }

    #[tokio::test]
    async fn a_silent_coordinator_is_told_from_a_store_with_another_clock() {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalStore::create(folder.path()).unwrap();
        let hours_ago = || {
            let path = folder.path().join(live_key().as_str());
            let file = std::fs::File::options().write(true).open(path).unwrap();
            #[expect(
                clippy::disallowed_methods,
                reason = "files have the clock of their machine"
            )]
            let long_ago = SystemTime::now() - Duration::from_secs(2 * 3600);
            file.set_modified(long_ago).unwrap();
        };
        told(&store, 7).await;
        hours_ago();
        let heard = read_live(&store).await.unwrap().unwrap();
        assert!(heard.now().is_none(), "{heard:?}");
        assert!(heard.silent > OLD);
        let telling = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            told(&store, 8).await;
            hours_ago();
        };
        let (heard, ()) = tokio::join!(read_live(&store), telling);
        let heard = heard.unwrap().unwrap();
        assert!(heard.now().is_some(), "it tells something new: {heard:?}");
    }
}
