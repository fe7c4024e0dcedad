//! A witness of attempts that takes its time at a point of a test's choice.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lumimill_common::shard::Shard;
use lumimill_worker::commit_point::{CommitPoint, Witness};

use crate::deadly_witness::point;

/// Variable that says where, how many seconds, and of how many attempts of a process; of all when
/// it says nothing: `<point>:<seconds>[:<attempts>]`.
pub const SLOW: &str = "LUMIMILL_TEST_SLOW";

/// The witness that the environment asks for.
#[must_use]
pub fn slow_witness() -> Option<Witness> {
    let text = std::env::var(SLOW).ok()?;
    let mut parts = text.split(':');
    let point = point(SLOW, parts.next().unwrap_or_default());
    let seconds: Option<f64> = parts.next().and_then(|seconds| seconds.parse().ok());
    let pause = Duration::from_secs_f64(seconds.expect("seconds"));
    let most = parts.next().map(|most| most.parse().expect("a number"));
    let left = AtomicU64::new(most.unwrap_or(u64::MAX));
    Some(Arc::new(move |found: CommitPoint, _: &Shard| {
        let fewer = |left: u64| left.checked_sub(1);
        let is_meant = found == point;
        if is_meant
            && left
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, fewer)
                .is_ok()
        {
            // The process is to be slow, not deaf: its other tasks go on.
            tokio::task::block_in_place(|| std::thread::sleep(pause));
        }
    }))
}
