//! The slots of a process: so many jobs at a time, from one queue, until told to quit.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use lumimill_common::job::{Beat, Job, Running};
use lumimill_common::queue::{Queue, QueueError};
use lumimill_common::shard::ShardId;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::campaigns::Campaigns;
use crate::commit::Witness;
use crate::memory::in_use;
use crate::slot::handle;

/// What a process is to do with jobs.
pub struct Slots {
    /// Name under which it reports.
    pub worker: String,
    /// Where it finds the campaigns of jobs.
    pub campaigns: Box<dyn Campaigns>,
    /// Jobs at a time.
    pub count: u16,
    /// Times that an attempt is put off before the job is given up.
    pub postponements: u32,
    /// What the process may use, in bytes.
    pub memory_limit: Option<u64>,
    /// Told to take nothing new.
    pub quit: CancellationToken,
    /// Told to hand back what is under way, between two batches.
    pub stop: CancellationToken,
    /// Is told how far every attempt is.
    pub witness: Option<Witness>,
    free: Arc<Semaphore>,
    under_way: Mutex<BTreeMap<ShardId, UnderWay>>,
    left: Notify,
    rest_until: Mutex<Option<Instant>>,
    pub(crate) tally: Tally,
}

/// How long a process whose own disk fails takes nothing new: it would take the jobs of all
/// others, fail them all at once, and be the first to ask for more.
const REST: Duration = Duration::from_secs(2);

/// What was done since the process began.
#[derive(Debug, Default)]
pub struct Tally {
    pub(crate) entries: AtomicU64,
    pub(crate) done: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) lost: AtomicU64,
}

impl Slots {
    /// So many slots that are patient with a store or a disk that fails them.
    #[must_use]
    pub fn new(worker: &str, campaigns: Box<dyn Campaigns>, count: u16) -> Self {
        Self {
            worker: worker.to_owned(),
            campaigns,
            count,
            postponements: 200,
            memory_limit: None,
            quit: CancellationToken::new(),
            stop: CancellationToken::new(),
            witness: None,
            free: Arc::new(Semaphore::new(usize::from(count))),
            under_way: Mutex::default(),
            left: Notify::new(),
            rest_until: Mutex::default(),
            tally: Tally::default(),
        }
    }

    /// Takes jobs from a queue until told to quit, which is no error, or until the queue fails.
    /// What is under way then goes on: [`Slots::idle`] waits for it.
    pub async fn consume(
        self: &Arc<Self>,
        queue: &Arc<dyn Queue>,
        jobs: &str,
    ) -> Result<(), QueueError> {
        let mut consumer = queue.consume(jobs, self.count).await?;
        loop {
            let taken = async {
                let Ok(free) = self.free.clone().acquire_owned().await else {
                    return std::future::pending().await;
                };
                consumer.next().await.map(|delivery| (free, delivery))
            };
            let (free, delivery) = tokio::select! {
                biased;
                () = self.quit.cancelled() => return Ok(()),
                taken = taken => taken?,
            };
            let (slots, queue) = (self.clone(), queue.clone());
            tokio::spawn(async move {
                if let Err(error) = handle(&slots, queue.as_ref(), delivery).await {
                    // What was done is in the store; the job is delivered again and found done.
                    error!(%error, "a job could not be settled");
                }
                slots.rest().await;
                drop(free);
                slots.left.notify_waiters();
            });
        }
    }

    /// Returns when nothing is under way.
    pub async fn idle(&self) {
        let all = u32::from(self.count);
        // It is never closed, so there is nothing to do about that.
        let _ = self.free.acquire_many(all).await;
    }

    /// Enters a shard as under way; `None` when it is already. The place is left on drop.
    pub(crate) fn enter(&self, running: Running) -> Option<Place<'_>> {
        let shard = running.shard;
        let mut under_way = self
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if under_way.contains_key(&shard) {
            return None;
        }
        let progress = Arc::new(AtomicU64::new(0));
        let entered = UnderWay {
            since: Instant::now(),
            progress: progress.clone(),
            running,
        };
        under_way.insert(shard, entered);
        Some(Place {
            slots: self,
            shard,
            progress,
        })
    }

    /// Lets the slots that come free from now on rest a little.
    pub(crate) fn tire(&self) {
        let mut until = self
            .rest_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *until = Some(Instant::now() + REST);
    }

    async fn rest(&self) {
        let until = *self
            .rest_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(until) = until {
            tokio::select! {
                () = tokio::time::sleep_until(until.into()) => {}
                () = self.quit.cancelled() => {}
            }
        }
    }

    /// Returns when some job has ended, or a second has passed.
    pub(crate) async fn some_left(&self) {
        let second = Duration::from_secs(1);
        let _ = tokio::time::timeout(second, self.left.notified()).await;
    }

    /// How the worker is.
    #[must_use]
    pub fn beat(&self, pool: &str) -> Beat {
        let under_way = self
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let running = under_way.values().map(|job| Running {
            seconds: job.since.elapsed().as_secs(),
            entries: job.progress.load(Ordering::Relaxed),
            ..job.running.clone()
        });
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Beat {
            worker: self.worker.clone(),
            pool: pool.to_owned(),
            slots: u32::from(self.count),
            running: running.collect(),
            entries: count(&self.tally.entries),
            done: count(&self.tally.done),
            failed: count(&self.tally.failed),
            memory: in_use(),
        }
    }

    /// Notices that the lease of a job was lost while the job was done.
    pub(crate) fn lose(&self, job: &Job) {
        self.tally.lost.fetch_add(1, Ordering::Relaxed);
        warn!(job.id = %job.shard, "the lease was lost; the job will be delivered again");
    }

    /// Leases that were lost while the job was done.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.tally.lost.load(Ordering::Relaxed)
    }
}

/// A job under way.
struct UnderWay {
    since: Instant,
    progress: Arc<AtomicU64>,
    running: Running,
}

/// A shard's place among those under way.
pub(crate) struct Place<'a> {
    slots: &'a Slots,
    shard: ShardId,
    /// Where the one who does it says how many entries are behind it.
    pub(crate) progress: Arc<AtomicU64>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let slots = self.slots;
        let mut under_way = slots
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        under_way.remove(&self.shard);
        slots.left.notify_waiters();
    }
}
