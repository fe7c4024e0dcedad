//! A plan without shards that were given up, as somebody accepts that: of each stage of which something
//! is left. One that lost everything is told, and stays as it is: whoever reads it would wait for
//! nothing, or have nothing in its place.

use std::collections::BTreeSet;

use lumimill_common::campaign::StageName;
use lumimill_common::count::counted;
use lumimill_common::shard::{Shard, ShardId};

use super::Due;
use crate::campaign_file::Mistakes;
use crate::ledger::{Known, Ledger};
use crate::output::{Inventory, Output};
use crate::plan::Plan;

/// A plan without `given_up`, as far as something is left of their stages: what it keeps back, and what
/// was out, goes out again.
///
/// # Errors
/// When nothing is accepted, as all of it is of stages that lost everything.
pub(super) fn without(
    mut plan: Plan,
    inventory: Inventory,
    given_up: Vec<Shard>,
    output: &Output,
) -> anyhow::Result<Due> {
    let mistake = |message| Mistakes::new(output.store().location(), vec![message]);
    let lost = lost_stages(&plan, &given_up);
    let is_lost = |shard: &Shard| lost.contains(&shard.stage);
    let (kept, dropped): (Vec<Shard>, Vec<Shard>) = given_up.into_iter().partition(is_lost);
    let not_accepted: Vec<String> = lost.iter().map(|stage| told(&plan, stage)).collect();
    if dropped.is_empty() && !kept.is_empty() {
        return Err(Mistakes::new(output.store().location(), not_accepted).into());
    }
    plan.drop_shards(&dropped.iter().map(|shard| shard.id).collect());
    if let Some(stage) = plan.without_shards() {
        return Err(mistake(format!(
            "without all that was given up, nothing would be left of stage {stage}: nothing is accepted"
        ))
        .into());
    }
    let known = Known::of(inventory.done, inventory.failed);
    let ledger = Ledger::of(&plan, &known);
    let ids: BTreeSet<ShardId> = ledger.outstanding().ids().collect();
    let shards = plan.shards.iter().filter(|shard| ids.contains(&shard.id));
    let now = ledger.outstanding().now.iter().copied();
    let (shards, now) = (shards.cloned().collect(), now.cloned().collect());
    Ok(Due {
        is_edited: !dropped.is_empty(),
        dropped,
        not_accepted,
        shards,
        now,
        ..Due::nothing(plan)
    })
}

/// The stages all of whose shards were given up, in the order of the plan.
fn lost_stages(plan: &Plan, given_up: &[Shard]) -> Vec<StageName> {
    let ids: BTreeSet<ShardId> = given_up.iter().map(|shard| shard.id).collect();
    let stages = plan.stages.iter().map(|stage| stage.name.clone());
    let is_lost = |stage: &StageName| {
        let mut shards = plan.shards.iter().filter(|shard| shard.stage == *stage);
        let has_any = given_up.iter().any(|shard| shard.stage == *stage);
        has_any && shards.all(|shard| ids.contains(&shard.id))
    };
    stages.filter(is_lost).collect()
}

/// What is said of a stage that lost everything.
fn told(plan: &Plan, stage: &StageName) -> String {
    let of_stage = plan.shards.iter().filter(|shard| shard.stage == *stage);
    let ids: BTreeSet<ShardId> = of_stage.map(|shard| shard.id).collect();
    let waits = |shard: &&Shard| {
        let mut wholes = shard.wholes.iter();
        wholes.any(|whole| whole.stage == *stage) || shard.reads().any(|id| ids.contains(&id))
    };
    let readers = plan.shards.iter().filter(waits).map(|shard| &shard.stage);
    let mut names: Vec<&str> = readers.map(StageName::as_str).collect();
    names.dedup();
    let with = match names.as_slice() {
        [] => String::new(),
        names => format!(" with {}, which reads it,", names.join(" and ")),
    };
    format!(
        "stage {stage} lost all of its {}, and is not accepted: nothing of it would be left; lumimill \
         status --failed says why; change the campaign so that it can be done, or take the stage out{with} \
         and run or submit it with --replace",
        counted(ids.len(), "shard")
    )
}
