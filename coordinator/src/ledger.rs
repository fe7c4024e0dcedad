//! What became of every shard of a plan: the one place where shards are counted by their state.
//!
//! Pure: a plan and what is known of its shards go in, and nothing else is known. Every shard is in
//! exactly one state, one that was dropped too; the lumi sections follow from the states of the shards that hold them.

mod counts;
mod lumis;
mod state;

use std::collections::BTreeMap;

use lumimill_common::campaign::StageName;
use lumimill_common::shard::{FileIdentity, Shard, ShardId};
use serde::{Deserialize, Serialize};

use crate::outstanding::{Outstanding, due};
use crate::plan::Plan;

pub use counts::Counts;
pub use lumis::LumiLedger;
pub use state::{Known, ShardState};

#[cfg(test)]
mod tests;

/// The shards that one which was given up keeps back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptBack {
    /// The shard that was given up.
    pub by: ShardId,
    /// Its stage; `None` when it is not of the plan.
    pub stage: Option<StageName>,
    /// How many shards wait for it, by their stage.
    pub shards: BTreeMap<StageName, usize>,
}

/// Dataset, file and tree.
pub type TreeOfFile<'a> = (&'a str, &'a FileIdentity, &'a str);

/// The state of every shard of a plan.
#[derive(Debug, Clone)]
pub struct Ledger<'a> {
    plan: &'a Plan,
    known: &'a Known,
    outstanding: Outstanding<'a>,
    /// In the order of the plan.
    states: Vec<ShardState>,
}

impl<'a> Ledger<'a> {
    /// The ledger of a plan, given what is known of its shards.
    #[must_use]
    pub fn of(plan: &'a Plan, known: &'a Known) -> Self {
        let outstanding = due(plan, &known.with_marker(), &known.given_up());
        let states = states(plan, known, &outstanding);
        Self {
            plan,
            known,
            outstanding,
            states,
        }
    }

    /// Which of its shards are due, and what the others wait for.
    #[must_use]
    pub(crate) fn outstanding(&self) -> &Outstanding<'a> {
        &self.outstanding
    }

    /// Where in the plan those of its shards are that may be done now.
    #[must_use]
    pub(crate) fn due(&self) -> Vec<usize> {
        let states = self.states.iter().zip(0..);
        let due = states.filter(|(state, _)| **state == ShardState::Due);
        due.map(|(_, place)| place).collect()
    }

    /// Every shard with its state, in the order of the plan; those that were dropped come last.
    pub fn states(&self) -> impl Iterator<Item = (&'a Shard, ShardState)> {
        let dropped = self.plan.dropped.iter();
        let dropped = dropped.map(|shard| (shard, ShardState::Dropped));
        let shards = self.plan.shards.iter().zip(self.states.iter().copied());
        shards.chain(dropped)
    }

    /// Shards by state: of all stages together.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        self.states()
            .for_each(|(shard, state)| counts.add(shard, &shard.entries, state, self.known));
        counts
    }

    /// Shards by state: of each stage, in the order of the plan.
    #[must_use]
    pub fn of_stages(&self) -> Vec<(StageName, Counts)> {
        let mut counts: BTreeMap<&StageName, Counts> = BTreeMap::new();
        for (shard, state) in self.states() {
            let of_stage = counts.entry(&shard.stage).or_default();
            of_stage.add(shard, &shard.entries, state, self.known);
        }
        let stages = self.plan.stages.iter().map(|stage| &stage.name);
        stages
            .map(|name| (name.clone(), counts.remove(name).unwrap_or_default()))
            .collect()
    }

    /// Shards by state: of each tree of each file, of all stages. One that reads several files counts
    /// for each of them, with its entries there.
    #[must_use]
    pub fn of_files(&self) -> BTreeMap<TreeOfFile<'a>, Counts> {
        let mut counts: BTreeMap<TreeOfFile<'a>, Counts> = BTreeMap::new();
        for (shard, state) in self.states() {
            for piece in shard.pieces() {
                let key = (&*shard.dataset, piece.file, &*shard.tree);
                let of_file = counts.entry(key).or_default();
                of_file.add(shard, piece.entries, state, self.known);
            }
        }
        counts
    }

    /// What keeps shards back, in the order of the first one that it does; only these are blocked.
    #[must_use]
    pub(crate) fn kept_back(&self) -> Vec<KeptBack> {
        let mut places: BTreeMap<ShardId, usize> = BTreeMap::new();
        let mut all: Vec<KeptBack> = Vec::new();
        for (shard, by) in &self.outstanding.blocked {
            let place = *places.entry(*by).or_insert(all.len());
            if place == all.len() {
                all.push(KeptBack {
                    by: *by,
                    stage: None,
                    shards: BTreeMap::new(),
                });
            }
            if let Some(kept) = all.get_mut(place) {
                *kept.shards.entry(shard.stage.clone()).or_default() += 1;
            }
        }
        for shard in &self.plan.shards {
            let place = places.get(&shard.id).copied();
            if let Some(kept) = place.and_then(|place| all.get_mut(place)) {
                kept.stage = Some(shard.stage.clone());
            }
        }
        all
    }
}

impl KeptBack {
    /// What it keeps back, as a person reads it: "2 shards of scored, 1 shard of fit".
    #[must_use]
    pub fn said(&self) -> String {
        let said = self.shards.iter().map(|(stage, shards)| {
            let shards = lumimill_common::count::counted(*shards, "shard");
            format!("{shards} of {stage}")
        });
        said.collect::<Vec<_>>().join(", ")
    }
}

/// The states of the shards of a plan; what is outstanding is in its order, too.
fn states(plan: &Plan, known: &Known, outstanding: &Outstanding<'_>) -> Vec<ShardState> {
    let mut now = outstanding.now.iter().map(|shard| shard.id).peekable();
    let mut waiting = outstanding.waiting.iter().map(|shard| shard.id).peekable();
    let blocked = outstanding.blocked.iter().map(|(shard, _)| shard.id);
    let mut blocked = blocked.peekable();
    let shards = plan.shards.iter();
    shards
        .map(|shard| {
            let id = shard.id;
            if now.next_if_eq(&id).is_some() {
                ShardState::Due
            } else if waiting.next_if_eq(&id).is_some() {
                ShardState::Waiting
            } else if blocked.next_if_eq(&id).is_some() {
                ShardState::Blocked
            } else {
                known.state(id).unwrap_or(ShardState::Due)
            }
        })
        .collect()
}
