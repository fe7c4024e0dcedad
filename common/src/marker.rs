//! The marker of a shard: its report, written last; that it is there means done.
//!
//! A marker holds nothing that differs between two attempts at the same shard, so that its bytes
//! are the same whoever wrote it, and however often.

use serde::{Deserialize, Serialize};

use crate::campaign::StageName;
use crate::metric::{CutFlow, Partial};
use crate::shard::ShardId;
use crate::store::Key;

/// What a shard's output holds and what was measured on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Marker {
    /// The shard.
    pub shard: ShardId,
    /// Key of the Parquet object.
    pub object: String,
    /// Rows in it.
    pub rows: u64,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its BLAKE3 hash, in hexadecimal.
    pub hash: String,
    /// Events and rows after each step.
    pub cut_flow: CutFlow,
    /// One partial for each metric of the stage, in its order.
    pub partials: Vec<Partial>,
}

/// Key of a shard's marker.
#[must_use]
pub fn marker_key(stage: &StageName, shard: ShardId) -> Key {
    key(format!("{stage}/_done/{shard}"))
}

/// Key of a shard's Parquet object.
#[must_use]
pub fn object_key(stage: &StageName, shard: ShardId) -> Key {
    key(format!("{stage}/part-{shard}.parquet"))
}

/// Key of the record of a shard's failed attempts while it is still tried.
#[must_use]
pub fn retrying_key(stage: &StageName, shard: ShardId) -> Key {
    key(format!("{stage}/_retrying/{shard}.json"))
}

/// Key of the record of the failed attempts of a shard that was given up.
#[must_use]
pub fn failed_key(stage: &StageName, shard: ShardId) -> Key {
    key(format!("{stage}/_failed/{shard}.json"))
}

/// Folder of a stage's markers.
#[must_use]
pub fn done_folder(stage: &StageName) -> Key {
    key(format!("{stage}/_done"))
}

/// Folder of a stage's failed records.
#[must_use]
pub fn failed_folder(stage: &StageName) -> Key {
    key(format!("{stage}/_failed"))
}

fn key(text: String) -> Key {
    text.parse()
        .expect("stage names and shard ids are made of the letters of keys")
}
