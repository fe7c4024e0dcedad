//! When a process takes nothing new for a while.
//!
//! One whose own disk, credentials or mounts are at fault fails every job at once, is the first
//! to ask for the next, and so would take the jobs of all others. So it rests, longer each time,
//! until a shard is done.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lumimill_common::failure::{Failure, FailureKind};
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::error;

use crate::back_off::BackOff;

/// The first rest: what is down for a moment keeps nobody for longer.
const FIRST: Duration = Duration::from_secs(2);
/// The longest one: with what chance adds, a minute.
const LONGEST: Duration = Duration::from_secs(40);

/// Failures of the store after which a process rests, when no shard was done between them. The
/// client of the store has tried often before each, and each puts off its own job: a service that
/// is merely busy keeps nobody else.
const STRIKES: u32 = 3;

/// How tired a process is.
#[derive(Debug)]
pub(crate) struct Fatigue {
    back_off: Mutex<BackOff>,
    /// Failures of the store since a shard was done.
    strikes: AtomicU32,
    rest: watch::Sender<Option<Rest>>,
}

/// A rest, which may be over.
#[derive(Debug)]
struct Rest {
    until: Instant,
    why: String,
}

impl Fatigue {
    /// That of a process of this name, by which its rests differ from those of others.
    pub(crate) fn of(name: &str) -> Self {
        Self {
            back_off: Mutex::new(BackOff::between(FIRST, LONGEST).of(name)),
            strikes: AtomicU32::new(0),
            rest: watch::Sender::new(None),
        }
    }

    /// Begins a rest over a failure. What fails while it lasts was under way before, and says
    /// nothing new.
    pub(crate) fn tire(&self, failure: &Failure) {
        let mut back_off = self.back_off.lock().unwrap_or_else(PoisonError::into_inner);
        if self.why().is_some() {
            return;
        }
        if failure.kind == FailureKind::Store
            && self.strikes.fetch_add(1, Ordering::Relaxed) + 1 < STRIKES
        {
            return;
        }
        let time = back_off.step();
        let (kind, seconds) = (failure.kind, time.as_secs());
        let advice = advice(kind);
        error!(
            kind = kind.name(),
            seconds, "nothing new is taken for a while: {failure}; {advice}"
        );
        self.rest.send_replace(Some(Rest {
            until: Instant::now() + time,
            why: format!("{kind}: {failure}"),
        }));
    }

    /// A shard was done: the next rest is a short one, and so is what is left of this one.
    pub(crate) fn recover(&self) {
        let mut back_off = self.back_off.lock().unwrap_or_else(PoisonError::into_inner);
        back_off.reset();
        self.strikes.store(0, Ordering::Relaxed);
        let soon = Instant::now() + FIRST;
        self.rest.send_if_modified(|rest| match rest {
            Some(rest) if rest.until > soon => {
                rest.until = soon;
                true
            }
            _ => false,
        });
    }

    /// Why it rests now, if it does.
    pub(crate) fn why(&self) -> Option<String> {
        let rest = self.rest.borrow();
        let now = rest.as_ref().filter(|rest| rest.is_now());
        now.map(|rest| rest.why.clone())
    }

    /// Returns when it does not rest.
    pub(crate) async fn over(&self) {
        let mut rest = self.rest.subscribe();
        loop {
            let until = match rest.borrow_and_update().as_ref() {
                Some(rest) if rest.is_now() => rest.until,
                _ => return,
            };
            tokio::select! {
                biased;
                () = tokio::time::sleep_until(until) => {}
                _ = rest.changed() => {}
            }
        }
    }

    /// Returns when it rests.
    pub(crate) async fn begun(&self) {
        let mut rest = self.rest.subscribe();
        let rests = |rest: &Option<Rest>| rest.as_ref().is_some_and(Rest::is_now);
        // The sender lives as long as this does.
        let _ = rest.wait_for(rests).await;
    }
}

impl Rest {
    fn is_now(&self) -> bool {
        self.until > Instant::now()
    }
}

/// What a person can do about it.
fn advice(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Store => {
            "look whether the store is well, and what this worker's credentials may do there"
        }
        FailureKind::Missing => {
            "see to it that this worker finds it under this name, and may read it"
        }
        FailureKind::Scratch => "make room on its disk, or name another one in TMPDIR",
        FailureKind::Engine => {
            "install that version here, see `lumimill runtime`, or submit the campaign again"
        }
        FailureKind::Crowded => "use fewer slots or a higher --memory-limit",
        _ => "others may do better",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lumimill_common::failure::{Failure, FailureKind};
    use tokio::time::timeout;

    use super::{FIRST, Fatigue, STRIKES};

    const A_MOMENT: Duration = Duration::from_millis(20);

    fn refused() -> Failure {
        Failure::retry(FailureKind::Scratch, "", "no room")
    }

    fn left(fatigue: &Fatigue) -> Duration {
        let rest = fatigue.rest.borrow();
        let until = rest.as_ref().map(|rest| rest.until);
        until.map_or(Duration::ZERO, |until| {
            until.saturating_duration_since(tokio::time::Instant::now())
        })
    }

    #[tokio::test]
    async fn who_fails_rests_and_one_burst_is_one_failure() {
        let fatigue = Fatigue::of("a worker");
        timeout(A_MOMENT, fatigue.over()).await.expect("no rest");
        assert_eq!(fatigue.why(), None);
        fatigue.tire(&refused());
        let first = left(&fatigue);
        for _ in 0..20 {
            fatigue.tire(&refused());
        }
        assert!(left(&fatigue) <= first, "what was under way adds nothing");
        assert!(first < FIRST * 2, "{first:?}");
        assert_eq!(fatigue.why().as_deref(), Some("scratch: no room"));
        timeout(A_MOMENT, fatigue.begun()).await.expect("a rest");
        assert!(timeout(A_MOMENT, fatigue.over()).await.is_err());
    }

    #[test]
    fn a_store_that_refuses_now_and_then_makes_nobody_rest() {
        let fatigue = Fatigue::of("a worker");
        let busy = Failure::retry(FailureKind::Store, "", "503 SlowDown");
        for _ in 0..20 {
            fatigue.tire(&busy);
            fatigue.tire(&busy);
            assert_eq!(fatigue.why(), None, "each puts off its own job");
            fatigue.recover();
        }
        for _ in 0..STRIKES {
            fatigue.tire(&busy);
        }
        assert_eq!(fatigue.why().as_deref(), Some("store: 503 SlowDown"));
    }

    #[test]
    fn rests_grow_until_a_shard_is_done() {
        let fatigue = Fatigue::of("a worker");
        for _ in 0..6 {
            fatigue.rest.send_replace(None);
            fatigue.tire(&refused());
        }
        assert!(left(&fatigue) > 10 * FIRST, "{:?}", left(&fatigue));
        fatigue.recover();
        assert!(left(&fatigue) <= FIRST);
        fatigue.rest.send_replace(None);
        fatigue.tire(&refused());
        assert!(left(&fatigue) < 2 * FIRST);
    }

    #[tokio::test]
    async fn a_rest_that_is_cut_short_is_over_soon() {
        let fatigue = Fatigue::of("a worker");
        for _ in 0..6 {
            fatigue.rest.send_replace(None);
            fatigue.tire(&refused());
        }
        let resting = timeout(FIRST * 2, fatigue.over());
        let (ended, ()) = tokio::join!(resting, async { fatigue.recover() });
        ended.expect("the rest is over");
    }
}
