//! What became of every shard of a plan, and so of every lumi section.
//!
//! Pure: plan and markers go in, and nothing else is known. A lumi section counts as processed
//! only when every shard that may hold events of it is done, in every file and every stage;
//! one without events counts when the shards of its files are done.

use std::collections::{BTreeMap, BTreeSet};

use lumimill_common::lumi_mask::{LumiMask, LumiRange};
use lumimill_common::shard::{FileIdentity, Shard, ShardId};
use serde::Serialize;

use crate::plan::Plan;

#[cfg(test)]
mod tests;

/// The state of a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ShardState {
    /// Nothing is known of it yet.
    Planned,
    /// Its marker is there.
    Done,
    /// It was tried and given up.
    Failed,
}

/// How many shards are in each state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct ShardCounts {
    /// Not yet done nor given up.
    pub planned: usize,
    /// Done.
    pub done: usize,
    /// Given up.
    pub failed: usize,
}

/// The state of every shard of a plan.
#[derive(Debug, Clone)]
pub struct Ledger<'a> {
    plan: &'a Plan,
    done: &'a BTreeSet<ShardId>,
    failed: &'a BTreeSet<ShardId>,
}

/// The lumi sections of a campaign; together `processed` and `missing` are exactly the
/// certified ones of the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LumiLedger {
    /// Certified, in a file, and every shard that may hold events of it is done.
    pub processed: LumiMask,
    /// Certified, in a file, and not processed.
    pub missing: LumiMask,
    /// Certified, and in no file; empty without a mask.
    pub not_in_files: LumiMask,
}

/// The markers that no shard of the plan accounts for: of another configuration, or of files
/// that are gone.
#[must_use]
pub fn stale(plan: &Plan, done: &BTreeSet<ShardId>) -> Vec<ShardId> {
    let planned: BTreeSet<ShardId> = plan.shards.iter().map(|shard| shard.id).collect();
    done.difference(&planned).copied().collect()
}

impl<'a> Ledger<'a> {
    /// The ledger of a plan, given the shards that have a marker and those given up. A shard
    /// in both is done: a marker is the only truth about that.
    #[must_use]
    pub fn new(plan: &'a Plan, done: &'a BTreeSet<ShardId>, failed: &'a BTreeSet<ShardId>) -> Self {
        Self { plan, done, failed }
    }

    /// The state of a shard.
    #[must_use]
    pub fn state(&self, shard: &Shard) -> ShardState {
        if self.done.contains(&shard.id) {
            ShardState::Done
        } else if self.failed.contains(&shard.id) {
            ShardState::Failed
        } else {
            ShardState::Planned
        }
    }

    /// Shards by state: of all stages together.
    #[must_use]
    pub fn counts(&self) -> ShardCounts {
        self.count(self.plan.shards.iter())
    }

    /// Shards by state: of each stage, in the order of the plan.
    #[must_use]
    pub fn counts_per_stage(&self) -> Vec<(String, ShardCounts)> {
        let stages = self.plan.stages.iter();
        stages
            .map(|stage| {
                let shards = self.plan.shards.iter();
                let counts = self.count(shards.filter(|shard| shard.stage == stage.name));
                (stage.name.to_string(), counts)
            })
            .collect()
    }

    fn count<'s>(&self, shards: impl Iterator<Item = &'s Shard>) -> ShardCounts {
        let mut counts = ShardCounts::default();
        for shard in shards {
            match self.state(shard) {
                ShardState::Planned => counts.planned += 1,
                ShardState::Done => counts.done += 1,
                ShardState::Failed => counts.failed += 1,
            }
        }
        counts
    }

    /// Which lumi sections of recorded data are processed, and which are not.
    #[must_use]
    pub fn lumis(&self) -> LumiLedger {
        let in_files = self.plan.lumis_in_files();
        let missing = self.unprocessed().intersection(&in_files);
        let certified = self.plan.certified.mask();
        LumiLedger {
            processed: in_files.difference(&missing),
            not_in_files: certified
                .map_or_else(LumiMask::default, |mask| mask.difference(&in_files)),
            missing,
        }
    }

    /// The lumi sections of shards that are not done, and those without events of files that
    /// are not. A shard that does not list its lumi sections may hold any of its file.
    fn unprocessed(&self) -> LumiMask {
        let mut of_files: BTreeMap<TreeOfFile<'_>, FileShards> = BTreeMap::new();
        for shard in &self.plan.shards {
            let key = (shard.dataset.as_str(), &shard.file, shard.tree.as_str());
            let file = of_files.entry(key).or_default();
            let lumis = shard.lumis.iter().flat_map(|mask| mask.ranges()).copied();
            if self.done.contains(&shard.id) {
                file.with_events.extend(lumis);
            } else {
                file.not_done = true;
                file.lumis_not_done.extend(lumis.clone());
                file.with_events.extend(lumis);
            }
        }
        let mut missing: Vec<LumiRange> = Vec::new();
        for file in self.plan.files.iter().filter(|file| file.is_data) {
            let key = (file.dataset.as_str(), &file.file, file.tree.as_str());
            let (Some(shards), Some(lumis)) = (of_files.remove(&key), &file.lumis) else {
                continue;
            };
            if shards.not_done {
                let with_events = LumiMask::from_ranges(shards.with_events);
                missing.extend(lumis.difference(&with_events).ranges());
                missing.extend(shards.lumis_not_done);
            }
        }
        LumiMask::from_ranges(missing)
    }
}

/// Dataset, file and tree.
type TreeOfFile<'a> = (&'a str, &'a FileIdentity, &'a str);

/// What the shards of a file say of its lumi sections.
#[derive(Debug, Default)]
struct FileShards {
    not_done: bool,
    with_events: Vec<LumiRange>,
    lumis_not_done: Vec<LumiRange>,
}
