//! One job, from its delivery to its end.
//!
//! This is the one place that settles deliveries: done, tried again after a while, or given up.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use lumimill_common::failed_record;
use lumimill_common::failure::{FailedAttempt, Failure, FailureKind};
use lumimill_common::job::{Job, JobOutcome, JobReport, Running, pack, unpack};
use lumimill_common::marker::Marker;
use lumimill_common::marker::pack::LARGEST;
use lumimill_common::queue::{Delivery, Queue, QueueError, REPORTS, Settle};
use lumimill_common::retry_policy::{Patience, Verdict, is_tiring, judge};
use lumimill_common::shard::Shard;
use tracing::{error, info, trace, warn};

use crate::attempt::Attempt;
use crate::campaigns::Found;
use crate::commit_point::CommitPoint;
use crate::given_back::job_is_over;
use crate::production::Production;
use crate::seat::Seat;
use crate::slots::Slots;
use crate::unfinished::Unfinished;

/// How long the jobs of a paused campaign are put off. With the age that a look at what a campaign
/// was told may have, it takes hold within five seconds that the campaign goes on.
pub(crate) const PAUSE: Duration = Duration::from_secs(4);
/// Jobs of paused campaigns in a row after which a slot takes its time: a pool is not to spend a
/// night passing them around.
const PASSED: u32 = 50;
/// That time.
const STROLL: Duration = Duration::from_millis(100);
/// Time that an attempt has to notice that it is to be handed back.
const NOTICE: Duration = Duration::from_millis(500);
/// How long a job that is handed back is kept from others. It goes by way of the queue where jobs
/// wait, as the broker counts those that are given back, and gives them up after a few times.
const HANDED_BACK: Duration = Duration::from_secs(1);
/// Time that an attempt whose time is over has to end between two batches.
const LAST_BATCH: Duration = Duration::from_secs(60);
/// How often one who does a shard that somebody else may be doing too looks for its marker.
const LOOK: Duration = Duration::from_secs(10);

pub(crate) async fn handle(
    slots: &Arc<Slots>,
    queue: &dyn Queue,
    delivery: Delivery,
    seat: &Arc<Seat>,
) -> Result<(), QueueError> {
    let job: Job = match unpack(&delivery.message) {
        Ok(job) => job,
        Err(error) => return set_aside(delivery, error.to_string()).await,
    };
    let attempt = delivery.message.attempt;
    trace!(job.id = %job.shard, campaign = %job.campaign, attempt, "job taken");
    let found = tokio::select! {
        biased;
        found = slots.campaigns.find(&job) => found,
        () = stopped(slots) => return hand_back(delivery, &job).await,
    };
    let production = match found {
        Ok(Found::Production(production)) => production,
        Ok(Found::Paused) => return paused(slots, delivery, &job).await,
        Ok(Found::Dropped(why)) => {
            info!(job.id = %job.shard, campaign = %job.campaign, why, "job dropped");
            if delivery.redelivered {
                report(slots, queue, &job, attempt, JobOutcome::Dropped).await?;
            }
            return end(delivery, &job, Settle::Done).await;
        }
        Err(failure) => return not_found(slots, delivery, &job, &failure).await,
    };
    slots.paused.store(0, Ordering::Relaxed);
    let shard = match production.shards.get(&job.shard) {
        Some(shard) if shard.stage == job.stage => shard.clone(),
        _ => {
            let reason = format!(
                "shard {} of stage {} is not in the plan",
                job.shard, job.stage
            );
            return set_aside(delivery, reason).await;
        }
    };
    let running = Running {
        campaign: job.campaign.clone(),
        shard: shard.id,
        attempt,
        seconds: 0,
        entries: 0,
    };
    // It may be under way here, under a lease that was lost: then its end is waited for.
    let place = loop {
        match slots.enter(running.clone()) {
            Some(place) => break place,
            None if slots.stop.is_cancelled() => return hand_back(delivery, &job).await,
            None => slots.some_left().await,
        }
    };
    let attempt = Attempt {
        stop: production.stop.child_token(),
        production,
        shard,
        progress: place.progress.clone(),
        memory_limit: slots.memory_limit,
        witness: slots.witness.clone(),
        maker: slots.maker.clone(),
        // What was delivered before, or put off, may have been done meanwhile.
        is_new: job.is_new
            && attempt == 1
            && !delivery.redelivered
            && delivery.message.postponed == 0,
        seat: seat.clone(),
    };
    work(slots, queue, delivery, &job, &attempt).await
}

/// A job that is to wait for as long as its campaign does.
async fn paused(slots: &Slots, delivery: Delivery, job: &Job) -> Result<(), QueueError> {
    let before = slots.paused.fetch_add(1, Ordering::Relaxed);
    end(delivery, job, Settle::Wait { after: PAUSE }).await?;
    if before >= PASSED {
        let _ = tokio::time::timeout(STROLL, slots.quit.cancelled()).await;
    }
    Ok(())
}

/// Which try at a job it is.
#[derive(Debug, Clone, Copy)]
struct Try {
    number: u32,
    postponed: u32,
    redelivered: bool,
}

async fn work(
    slots: &Arc<Slots>,
    queue: &dyn Queue,
    delivery: Delivery,
    job: &Job,
    attempt: &Attempt,
) -> Result<(), QueueError> {
    let which = Try {
        number: delivery.message.attempt,
        postponed: delivery.message.postponed,
        redelivered: delivery.redelivered,
    };
    let (outcome, settle) = match tried_in_time(slots, attempt, which).await {
        Ok(marker) => done(slots, attempt, which, &marker).await,
        Err(Unfinished::NoTurn) => return hand_back(delivery, job).await,
        Err(Unfinished::Stopped(_)) if slots.stop.is_cancelled() => {
            return hand_back(delivery, job).await;
        }
        Err(Unfinished::Stopped(why)) => {
            info!(job.id = %job.shard, why, "job dropped");
            return end(delivery, job, Settle::Done).await;
        }
        Err(Unfinished::Failed(failure)) => failed(slots, attempt, which, failure).await,
    };
    job_is_over();
    report(slots, queue, job, which.number, outcome).await?;
    attempt.tell(CommitPoint::Reported);
    let held = delivery.settle(settle).await;
    if !matches!(held, Ok(true)) {
        slots.lose(job);
    }
    held.map(|_| ())
}

/// Tells what became of a job.
async fn report(
    slots: &Slots,
    queue: &dyn Queue,
    job: &Job,
    attempt: u32,
    outcome: JobOutcome,
) -> Result<(), QueueError> {
    let report = JobReport {
        campaign: job.campaign.clone(),
        plan: job.plan.clone(),
        stage: job.stage.clone(),
        shard: job.shard,
        worker: slots.worker.clone(),
        attempt,
        outcome,
    };
    match pack(attempt, &report) {
        // Without an answer the lease is as good as lost: it goes back when it is dropped.
        Ok(message) => {
            let published = queue.publish(REPORTS, message).await;
            published.inspect_err(|_| slots.lose(job))
        }
        Err(error) => {
            error!(%error, "a report cannot be written");
            Ok(())
        }
    }
}

/// Does a shard, in a task of its own: one that does not notice that it is to be handed back, or
/// that its time is over, is left behind.
async fn tried_in_time(
    slots: &Arc<Slots>,
    attempt: &Attempt,
    which: Try,
) -> Result<Marker, Unfinished> {
    let mut trying = tokio::spawn(tried(attempt.clone(), which.redelivered));
    let campaign = &attempt.production.campaign;
    let limit = attempt.production.limit;
    let handed_back = || Err(Unfinished::Stopped("the work was stopped"));
    tokio::select! {
        biased;
        ended = &mut trying => return ended.unwrap_or_else(|error| {
            let message = format!("the job panicked: {error}");
            Err(Failure::retry(FailureKind::Internal, campaign, message).into())
        }),
        () = stopped(slots) => return handed_back(),
        () = tokio::time::sleep(limit) => {}
    }
    attempt.stop.cancel();
    let waited = tokio::select! {
        biased;
        waited = tokio::time::timeout(LAST_BATCH.min(limit), &mut trying) => waited,
        () = stopped(slots) => return handed_back(),
    };
    match waited {
        // It was past its last batch.
        Ok(Ok(Ok(marker))) => return Ok(marker),
        Ok(_) => return Err(over_time(attempt, SLOW).into()),
        Err(_) => {}
    }
    slots.leave_behind(trying, attempt.seat.clone());
    let failure = over_time(attempt, STUCK);
    error!(job.id = %attempt.shard.id, "a slot is left behind: {failure}");
    Err(failure.into())
}

/// What to do about an attempt that was merely slow.
const SLOW: &str = "cut it with `lumimill resubmit --split`, or raise shards.limit_minutes";
/// The same about one that does not end.
const STUCK: &str = "it does not return: look whether its disk or mount answers";

fn over_time(attempt: &Attempt, what: &str) -> Failure {
    let file = &attempt.shard.input();
    let minutes = attempt.production.limit.as_secs() / 60;
    let message = format!("{file}: the attempt took more than {minutes} minutes; {what}");
    Failure::retry(FailureKind::Time, file, message)
}

/// Returns when what is under way was to be handed back, and had time to notice.
async fn stopped(slots: &Slots) {
    slots.stop.cancelled().await;
    tokio::time::sleep(NOTICE).await;
}

async fn hand_back(delivery: Delivery, job: &Job) -> Result<(), QueueError> {
    info!(job.id = %job.shard, "job handed back");
    let after = HANDED_BACK;
    end(delivery, job, Settle::Wait { after }).await
}

/// Does a shard. Where somebody else may be doing it too, the marker is looked for meanwhile.
async fn tried(attempt: Attempt, shared: bool) -> Result<Marker, Unfinished> {
    if !shared {
        return attempt.run().await;
    }
    let elsewhere = async {
        loop {
            tokio::time::sleep(LOOK).await;
            if let Ok(Some(marker)) = attempt.marker().await {
                return marker;
            }
        }
    };
    let running = attempt.run();
    tokio::pin!(running);
    tokio::select! {
        biased;
        ended = &mut running => ended,
        marker = elsewhere => {
            attempt.stop.cancel();
            // It ends between two batches, or is past them and writes the same bytes.
            let _ = running.await;
            Ok(marker)
        }
    }
}

async fn done(
    slots: &Slots,
    attempt: &Attempt,
    which: Try,
    marker: &Marker,
) -> (JobOutcome, Settle) {
    let Attempt {
        production, shard, ..
    } = attempt;
    info!(job.id = %shard.id, rows = marker.rows, "shard done");
    slots.count_done(shard.entries.end.saturating_sub(shard.entries.start));
    if which.redelivered || which.number > 1 || which.postponed > 0 {
        failed_record::forget(production.store.as_ref(), &shard.stage, shard.id).await;
    }
    (told(production, marker), Settle::Done)
}

/// What is told of a shard that is done: with its marker, where that may be held against a listing, and
/// is not larger than a message takes.
fn told(production: &Production, marker: &Marker) -> JobOutcome {
    let rows = marker.rows;
    let may_be_held = production.store.lists_md5();
    let bytes = may_be_held.then(|| marker.to_bytes().ok()).flatten();
    let bytes = bytes.filter(|bytes| bytes.len() <= LARGEST);
    match bytes.and_then(|bytes| String::from_utf8(bytes).ok()) {
        Some(marker) => JobOutcome::Marked { rows, marker },
        None => JobOutcome::Done { rows },
    }
}

/// Decides what becomes of a failed attempt, and keeps a record of it.
async fn failed(
    slots: &Slots,
    attempt: &Attempt,
    which: Try,
    failure: Failure,
) -> (JobOutcome, Settle) {
    let shard = &attempt.shard;
    let number = which.number;
    warn!(job.id = %shard.id, attempt = number, kind = failure.kind.name(), "shard failed: {failure}");
    slots.tally.failed.fetch_add(1, Ordering::Relaxed);
    if is_tiring(&failure) {
        slots.tire(&failure);
    }
    let patience = Patience {
        attempts: attempt.production.max_attempts,
        postponements: slots.postponements,
    };
    match judge(&failure, number, which.postponed, patience) {
        Verdict::Retry(after) => {
            keep(&attempt.production, shard, number, &failure, false).await;
            (JobOutcome::Retrying { failure }, Settle::Retry { after })
        }
        Verdict::PutOff(after) => (JobOutcome::Retrying { failure }, Settle::Later { after }),
        Verdict::GiveUp => {
            keep(&attempt.production, shard, number, &failure, true).await;
            let reason = failure.to_string();
            (JobOutcome::Failed { failure }, Settle::Dead { reason })
        }
    }
}

/// The campaign of a job cannot be found: later, when that may pass.
async fn not_found(
    slots: &Slots,
    delivery: Delivery,
    job: &Job,
    failure: &Failure,
) -> Result<(), QueueError> {
    let give_up = async |delivery: Delivery| {
        let attempt = FailedAttempt::new(delivery.message.attempt, failure);
        slots.campaigns.give_up(job, attempt).await;
        set_aside(delivery, failure.to_string()).await
    };
    warn!(job.id = %job.shard, campaign = %job.campaign, "campaign not found: {failure}");
    if is_tiring(failure) {
        slots.tire(failure);
    }
    // What never began uses up no attempt.
    let patience = Patience {
        attempts: 2,
        postponements: slots.postponements,
    };
    let postponed = delivery.message.postponed;
    match judge(failure, 1, postponed, patience) {
        Verdict::Retry(after) | Verdict::PutOff(after) if postponed < slots.postponements => {
            end(delivery, job, Settle::Later { after }).await
        }
        _ => give_up(delivery).await,
    }
}

/// A message that no worker can do anything about.
async fn set_aside(delivery: Delivery, reason: String) -> Result<(), QueueError> {
    error!(reason, "a job cannot be done; it is set aside");
    delivery.settle(Settle::Dead { reason }).await.map(|_| ())
}

async fn keep(production: &Production, shard: &Shard, number: u32, failure: &Failure, last: bool) {
    let failed = FailedAttempt::new(number, failure);
    let store = production.store.as_ref();
    let kept = failed_record::keep(store, &shard.stage, shard.id, failed, last).await;
    if let Err(error) = kept {
        // The failure itself is reported either way; only its record is missing.
        error!(job.id = %shard.id, %error, "the failed record cannot be written");
    }
}

async fn end(delivery: Delivery, job: &Job, settle: Settle) -> Result<(), QueueError> {
    if !delivery.settle(settle).await? {
        warn!(job.id = %job.shard, "the lease was lost; the job will be delivered again");
    }
    Ok(())
}
