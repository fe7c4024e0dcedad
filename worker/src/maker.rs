//! The port of what makes the table of a shard. A worker reads and processes; a simulation has its
//! own clock, and says how long that takes and what becomes of it.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::commit::{Attempt, Sources};
use crate::parquet_output::Finished;
use crate::process::Measured;
use crate::unfinished::Unfinished;

/// Who makes tables.
#[async_trait]
pub trait Maker: Debug + Send + Sync {
    /// Makes the table of an attempt's shard, in scratch space, of the tables that it reads; with
    /// [`Attempt::make`] or in another way that gives the same bytes.
    async fn make(
        &self,
        attempt: &Attempt,
        sources: Sources,
    ) -> Result<(Finished, Measured), Unfinished>;
}
