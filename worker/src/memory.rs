//! Memory: what this process uses, and what a job would need, against a limit; a job is refused
//! in words before the system kills the process without any.
//!
//! What a process uses is one number for all of its jobs. So one of several gives way, whichever
//! notices first, and may be done elsewhere or later. One that is alone is itself at fault, unless the
//! process uses no more than it did for several: what they used is not always given back to the system.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use lumimill_common::failure::{Failure, FailureKind};
use lumimill_common::shard::Shard;

use crate::given_back::give_back;
use crate::resident::in_use;

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
            _member: CROWD.enter(in_use()),
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
        match CROWD.share(Instant::now(), used, limit) {
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

    /// Refuses a job that is alone, when it is not what jobs before it left that it is too much.
    fn check_alone(&self, limit: u64) -> Result<(), Failure> {
        give_back();
        let used = in_use();
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

/// Those that share the memory of a process.
#[derive(Debug)]
struct Crowd(Mutex<Sharing>);

#[derive(Debug)]
struct Sharing {
    members: u32,
    gave_way: Option<Instant>,
    /// Bytes that the process used before its first job.
    idle: Option<u64>,
    /// The most bytes that it was seen to use with several under way.
    together: u64,
}

/// What one of a crowd is to do when there is too little for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Share {
    /// Go on: somebody has just given way, or what is used is what several of them left.
    Wait,
    /// Give way to the others; how many there were.
    GiveWay(u32),
    /// There is nobody to give way to.
    Alone,
}

/// One of a crowd, until it is dropped.
#[derive(Debug)]
struct Member<'a>(&'a Crowd);

impl Crowd {
    const fn new() -> Self {
        Self(Mutex::new(Sharing {
            members: 0,
            gave_way: None,
            idle: None,
            together: 0,
        }))
    }

    fn enter(&self, used: u64) -> Member<'_> {
        let mut sharing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sharing.idle.get_or_insert(used);
        sharing.members = sharing.members.saturating_add(1);
        if sharing.members > 1 {
            sharing.together = sharing.together.max(used);
        }
        Member(self)
    }

    /// What one of them is to do, when the process uses so many bytes, more than the limit.
    fn share(&self, now: Instant, used: u64, limit: u64) -> Share {
        let mut sharing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sharing.members > 1 {
            sharing.together = sharing.together.max(used);
        }
        let since = sharing.gave_way.map(|at| now.saturating_duration_since(at));
        if since.is_some_and(|since| since < SETTLING) {
            return Share::Wait;
        }
        if sharing.members < 2 {
            // They are seen now and then, hardly at their most.
            let left = sharing.together.saturating_add(sharing.together / 4);
            let is_left_over = used <= left && sharing.idle <= Some(limit);
            return match is_left_over {
                true => Share::Wait,
                false => Share::Alone,
            };
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

    use super::{Crowd, SETTLING, Share};

    #[test]
    fn one_at_a_time_gives_way_until_one_is_alone() {
        let crowd = Crowd::new();
        let now = Instant::now();
        let hog = crowd.enter(50);
        let neighbours = [crowd.enter(60), crowd.enter(70)];
        let share = |after, used| crowd.share(now + after, used, 100);
        assert_eq!(share(Duration::ZERO, 101), Share::GiveWay(3));
        assert_eq!(share(Duration::ZERO, 110), Share::Wait, "not all at once");
        let [one, other] = neighbours;
        drop(one);
        assert_eq!(share(SETTLING / 2, 105), Share::Wait);
        assert_eq!(share(SETTLING, 105), Share::GiveWay(2));
        drop(other);
        assert_eq!(share(SETTLING, 120), Share::Wait);
        assert_eq!(share(SETTLING * 2, 140), Share::Alone);
        drop(hog);
        let _next = crowd.enter(120);
        assert_eq!(share(SETTLING * 4, 150), Share::Alone);
    }

    /// What several had used stayed with the process, and each job that was alone there afterwards was
    /// blamed for it, until its attempts were used up.
    #[test]
    fn one_that_is_alone_is_not_to_blame_for_what_others_left() {
        let crowd = Crowd::new();
        let now = Instant::now();
        let several = [crowd.enter(50), crowd.enter(60), crowd.enter(70)];
        assert_eq!(crowd.share(now, 110, 100), Share::GiveWay(3));
        drop(several);
        let _alone = crowd.enter(110);
        assert_eq!(crowd.share(now + SETTLING * 9, 110, 100), Share::Wait);
        assert_eq!(crowd.share(now + SETTLING * 9, 138, 100), Share::Alone);
        // A limit below what a process without jobs uses is kept by none.
        assert_eq!(crowd.share(now + SETTLING * 9, 110, 49), Share::Alone);
    }
}
