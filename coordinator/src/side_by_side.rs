//! The same work on many things, some at a time.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Things in remote storage that are looked at a time, at least: each waits for answers.
pub(crate) const FAR_AT_ONCE: NonZeroUsize = NonZeroUsize::MIN.saturating_add(15);

/// Does some work on each of these, at most `at_once` at a time; results in their order.
pub(crate) fn side_by_side<T: Sync, R: Send>(
    items: &[T],
    at_once: NonZeroUsize,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let threads = at_once.get().min(items.len());
    if threads < 2 {
        return items.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let results = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(number) else {
                        break;
                    };
                    let result = work(item);
                    let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
                    results.insert(number, result);
                }
            });
        }
    });
    let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_work() {
        let items: Vec<u64> = (0..1000).collect();
        let squares: Vec<u64> = items.iter().map(|item| item * item).collect();
        for at_once in [1, 7] {
            let at_once = NonZeroUsize::new(at_once).unwrap();
            assert_eq!(side_by_side(&items, at_once, |item| item * item), squares);
        }
    }
}
