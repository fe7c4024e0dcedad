//! How far an attempt is, for those who are told.

use std::sync::Arc;

use lumimill_common::shard::Shard;

/// A place in the life of an attempt, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitPoint {
    /// The job is taken, and nothing is done yet.
    Taken,
    /// The Parquet file is whole, in scratch space.
    Processed,
    /// The object is in the store, without its marker.
    ObjectPut,
    /// The marker is in the store, and nobody was told.
    MarkerPut,
    /// The report is published, and the job is not acknowledged.
    Reported,
}

/// Somebody who is told of every attempt how far it is, as tests are who kill it there.
pub type Witness = Arc<dyn Fn(CommitPoint, &Shard) + Send + Sync>;
