//! The slots of a process: so many jobs at a time, from one queue, until told to quit.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lumimill_common::failure::Failure;
use lumimill_common::job::{Beat, Job, Running};
use lumimill_common::shard::ShardId;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::attempt::Maker;
use crate::campaigns::Campaigns;
use crate::commit_point::Witness;
use crate::fatigue::Fatigue;
use crate::resident::in_use;
use crate::seat::{Seat, Seats};

mod consume;

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
    /// Who makes tables, where that is not left to attempts.
    pub maker: Option<Arc<dyn Maker>>,
    /// Whether nobody else takes what this process leaves: then it does not rest.
    pub alone: bool,
    /// Whether a slot looks at the next job while the table of one comes to its end and goes to the
    /// store, which is worth it where that is far away: up to three are under way for each slot then.
    pub ahead: bool,
    pub(crate) seats: Arc<Seats>,
    under_way: Mutex<BTreeMap<ShardId, UnderWay>>,
    fatigue: Fatigue,
    /// Jobs of paused campaigns since one that was begun.
    pub(crate) paused: AtomicU32,
    /// Jobs that were left behind.
    abandoned: AtomicUsize,
    /// Slots that were left behind.
    behind: AtomicU16,
    pub(crate) tally: Tally,
}

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
            maker: None,
            alone: false,
            ahead: false,
            seats: Arc::new(Seats::new(count)),
            under_way: Mutex::default(),
            fatigue: Fatigue::of(worker),
            paused: AtomicU32::new(0),
            abandoned: AtomicUsize::new(0),
            behind: AtomicU16::new(0),
            tally: Tally::default(),
        }
    }

    /// Gives up waiting for an attempt that does not end: its slot is free when it does, if ever.
    pub(crate) fn leave_behind<T: Send + 'static>(
        self: &Arc<Self>,
        attempt: JoinHandle<T>,
        seat: Arc<Seat>,
    ) {
        let slots_behind = u16::from(seat.has_place());
        self.behind.fetch_add(slots_behind, Ordering::Relaxed);
        self.abandoned.fetch_add(1, Ordering::Relaxed);
        self.seats.left.notify_waiters();
        let slots = self.clone();
        tokio::spawn(async move {
            // However it ends.
            let _ = attempt.await;
            slots.behind.fetch_sub(slots_behind, Ordering::Relaxed);
            slots.abandoned.fetch_sub(1, Ordering::Relaxed);
            drop(seat);
        });
    }

    /// Slots that were left behind with a read that does not return.
    #[must_use]
    pub(crate) fn left_behind(&self) -> u16 {
        self.behind.load(Ordering::Relaxed).min(self.count)
    }

    /// Returns when nothing is under way but what was left behind.
    pub async fn idle(&self) {
        loop {
            let left = self.seats.left.notified();
            tokio::pin!(left);
            left.as_mut().enable();
            if self.seats.taken() <= self.abandoned.load(Ordering::Relaxed) {
                return;
            }
            left.await;
        }
    }

    /// Enters a shard as under way; `None` when it is already. The place is left on drop.
    pub(crate) fn enter(&self, running: Running) -> Option<Entered<'_>> {
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
        Some(Entered {
            slots: self,
            shard,
            progress,
        })
    }

    /// Takes nothing new for a while, over a failure that is no fault of its job.
    pub(crate) fn tire(&self, failure: &Failure) {
        if !self.alone {
            self.fatigue.tire(failure);
        }
    }

    /// Counts a shard as done: whatever failed before, this process is well.
    pub(crate) fn count_done(&self, entries: u64) {
        self.tally.done.fetch_add(1, Ordering::Relaxed);
        self.tally.entries.fetch_add(entries, Ordering::Relaxed);
        self.fatigue.recover();
    }

    /// Why nothing new is taken at the moment, if so.
    #[must_use]
    pub fn resting(&self) -> Option<String> {
        let all_behind = self.left_behind() >= self.count;
        let stuck = || String::from("every slot waits for a read that does not return");
        self.fatigue.why().or_else(|| all_behind.then(stuck))
    }

    /// Returns when some job has ended, or a second has passed.
    pub(crate) async fn some_left(&self) {
        let second = Duration::from_secs(1);
        let _ = tokio::time::timeout(second, self.seats.left.notified()).await;
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
            slots: u32::from(self.count.saturating_sub(self.left_behind())),
            running: running.collect(),
            entries: count(&self.tally.entries),
            done: count(&self.tally.done),
            failed: count(&self.tally.failed),
            memory: in_use(),
            resting: self.resting().map(|why| first_line(&why)),
            ended: false,
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

/// As much of a text as a heartbeat has room for.
fn first_line(text: &str) -> String {
    const ROOM: usize = 400;
    let line = text.lines().next().unwrap_or_default();
    line.chars().take(ROOM).collect()
}

/// A job under way.
struct UnderWay {
    since: Instant,
    progress: Arc<AtomicU64>,
    running: Running,
}

/// A shard's place among those under way.
pub(crate) struct Entered<'a> {
    slots: &'a Slots,
    shard: ShardId,
    /// Where the one who does it says how many entries are behind it.
    pub(crate) progress: Arc<AtomicU64>,
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        let slots = self.slots;
        let mut under_way = slots
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        under_way.remove(&self.shard);
        slots.seats.left.notify_waiters();
    }
}

#[cfg(test)]
mod tests;
