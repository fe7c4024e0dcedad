//! Holds what is in the store against what the plan and the markers say should be there.

use lumimill_common::marker::{Marker, object_key};
use parquet::file::reader::{FileReader, SerializedFileReader};
use serde::Serialize;

use crate::ledger::stale;
use crate::output::Output;
use crate::plan::Plan;

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
pub async fn verify(output: &Output, plan: &Plan) -> anyhow::Result<Verified> {
    let mut verified = Verified::default();
    for shard in &plan.shards {
        let Some(marker) = output.marker(&shard.stage, shard.id).await? else {
            verified
                .problems
                .push(format!("shard {}: not done", shard.id));
            continue;
        };
        let key = object_key(&shard.stage, shard.id);
        let problem = match output.store().get(&key).await? {
            None => Some(String::from("is missing")),
            Some(bytes) => difference(&marker, bytes),
        };
        match problem {
            Some(problem) => verified.problems.push(format!("{key} {problem}")),
            None => {
                verified.objects += 1;
                verified.rows += marker.rows;
            }
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

fn difference(marker: &Marker, bytes: Vec<u8>) -> Option<String> {
    if bytes.len() as u64 != marker.bytes {
        return Some(format!(
            "has {} bytes, expected {}",
            bytes.len(),
            marker.bytes
        ));
    }
    let hash = blake3::hash(&bytes).to_hex().to_string();
    if hash != marker.hash {
        return Some(format!("has hash {hash}, expected {}", marker.hash));
    }
    let rows = SerializedFileReader::new(bytes::Bytes::from(bytes))
        .map(|reader| reader.metadata().file_metadata().num_rows());
    match rows {
        Ok(rows) if u64::try_from(rows) == Ok(marker.rows) => None,
        Ok(rows) => Some(format!("has {rows} rows, expected {}", marker.rows)),
        Err(error) => Some(format!("is not a Parquet file: {error}")),
    }
}
