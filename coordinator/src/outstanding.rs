//! What is still to be done of a plan: the one rule, for a run in one process and for a pool.
//!
//! Pure: a plan, what is done and what was given up go in. A stage that reads files may begin at
//! once; one that reads the rows of a stage begins when that one is over: none of its shards is to
//! be done any more. A shard whose parent was given up, or is itself kept back by one that was,
//! waits for somebody to do that one again.

use std::collections::{BTreeMap, BTreeSet};

use lumimill_common::campaign::StageName;
use lumimill_common::shard::{Shard, ShardId};

use crate::plan::Plan;

#[cfg(test)]
pub(crate) mod tests;

/// The shards of a plan that are neither done nor given up, each once, in the order of the plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Outstanding<'a> {
    /// May be done now.
    pub now: Vec<&'a Shard>,
    /// Wait for a stage that is not over.
    pub waiting: Vec<&'a Shard>,
    /// Wait for a shard that was given up, each with that one.
    pub blocked: Vec<(&'a Shard, ShardId)>,
}

impl Outstanding<'_> {
    /// What goes on by itself, now or later.
    pub(crate) fn ids(&self) -> impl Iterator<Item = ShardId> {
        self.now.iter().chain(&self.waiting).map(|shard| shard.id)
    }

    /// Whether nothing goes on by itself.
    #[must_use]
    pub(crate) fn is_over(&self) -> bool {
        self.now.is_empty() && self.waiting.is_empty()
    }
}

/// What is known of a shard that another one reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Done,
    ToDo,
    /// Given up, or kept back by this one, which was.
    Stuck(ShardId),
}

/// Which shards of a plan are due. A shard that is done and was given up is done.
#[must_use]
pub(crate) fn due<'a>(
    plan: &'a Plan,
    done: &BTreeSet<ShardId>,
    given_up: &BTreeSet<ShardId>,
) -> Outstanding<'a> {
    // Only of shards that others read is anything remembered.
    let read: BTreeSet<ShardId> = plan.shards.iter().flat_map(Shard::reads).collect();
    let mut parents: BTreeMap<ShardId, (State, &StageName)> = BTreeMap::new();
    // Stages with a shard that is to be done; those of a plan come after the ones that they read.
    let mut at_work: BTreeSet<&StageName> = BTreeSet::new();
    // The first shard of each stage that keeps back what reads all of them.
    let mut stuck_in: BTreeMap<&StageName, ShardId> = BTreeMap::new();
    let mut outstanding = Outstanding::default();
    for shard in &plan.shards {
        let mut wholes = shard.wholes.iter().map(|whole| &whole.stage);
        let mut of_parents = shard.reads().map(|id| (id, parents.get(&id)));
        let stuck = of_parents.find_map(|(id, parent)| match parent {
            Some((State::Stuck(by), _)) => Some(*by),
            Some((State::Done | State::ToDo, _)) => None,
            // Not of this plan: nobody does it.
            None => Some(id),
        });
        let mut kept_back = wholes.clone().filter_map(|stage| stuck_in.get(stage));
        let stuck = stuck.or_else(|| kept_back.next().copied());
        let state = if done.contains(&shard.id) {
            State::Done
        } else if given_up.contains(&shard.id) {
            State::Stuck(shard.id)
        } else if let Some(by) = stuck {
            outstanding.blocked.push((shard, by));
            State::Stuck(by)
        } else {
            let waits = |id: ShardId| {
                let parent = parents.get(&id);
                parent.is_some_and(|(_, stage)| at_work.contains(stage))
            };
            let waits_for_whole = wholes.any(|stage| at_work.contains(stage));
            match waits_for_whole || shard.reads().any(waits) {
                true => outstanding.waiting.push(shard),
                false => outstanding.now.push(shard),
            }
            at_work.insert(&shard.stage);
            State::ToDo
        };
        if let State::Stuck(by) = state {
            stuck_in.entry(&shard.stage).or_insert(by);
        }
        if read.contains(&shard.id) {
            parents.insert(shard.id, (state, &shard.stage));
        }
    }
    outstanding
}
