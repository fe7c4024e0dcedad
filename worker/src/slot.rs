//! A slot: takes one job after another until it is told to stop.
//!
//! This is the one place that settles deliveries: done, tried again after a while, or given up.

use std::sync::Arc;
use std::time::Duration;

use lumimill_common::failure::{Disposition, FailedAttempt, FailedRecord, Failure};
use lumimill_common::job::{Job, Outcome, Report, pack, unpack};
use lumimill_common::marker::failed_key;
use lumimill_common::queue::{Delivery, Queue, QueueError, REPORTS, Settle};
use lumimill_common::shard::Shard;
use tracing::{error, info, warn};

use crate::commit::attempt;
use crate::production::Production;

/// Consumes jobs until the production is stopped.
pub async fn run_slot(
    production: Arc<Production>,
    queue: Arc<dyn Queue>,
    jobs: String,
) -> Result<(), QueueError> {
    let mut consumer = queue.consume(&jobs, 1).await?;
    loop {
        let delivery = tokio::select! {
            () = production.stop.cancelled() => return Ok(()),
            delivery = consumer.next() => delivery?,
        };
        handle(&production, queue.as_ref(), delivery).await?;
    }
}

async fn handle(
    production: &Arc<Production>,
    queue: &dyn Queue,
    delivery: Delivery,
) -> Result<(), QueueError> {
    let number = delivery.message.attempt;
    let shard = match assigned(production, &delivery) {
        Ok(shard) => shard,
        Err(reason) => {
            error!(reason, "a job cannot be read; it is set aside");
            delivery.settle(Settle::Dead { reason }).await?;
            return Ok(());
        }
    };
    let (outcome, settle) = match attempt(production, &shard).await {
        Ok(marker) => {
            info!(job.id = %shard.id, rows = marker.rows, "shard done");
            (Outcome::Done { rows: marker.rows }, Settle::Done)
        }
        Err(failure) if failure.kind == "stopped" => return Ok(()),
        Err(failure) => judge(production, &shard, number, failure).await,
    };
    let report = Report {
        shard: shard.id,
        attempt: number,
        outcome,
    };
    match pack(number, &report) {
        Ok(message) => queue.publish(REPORTS, message).await?,
        Err(error) => error!(%error, "a report cannot be written"),
    }
    if !delivery.settle(settle).await? {
        warn!(job.id = %shard.id, "the lease was lost; the job will be delivered again");
    }
    Ok(())
}

/// The shard that a delivery asks for, when it is of this production's plan.
fn assigned(production: &Production, delivery: &Delivery) -> Result<Arc<Shard>, String> {
    let job: Job = unpack(&delivery.message).map_err(|error| error.to_string())?;
    if (&job.campaign, &job.plan) != (&production.campaign, &production.digest) {
        return Err(format!(
            "the job is of plan {:?} of campaign {}, at work is plan {:?} of campaign {}",
            job.plan, job.campaign, production.digest, production.campaign
        ));
    }
    let unknown = || format!("shard {} is not in the plan", job.shard);
    production
        .shards
        .get(&job.shard)
        .cloned()
        .ok_or_else(unknown)
}

/// Decides what becomes of a failed attempt, and keeps a record of it.
async fn judge(
    production: &Production,
    shard: &Shard,
    number: u32,
    failure: Failure,
) -> (Outcome, Settle) {
    warn!(job.id = %shard.id, attempt = number, kind = failure.kind, "shard failed: {failure}");
    record(production, shard, number, &failure).await;
    let again = failure.disposition == Disposition::Retry && number < production.max_attempts;
    match again {
        true => (
            Outcome::Retrying { failure },
            Settle::Retry {
                after: back_off(number),
            },
        ),
        false => {
            let reason = failure.to_string();
            (Outcome::Failed { failure }, Settle::Dead { reason })
        }
    }
}

/// 1 s, 4 s, 16 s … at most 5 minutes.
fn back_off(attempt: u32) -> Duration {
    let seconds = 4u64.saturating_pow(attempt.saturating_sub(1)).min(300);
    Duration::from_secs(seconds)
}

async fn record(production: &Production, shard: &Shard, number: u32, failure: &Failure) {
    let key = failed_key(&shard.stage, shard.id);
    let known = production.store.get(&key).await.ok().flatten();
    let mut record = known
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_else(|| FailedRecord {
            shard: shard.id,
            attempts: Vec::new(),
        });
    let fingerprint = failure.fingerprint();
    record.attempts.push(FailedAttempt {
        attempt: number,
        failure: failure.clone(),
        fingerprint,
    });
    let written = match serde_json::to_vec_pretty(&record) {
        Ok(bytes) => production
            .store
            .put(&key, bytes)
            .await
            .map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    if let Err(reason) = written {
        // The failure itself is reported either way; only its record is missing.
        error!(job.id = %shard.id, reason, "the failed record cannot be written");
    }
}
