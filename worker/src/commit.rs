//! One attempt at a shard, committed so that it can die anywhere: the Parquet object to its
//! deterministic key, then the marker; whoever finds the marker has nothing left to do.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow_array::RecordBatch;
use lumimill_common::failure::Failure;
use lumimill_common::marker::{Expected, Marker, marker_key, object_key};
use lumimill_common::shard::Shard;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::memory::Memory;
use crate::parquet_output::{Finished, ParquetOutput};
use crate::prepared_stage::CompiledStage;
use crate::process::{Measured, Sink, process};
use crate::production::{Production, newer, store_failure};
use crate::stored_campaigns::still_wants;
use crate::unit;

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
}

/// Kind of the failure of an attempt that was stopped: no fault of anything.
pub const STOPPED: &str = "stopped";

impl Attempt {
    /// Does the shard, or finds that it was done. The marker is in the store when this returns
    /// `Ok`.
    pub async fn run(&self) -> Result<Marker, Failure> {
        self.tell(CommitPoint::Taken);
        if let Some(marker) = self.marker().await? {
            return Ok(marker);
        }
        let (finished, measured) = self.work().await?;
        self.tell(CommitPoint::Processed);
        let wanted = still_wants(&self.production, self.shard.id).await;
        if !matches!(wanted, Ok(true)) {
            // The next attempt writes it anew; what stays is swept with the scratch space.
            let _ = std::fs::remove_file(&finished.path);
        }
        if !wanted? {
            return Err(self.stopped("the shard is not wanted any more"));
        }
        let Self {
            production, shard, ..
        } = self;
        let store = &production.store;
        let object = object_key(&shard.stage, shard.id);
        let marker = Marker {
            shard: shard.id,
            object: object.to_string(),
            rows: finished.rows,
            bytes: finished.bytes,
            hash: finished.hash,
            cut_flow: measured.cut_flow,
            partials: measured.partials,
        };
        let bytes = marker.to_bytes();
        let bytes = bytes.map_err(|error| Failure::reject("metric", shard.id, error))?;
        let put = store.put_file(&object, &finished.path).await;
        if put.is_err() {
            // The next attempt writes it anew; what stays is swept with the scratch space.
            let _ = std::fs::remove_file(&finished.path);
        }
        put.map_err(|error| store_failure(&error))?;
        self.tell(CommitPoint::ObjectPut);
        let key = marker_key(&shard.stage, shard.id);
        let put = store.put(&key, bytes).await;
        put.map_err(|error| store_failure(&error))?;
        self.tell(CommitPoint::MarkerPut);
        Ok(marker)
    }

    /// The marker that is there. One that is damaged, or of an older version, is replaced: the
    /// bytes that it should have are known.
    pub async fn marker(&self) -> Result<Option<Marker>, Failure> {
        let Self {
            production, shard, ..
        } = self;
        let key = marker_key(&shard.stage, shard.id);
        let found = match production.store.get(&key).await {
            Err(error) if error.is_large() => {
                warn!(job.id = %shard.id, %error, "the marker cannot be used: the shard is done again");
                None
            }
            found => found.map_err(|error| store_failure(&error))?,
        };
        let Some(bytes) = found else {
            return Ok(None);
        };
        let stage = production.stages.get(&shard.stage);
        let expected = Expected {
            stage: &shard.stage,
            shard: shard.id,
            metrics: stage.map_or(&[], |stage| stage.metrics()),
        };
        match Marker::read(&bytes, expected) {
            Ok(marker) => Ok(Some(marker)),
            Err(error) if error.is_newer() => Err(newer(production.store.as_ref(), &key, &error)),
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

    /// The end of an attempt that nobody wants any more.
    fn stopped(&self, why: &str) -> Failure {
        Failure::retry(STOPPED, &self.production.campaign, why)
    }

    async fn work(&self) -> Result<(Finished, Measured), Failure> {
        let (attempt, file) = (self.clone(), self.shard.file.url.clone());
        let done = tokio::task::spawn_blocking(move || attempt.produce()).await;
        done.map_err(|error| {
            let message = format!("{file}: the job panicked: {error}");
            Failure::retry("internal", &file, message)
        })?
    }

    /// Reads, processes and writes a shard to scratch space.
    fn produce(&self) -> Result<(Finished, Measured), Failure> {
        let Self {
            production, shard, ..
        } = self;
        let opened = production.opened(shard, self.memory_limit)?;
        let compiled = &opened.compiled;
        let memory = Memory::of(self.memory_limit, shard);
        memory.check_need(&opened.tree, compiled)?;
        let schema = unit::with_units(compiled);
        let facts = facts(production, shard, compiled);
        let output = ParquetOutput::create(&scratch_path(production, shard), &schema, facts)?;
        let mut sink = ScratchSink {
            output,
            production,
            stop: &self.stop,
            progress: &self.progress,
            memory,
            entries: 0,
        };
        let measured = process(shard, &opened.tree, compiled, &mut sink);
        let entries = sink.entries;
        let done = measured.and_then(|measured| Ok((sink.output.finish()?, measured)));
        if done.is_err() {
            // What failed is not behind us.
            production.go_back(entries);
        }
        done
    }
}

fn scratch_path(production: &Production, shard: &Shard) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("{}-{}-{number}.parquet", shard.id, std::process::id());
    production.store.scratch().join(name)
}

/// What made a file, for its metadata. Nothing that differs between two attempts.
fn facts(
    production: &Production,
    shard: &Shard,
    compiled: &CompiledStage,
) -> Vec<(String, String)> {
    let prepared = compiled.prepared();
    let mut facts = vec![
        ("campaign", production.campaign.to_string()),
        ("stage", shard.stage.to_string()),
        ("shard", shard.id.to_string()),
        ("configuration", prepared.digest().to_owned()),
        ("dataset", shard.dataset.clone()),
        ("input", shard.file.url.clone()),
        ("input_uuid", shard.file.uuid.clone()),
        (
            "entries",
            format!("{}-{}", shard.entries.start, shard.entries.end),
        ),
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value))
    .collect::<Vec<_>>();
    for model in prepared.models() {
        let hashes: Vec<String> = model.hashes().collect();
        facts.push((format!("model.{}.sha256", model.name()), hashes.join(",")));
    }
    facts
}

struct ScratchSink<'a> {
    output: ParquetOutput,
    production: &'a Production,
    stop: &'a CancellationToken,
    progress: &'a AtomicU64,
    memory: Memory<'a>,
    entries: u64,
}

impl Sink for ScratchSink<'_> {
    fn rows(&mut self, rows: &RecordBatch) -> Result<(), Failure> {
        self.output.write(rows)
    }

    fn progress(&mut self, entries: u64) -> Result<(), Failure> {
        self.entries += entries;
        self.progress.store(self.entries, Ordering::Relaxed);
        self.production.advance(entries);
        self.memory.check_use()?;
        match self.stop.is_cancelled() {
            true => Err(Failure::retry(
                STOPPED,
                &self.production.campaign,
                "the work was stopped",
            )),
            false => Ok(()),
        }
    }
}
