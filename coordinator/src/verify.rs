//! Holds what is in the store against what the plan and the markers say should be there.

use std::collections::BTreeSet;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use lumimill_common::campaign::Campaign;
use lumimill_common::control::{ControlState, model_key};
use lumimill_common::hex::hex;
use lumimill_common::marker::Marker;
use lumimill_common::shard::{Shard, ShardId};
use lumimill_common::stage_keys::{marker_key, object_key};
use lumimill_common::store::{Key, Store, StoreError};
use lumimill_worker::caught::caught;
use parquet::file::metadata::ParquetMetaDataReader;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::output::{Inventory, Output};
use crate::plan::{Loss, Plan};
use crate::problem::Problem;
use crate::report_sums::StoredReport;
use crate::soundness::{Fault, Markers, Unsound, fit_file};

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
        // Where shards were given up, this may be why.
        problems: wrong_models(output, plan).await?,
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
    let (mut shards, mut whole) = (plan.shards.iter(), BTreeSet::new());
    while let Some(found) = looking.next().await {
        let shard = shards.next();
        match found? {
            Ok(rows) => {
                verified.objects += 1;
                verified.rows += rows;
                whole.extend(shard.map(|shard| shard.id));
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
    if verified.count(Problem::is_due) == 0 {
        let of_others = report.is_of_others(plan, &whole)?;
        verified.problems.extend(of_others);
    }
    Ok(verified)
}

/// What is wrong with the models of a plan that is with a pool: whoever runs one without has them in files.
async fn wrong_models(output: &Output, plan: &Plan) -> anyhow::Result<Vec<Problem>> {
    let mut wrong = Vec::new();
    let control = output.control().await?;
    if control.is_none_or(|control| control.state == ControlState::Cancelled) {
        return Ok(wrong);
    }
    let hashes = plan.stages.iter().flat_map(|stage| &stage.models);
    let hashes: BTreeSet<&String> = hashes.collect();
    for hash in hashes {
        let Some(key) = model_key(hash) else {
            continue;
        };
        let reason = match output.store().get(&key).await {
            Ok(Some(bytes)) if hex(&Sha256::digest(&bytes)) == *hash => continue,
            Ok(Some(_)) => String::from("is damaged: its bytes are others"),
            Ok(None) => String::from("is missing"),
            Err(error) => {
                wrong.push(Problem::of_store(key, error)?);
                continue;
            }
        };
        wrong.push(Problem::Model { key, reason });
    }
    Ok(wrong)
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
    if !marker.has_table() {
        return Ok(None);
    }
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
    let read = caught(|| ParquetMetaDataReader::new().parse_and_finish(&end));
    // The parquet crate panics on some damaged footers.
    let metadata = read.map_err(|_| String::from("its end is damaged"))?;
    let metadata = metadata.map_err(|error| error.to_string())?;
    u64::try_from(metadata.file_metadata().num_rows()).map_err(|error| error.to_string())
}
