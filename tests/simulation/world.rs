//! The world of one seed: a store and a broker that all share, the faults that they have, what
//! happened, and what should not have.

use std::fmt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lumimill_common::queue::MemoryQueue;
use lumimill_common::store::MemoryStore;
use tokio::time::Instant;

use crate::control_log::ControlLog;
use crate::old_fault::OldFault;
use crate::random::Random;

/// How often what goes wrong, of a thousand times.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Faults {
    /// Requests that do not reach the store, and answers of it that are lost.
    pub(crate) store: u64,
    /// Requests that take seconds.
    pub(crate) slow: u64,
    /// Publishes that fail, or are confirmed to nobody.
    pub(crate) queue: u64,
    /// Messages that come twice.
    pub(crate) twice: u64,
    /// Deliveries that the broker gives up when their connection breaks.
    pub(crate) given_up: u64,
    /// Attempts at a shard that fail and would not fail again.
    pub(crate) attempts: u64,
    /// Shards that fail every time, until somebody mends their input.
    pub(crate) shards: u64,
}

pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) random: Random,
    pub(crate) store: MemoryStore,
    pub(crate) queue: MemoryQueue,
    pub(crate) control_log: Mutex<ControlLog>,
    /// A fault that commands have again.
    pub(crate) old_fault: Option<OldFault>,
    faults: Mutex<Faults>,
    /// Until when the store answers nobody.
    outage: Mutex<Instant>,
    begun: Instant,
    history: Mutex<Vec<String>>,
    wrong: Mutex<Vec<String>>,
}

/// A lock that a panic of somebody else does not keep.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    pub(crate) fn new(seed: u64, scratch: &Path, old_fault: Option<OldFault>) -> Self {
        let random = Random::new(seed);
        // Of each fault many worlds have none.
        let rate = |most: u64| match random.chance(500) {
            true => random.below(most),
            false => 0,
        };
        let faults = Faults {
            store: rate(40),
            slow: rate(30),
            queue: rate(60),
            twice: rate(100),
            given_up: rate(300),
            attempts: rate(200),
            shards: rate(250),
        };
        Self {
            seed,
            store: MemoryStore::new(scratch.to_owned()),
            queue: MemoryQueue::default(),
            control_log: Mutex::default(),
            old_fault,
            faults: Mutex::new(faults),
            outage: Mutex::new(Instant::now()),
            begun: Instant::now(),
            history: Mutex::default(),
            wrong: Mutex::default(),
            random,
        }
    }

    pub(crate) fn faults(&self) -> Faults {
        *lock(&self.faults)
    }

    /// From now on nothing goes wrong but shards that fail every time.
    pub(crate) fn calm(&self) {
        self.note("calm", "nothing goes wrong any more");
        let mut faults = lock(&self.faults);
        *faults = Faults {
            shards: faults.shards,
            ..Faults::default()
        };
    }

    /// From now on no shard fails.
    pub(crate) fn mend(&self) {
        self.note("mended", "no shard fails any more");
        *lock(&self.faults) = Faults::default();
    }

    pub(crate) fn outage(&self, until: Instant) {
        *lock(&self.outage) = until;
    }

    pub(crate) fn is_out(&self) -> bool {
        *lock(&self.outage) > Instant::now()
    }

    /// Writes down what happened.
    pub(crate) fn note(&self, who: &str, what: impl fmt::Display) {
        let time = self.begun.elapsed().as_secs_f64();
        lock(&self.history).push(format!("{time:9.3} {who}: {what}"));
    }

    /// Writes down what should not have happened.
    pub(crate) fn wrong(&self, what: impl fmt::Display) {
        self.note("WRONG", &what);
        lock(&self.wrong).push(what.to_string());
    }

    pub(crate) fn history(&self) -> Vec<String> {
        lock(&self.history).clone()
    }

    pub(crate) fn all_wrong(&self) -> Vec<String> {
        lock(&self.wrong).clone()
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the world of seed {}", self.seed)
    }
}
