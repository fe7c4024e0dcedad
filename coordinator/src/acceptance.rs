//! Which shards that were given up a plan goes on without, as enough of their stages is done.
//!
//! Pure. Acceptance is an edit of the plan (see [`crate::plan::Loss`]): what is due, and every id,
//! follows from the plan alone, never from what happened to be done when somebody looked.

use std::collections::BTreeSet;

use lumimill_common::campaign::{Share, StageName};
use lumimill_common::shard::ShardId;

use crate::ledger::{Known, Ledger, ShardState};
use crate::plan::Plan;

/// The plan without the shards that were given up, of each stage that is over and of whose certified
/// events at least this share is done; `None` where it stays as it is. Events that were dropped
/// before, and those that are kept back, count as not done.
#[must_use]
pub(crate) fn accepted(plan: &Plan, known: &Known, share: Share) -> Option<Plan> {
    if share == Share::ALL || known.given_up.is_empty() {
        return None;
    }
    let mut accepted: Option<Plan> = None;
    for stage in &plan.stages {
        let so_far = accepted.as_ref().unwrap_or(plan);
        let given_up = given_up_enough(so_far, known, share, &stage.name);
        if !given_up.is_empty() {
            let mut without = so_far.clone();
            without.drop_shards(&given_up);
            accepted = Some(without);
        }
    }
    accepted
}

/// What a plan goes on without that is more than the campaign accepts by itself, as somebody accepted
/// it or it asked for less before.
#[must_use]
pub(crate) fn beyond(plan: &Plan, share: Share) -> Vec<String> {
    let losses = plan.losses().into_iter();
    let losses = losses.filter(|loss| {
        let done = loss.of_events.saturating_sub(loss.events);
        !share.is_reached(done, loss.of_events)
    });
    let told = losses.map(|loss| {
        format!(
            "{loss} was accepted, which [shards] accept = {share} alone would not; lumimill resubmit \
             --dropped does it again"
        )
    });
    told.collect()
}

/// The shards of a stage that were given up, where what is left of it is enough.
fn given_up_enough(
    plan: &Plan,
    known: &Known,
    share: Share,
    stage: &StageName,
) -> BTreeSet<ShardId> {
    let ledger = Ledger::of(plan, known);
    let mut given_up = BTreeSet::new();
    let (mut done, mut all) = (0u64, 0u64);
    for (shard, state) in ledger.states().filter(|(shard, _)| shard.stage == *stage) {
        all = all.saturating_add(shard.certified_events);
        match state {
            ShardState::Due | ShardState::Waiting | ShardState::Blocked => return BTreeSet::new(),
            ShardState::Failed | ShardState::Dead => drop(given_up.insert(shard.id)),
            ShardState::Dropped => {}
            ShardState::Done | ShardState::Gone | ShardState::Damaged | ShardState::Unread => {
                done = done.saturating_add(shard.certified_events);
            }
        }
    }
    match share.is_reached(done, all) {
        true => given_up,
        false => BTreeSet::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outstanding::tests::plan_of;

    fn ids(plan: &Plan, stage: &str, which: std::ops::Range<usize>) -> BTreeSet<ShardId> {
        let shards = plan.shards.iter();
        let of_stage = shards.filter(|shard| shard.stage.as_str() == stage);
        let ids: Vec<ShardId> = of_stage.map(|shard| shard.id).collect();
        ids[which].iter().copied().collect()
    }

    fn share(value: f64) -> Share {
        Share::try_new(value).unwrap()
    }

    #[test]
    fn a_stage_of_which_enough_is_done_goes_on_without_the_rest() {
        let plan = plan_of(10, &[None, Some(0)]);
        let known = Known::of(ids(&plan, "s0", 1..10), ids(&plan, "s0", 0..1));
        assert_eq!(accepted(&plan, &known, share(0.91)), None);
        assert_eq!(accepted(&plan, &known, Share::ALL), None);
        let without = accepted(&plan, &known, share(0.9)).unwrap();
        // With the one that reads it.
        assert_eq!(without.dropped.len(), 2);
        assert_eq!(
            without.losses()[1].to_string(),
            "stage s1 without 1 of 10 shards, 1 of 10 \
            certified events (10.000 %)"
        );
        assert_eq!(accepted(&without, &known, share(0.9)), None);
    }

    /// A loss stayed accepted without a word when the campaign asked for more.
    #[test]
    fn what_was_accepted_before_is_said_when_more_is_asked_for() {
        let plan = plan_of(10, &[None]);
        let known = Known::of(ids(&plan, "s0", 1..10), ids(&plan, "s0", 0..1));
        let without = accepted(&plan, &known, share(0.9)).unwrap();
        assert_eq!(beyond(&without, share(0.9)), [""; 0]);
        let said = beyond(&without, Share::ALL);
        assert_eq!(said.len(), 1);
        assert!(
            said[0].contains("[shards] accept = 1 alone would not"),
            "{said:?}"
        );
        assert_eq!(beyond(&plan, Share::ALL), [""; 0]);
    }

    #[test]
    fn what_still_goes_on_is_waited_for() {
        let plan = plan_of(10, &[None]);
        let known = Known::of(ids(&plan, "s0", 1..9), ids(&plan, "s0", 0..1));
        assert_eq!(accepted(&plan, &known, share(0.5)), None);
    }

    #[test]
    fn losses_of_a_chain_add_up() {
        let plan = plan_of(10, &[None, Some(0)]);
        let done = &ids(&plan, "s0", 1..10) | &ids(&plan, "s1", 2..10);
        let lost = &ids(&plan, "s0", 0..1) | &ids(&plan, "s1", 1..2);
        let known = Known::of(done, lost);
        // Nine of ten events of the first stage, eight of ten of the second.
        let once = accepted(&plan, &known, share(0.9)).unwrap();
        assert_eq!(once.dropped_themselves(), ids(&plan, "s0", 0..1));
        let twice = accepted(&plan, &known, share(0.8)).unwrap();
        assert_eq!(
            twice
                .losses()
                .iter()
                .map(|loss| loss.shards)
                .collect::<Vec<_>>(),
            [1, 2]
        );
    }
}
