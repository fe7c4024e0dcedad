//! Why a plan cannot be written or read.

use arrow_schema::ArrowError;
use lumimill_common::campaign::InvalidName;
use lumimill_common::entry_set::DamagedEntries;
use lumimill_common::form::FormError;
use lumimill_common::shard::{InvalidShardId, InvalidWholeStage};
use parquet::errors::ParquetError;
use thiserror::Error;

/// Why a plan cannot be written or read.
#[derive(Debug, Error)]
pub enum ShardTableError {
    /// The Parquet file.
    #[error("plan.parquet: {0}")]
    Parquet(#[from] ParquetError),
    /// The rows of the Parquet file.
    #[error("plan.parquet: {0}")]
    Arrow(#[from] ArrowError),
    /// Bytes that no Parquet writer wrote.
    #[error("plan.parquet: damaged: plan the campaign again")]
    Damaged,
    /// Rows or metadata that were changed after they were written.
    #[error(
        "plan.parquet: its rows or its metadata were changed after it was written: plan the campaign \
         again"
    )]
    Changed,
    /// Bytes that unpack to more than a plan of their size has.
    #[error("plan.parquet: {0}: damaged, or made to fill memory: plan the campaign again")]
    Bomb(String),
    /// Metadata that is not there.
    #[error("plan.parquet: no metadata {key:?}: not a plan, or not a whole one")]
    NoMetadata {
        /// Its key.
        key: &'static str,
    },
    /// A plan of another version.
    #[error("plan.parquet: {0}")]
    Form(#[from] FormError),
    /// Metadata that is not what it should be.
    #[error("plan.parquet: metadata {key:?}: {reason}")]
    Metadata {
        /// Its key.
        key: &'static str,
        /// What is wrong.
        reason: serde_json::Error,
    },
    /// A column that is not there, or of another type.
    #[error("plan.parquet: column {column:?} is missing or of the wrong type")]
    Column {
        /// Its name.
        column: &'static str,
    },
    /// A shard id that is not one.
    #[error("plan.parquet: {0}")]
    ShardId(#[from] InvalidShardId),
    /// A whole stage that is not one.
    #[error("plan.parquet: {0}")]
    Whole(#[from] InvalidWholeStage),
    /// A stage name that is not one.
    #[error("plan.parquet: {0}")]
    Name(#[from] InvalidName),
    /// Lumi sections that are not a mask.
    #[error("plan.parquet: shard {shard}: lumis: {reason}")]
    Lumis {
        /// The shard.
        shard: String,
        /// What is wrong.
        reason: serde_json::Error,
    },
    /// Files that a shard reads, which are not told.
    #[error("plan.parquet: shard {shard}: packed: {reason}")]
    Packed {
        /// The shard.
        shard: String,
        /// What is wrong.
        reason: String,
    },
    /// Entries that do not count, which are not a set of entries.
    #[error("plan.parquet: shard {shard}: dropped: {reason}")]
    Dropped {
        /// The shard.
        shard: String,
        /// What is wrong.
        reason: DamagedEntries,
    },
}
