//! Holds what is in the store against what the plan and the markers say should be there.

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use lumimill_common::campaign::{Campaign, Stage};
use lumimill_common::marker::{Marker, object_key};
use lumimill_common::shard::Shard;
use lumimill_common::store::{Key, Store};
use parquet::file::metadata::ParquetMetaDataReader;
use serde::Serialize;

use crate::ledger::stale;
use crate::output::{DamagedMarker, Output};
use crate::plan::Plan;

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
    /// Everything that is not as it should be.
    pub problems: Vec<String>,
}

/// Looks at every shard of a plan: its marker, its object, the object's bytes and rows.
pub async fn verify(output: &Output, campaign: &Campaign, plan: &Plan) -> anyhow::Result<Verified> {
    let mut verified = Verified::default();
    let looking: Vec<_> = plan
        .shards
        .iter()
        .map(|shard| look(output, campaign, shard))
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
    for stage in &plan.stages {
        for id in stale(plan, &output.objects(&stage.name).await?) {
            let key = object_key(&stage.name, id);
            verified.problems.push(format!(
                "{key} is not of this plan, and readers would see it"
            ));
        }
    }
    Ok(verified)
}

/// The rows of a shard, or what is wrong with it.
async fn look(
    output: &Output,
    campaign: &Campaign,
    shard: &Shard,
) -> anyhow::Result<Result<u64, String>> {
    let of_shard = |stage: &&Stage| stage.name == shard.stage;
    let Some(stage) = campaign.stages.iter().find(of_shard) else {
        let stage = &shard.stage;
        return Ok(Err(format!(
            "shard {}: campaign.toml has no stage {stage}",
            shard.id
        )));
    };
    let marker = match output.marker(stage, shard.id).await {
        Err(error) if error.is::<DamagedMarker>() => return Ok(Err(error.to_string())),
        marker => marker?,
    };
    let Some(marker) = marker else {
        return Ok(Err(format!("shard {}: not done", shard.id)));
    };
    let key = object_key(&shard.stage, shard.id);
    let problem = difference(&marker, output.store().as_ref(), &key).await?;
    Ok(match problem {
        Some(problem) => Err(format!("{key} {problem}")),
        None => Ok(marker.rows),
    })
}

/// What is wrong with an object, read piece by piece: it may be larger than memory.
async fn difference(
    marker: &Marker,
    store: &dyn Store,
    key: &Key,
) -> anyhow::Result<Option<String>> {
    let mut hash = blake3::Hasher::new();
    let mut size = 0;
    // The end of the last two pieces, which has what Parquet says of the whole.
    let mut end = Vec::new();
    loop {
        let Some(piece) = store.get_range(key, size..size + PIECE).await? else {
            return Ok(Some(String::from("is missing")));
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
        let expected = marker.bytes;
        return Ok(Some(format!(
            "has {size} bytes or more, expected {expected}"
        )));
    }
    let hash = hash.finalize().to_hex().to_string();
    if hash != marker.hash {
        return Ok(Some(format!("has hash {hash}, expected {}", marker.hash)));
    }
    Ok(match rows(&end) {
        Ok(rows) if rows == marker.rows => None,
        Ok(rows) => Some(format!("has {rows} rows, expected {}", marker.rows)),
        Err(reason) => Some(format!("is not a Parquet file: {reason}")),
    })
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
