//! Whether what has a marker has its table: by listings and markers. What is in the tables is
//! looked at by `verify`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anyhow::Context;
use futures_util::stream::{self, StreamExt};
use lumimill_common::campaign::Campaign;
use lumimill_common::marker::{Marker, marker_key, object_key};
use lumimill_common::shard::{Shard, ShardId};
use lumimill_worker::measure::can_be_measured;

use crate::output::{DamagedMarker, Inventory, Output};
use crate::plan::Plan;

/// Markers that are read at a time.
const AT_ONCE: usize = 32;

/// Why a shard with a marker is as good as not done: whoever does it again makes it whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It has no table.
    Gone,
    /// Its table has another size.
    Size {
        /// Bytes that it has, or the ones that were read before it was too long.
        found: u64,
        /// Bytes that the marker says.
        expected: u64,
    },
    /// Its marker cannot be read.
    Marker(String),
    /// Its table has other bytes, or is none.
    Bytes(String),
    /// Its marker holds other metrics than its stage measures now.
    Metrics {
        /// Whether they can be measured on its table.
        on_table: bool,
    },
}

/// A shard and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsound {
    /// The shard.
    pub shard: ShardId,
    /// Key of what is wrong.
    pub key: String,
    /// What is wrong with it.
    pub fault: Fault,
}

impl Unsound {
    /// Something that is wrong with a shard.
    #[must_use]
    pub fn of(shard: &Shard, fault: Fault) -> Self {
        let (stage, id) = (&shard.stage, shard.id);
        let key = match &fault {
            Fault::Marker(_) | Fault::Metrics { .. } => marker_key(stage, id),
            Fault::Gone | Fault::Size { .. } | Fault::Bytes(_) => object_key(stage, id),
        };
        Self {
            shard: id,
            key: key.to_string(),
            fault,
        }
    }
}

impl fmt::Display for Unsound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = &self.key;
        match &self.fault {
            Fault::Gone => write!(f, "{key} is missing"),
            Fault::Size { found, expected } => {
                write!(f, "{key} has {found} bytes, expected {expected}")
            }
            Fault::Marker(reason) => write!(f, "{key} cannot be used: {reason}"),
            Fault::Bytes(reason) => write!(f, "{key} {reason}"),
            Fault::Metrics { on_table: true } => {
                write!(
                    f,
                    "{key} holds other metrics than are measured now: they are measured again"
                )
            }
            Fault::Metrics { on_table: false } => write!(
                f,
                "{key} holds other metrics than are measured now, which count events that its \
                 table does not tell apart: the shard is made again"
            ),
        }
    }
}

/// Of shards that are not whole, those that are only to be measured again on their tables.
#[must_use]
pub fn to_measure(unsound: &BTreeMap<ShardId, Unsound>) -> BTreeSet<ShardId> {
    let on_table = |found: &&Unsound| found.fault == Fault::Metrics { on_table: true };
    let found = unsound.values().filter(on_table);
    found.map(|found| found.shard).collect()
}

/// What is wrong between a marker and the size of its table in a listing.
#[must_use]
pub fn fault(marker: &Marker, listed: Option<u64>) -> Option<Fault> {
    match listed {
        None => Some(Fault::Gone),
        Some(found) if found != marker.bytes => Some(Fault::Size {
            found,
            expected: marker.bytes,
        }),
        Some(_) => None,
    }
}

/// The shards of a plan that have a marker and are not whole, as far as listings and markers say.
pub async fn unsound(
    output: &Output,
    campaign: &Campaign,
    plan: &Plan,
    inventory: &Inventory,
) -> anyhow::Result<BTreeMap<ShardId, Unsound>> {
    let done = plan.shards.iter();
    let done = done.filter(|shard| inventory.done.contains(&shard.id));
    let looking: Vec<_> = done
        .map(|shard| look(output, campaign, shard, inventory))
        .collect();
    let mut looking = stream::iter(looking).buffer_unordered(AT_ONCE);
    let mut found = BTreeMap::new();
    while let Some(unsound) = looking.next().await {
        found.extend(unsound?.map(|unsound| (unsound.shard, unsound)));
    }
    Ok(found)
}

async fn look(
    output: &Output,
    campaign: &Campaign,
    shard: &Shard,
    inventory: &Inventory,
) -> anyhow::Result<Option<Unsound>> {
    let listed = inventory.tables.get(&shard.id).copied();
    if listed.is_none() {
        return Ok(Some(Unsound::of(shard, Fault::Gone)));
    }
    let fault = match marker(output, campaign, shard).await? {
        Ok(marker) => marker.and_then(|marker| fault(&marker, listed)),
        Err(fault) => Some(fault),
    };
    Ok(fault.map(|fault| Unsound::of(shard, fault)))
}

/// The marker of a shard, or what is wrong with it.
///
/// # Errors
/// What the store says, and what a newer version wrote: that is not damaged.
pub async fn marker(
    output: &Output,
    campaign: &Campaign,
    shard: &Shard,
) -> anyhow::Result<Result<Option<Marker>, Fault>> {
    let mut stages = campaign.stages.iter();
    let stage = stages.find(|stage| stage.name == shard.stage);
    let stage = stage.with_context(|| {
        let location = output.store().location();
        format!("{location}: campaign.toml has no stage {}", shard.stage)
    })?;
    match output.marker(stage, shard.id).await {
        Ok(Some(marker)) => {
            let metrics = stage.measured();
            Ok(match marker.measures(&metrics) {
                true => Ok(Some(marker)),
                false => Err(Fault::Metrics {
                    on_table: can_be_measured(&marker, &metrics),
                }),
            })
        }
        Ok(None) => Ok(Ok(None)),
        Err(error) => match error.downcast::<DamagedMarker>() {
            Ok(damaged) => Ok(Err(Fault::Marker(damaged.reason))),
            Err(error) => Err(error),
        },
    }
}
