//! How much a call holds: as much as is fastest here, found out on the first calls that there are.
//!
//! Only graphs that a model keeps apart share a call, so that the size shows in no value.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::trial::{CROWD, NODES};
use crate::cpu_time::cpu_time;

/// Graphs of a call, at most: as many as a trial had side by side.
pub(super) const CALL_GRAPHS: usize = NODES.len() * CROWD;
/// Nodes and edges of a call, at most, that are tried, in this order. What is fastest is a matter of
/// caches; all of them bound the memory of a call. A larger graph has a call of its own.
const SIZES: [usize; 4] = [3_000, 1_500, 6_000, 750];
/// Calls of each size.
const CALLS: usize = 5;

/// How much a call holds.
#[derive(Debug, Default)]
pub(super) struct CallSize {
    /// Of each size, what its calls took for each node and edge, in seconds.
    tried: Mutex<[Vec<f64>; SIZES.len()]>,
    best: OnceLock<usize>,
}

impl CallSize {
    /// Nodes and edges of the next call, at most.
    pub(super) fn next(&self) -> usize {
        if let Some(best) = self.best.get() {
            return *best;
        }
        let tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        let sizes = SIZES.iter().zip(tried.iter());
        let least = sizes.min_by_key(|(_, calls)| calls.len());
        least.map_or(SIZES[0], |(size, _)| *size)
    }

    /// Does a call that is as full as this size allows, and notes how long it took as long as that is of
    /// use.
    pub(super) fn timed<T>(&self, size: usize, weight: usize, call: impl FnOnce() -> T) -> T {
        if self.best.get().is_some() {
            return call();
        }
        let (start, cpu) = (Instant::now(), cpu_time());
        let given = call();
        let took = match (cpu, cpu_time()) {
            (Some(before), Some(after)) => after.saturating_sub(before),
            _ => start.elapsed(),
        };
        self.took(size, weight, took);
        given
    }

    fn took(&self, size: usize, weight: usize, time: Duration) {
        let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sizes = SIZES.iter().zip(tried.iter_mut());
        if let Some((_, calls)) = sizes.find(|(known, _)| **known == size) {
            calls.push(time.as_secs_f64() / weight.max(1) as f64);
        }
        if tried.iter().all(|calls| calls.len() >= CALLS) {
            let sizes = SIZES.iter().zip(tried.iter_mut());
            let sizes = sizes.map(|(size, calls)| (size, median(calls)));
            let best = sizes.min_by(|(_, a), (_, b)| a.total_cmp(b));
            // Another slot may have been first.
            let _ = self.best.set(best.map_or(SIZES[0], |(size, _)| *size));
        }
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_whose_calls_take_least_for_what_they_hold_is_kept() {
        let size = CallSize::default();
        let mut seen = Vec::new();
        for call in 0..SIZES.len() * CALLS {
            let next = size.next();
            seen.push(next);
            // A call costs something by itself, much costs more, and one is disturbed.
            let nanoseconds = 1_000 + next * if next > 2_000 { 9 } else { 5 };
            let disturbed = if call == 1 { 100 } else { 1 };
            let time = Duration::from_nanos((nanoseconds * disturbed) as u64);
            size.took(next, next, time);
        }
        assert_eq!(seen[..4], SIZES);
        assert_eq!(size.next(), 1_500);
    }
}
