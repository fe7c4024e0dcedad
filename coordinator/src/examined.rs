//! Which shards have a marker and are not whole, as far as listings and markers say.

use std::collections::BTreeMap;

use futures_util::stream::StreamExt;
use lumimill_common::campaign::Campaign;
use lumimill_common::shard::{Shard, ShardId};

use crate::output::{Inventory, Output};
use crate::packs::{Read, Reading};
use crate::plan::Plan;
use crate::soundness::{Fault, Markers, Unsound, fault};

/// The shards of a plan that have a marker and are not whole.
pub(crate) async fn unsound(
    output: &Output,
    campaign: &Campaign,
    plan: &Plan,
    inventory: &Inventory,
) -> anyhow::Result<BTreeMap<ShardId, Unsound>> {
    let markers = Markers::of(campaign);
    let reading = Reading::of(output, plan, &markers, inventory).await?;
    let is_done = |shard: &Shard| inventory.done.contains(&shard.id);
    let has_table = |shard: &Shard| inventory.tables.contains_key(&shard.id);
    let shards = plan.shards.iter();
    let gone = shards.filter(|shard| is_done(shard) && !has_table(shard));
    let gone = gone.map(|shard| (shard.id, Unsound::of(shard, Fault::Gone)));
    let mut found: BTreeMap<ShardId, Unsound> = gone.collect();
    let mut read = reading.read(|shard| is_done(shard) && has_table(shard));
    while let Some(read) = read.next().await {
        found.extend(examined(read, inventory)?.map(|unsound| (unsound.shard, unsound)));
    }
    Ok(found)
}

/// What is wrong with a shard whose marker was read.
///
/// # Errors
/// What the store says, and what a newer version wrote.
pub(crate) fn examined(
    (shard, read): Read<'_>,
    inventory: &Inventory,
) -> anyhow::Result<Option<Unsound>> {
    let listed = inventory.tables.get(&shard.id).copied();
    let fault = match read? {
        Ok(marker) => marker.and_then(|marker| fault(&marker, listed)),
        Err(fault) => Some(fault),
    };
    Ok(fault.map(|fault| Unsound::of(shard, fault)))
}
