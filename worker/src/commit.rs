//! One attempt at a shard, committed so that it can die anywhere: the Parquet object to its
//! deterministic key, then the marker; whoever finds the marker has nothing left to do.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow_array::RecordBatch;
use lumimill_common::failure::Failure;
use lumimill_common::marker::{Marker, marker_key, object_key};
use lumimill_common::shard::Shard;

use crate::parquet_output::{Finished, ParquetOutput};
use crate::prepared_stage::CompiledStage;
use crate::process::{Measured, Sink, process};
use crate::production::{Production, store_failure};
use crate::unit;

/// Does a shard, or finds that it was done. The marker is in the store when this returns `Ok`.
pub async fn attempt(production: &Arc<Production>, shard: &Arc<Shard>) -> Result<Marker, Failure> {
    let store = &production.store;
    let key = marker_key(&shard.stage, shard.id);
    if let Some(bytes) = store
        .get(&key)
        .await
        .map_err(|error| store_failure(&error))?
    {
        // A marker that cannot be read is replaced: the bytes it should have are known.
        if let Ok(marker) = serde_json::from_slice::<Marker>(&bytes) {
            return Ok(marker);
        }
    }
    let (finished, measured) = work(production.clone(), shard.clone()).await?;
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
    let bytes =
        serde_json::to_vec(&marker).map_err(|error| Failure::reject("metric", shard.id, error))?;
    let put = store.put_file(&object, &finished.path).await;
    if put.is_err() {
        // The next attempt writes it anew; what stays is swept with the scratch space.
        let _ = std::fs::remove_file(&finished.path);
    }
    put.map_err(|error| store_failure(&error))?;
    store
        .put(&key, bytes)
        .await
        .map_err(|error| store_failure(&error))?;
    Ok(marker)
}

async fn work(
    production: Arc<Production>,
    shard: Arc<Shard>,
) -> Result<(Finished, Measured), Failure> {
    let id = shard.id;
    let done = tokio::task::spawn_blocking(move || produce(&production, &shard)).await;
    done.map_err(|error| Failure::reject("internal", id, format!("the job panicked: {error}")))?
}

/// Reads, processes and writes a shard to scratch space.
fn produce(production: &Production, shard: &Shard) -> Result<(Finished, Measured), Failure> {
    let opened = production.opened(shard)?;
    let compiled = &opened.compiled;
    let schema = unit::with_units(compiled);
    let facts = facts(production, shard, compiled);
    let output = ParquetOutput::create(&scratch_path(production, shard), &schema, facts)?;
    let mut sink = ScratchSink {
        output,
        production,
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
    entries: u64,
}

impl Sink for ScratchSink<'_> {
    fn rows(&mut self, rows: &RecordBatch) -> Result<(), Failure> {
        self.output.write(rows)
    }

    fn progress(&mut self, entries: u64) -> Result<(), Failure> {
        self.entries += entries;
        self.production.advance(entries)
    }
}
