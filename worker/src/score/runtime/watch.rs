//! Ends what takes too long: one thread that waits for all deadlines of this process.

use std::sync::{Condvar, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// What ends a work that is under way.
pub(super) type End = Box<dyn FnOnce() + Send>;

/// How long the thread waits where there is nothing to wait for.
const IDLE: Duration = Duration::from_secs(3600);

#[derive(Default)]
struct Watched {
    last: u64,
    works: Vec<Work>,
    /// When the thread looks again.
    looks: Option<Instant>,
}

struct Work {
    number: u64,
    deadline: Instant,
    end: End,
}

static WATCHED: Mutex<Watched> = Mutex::new(Watched {
    last: 0,
    works: Vec::new(),
    looks: None,
});
static SOONER: Condvar = Condvar::new();

/// Does some work, and ends it where it takes longer; says whether that was so.
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
        let deadline = Instant::now() + limit;
        watched.last += 1;
        let number = watched.last;
        watched.works.push(Work {
            number,
            deadline,
            end,
        });
        if watched.looks.is_none_or(|looks| deadline < looks) {
            watched.looks = Some(deadline);
            SOONER.notify_one();
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
    loop {
        let now = Instant::now();
        let late = watched.works.extract_if(.., |work| work.deadline <= now);
        for work in late.collect::<Vec<_>>() {
            (work.end)();
        }
        let next = watched.works.iter().map(|work| work.deadline).min();
        let looks = next.unwrap_or(now + IDLE);
        watched.looks = Some(looks);
        let wait = looks.saturating_duration_since(now);
        let waited = SOONER.wait_timeout(watched, wait);
        watched = waited.unwrap_or_else(PoisonError::into_inner).0;
    }
}
