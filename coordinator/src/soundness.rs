//! Whether what has a marker has its table: by listings and markers. What is in the tables is
//! looked at by `verify`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anyhow::Context;
use lumimill_common::campaign::{Campaign, Stage, StageName};
use lumimill_common::marker::{Expected, Marker};
use lumimill_common::metric::{MetricSpec, Unit};
use lumimill_common::shard::{Shard, ShardId, Source};
use lumimill_common::stage_keys::{fit_key, marker_key, object_key};
use lumimill_common::store::{Key, Store, StoreError};
use lumimill_worker::measure::can_be_measured;

use crate::output::Output;

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
        write!(f, "{} {}", self.key, self.fault)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone => f.write_str("is missing"),
            Self::Size { found, expected } => {
                write!(f, "has {found} bytes, expected {expected}")
            }
            Self::Marker(reason) => write!(f, "cannot be used: {reason}"),
            Self::Bytes(reason) => f.write_str(reason),
            Self::Metrics { on_table: true } => {
                f.write_str("holds other metrics than are measured now: they are measured again")
            }
            Self::Metrics { on_table: false } => f.write_str(
                "holds other metrics than are measured now, for which its table does not have \
                 what they need: the shard is made again",
            ),
        }
    }
}

/// Of shards that are not whole, those that are only to be measured again on their tables.
#[must_use]
pub(crate) fn to_measure(unsound: &BTreeMap<ShardId, Unsound>) -> BTreeSet<ShardId> {
    let on_table = |found: &&Unsound| found.fault == Fault::Metrics { on_table: true };
    let found = unsound.values().filter(on_table);
    found.map(|found| found.shard).collect()
}

/// What is wrong between a marker and the size of its table in a listing.
#[must_use]
pub(crate) fn fault(marker: &Marker, listed: Option<u64>) -> Option<Fault> {
    match listed {
        None => Some(Fault::Gone),
        Some(found) if found != marker.bytes => Some(Fault::Size {
            found,
            expected: marker.bytes,
        }),
        Some(_) => None,
    }
}

/// The file of a fit, of which the marker of its shard has the hash; nothing for other shards.
///
/// # Errors
/// What the store says.
pub(crate) async fn fit_file(
    store: &dyn Store,
    shard: &Shard,
    marker: &Marker,
) -> Result<Option<(Key, Result<Vec<u8>, Fault>)>, StoreError> {
    let Source::Category(_) = shard.source else {
        return Ok(None);
    };
    let category = shard.file.url.as_str();
    let Some(key) = fit_key(&shard.stage, category) else {
        return Ok(None);
    };
    let bytes = store.get(&key).await?;
    let hash = marker.fits.get(category).map_or("", String::as_str);
    let bytes = bytes.filter(|bytes| blake3::hash(bytes).to_hex().as_str() == hash);
    let fault = || Fault::Bytes(format!("is of a fit whose file, {key}, is gone or damaged"));
    let bytes = bytes.ok_or_else(fault);
    Ok(Some((key, bytes)))
}

/// What the markers of each stage of a campaign hold.
#[derive(Debug, Clone)]
pub(crate) struct Markers(BTreeMap<StageName, OfStage>);

#[derive(Debug, Clone)]
struct OfStage {
    steps: Vec<(String, Unit)>,
    metrics: Vec<MetricSpec>,
    writes_table: bool,
}

impl Markers {
    /// Those of a campaign.
    #[must_use]
    pub(crate) fn of(campaign: &Campaign) -> Self {
        let drops_duplicates = campaign.drops_duplicates();
        let of_stage = |stage: &Stage| OfStage {
            steps: stage.steps(drops_duplicates),
            metrics: stage.measured(),
            writes_table: stage.writes_table,
        };
        let stages = campaign.stages.iter();
        let stages = stages.map(|stage| (stage.name.clone(), of_stage(stage)));
        Self(stages.collect())
    }

    /// The marker of a shard, or what is wrong with it.
    ///
    /// # Errors
    /// What the store says, and what a newer version wrote: that is not damaged.
    pub(crate) async fn read(
        &self,
        output: &Output,
        shard: &Shard,
    ) -> anyhow::Result<Result<Option<Marker>, Fault>> {
        Ok(match output.marker_bytes(shard).await? {
            Ok(Some(bytes)) => self.judge(output, shard, &bytes)?.map(Some),
            Ok(None) => Ok(None),
            Err(reason) => Err(Fault::Marker(reason)),
        })
    }

    /// What the bytes of the marker of a shard say, or what is wrong with it.
    ///
    /// # Errors
    /// What a newer version wrote.
    pub(crate) fn judge(
        &self,
        output: &Output,
        shard: &Shard,
        bytes: &[u8],
    ) -> anyhow::Result<Result<Marker, Fault>> {
        let OfStage {
            steps,
            metrics,
            writes_table,
        } = self.0.get(&shard.stage).with_context(|| {
            let location = output.store().location();
            format!("{location}: campaign.toml has no stage {}", shard.stage)
        })?;
        let expected = Expected {
            shard,
            steps,
            writes_table: *writes_table,
        };
        let marker = match output.read_marker(expected, bytes)? {
            Ok(marker) => marker,
            Err(reason) => return Ok(Err(Fault::Marker(reason))),
        };
        Ok(match marker.measures(metrics) {
            true => Ok(marker),
            false => Err(Fault::Metrics {
                on_table: can_be_measured(&marker, metrics),
            }),
        })
    }
}
