//! How many shards of a large campaign are in which state, as whoever drives it counts them: told in
//! its word of the moment, and kept beside the campaign once it has ended, so that nobody lists
//! hundreds of thousands of objects to see how far it is. Nothing is decided by it.

use std::collections::BTreeSet;

use lumimill_common::campaign::StageName;
use lumimill_common::form::{self, Stored};
use lumimill_common::shard::{Shard, ShardId};
use lumimill_common::store::{Key, Store};
use serde::{Deserialize, Serialize};

use crate::ledger::{Counts, KeptBack, Known, Ledger};
use crate::plan::Plan;

/// The most shards of a campaign that are listed by whoever looks at it.
pub(crate) const MOST_LISTED: usize = 10_000;
/// The most that is told of what was given up, or keeps others back; who wants to know of more lists.
const MOST_TOLD: usize = 200;
/// Its name, beside the campaign.
const NAME: &str = "_tally.json";

/// How far a stage is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StageStatus {
    /// Its name.
    pub name: String,
    /// Its shards by state.
    #[serde(flatten)]
    pub counts: Counts,
}

/// Lumi sections of recorded data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LumiStatus {
    /// Certified, and in a file.
    pub certified: u64,
    /// Of those, the ones all of whose shards are done.
    pub processed: u64,
    /// Of those, the others.
    pub missing: u64,
    /// Certified, and in no file.
    pub not_in_files: u64,
}

/// What became of the shards of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tally {
    /// Digest of the plan.
    pub plan: String,
    /// Its stages, in order; what may be done is planned.
    pub stages: Vec<StageStatus>,
    /// Its lumi sections.
    pub lumis: LumiStatus,
    /// Shards that were given up and keep others back, each with what it does.
    pub kept_back: Vec<KeptBack>,
    /// Shards that were given up.
    pub given_up: BTreeSet<ShardId>,
    /// What its report is known by, once that is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
}

impl Stored for Tally {
    const FORM: u64 = 1;
    const OLDEST: u64 = 1;
}

impl LumiStatus {
    pub(crate) fn of(ledger: &Ledger<'_>) -> Self {
        let lumis = ledger.lumis();
        let (processed, missing) = (lumis.processed.len(), lumis.missing.len());
        Self {
            certified: processed + missing,
            processed,
            missing,
            not_in_files: lumis.not_in_files.len(),
        }
    }
}

impl Tally {
    /// What is known of a plan under this digest; nothing of one that is small enough to be listed,
    /// or of which there is too much to tell.
    pub(crate) fn of(
        digest: &str,
        plan: &Plan,
        known: &Known,
        ledger: &Ledger<'_>,
    ) -> Option<Self> {
        if plan.shards.len() <= MOST_LISTED || known.given_up.len() > MOST_TOLD {
            return None;
        }
        let kept_back = ledger.kept_back();
        let stages = ledger.of_stages().into_iter();
        let stages = stages.map(|(name, counts)| StageStatus {
            name: name.to_string(),
            counts,
        });
        (kept_back.len() <= MOST_TOLD).then(|| Self {
            plan: digest.to_owned(),
            stages: stages.collect(),
            lumis: LumiStatus::of(ledger),
            kept_back,
            given_up: known.given_up.clone(),
            report: None,
        })
    }

    /// Counts a shard that was due and is said to be done.
    pub(crate) fn done(&mut self, shard: &Shard) {
        let mut stages = self.stages.iter_mut();
        let stage = stages.find(|stage| stage.name == shard.stage.as_str());
        if let Some(StageStatus { counts, .. }) = stage
            && counts.planned > 0
        {
            counts.planned -= 1;
            counts.done += 1;
            let entries = shard.entries.end.saturating_sub(shard.entries.start);
            counts.events_done = counts.events_done.saturating_add(entries);
        }
    }

    /// Tells those that were given up after all attempts from those that were at once.
    pub(crate) fn tell_dead(&mut self, dead: impl Iterator<Item = (StageName, ShardId)>) {
        for (name, _) in dead.filter(|(_, shard)| self.given_up.contains(shard)) {
            let mut stages = self.stages.iter_mut();
            let stage = stages.find(|stage| stage.name == name.as_str());
            if let Some(StageStatus { counts, .. }) = stage
                && counts.failed > 0
            {
                counts.failed -= 1;
                counts.dead += 1;
            }
        }
    }

    /// Whether it can be of a plan under this digest: anybody who may write to the store may have
    /// written it.
    pub(crate) fn is_of(&self, digest: &str, plan: &Plan) -> bool {
        let all = || plan.shards.iter().chain(&plan.dropped);
        let mut sizes = std::collections::BTreeMap::<&str, (usize, u64)>::new();
        for shard in all() {
            let size = sizes.entry(shard.stage.as_str()).or_default();
            let entries = shard.entries.end.saturating_sub(shard.entries.start);
            *size = (size.0 + 1, size.1.saturating_add(entries));
        }
        let stages = plan.stages.iter().zip(&self.stages);
        let mut stages = stages.map(|(planned, StageStatus { name, counts })| {
            let size = sizes.get(name.as_str()).copied().unwrap_or_default();
            planned.name.as_str() == name
                && size == (counts.shards, counts.events)
                && counts.adds_up()
        });
        self.plan == digest && self.stages.len() == plan.stages.len() && stages.all(|is_it| is_it)
    }

    /// Keeps it beside the campaign.
    ///
    /// # Errors
    /// What the store says.
    pub(crate) async fn keep(&self, store: &dyn Store) -> anyhow::Result<()> {
        store.put(&key()?, form::write(self)?).await?;
        Ok(())
    }

    /// The one that was kept, if it can be used.
    pub(crate) async fn kept(store: &dyn Store) -> Option<Self> {
        let bytes = store.get(&key().ok()?).await.ok()??;
        form::read(&bytes).ok()
    }
}

fn key() -> anyhow::Result<Key> {
    Ok(NAME.parse()?)
}

#[cfg(test)]
mod tests;
