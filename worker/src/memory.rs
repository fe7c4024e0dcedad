//! Memory: what this process uses, and what a job would need, against a limit; a job is refused
//! in words before the system kills the process without any.
//!
//! What a process uses is one number for all of its jobs. So one of several gives way, whichever
//! notices first, and may be done elsewhere or later. One that is alone is itself at fault for what is
//! alive beside what was there before any job; not for what jobs before it left lying between other
//! things, which the allocator cannot give back to the system.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use lumimill_common::failure::{Failure, FailureKind};
use lumimill_common::shard::Shard;

use crate::given_back::give_back;
use crate::resident::{alive, in_use};

/// Copies of a batch that are alive at once, at most: baskets, columns, rows, the writer's.
const COPIES: u64 = 4;

/// What to do about a job that needs more memory than it may have.
pub(crate) const ADVICE: &str = "use fewer slots or a higher --memory-limit, or resubmit it with \
     --split or to a pool with more memory";

/// Time in which what a job gives back shows in what the process uses.
const SETTLING: Duration = Duration::from_secs(2);

/// The jobs of this process that are under way.
static CROWD: Crowd = Crowd::new();

/// The limit that a job is held against while it is under way.
#[derive(Debug)]
pub(crate) struct Memory<'a> {
    limit: Option<u64>,
    shard: &'a Shard,
    _member: Member<'static>,
}

impl<'a> Memory<'a> {
    pub(crate) fn of(limit: Option<u64>, shard: &'a Shard) -> Self {
        Self {
            limit,
            shard,
            _member: CROWD.enter(Idle::now),
        }
    }

    /// Refuses a job whose batches would not fit, of which each has so many bytes: some copies of each
    /// are there at once.
    pub(crate) fn check_batches(&self, bytes: impl FnOnce() -> u64) -> Result<(), Failure> {
        let Some(limit) = self.limit else {
            return Ok(());
        };
        let need = bytes().saturating_mul(COPIES);
        match need <= limit {
            true => Ok(()),
            false => Err(self.refused(&format!("its batches need about {}", mib(need)), limit)),
        }
    }

    /// Refuses a job in the middle, when this process has come to use more than it may.
    pub(crate) fn check_use(&self) -> Result<(), Failure> {
        let used = in_use();
        let Some(limit) = self.limit.filter(|limit| used > *limit) else {
            return Ok(());
        };
        match CROWD.share(Instant::now()) {
            Share::Wait => Ok(()),
            Share::GiveWay(jobs) => {
                let file = &self.shard.input();
                let limit = mib(limit);
                let message = format!(
                    "{file}: the worker came to use {} with {jobs} jobs under way, the limit \
                     is {limit}: this one gives way to the others",
                    mib(used)
                );
                Err(Failure::retry(FailureKind::Crowded, file, message))
            }
            Share::Alone => self.check_alone(limit),
        }
    }

    /// Refuses a job that is alone, when it is not what jobs before it left that it is too much. This is
    /// asked at every batch, and giving back takes milliseconds: that is done before a job is refused.
    fn check_alone(&self, limit: u64) -> Result<(), Failure> {
        if used_by_itself() <= limit {
            return Ok(());
        }
        give_back();
        let used = used_by_itself();
        match used <= limit {
            true => Ok(()),
            false => {
                let why = format!("the worker came to use {}", mib(used));
                Err(self.refused(&why, limit))
            }
        }
    }

    fn refused(&self, why: &str, limit: u64) -> Failure {
        let file = self.shard.input();
        let message = format!("{file}: {why}, the limit is {}: {ADVICE}", mib(limit));
        Failure::retry(FailureKind::Memory, &file, message)
    }
}

/// What the process uses, without what the allocator keeps of what was freed, where it says how much is
/// not.
fn used_by_itself() -> u64 {
    let resident = in_use();
    let used = CROWD.idle().and_then(|idle| idle.with(alive()?));
    used.map_or(resident, |used| used.min(resident))
}

/// Those that share the memory of a process.
#[derive(Debug)]
struct Crowd(Mutex<Sharing>);

#[derive(Debug)]
struct Sharing {
    members: u32,
    gave_way: Option<Instant>,
    idle: Option<Idle>,
}

/// What the process used before its first job, in bytes.
#[derive(Debug, Clone, Copy)]
struct Idle {
    resident: u64,
    /// Of it, what the allocator had given out, where it says so.
    alive: Option<u64>,
}

/// What one of a crowd is to do when there is too little for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Share {
    /// Go on: somebody has just given way.
    Wait,
    /// Give way to the others; how many there were.
    GiveWay(u32),
    /// There is nobody to give way to.
    Alone,
}

/// One of a crowd, until it is dropped.
#[derive(Debug)]
struct Member<'a>(&'a Crowd);

impl Idle {
    fn now() -> Self {
        Self {
            resident: in_use(),
            alive: alive(),
        }
    }

    /// What the process would use with so much given out, if the allocator kept nothing of what was freed.
    fn with(self, alive: u64) -> Option<u64> {
        let more = alive.saturating_sub(self.alive?);
        Some(self.resident.saturating_add(more))
    }
}

impl Crowd {
    const fn new() -> Self {
        Self(Mutex::new(Sharing {
            members: 0,
            gave_way: None,
            idle: None,
        }))
    }

    fn enter(&self, idle: impl FnOnce() -> Idle) -> Member<'_> {
        let mut sharing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sharing.idle.get_or_insert_with(idle);
        sharing.members = sharing.members.saturating_add(1);
        Member(self)
    }

    fn idle(&self) -> Option<Idle> {
        let sharing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sharing.idle
    }

    /// What one of them is to do, when the process uses more than the limit.
    fn share(&self, now: Instant) -> Share {
        let mut sharing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = sharing.gave_way.map(|at| now.saturating_duration_since(at));
        if since.is_some_and(|since| since < SETTLING) {
            return Share::Wait;
        }
        if sharing.members < 2 {
            return Share::Alone;
        }
        sharing.gave_way = Some(now);
        Share::GiveWay(sharing.members)
    }
}

impl Drop for Member<'_> {
    fn drop(&mut self) {
        let mut sharing = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        sharing.members = sharing.members.saturating_sub(1);
    }
}

/// What a file may claim to hold, of what is read of it at once, where a job may use `limit`
/// bytes: it is there twice, decompressed and as a batch.
pub(crate) fn claim_limit(limit: Option<u64>) -> Option<u64> {
    limit.map(|limit| limit / 2)
}

fn mib(bytes: u64) -> String {
    format!("{} MiB", bytes.div_ceil(1 << 20))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Crowd, Idle, SETTLING, Share};

    #[test]
    fn one_at_a_time_gives_way_until_one_is_alone() {
        let crowd = Crowd::new();
        let now = Instant::now();
        let hog = crowd.enter(Idle::now);
        let neighbours = [crowd.enter(Idle::now), crowd.enter(Idle::now)];
        let share = |after| crowd.share(now + after);
        assert_eq!(share(Duration::ZERO), Share::GiveWay(3));
        assert_eq!(share(Duration::ZERO), Share::Wait, "not all at once");
        let [one, other] = neighbours;
        drop(one);
        assert_eq!(share(SETTLING / 2), Share::Wait);
        assert_eq!(share(SETTLING), Share::GiveWay(2));
        drop(other);
        assert_eq!(share(SETTLING), Share::Wait);
        assert_eq!(share(SETTLING * 2), Share::Alone);
        drop(hog);
        let _next = crowd.enter(Idle::now);
        assert_eq!(share(SETTLING * 4), Share::Alone);
    }

    /// What several had used stayed with the process, and each job that was alone there afterwards was
    /// blamed for it, until its attempts were used up.
    #[test]
    fn one_that_is_alone_is_not_to_blame_for_what_others_left() {
        let idle = Idle {
            resident: 50,
            alive: Some(20),
        };
        assert_eq!(idle.with(20), Some(50));
        assert_eq!(idle.with(35), Some(65));
        assert_eq!(idle.with(10), Some(50), "what was freed may still be there");
        let untold = Idle {
            resident: 50,
            alive: None,
        };
        assert_eq!(untold.with(35), None);
    }
}
