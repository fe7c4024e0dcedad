//! Memory that the allocator keeps of what jobs no longer use: given back to the system, about once a
//! second where it grows.
//!
//! The allocator of glibc keeps what is freed in between other things. How much that is differs from run
//! to run, and it grows slowly while many small things come and go.

#![cfg_attr(
    all(target_os = "linux", target_env = "gnu"),
    expect(
        unsafe_code,
        reason = "malloc_trim and mallopt of glibc have no safe wrapper: they take numbers and touch nothing that is in use"
    )
)]

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::resident::in_use;
use crate::score::give_back_memory;

/// Bytes by which the process may grow until it is looked at what may be given back.
const SLACK: u64 = 4 << 20;
/// How often that is done at most: it takes a few milliseconds, and so do the pages that come anew.
const PAUSE: Duration = Duration::from_secs(1);

/// When memory was last given back, and what the process used then.
#[derive(Debug, Clone, Copy)]
struct Last {
    time: Instant,
    used: u64,
}

static LAST: Mutex<Option<Last>> = Mutex::new(None);

/// Gives back what is kept, before something comes that is of another kind than jobs.
pub fn give_back() {
    give_back_at(
        Instant::now(),
        &mut LAST.lock().unwrap_or_else(PoisonError::into_inner),
    );
}

/// To be called when a job is over.
pub(crate) fn job_is_over() {
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let now = Instant::now();
    if is_due(*last, now, in_use) {
        give_back_at(now, &mut last);
    }
}

fn give_back_at(time: Instant, last: &mut Option<Last>) {
    give_back_memory();
    trim();
    let used = in_use();
    *last = Some(Last { time, used });
}

/// Whether enough time has gone by, and enough is used beyond what was in use.
fn is_due(last: Option<Last>, now: Instant, used: impl Fn() -> u64) -> bool {
    last.is_none_or(|last| {
        now.saturating_duration_since(last.time) >= PAUSE
            && used() > last.used.saturating_add(SLACK)
    })
}

/// Has all threads share few heaps, one more than there are slots: each heap keeps what a job needed at most, and
/// one thread after the other does a slot's jobs. To be called before there is work; `MALLOC_ARENA_MAX` says it
/// otherwise.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn share_heaps(slots: usize) {
    /// `M_ARENA_MAX` of `malloc.h`.
    const HEAPS: i32 = -8;
    unsafe extern "C" {
        fn mallopt(parameter: i32, value: i32) -> i32;
    }
    if std::env::var_os("MALLOC_ARENA_MAX").is_none() {
        // SAFETY: it takes two numbers, and what is allocated stays where it is.
        unsafe {
            mallopt(
                HEAPS,
                i32::try_from(slots).unwrap_or(i32::MAX).saturating_add(1),
            );
        }
    }
}

/// Other allocators have other heaps.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn share_heaps(_: usize) {}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn trim() {
    unsafe extern "C" {
        fn malloc_trim(pad: usize) -> i32;
    }
    // SAFETY: it may be called at any time, by any thread, with any number; what is allocated stays.
    unsafe {
        malloc_trim(0);
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn trim() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_goes_back_where_it_grew_and_not_all_the_time() {
        let now = Instant::now();
        let last = Some(Last {
            time: now,
            used: 1_000,
        });
        let (soon, later) = (now + PAUSE / 2, now + PAUSE);
        assert!(is_due(None, now, || 0), "what was never looked at");
        assert!(!is_due(last, soon, || u64::MAX));
        assert!(!is_due(last, later, || 1_000 + SLACK));
        assert!(is_due(last, later, || 1_001 + SLACK));
        job_is_over();
        give_back();
    }
}
