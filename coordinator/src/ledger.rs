//! What became of every shard of a plan: the one place where shards are counted by their state.
//!
//! Pure: a plan and what is known of its shards go in, and nothing else is known. Every shard is in
//! exactly one state, one that was dropped too; the lumi sections follow from the states of the shards that hold them.

mod counts;
mod lumis;

use std::collections::{BTreeMap, BTreeSet};

use lumimill_common::campaign::StageName;
use lumimill_common::shard::{FileIdentity, Shard, ShardId};
use serde::Serialize;

use crate::outstanding::{Outstanding, due};
use crate::plan::Plan;

pub use counts::Counts;
pub use lumis::LumiLedger;

#[cfg(test)]
mod tests;

/// The state of a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShardState {
    /// Its marker is there, and nothing is known to be wrong with it.
    Done,
    /// It was done, and its table is not there any more.
    Gone,
    /// It was done, and its marker or its table cannot be used.
    Damaged,
    /// It was done, and nobody can say whether it is whole.
    Unread,
    /// It was given up after all its attempts.
    Dead,
    /// It was given up at once.
    Failed,
    /// It reads, at first or at second hand, a shard that was given up.
    Blocked,
    /// It reads a stage that is not over.
    Waiting,
    /// It may be done now.
    Due,
    /// The plan goes on without it.
    Dropped,
}

/// What is known of shards, of a plan or not. One that is in several of these sets is in the first
/// state that fits, in the order of [`ShardState`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// With a marker; whole as far as is known.
    pub done: BTreeSet<ShardId>,
    /// With a marker and no table.
    pub gone: BTreeSet<ShardId>,
    /// With a marker, of which or of whose table it is known that it cannot be used.
    pub damaged: BTreeSet<ShardId>,
    /// With a marker of which nobody can say whether it is right.
    pub unread: BTreeSet<ShardId>,
    /// Tried and given up.
    pub given_up: BTreeSet<ShardId>,
    /// Of those, the ones that had all their attempts.
    pub dead: BTreeSet<ShardId>,
    /// To be measured again on their tables.
    pub to_measure: BTreeSet<ShardId>,
}

/// The shards that one which was given up keeps back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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

impl Known {
    /// What listings of markers and of failed records say.
    #[must_use]
    pub fn of(done: BTreeSet<ShardId>, given_up: BTreeSet<ShardId>) -> Self {
        Self {
            done,
            given_up,
            ..Self::default()
        }
    }

    /// What is known of a shard, if anything: a marker is the only truth about that it is done.
    fn state(&self, id: ShardId) -> Option<ShardState> {
        let sets = [
            (&self.done, ShardState::Done),
            (&self.gone, ShardState::Gone),
            (&self.damaged, ShardState::Damaged),
            (&self.unread, ShardState::Unread),
            (&self.dead, ShardState::Dead),
            (&self.given_up, ShardState::Failed),
        ];
        let mut sets = sets.into_iter();
        let found = sets.find(|(set, _)| set.contains(&id));
        found.map(|(_, state)| state)
    }

    /// Shards with a marker, whole or not.
    fn with_marker(&self) -> BTreeSet<ShardId> {
        let others = [&self.gone, &self.damaged, &self.unread];
        let others = others.into_iter().flatten();
        self.done.iter().chain(others).copied().collect()
    }
}

impl<'a> Ledger<'a> {
    /// The ledger of a plan, given what is known of its shards.
    #[must_use]
    pub fn of(plan: &'a Plan, known: &'a Known) -> Self {
        let given_up = &known.given_up | &known.dead;
        let outstanding = due(plan, &known.with_marker(), &given_up);
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
    pub fn outstanding(&self) -> &Outstanding<'a> {
        &self.outstanding
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
                let key = (shard.dataset.as_str(), piece.file, shard.tree.as_str());
                let of_file = counts.entry(key).or_default();
                of_file.add(shard, piece.entries, state, self.known);
            }
        }
        counts
    }

    /// What keeps shards back, in the order of the first one that it does; only these are blocked.
    #[must_use]
    pub fn kept_back(&self) -> Vec<KeptBack> {
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

    /// Which lumi sections of recorded data are processed, and which are not.
    #[must_use]
    pub fn lumis(&self) -> LumiLedger {
        LumiLedger::of(self)
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
