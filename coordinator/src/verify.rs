//! Holds what is in the store against what the plan and the markers say should be there.

use std::collections::BTreeSet;
use std::fmt;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use lumimill_common::campaign::Campaign;
use lumimill_common::marker::Marker;
use lumimill_common::shard::{Shard, ShardId};
use lumimill_common::stage_keys::{marker_key, object_key};
use lumimill_common::store::{Key, Store, StoreError};
use parquet::file::metadata::ParquetMetaDataReader;
use serde::{Serialize, Serializer};

use crate::output::{Inventory, Output};
use crate::plan::{Loss, Plan};
use crate::report_sums::StoredReport;
use crate::soundness::{Fault, Markers, Unsound, fit_file};
use crate::stored::NewerVersion;

/// Bytes that are read at a time.
const PIECE: u64 = 8 << 20;
/// Shards that are looked at at a time.
const AT_ONCE: usize = 8;
/// Bytes at the end of a file that are kept for what Parquet says there.
const FOOTER: usize = 4 << 20;

/// What was found.
#[derive(Debug, Default, Serialize)]
pub struct Verified {
    /// Objects that are as their markers say.
    pub objects: u64,
    /// Rows in them.
    pub rows: u64,
    /// What the stages go on without: nothing of it is to be there.
    pub accepted: Vec<Loss>,
    /// Everything that is not as it should be.
    pub problems: Vec<Problem>,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// A shard without a marker, and whether it was given up.
    NotDone {
        /// The shard.
        shard: ShardId,
        /// Whether it was tried and given up.
        is_given_up: bool,
    },
    /// A shard whose metrics changed, and which is to be measured again on its table.
    ToMeasure(ShardId),
    /// A shard with a marker, as good as not done.
    Unsound(Unsound),
    /// A file of the report that is missing or damaged.
    Report {
        /// Key of it.
        key: Key,
        /// What is wrong with it.
        reason: String,
    },
    /// Something that somebody must see to first: its permissions, or what is in its place.
    Unreadable {
        /// Key of it.
        key: Key,
        /// Why not, and what to do.
        reason: String,
    },
    /// Something that the store gave no answer for; it may be asked again.
    NoAnswer {
        /// Key of it.
        key: Key,
        /// What it said.
        reason: String,
    },
    /// Something that a newer version wrote.
    Newer {
        /// Key of it.
        key: Key,
        /// Which form it has, and which are read.
        reason: String,
    },
    /// Something of no shard of the plan, which readers of the tables would see.
    Stray(Key),
    /// Something of nobody of ours, which readers of the tables would see.
    Foreign(Key),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotDone {
                shard,
                is_given_up: false,
            } => write!(f, "shard {shard}: not done"),
            Self::NotDone { shard, .. } => write!(f, "shard {shard}: not done, it was given up"),
            Self::ToMeasure(shard) => {
                write!(
                    f,
                    "shard {shard}: to be measured again, as its metrics changed"
                )
            }
            Self::Unsound(unsound) => unsound.fmt(f),
            Self::Report { key, reason } => write!(f, "{key} {reason}"),
            Self::Unreadable { key, reason } | Self::NoAnswer { key, reason } => {
                write!(f, "{key} cannot be read: {reason}")
            }
            Self::Newer { key, reason } => write!(f, "{key}: {reason}"),
            Self::Stray(key) => write!(f, "{key} is not of this plan, and readers would see it"),
            Self::Foreign(key) => {
                write!(
                    f,
                    "{key} is not of this plan, and readers would see it: move it away"
                )
            }
        }
    }
}

impl Problem {
    pub(crate) fn report(key: Key, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self::Report { key, reason }
    }

    pub(crate) fn unreadable(key: Key, reason: &str) -> Self {
        let reason = reason.to_owned();
        Self::Unreadable { key, reason }
    }

    pub(crate) fn no_answer(key: Key, error: &StoreError) -> Self {
        let reason = error.reason().to_owned();
        Self::NoAnswer { key, reason }
    }

    /// What the store refuses to give, for good; anything else may pass.
    pub(crate) fn of_store(key: Key, error: StoreError) -> Result<Self, StoreError> {
        match error.is_transient() {
            true => Err(error),
            false => Ok(Self::unreadable(key, error.reason())),
        }
    }

    /// What the store refuses to give, and what a newer version wrote; anything else may pass.
    pub(crate) fn of(key: Key, error: anyhow::Error) -> anyhow::Result<Self> {
        match error.downcast::<NewerVersion>() {
            Ok(NewerVersion { reason, .. }) => Ok(Self::Newer { key, reason }),
            Err(error) => Ok(Self::of_store(key, error.downcast::<StoreError>()?)?),
        }
    }

    /// Key of what it is about, where that is one object.
    pub(crate) fn key(&self) -> Option<&str> {
        match self {
            Self::NotDone { .. } | Self::ToMeasure(_) => None,
            Self::Unsound(unsound) => Some(&unsound.key),
            Self::Report { key, .. }
            | Self::Unreadable { key, .. }
            | Self::NoAnswer { key, .. }
            | Self::Newer { key, .. }
            | Self::Stray(key)
            | Self::Foreign(key) => Some(key.as_str()),
        }
    }

    /// Whether it is of a shard that nobody has given up, and that is to be done again.
    #[must_use]
    pub fn is_due(&self) -> bool {
        match self {
            Self::Unsound(_) | Self::ToMeasure(_) => true,
            Self::NotDone { is_given_up, .. } => !is_given_up,
            _ => false,
        }
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Verified {
    /// The shards that have a marker and are to be done again.
    #[must_use]
    pub fn damaged(&self) -> BTreeSet<ShardId> {
        let damaged = |problem: &Problem| match problem {
            Problem::Unsound(unsound) => Some(unsound.shard),
            _ => None,
        };
        self.problems.iter().filter_map(damaged).collect()
    }

    /// How many problems are of a kind.
    pub fn count(&self, is_it: impl Fn(&Problem) -> bool) -> usize {
        self.problems
            .iter()
            .filter(|problem| is_it(problem))
            .count()
    }
}

/// Looks at every shard of a plan: its marker, its object, the object's bytes and rows; and at the
/// report, when nothing is to be done before it.
pub async fn verify(output: &Output, campaign: &Campaign, plan: &Plan) -> anyhow::Result<Verified> {
    let mut verified = Verified {
        accepted: plan.losses(),
        ..Verified::default()
    };
    let inventory = output.inventory(plan).await?;
    let markers = Markers::of(campaign);
    let looking: Vec<_> = plan
        .shards
        .iter()
        .map(|shard| look(output, &markers, shard, &inventory))
        .collect();
    let mut looking = stream::iter(looking).buffered(AT_ONCE);
    while let Some(found) = looking.next().await {
        match found? {
            Ok(rows) => {
                verified.objects += 1;
                verified.rows += rows;
            }
            Err(problem) => verified.problems.push(problem),
        }
    }
    let strays = output.stray_keys(plan).await?;
    verified
        .problems
        .extend(strays.into_iter().map(Problem::Stray));
    let foreign = inventory.foreign.iter().cloned();
    verified.problems.extend(foreign.map(Problem::Foreign));
    let store = output.store();
    let report = StoredReport::look(store.as_ref()).await?;
    if report.is_begun() || verified.count(Problem::is_due) == 0 {
        verified.problems.extend(report.wrong().await?);
    }
    Ok(verified)
}

/// The rows of a shard, or what is wrong with it.
async fn look(
    output: &Output,
    markers: &Markers,
    shard: &Shard,
    inventory: &Inventory,
) -> anyhow::Result<Result<u64, Problem>> {
    let unsound = |fault| Ok(Err(Problem::Unsound(Unsound::of(shard, fault))));
    let marker = match markers.read(output, shard).await {
        Ok(Ok(Some(marker))) => marker,
        Ok(Ok(None)) if inventory.earlier.contains(&shard.id) => {
            return Ok(Err(Problem::ToMeasure(shard.id)));
        }
        Ok(Ok(None)) => {
            return Ok(Err(Problem::NotDone {
                shard: shard.id,
                is_given_up: inventory.failed.contains(&shard.id),
            }));
        }
        Ok(Err(fault)) => return unsound(fault),
        Err(error) => return Problem::of(marker_key(&shard.stage, shard.id), error).map(Err),
    };
    let key = object_key(&shard.stage, shard.id);
    match difference(&marker, output.store().as_ref(), &key).await {
        Ok(None) => match fit_file(output.store().as_ref(), shard, &marker).await {
            Ok(Some((_, Err(fault)))) => unsound(fault),
            Ok(_) => Ok(Ok(marker.rows)),
            Err(error) => Ok(Err(Problem::of_store(key, error)?)),
        },
        Ok(Some(fault)) => unsound(fault),
        Err(error) => Ok(Err(Problem::of_store(key, error)?)),
    }
}

/// What is wrong with an object, read piece by piece: it may be larger than memory.
async fn difference(
    marker: &Marker,
    store: &dyn Store,
    key: &Key,
) -> Result<Option<Fault>, StoreError> {
    let mut hash = blake3::Hasher::new();
    let mut size = 0;
    // The end of the last two pieces, which has what Parquet says of the whole.
    let mut end = Vec::new();
    loop {
        let Some(piece) = store.get_range(key, size..size + PIECE).await? else {
            return Ok(Some(Fault::Gone));
        };
        if piece.is_empty() {
            break;
        }
        hash.update(&piece);
        size += piece.len() as u64;
        let keep = end.len().saturating_sub(FOOTER);
        end.drain(..keep);
        end.extend(piece);
        if size > marker.bytes {
            break;
        }
    }
    if size != marker.bytes {
        return Ok(Some(Fault::Size {
            found: size,
            expected: marker.bytes,
        }));
    }
    let hash = hash.finalize().to_hex().to_string();
    let damaged = |reason: String| Ok(Some(Fault::Bytes(reason)));
    if hash != marker.hash {
        return damaged(format!("has hash {hash}, expected {}", marker.hash));
    }
    match rows(&end) {
        Ok(rows) if rows == marker.rows => Ok(None),
        Ok(rows) => damaged(format!("has {rows} rows, expected {}", marker.rows)),
        Err(reason) => damaged(format!("is not a Parquet file: {reason}")),
    }
}

/// The rows that a Parquet file says it has, at its end.
fn rows(end: &[u8]) -> Result<u64, String> {
    let end = Bytes::copy_from_slice(end);
    let read = std::panic::catch_unwind(|| ParquetMetaDataReader::new().parse_and_finish(&end));
    // The parquet crate panics on some damaged footers.
    let metadata = read.map_err(|_| String::from("its end is damaged"))?;
    let metadata = metadata.map_err(|error| error.to_string())?;
    u64::try_from(metadata.file_metadata().num_rows()).map_err(|error| error.to_string())
}
