//! Drives a production to its end: publishes what is outstanding, takes reports, tells progress.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use lumimill_common::job::{JobOutcome, JobReport, unpack};
use lumimill_common::queue::{Queue, QueueError, REPORTS, Settle, jobs};
use lumimill_common::shard::ShardId;
use lumimill_common::store::S3Address;
use lumimill_worker::production::Production;
use lumimill_worker::slots::Slots;

use crate::jobs::JobsOf;

/// How far a production is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Entries processed so far, those of attempts that failed included.
    pub entries: u64,
    /// Shards that were done.
    pub done: usize,
    /// Attempts that failed and are tried again.
    pub retries: usize,
    /// Shards that failed for good.
    pub failed: usize,
}

/// Somebody who is told how far the work is.
pub(crate) trait Watcher {
    /// Is told from time to time, and at the end.
    fn progress(&mut self, progress: Progress);

    /// Is told of each attempt that failed.
    fn failure(&mut self, shard: ShardId, message: &str, again: bool);
}

/// How a drive ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Every shard is done or has failed.
    Complete(Progress),
    /// Somebody stopped it.
    Stopped(Progress),
}

/// Pool of the slots inside one process.
const POOL: &str = "cpu";
const TICK: Duration = Duration::from_millis(200);

/// Does these shards with so many slots of this process, over this queue.
pub(crate) async fn drive(
    production: &Arc<Production>,
    queue: Arc<dyn Queue>,
    outstanding: &[ShardId],
    slots: NonZeroUsize,
    watcher: &mut dyn Watcher,
) -> Result<End, QueueError> {
    let jobs_of = JobsOf {
        campaign: &production.campaign,
        plan: &production.digest,
        pool: POOL,
        anew: None,
    };
    let shards = outstanding
        .iter()
        .filter_map(|id| production.shards.get(id));
    jobs_of
        .publish(queue.as_ref(), shards.map(AsRef::as_ref))
        .await?;
    let count = u16::try_from(slots.get().min(outstanding.len())).unwrap_or(u16::MAX);
    let mut slots = Slots::new("run", Box::new(production.clone()), count);
    // A person is waiting: a disk that stays full fails its shards soon.
    slots.postponements = production.max_attempts.saturating_sub(1);
    slots.alone = true;
    // On a local disk there is nothing to wait for: it would only cost pages of another thread's memory.
    slots.ahead = production
        .shards
        .values()
        .any(|shard| S3Address::is_meant(&shard.file.url));
    slots.quit = production.stop.clone();
    slots.stop = production.stop.clone();
    let slots = Arc::new(slots);
    let jobs = jobs(POOL);
    let progress = {
        let working = slots.consume(&queue, &jobs);
        let following = follow(production, queue.as_ref(), outstanding, watcher);
        tokio::pin!(working, following);
        tokio::select! {
            // It ends before the reports do only when the queue fails, or when it is stopped.
            ended = &mut working => match ended {
                Ok(()) => following.await,
                Err(error) => Err(error),
            },
            progress = &mut following => progress,
        }
    };
    let stopped = production.stop.is_cancelled();
    production.stop.cancel();
    slots.idle().await;
    progress.map(|progress| match stopped {
        true => End::Stopped(progress),
        false => End::Complete(progress),
    })
}

/// Takes reports until nothing is left or the production is stopped. Each shard counts once.
async fn follow(
    production: &Production,
    queue: &dyn Queue,
    outstanding: &[ShardId],
    watcher: &mut dyn Watcher,
) -> Result<Progress, QueueError> {
    let mut left: BTreeSet<ShardId> = outstanding.iter().copied().collect();
    let mut reports = queue.consume(REPORTS, 100).await?;
    let mut progress = Progress::default();
    let mut tick = tokio::time::interval(TICK);
    while !left.is_empty() {
        tokio::select! {
            () = production.stop.cancelled() => break,
            _ = tick.tick() => {}
            delivery = reports.next() => {
                let delivery = delivery?;
                if let Ok(report) = unpack::<JobReport>(&delivery.message) {
                    count(report, &mut left, &mut progress, watcher);
                }
                delivery.settle(Settle::Done).await?;
            }
        }
        progress.entries = production.entries.load(Ordering::Relaxed);
        watcher.progress(progress);
    }
    Ok(progress)
}

fn count(
    report: JobReport,
    left: &mut BTreeSet<ShardId>,
    progress: &mut Progress,
    watcher: &mut dyn Watcher,
) {
    match report.outcome {
        JobOutcome::Done { .. } | JobOutcome::Marked { .. } => {
            progress.done += usize::from(left.remove(&report.shard));
        }
        JobOutcome::Retrying { failure } => {
            progress.retries += 1;
            watcher.failure(report.shard, &failure.message, true);
        }
        JobOutcome::Failed { failure } => {
            if left.remove(&report.shard) {
                progress.failed += 1;
                watcher.failure(report.shard, &failure.message, false);
            }
        }
        // Nobody replaces the plan of a process that does all of it.
        JobOutcome::Dropped => {}
    }
}
