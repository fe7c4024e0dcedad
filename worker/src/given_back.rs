//! Memory that the allocator keeps of what jobs no longer use: given back to the system where it grows over
//! many jobs.
//!
//! The allocator of glibc keeps what is freed in between other things. How much that is differs from run
//! to run, and it grows slowly while many small things come and go.

#![cfg_attr(
    all(target_os = "linux", target_env = "gnu"),
    expect(
        unsafe_code,
        reason = "malloc_trim of glibc has no safe wrapper: it takes a number and touches nothing that is in use"
    )
)]

use std::sync::{Mutex, PoisonError};

use crate::memory::in_use;

/// Jobs after which it is known what the process uses between two of them.
const FIRST: u32 = 8;
/// Bytes by which that may grow, beside a twentieth of it.
const SLACK: u64 = 4 << 20;

/// What the process was seen to use at the ends of jobs.
#[derive(Debug)]
struct Ends {
    seen: u32,
    most: u64,
}

static ENDS: Mutex<Ends> = Mutex::new(Ends { seen: 0, most: 0 });

/// To be called when a job is over.
pub(crate) fn job_is_over() {
    let mut ends = ENDS.lock().unwrap_or_else(PoisonError::into_inner);
    if ends.is_grown(in_use()) {
        trim();
        // What is really in use may be more by now.
        ends.most = ends.most.max(in_use());
    }
}

impl Ends {
    /// Whether the process has come to use more than after its first jobs.
    fn is_grown(&mut self, used: u64) -> bool {
        if self.seen < FIRST {
            self.seen += 1;
            self.most = self.most.max(used);
            return false;
        }
        used > self
            .most
            .saturating_add(self.most / 20)
            .saturating_add(SLACK)
    }
}

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
    use super::{Ends, FIRST, SLACK, job_is_over};

    #[test]
    fn what_is_used_after_the_first_jobs_is_the_measure() {
        let mut ends = Ends { seen: 0, most: 0 };
        for job in 0..FIRST {
            assert!(!ends.is_grown(u64::from(job) * 1_000_000));
        }
        assert_eq!(ends.most, u64::from(FIRST - 1) * 1_000_000);
        assert!(!ends.is_grown(ends.most + SLACK));
        assert!(ends.is_grown(ends.most + ends.most / 20 + SLACK + 1));
        job_is_over();
    }
}
