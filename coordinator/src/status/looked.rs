//! What the markers of a campaign say, as far as a look at it reads them.

use std::collections::BTreeSet;

use futures_util::stream::StreamExt;
use lumimill_common::shard::ShardId;
use lumimill_common::store::StoreError;

use crate::examined::examined;
use crate::output::{Inventory, Output, Planned};
use crate::packs::Reading;
use crate::soundness::{Fault, Markers, Unsound};
use crate::stored::NewerVersion;

/// Shards that are not whole of what has a marker and a table.
#[derive(Debug, Default)]
pub(super) struct Looked {
    pub(super) damaged: BTreeSet<ShardId>,
    pub(super) unread: BTreeSet<ShardId>,
    /// Those that are to be measured again, as other metrics were measured on them.
    pub(super) other: BTreeSet<ShardId>,
}

/// Looks at their markers.
pub(super) async fn looked(
    output: &Output,
    planned: &Planned,
    inventory: &Inventory,
    gone: &BTreeSet<ShardId>,
) -> anyhow::Result<Looked> {
    let markers = Markers::of(&planned.campaign);
    let reading = Reading::of(output, &planned.plan, &markers, inventory).await?;
    let is_there = |id: &ShardId| inventory.done.contains(id) && !gone.contains(id);
    let mut read = reading.read(|shard| is_there(&shard.id));
    let mut looked = Looked::default();
    while let Some(read) = read.next().await {
        let shard = read.0.id;
        match examined(read, inventory) {
            Ok(None) => {}
            Ok(Some(Unsound {
                fault: Fault::Metrics { .. },
                ..
            })) => drop(looked.other.insert(shard)),
            Ok(Some(_)) => drop(looked.damaged.insert(shard)),
            Err(error) if is_unread(&error) => drop(looked.unread.insert(shard)),
            Err(error) => return Err(error),
        }
    }
    Ok(looked)
}

fn is_unread(error: &anyhow::Error) -> bool {
    let is_refused = |error: &StoreError| !error.is_transient();
    error.is::<NewerVersion>() || error.downcast_ref().is_some_and(is_refused)
}
