//! Where in the store what belongs to a stage is: tables, markers, fits, and records of failures.

use crate::campaign::StageName;
use crate::shard::ShardId;
use crate::store::Key;

/// Key of a shard's marker.
#[must_use]
pub fn marker_key(stage: &StageName, shard: ShardId) -> Key {
    key(format!("{stage}/_done/{shard}"))
}

/// Key of the marker that a shard had when other metrics were measured on it: what is measured now
/// is measured on its table.
#[must_use]
pub fn measure_key(stage: &StageName, shard: ShardId) -> Key {
    key(format!("{stage}/_measure/{shard}"))
}

/// Key of a shard's Parquet object.
#[must_use]
pub fn object_key(stage: &StageName, shard: ShardId) -> Key {
    key(format!("{stage}/part-{shard}.parquet"))
}

/// Key of the file of the fit of a category; none where its name is of other letters than keys are.
#[must_use]
pub fn fit_key(stage: &StageName, category: &str) -> Option<Key> {
    format!("{stage}/_fit/{category}.json").parse().ok()
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

/// Folder of a stage's records of shards that are tried again.
#[must_use]
pub fn retrying_folder(stage: &StageName) -> Key {
    key(format!("{stage}/_retrying"))
}

/// Key of a pack of markers, with these bytes, of shards of a stage of which this is the first.
#[must_use]
pub fn pack_key(stage: &StageName, first: ShardId, bytes: &[u8]) -> Key {
    let hash = blake3::hash(bytes).to_hex();
    key(format!("{}/{stage}/{first}-{hash}", packs_folder()))
}

/// Folder of the packs of markers of all stages.
#[must_use]
pub fn packs_folder() -> Key {
    key(String::from("_packs"))
}

fn key(text: String) -> Key {
    text.parse()
        .expect("stage names and shard ids are made of the letters of keys")
}
