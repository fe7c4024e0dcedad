//! How long a shard takes, and what becomes of it. Its table is made once, by the worker's own code,
//! and remembered: all seeds have the same input.

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use lumimill_common::failure::{Failure, FailureKind};
use lumimill_common::shard::{Shard, ShardId};
use lumimill_worker::attempt::{Attempt, Maker, Sources, scratch_path};
use lumimill_worker::measured::Measured;
use lumimill_worker::parquet_output::Finished;
use lumimill_worker::unfinished::Unfinished;
use tokio::time::sleep;

use crate::link::Link;
use crate::random::mixed;
use crate::world::lock;

/// A table, and what was measured on it.
#[derive(Debug)]
struct Made {
    bytes: Vec<u8>,
    rows: u64,
    hash: String,
    measured: Measured,
}

/// Tables by shard and metrics.
static MADE: Mutex<BTreeMap<(ShardId, String), Arc<Made>>> = Mutex::new(BTreeMap::new());

/// Time between two batches.
const BATCH: Duration = Duration::from_millis(350);

#[derive(Debug)]
pub(crate) struct SimMaker(pub(crate) Arc<Link>);

#[async_trait]
impl Maker for SimMaker {
    async fn make(
        &self,
        attempt: &Attempt,
        sources: Sources,
    ) -> Result<(Finished, Measured), Unfinished> {
        let (link, shard) = (&self.0, &attempt.shard);
        for _ in 0..link.world.random.below(8) {
            sleep(BATCH).await;
            link.alive().await;
            if attempt.stop.is_cancelled() {
                return Err(Unfinished::Stopped("stopped between two batches"));
            }
        }
        self.failure(shard).map_or(Ok(()), Err)?;
        made(attempt, sources).await
    }
}

impl SimMaker {
    fn failure(&self, shard: &Shard) -> Option<Failure> {
        let world = &self.0.world;
        let faults = world.faults();
        let chance = mixed(world.seed ^ u64::from_str_radix(&shard.id.to_string()[..15], 16).ok()?);
        if chance % 1000 < faults.shards {
            return Some(match chance / 1000 % 3 {
                0 => Failure::reject(FailureKind::Input, "d", "a corrupt basket"),
                1 => Failure::retry(FailureKind::Missing, "d", "no such file"),
                _ => Failure::retry(FailureKind::Memory, "d", "it needs more than there is"),
            });
        }
        let kinds = [
            FailureKind::Store,
            FailureKind::Scratch,
            FailureKind::Missing,
            FailureKind::Input,
            FailureKind::Time,
        ];
        let kind = world.random.pick(&kinds);
        let fails = world.random.chance(faults.attempts);
        fails.then(|| Failure::retry(*kind, "d", "this once"))
    }
}

/// The table, made now or earlier; the clock and the order of things do not know which.
async fn made(attempt: &Attempt, sources: Sources) -> Result<(Finished, Measured), Unfinished> {
    let shard = &attempt.shard;
    let metrics = attempt.production.stages.get(&shard.stage);
    let metrics = metrics.map(|stage| format!("{:?}", stage.metrics()));
    let key = (shard.id, metrics.unwrap_or_default());
    let earlier = lock(&MADE).get(&key).cloned();
    let Some(earlier) = earlier else {
        let (finished, measured) = attempt.make(sources).await?;
        let made = Made {
            bytes: fs::read(finished.path.as_ref().unwrap()).unwrap(),
            rows: finished.rows,
            hash: finished.hash.clone(),
            measured: measured.clone(),
        };
        lock(&MADE).insert(key, Arc::new(made));
        return Ok((finished, measured));
    };
    let path = scratch_path(&attempt.production, shard);
    let finished = Finished {
        path: Some(path.clone()),
        rows: earlier.rows,
        bytes: earlier.bytes.len() as u64,
        hash: earlier.hash.clone(),
    };
    let measured = earlier.measured.clone();
    let written = tokio::spawn(async move { fs::write(path, &earlier.bytes) }).await;
    written.unwrap().unwrap();
    Ok((finished, measured))
}

/// Rows that the table of a shard has, where some seed made it.
pub(crate) fn rows_of(shard: ShardId) -> Option<u64> {
    let made = lock(&MADE);
    let mut found = made.iter().filter(|((id, _), _)| *id == shard);
    found.next().map(|(_, made)| made.rows)
}
