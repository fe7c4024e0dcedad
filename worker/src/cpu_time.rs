//! Time that a processor had for a thread.

use std::time::Duration;

/// The same of this thread, where the system tells it: what others do meanwhile is no part of it.
pub(crate) fn cpu_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds = text.split_whitespace().next()?.parse().ok();
    nanoseconds.map(Duration::from_nanos)
}
