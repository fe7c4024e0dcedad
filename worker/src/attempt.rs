//! One attempt at a shard: what it is of, what it is given, and who makes its table.

use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use lumimill_common::failure::Failure;
use lumimill_common::marker::{Expected, Marker};
use lumimill_common::metric::CountedRows;
use lumimill_common::shard::Shard;
use lumimill_common::store::Key;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::commit_point::{CommitPoint, Witness};
use crate::estimated::Estimated;
use crate::measured::Measured;
use crate::parent_table::ParentTable;
use crate::parquet_output::Finished;
use crate::production::Production;
use crate::ready::Ready;
use crate::seat::Seat;
use crate::store_failure::{newer, store_failure};
use crate::unfinished::Unfinished;
use crate::weights::Fits;

/// One attempt at a shard, and what holds for it.
#[derive(Clone)]
pub struct Attempt {
    /// The campaign.
    pub production: Arc<Production>,
    /// The shard.
    pub shard: Arc<Shard>,
    /// Ends it between two batches.
    pub stop: CancellationToken,
    /// Entries behind it.
    pub progress: Arc<AtomicU64>,
    /// What this process may use, in bytes.
    pub memory_limit: Option<u64>,
    /// Is told how far it is.
    pub witness: Option<Witness>,
    /// Who makes its table instead of [`Attempt::make`], as a simulation does.
    pub maker: Option<Arc<dyn Maker>>,
    /// Whether nothing of it is in the store, as far as whoever published it knew.
    pub(crate) is_new: bool,
    /// What it has of the process that does it.
    pub(crate) seat: Arc<Seat>,
}

/// What a shard reads, on this machine.
#[derive(Debug, Default)]
pub struct Sources {
    /// Its first file, where that was opened before its turn.
    pub(crate) input: Option<Ready>,
    pub(crate) tables: Vec<ParentTable>,
    /// The fits that its rows are weighed by.
    pub(crate) fits: Option<Arc<Fits>>,
    /// The densities that its columns are drawn by.
    pub(crate) estimated: Option<Estimated>,
    /// What is counted for a fit or a density.
    pub(crate) counted: Option<Arc<CountedRows>>,
}

/// The port of what makes the table of a shard. A worker reads and processes; a simulation has its
/// own clock, and says how long that takes and what becomes of it.
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

impl Attempt {
    /// The marker of a shard under a key. One that is damaged, or of an older version, is
    /// replaced: the bytes that it should have are known.
    pub(crate) async fn found(&self, shard: &Shard, key: &Key) -> Result<Option<Marker>, Failure> {
        let production = &self.production;
        let found = match production.store.get(key).await {
            Err(error) if error.is_large() => {
                warn!(job.id = %shard.id, %error, "the marker cannot be used: the shard is done again");
                None
            }
            found => found.map_err(|error| store_failure(&error))?,
        };
        let Some(bytes) = found else {
            return Ok(None);
        };
        let Some(stage) = production.stages.get(&shard.stage) else {
            return Ok(None);
        };
        let expected = Expected {
            shard,
            steps: &stage.steps(),
            writes_table: stage.stage().writes_table,
        };
        match Marker::read(&bytes, expected) {
            Ok(marker) => Ok(Some(marker)),
            Err(error) if error.is_newer() => Err(newer(production.store.as_ref(), key, &error)),
            Err(error) => {
                warn!(job.id = %shard.id, %error, "the marker cannot be used: the shard is done again");
                Ok(None)
            }
        }
    }

    /// Tells how far it is.
    pub fn tell(&self, point: CommitPoint) {
        if let Some(witness) = &self.witness {
            witness(point, &self.shard);
        }
    }
}

/// Where in scratch space the table of a shard is made; nobody else is told the same.
#[must_use]
pub fn scratch_path(production: &Production, shard: &Shard) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("{}-{}-{number}.parquet", shard.id, std::process::id());
    production.store.scratch().join(name)
}
