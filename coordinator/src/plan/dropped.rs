//! Shards that a plan goes on without: they were given up, and what is left of their stage was
//! accepted.
//!
//! That is an edit of the plan, as a split is. A dropped shard stays in it, apart from those that are
//! to be done, with every one that reads it at first or at second hand. A fit is made of what is left,
//! and so has another id, with the weights by it; all other ids stay.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use lumimill_common::campaign::StageName;
use lumimill_common::count::counted;
use lumimill_common::shard::{FileIdentity, Shard, ShardId, Source};
use serde::Serialize;

use super::Plan;
use super::derive::divided;

/// What a stage was accepted without.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Loss {
    /// The stage.
    pub stage: StageName,
    /// Shards that were dropped.
    pub shards: usize,
    /// All shards of the stage.
    pub of_shards: usize,
    /// Certified events in those that were dropped.
    pub events: u64,
    /// Certified events of the stage.
    pub of_events: u64,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = match self.of_events {
            0 => 0.0,
            all => self.events as f64 / all as f64 * 100.0,
        };
        write!(
            f,
            "stage {} without {} of {}, {} of {} certified events ({percent:.3} %)",
            self.stage,
            self.shards,
            counted(self.of_shards, "shard"),
            self.events,
            self.of_events
        )
    }
}

impl Plan {
    /// Drops shards, and all that read them; what is not of this plan is left out.
    pub(crate) fn drop_shards(&mut self, ids: &BTreeSet<ShardId>) {
        let ids = &self.dropped_themselves() | ids;
        self.divide(&ids);
    }

    /// Takes back shards that were dropped, with those that were dropped as they read them.
    pub fn take_back(&mut self, ids: &BTreeSet<ShardId>) {
        let ids = &self.dropped_themselves() - ids;
        self.divide(&ids);
    }

    /// The shards that were dropped for themselves, and not with one that they read.
    #[must_use]
    pub(crate) fn dropped_themselves(&self) -> BTreeSet<ShardId> {
        let dropped: BTreeSet<ShardId> = self.dropped.iter().map(|shard| shard.id).collect();
        let with_another = |shard: &&Shard| shard.reads().any(|read| dropped.contains(&read));
        let shards = self.dropped.iter().filter(|shard| !with_another(shard));
        shards.map(|shard| shard.id).collect()
    }

    /// What each stage was accepted without; nothing of those that lack nothing.
    #[must_use]
    pub(crate) fn losses(&self) -> Vec<Loss> {
        let sums = |shards: &[Shard]| -> BTreeMap<StageName, (usize, u64)> {
            let mut sums = BTreeMap::new();
            for shard in shards {
                let (shards, events) = sums.entry(shard.stage.clone()).or_insert((0, 0));
                *shards += 1;
                *events = u64::saturating_add(*events, shard.certified_events);
            }
            sums
        };
        let (mut lost, mut kept) = (sums(&self.dropped), sums(&self.shards));
        let stages = self.stages.iter();
        let losses = stages.filter_map(|stage| {
            let (shards, events) = lost.remove(&stage.name)?;
            let (of_shards, of_events) = kept.remove(&stage.name).unwrap_or_default();
            Some(Loss {
                stage: stage.name.clone(),
                shards,
                of_shards: of_shards + shards,
                events,
                of_events: of_events.saturating_add(events),
            })
        });
        losses.collect()
    }

    /// The first stage of which nothing is left to do or done.
    #[must_use]
    pub(crate) fn without_shards(&self) -> Option<&StageName> {
        let left: BTreeSet<&StageName> = self.shards.iter().map(|shard| &shard.stage).collect();
        let mut lost = self.dropped.iter().map(|shard| &shard.stage);
        lost.find(|stage| !left.contains(stage))
    }

    /// All shards, in their order, as if none were dropped.
    pub(super) fn take_all(&mut self) -> Vec<Shard> {
        let mut all = std::mem::take(&mut self.shards);
        let dropped = std::mem::take(&mut self.dropped);
        if dropped.is_empty() {
            return all;
        }
        all.extend(dropped);
        let stages = self.stages.iter().map(|stage| &stage.name);
        let stages: BTreeMap<&StageName, usize> = stages.zip(0..).collect();
        let files = self.files.iter().zip(0..);
        let files: BTreeMap<(&str, &FileIdentity, &str), usize> = files
            .map(|(it, place)| ((it.dataset.as_str(), &it.file, it.tree.as_str()), place))
            .collect();
        all.sort_by_cached_key(|shard| {
            let file = (&*shard.dataset, &*shard.file, &*shard.tree);
            let stage = stages.get(&shard.stage).copied();
            let first = shard.pieces().next();
            let start = first.map(|piece| piece.entries.start);
            let category = match shard.source {
                Source::Category(number) => Some(number),
                Source::Entries | Source::Rows(_) => None,
            };
            (stage, category, files.get(&file).copied(), start)
        });
        all
    }

    /// Sets these shards apart, and all that read them.
    fn divide(&mut self, ids: &BTreeSet<ShardId>) {
        let all = self.take_all();
        self.set_shards(all, ids);
    }

    /// Takes these for all its shards, of which those with one of these ids are dropped, and all
    /// that read them. A shard comes after the one that it reads.
    pub(super) fn set_shards(&mut self, all: Vec<Shard>, ids: &BTreeSet<ShardId>) {
        (self.shards, self.dropped) = divided(all, &self.stages, ids);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::outstanding::tests::{plan_of, plan_with_weights};

    fn ids(shards: &[Shard]) -> Vec<ShardId> {
        shards.iter().map(|shard| shard.id).collect()
    }

    #[test]
    fn a_fit_goes_on_without_what_was_dropped_and_weights_follow() {
        let before = plan_with_weights(3);
        let of = |plan: &Plan, stage: &str| -> Vec<ShardId> {
            let shards = plan.shards.iter();
            let shards = shards.filter(|shard| shard.stage.as_str() == stage);
            shards.map(|shard| shard.id).collect()
        };
        let lost = BTreeSet::from([of(&before, "s0")[0]]);
        let mut plan = before.clone();
        plan.drop_shards(&lost);
        assert_eq!(of(&plan, "s0"), of(&before, "s0")[1..]);
        let (fits, weights) = (of(&plan, "fit"), of(&plan, "weights"));
        assert_eq!((fits.len(), weights.len()), (2, 2));
        let all: BTreeSet<ShardId> = ids(&before.shards).into_iter().collect();
        assert!(fits.iter().chain(&weights).all(|id| !all.contains(id)));
        assert_eq!(plan.dropped.len(), 2);
        assert_eq!(plan.dropped_themselves(), lost);
        // A fit that was given up: the other one stays, and so do all rows.
        let mut without = plan.clone();
        without.drop_shards(&BTreeSet::from([fits[0]]));
        assert_eq!(
            (of(&without, "fit"), of(&without, "weights").len()),
            (vec![fits[1]], 2)
        );
        let read = Plan::from_parquet(without.to_parquet().unwrap()).unwrap();
        assert_eq!(read, without);
        for mut plan in [plan, without] {
            plan.take_back(&plan.dropped_themselves());
            assert_eq!(plan, before);
        }
    }

    proptest! {
        /// What is dropped is what was told and all that reads it; nothing else moves; and taking it
        /// back gives the plan of before.
        #[test]
        fn dropping_and_taking_back_leaves_the_plan_as_it_was(
            roots in 1usize..5,
            reads in prop::collection::vec(any::<Option<prop::sample::Index>>(), 1..6),
            chosen in any::<[u64; 2]>(),
        ) {
            let reads: Vec<Option<usize>> = reads
                .iter()
                .enumerate()
                .map(|(number, from)| from.filter(|_| number > 0).map(|from| from.index(number)))
                .collect();
            let before = plan_of(roots, &reads);
            let pick = |bits: u64| -> BTreeSet<ShardId> {
                let all = before.shards.iter().enumerate();
                let picked = all.filter(|(at, _)| bits >> (at % 64) & 1 == 1);
                picked.map(|(_, shard)| shard.id).collect()
            };
            let (first, second) = (pick(chosen[0]), pick(chosen[1]));
            let mut plan = before.clone();
            plan.drop_shards(&first);
            let dropped: BTreeSet<ShardId> = ids(&plan.dropped).into_iter().collect();
            for shard in &before.shards {
                let mut read = Some(shard);
                let mut is_lost = false;
                while let Some(shard) = read {
                    is_lost |= first.contains(&shard.id);
                    read = match shard.source {
                        Source::Entries | Source::Category(_) => None,
                        Source::Rows(parent) => before.shards.iter().find(|it| it.id == parent),
                    };
                }
                prop_assert_eq!(dropped.contains(&shard.id), is_lost);
            }
            let left: Vec<ShardId> = ids(&before.shards);
            let left: Vec<ShardId> = left.into_iter().filter(|id| !dropped.contains(id)).collect();
            prop_assert_eq!(ids(&plan.shards), left);
            prop_assert!(plan.dropped_themselves().is_subset(&first));
            let once = plan.clone();
            plan.drop_shards(&first);
            prop_assert_eq!(&plan, &once);
            plan.drop_shards(&second);
            let both = plan.clone();
            let mut other_way = before.clone();
            other_way.drop_shards(&(&first | &second));
            prop_assert_eq!(&both, &other_way);
            let losses: usize = both.losses().iter().map(|loss| loss.shards).sum();
            prop_assert_eq!(losses, both.dropped.len());
            plan.take_back(&plan.dropped_themselves());
            prop_assert_eq!(&plan, &before);
            let read = Plan::from_parquet(both.to_parquet().unwrap()).unwrap();
            prop_assert_eq!(read, both);
        }
    }
}
