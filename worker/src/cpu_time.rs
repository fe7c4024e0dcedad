//! Time that a processor had for a thread.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// The same of this thread, up to now: what others do meanwhile is no part of it.
///
/// It is asked of the clock. The files that tell it, such as `/proc/thread-self/schedstat`, are behind by up to a
/// tick of the system, some milliseconds.
#[must_use]
pub fn cpu_time() -> Option<Duration> {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).ok()?;
    Some(Duration::new(seconds, u32::try_from(time.tv_nsec).ok()?))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    /// The sizes of calls that were found fastest were found by chance: of most calls no time had passed.
    #[test]
    fn time_goes_on_between_two_ticks_of_the_system() {
        let mut last = cpu_time().unwrap();
        let start = Instant::now();
        let mut steps = 0;
        while start.elapsed() < Duration::from_millis(100) {
            let now = cpu_time().unwrap();
            steps += usize::from(now > last);
            last = now;
        }
        // A tick is a millisecond or more.
        assert!(steps > 200, "{steps} steps in a tenth of a second");
    }
}
