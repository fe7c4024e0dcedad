//! Ends what takes too long: one thread that counts down for all of this process.
//!
//! Time in which the process was stopped, as by a signal, is not counted: nothing worked in it.

use std::sync::{Condvar, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// What ends a work that is under way.
pub(super) type End = Box<dyn FnOnce() + Send>;

/// Time between two looks at what is under way.
const TICK: Duration = Duration::from_secs(1);

struct Watched {
    last: u64,
    works: Vec<Work>,
    /// Whether there was nothing to watch for so long that nobody looks until somebody is told.
    is_asleep: bool,
}

struct Work {
    number: u64,
    begun: Instant,
    /// What it may still take.
    left: Duration,
    end: End,
}

static WATCHED: Mutex<Watched> = Mutex::new(Watched {
    last: 0,
    works: Vec::new(),
    is_asleep: false,
});
static BEGUN: Condvar = Condvar::new();

/// Does some work, and ends it where it takes longer, to the tick; says whether that was so.
///
/// # Errors
/// Where there is nobody to end it.
pub(super) fn within<T>(
    limit: Duration,
    end: End,
    work: impl FnOnce() -> T,
) -> Result<(T, bool), String> {
    static THREAD: OnceLock<bool> = OnceLock::new();
    let started = || {
        let named = thread::Builder::new().name(String::from("model-time"));
        named.spawn(watch).is_ok()
    };
    if !THREAD.get_or_init(started) {
        return Err(String::from(
            "no thread can be started that ends models which take too long",
        ));
    }
    let number = {
        let mut watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
        watched.last += 1;
        let number = watched.last;
        watched.works.push(Work {
            number,
            begun: Instant::now(),
            left: limit,
            end,
        });
        // Waking it takes longer than a small model does.
        if watched.is_asleep || limit < TICK {
            BEGUN.notify_one();
        }
        number
    };
    let given = work();
    let mut watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
    let place = watched.works.iter().position(|work| work.number == number);
    let is_ended = place
        .map(|place| watched.works.swap_remove(place))
        .is_none();
    Ok((given, is_ended))
}

fn watch() {
    let mut watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
    let mut was_idle = true;
    loop {
        let late = watched.works.extract_if(.., |work| work.left.is_zero());
        for work in late.collect::<Vec<_>>() {
            (work.end)();
        }
        let is_idle = watched.works.is_empty();
        if is_idle && was_idle {
            watched.is_asleep = true;
            let begun = BEGUN.wait(watched);
            watched = begun.unwrap_or_else(PoisonError::into_inner);
            watched.is_asleep = false;
            was_idle = false;
            continue;
        }
        was_idle = is_idle;
        let before = Instant::now();
        let waited = BEGUN.wait_timeout(watched, TICK);
        watched = waited.unwrap_or_else(PoisonError::into_inner).0;
        for work in &mut watched.works {
            let passed = counted(before.max(work.begun).elapsed());
            work.left = work.left.saturating_sub(passed);
        }
    }
}

/// What counts of the time that a tick took.
fn counted(passed: Duration) -> Duration {
    passed.min(TICK * 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A process that was stopped for an hour had its models ended when it went on.
    #[test]
    fn what_begins_late_in_a_tick_has_all_of_its_time() {
        let ended = |limit, works: Duration| {
            let done = within(limit, Box::new(|| {}), || thread::sleep(works));
            done.unwrap().1
        };
        let short = Duration::from_millis(1);
        for _ in 0..3 {
            assert!(!ended(TICK * 60, short));
            thread::sleep(TICK / 3);
        }
        assert!(!ended(TICK * 3 / 4, short));
        assert!(ended(short, TICK * 5 / 2));
        assert!(!ended(TICK * 60, short));
    }

    #[test]
    fn time_in_which_the_process_was_stopped_does_not_count() {
        assert_eq!(counted(TICK), TICK);
        assert_eq!(counted(Duration::from_secs(3600)), TICK * 2);
    }
}
