//! How much a call holds: as much as is fastest here, found out on the first calls that there are.
//!
//! Only graphs that a model keeps apart share a call, so that the size shows in no value.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tracing::debug;

use crate::cpu_time::cpu_time;

/// Nodes and edges of a call, at most, that are tried, in this order. What is fastest is a matter of
/// caches; all of them bound the memory of a call. A larger graph has a call of its own.
const SIZES: [usize; 7] = [3_000, 2_100, 1_500, 4_200, 1_050, MOST, 750];
/// The most that is tried.
pub(super) const MOST: usize = 6_000;
/// Calls of each size before any is given up, and of those that stay until the end.
const CALLS: (usize, usize) = (5, 25);
/// A size that takes so much more than the best one is given up.
const WORSE: f64 = 1.08;

/// How much a call holds.
#[derive(Debug)]
pub(super) struct CallSize {
    /// Of each size, what its calls took for each node and edge, in seconds; nothing where it was given up.
    tried: Mutex<[Option<Vec<f64>>; SIZES.len()]>,
    best: OnceLock<usize>,
}

impl Default for CallSize {
    fn default() -> Self {
        Self {
            tried: Mutex::new([const { Some(Vec::new()) }; SIZES.len()]),
            best: OnceLock::new(),
        }
    }
}

impl CallSize {
    /// Nodes and edges of the next call, at most.
    pub(super) fn next(&self) -> usize {
        if let Some(best) = self.best.get() {
            return *best;
        }
        let tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        let open = SIZES.iter().zip(tried.iter());
        let open = open.filter_map(|(size, calls)| Some((size, calls.as_ref()?.len())));
        let least = open.min_by_key(|(_, calls)| *calls);
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
        let place = SIZES.iter().position(|known| *known == size);
        if let Some(Some(calls)) = place.and_then(|place| tried.get_mut(place)) {
            calls.push(time.as_secs_f64() / weight.max(1) as f64);
        }
        let fewest = tried.iter().flatten().map(Vec::len).min();
        if fewest.is_none_or(|calls| calls < CALLS.0) {
            return;
        }
        let medians = tried.each_ref().map(|calls| calls.as_deref().map(median));
        let found = SIZES.iter().zip(medians);
        let found = found.filter_map(|(size, median)| Some((*size, median?)));
        let Some((best, least)) = found.min_by(|(_, a), (_, b)| a.total_cmp(b)) else {
            return;
        };
        if fewest < Some(CALLS.1) {
            for (calls, median) in tried.iter_mut().zip(medians) {
                calls.take_if(|_| median.is_some_and(|median| median > least * WORSE));
            }
            return;
        }
        debug!(best, seconds = least, "nodes and edges of a call");
        // Another slot may have been first.
        let _ = self.best.set(best);
    }
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
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
        while size.best.get().is_none() {
            let next = size.next();
            // A call costs something by itself, much costs more, and one in nine is disturbed.
            let nanoseconds = 1_000 + next * if next > 2_000 { 9 } else { 5 };
            let disturbed = if seen.len() % 9 == 1 { 100 } else { 1 };
            seen.push(next);
            let time = Duration::from_nanos((nanoseconds * disturbed) as u64);
            size.took(next, next, time);
        }
        assert_eq!(seen[..SIZES.len()], SIZES);
        assert_eq!(size.next(), 1_500);
        let calls = |of| seen.iter().filter(|size| **size == of).count();
        assert_eq!((calls(1_500), calls(6_000)), (CALLS.1, CALLS.0));
    }
}
