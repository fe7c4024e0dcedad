//! Sessions that nobody uses: kept between jobs, by what they were made of, as making one takes as
//! long as scoring some thousand rows.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::session::{Asked, Session};

/// Sessions that are kept, at most.
const MOST: usize = 128;
/// Bytes of the models that they were made of, at most. A session takes some times as much.
const MOST_BYTES: usize = 512 << 20;

struct Idle {
    made_of: String,
    bytes: usize,
    session: Session,
}

/// The one that was used last is the last.
static IDLE: Mutex<VecDeque<Idle>> = Mutex::new(VecDeque::new());
/// When one was used last, unless that was told.
static USED: Mutex<Option<Instant>> = Mutex::new(None);

/// Whether none was used for so long; it is told once, until one is used again.
pub(super) fn went_idle(pause: Duration) -> bool {
    let mut used = USED.lock().unwrap_or_else(PoisonError::into_inner);
    used.take_if(|used| used.elapsed() >= pause).is_some()
}

/// A session of a model, if one is idle.
pub(super) fn take(asked: &Asked) -> Option<Session> {
    let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
    let place = idle.iter().rposition(|idle| idle.made_of == asked.sha256());
    Some(idle.remove(place?)?.session)
}

/// Keeps a session for the next who needs it, and lets go of those that were idle for longest.
pub(super) fn give_back(asked: &Asked, session: Session) {
    *USED.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
    idle.push_back(Idle {
        made_of: asked.sha256().to_owned(),
        bytes: asked.bytes(),
        session,
    });
    let mut bytes: usize = idle.iter().map(|idle| idle.bytes).sum();
    let mut gone = Vec::new();
    while idle.len() > MOST || bytes > MOST_BYTES {
        let Some(oldest) = idle.pop_front() else {
            break;
        };
        bytes = bytes.saturating_sub(oldest.bytes);
        gone.push(oldest);
    }
    // They end when nobody waits for the others.
    drop(idle);
}
