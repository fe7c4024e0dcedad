//! What a model may take at a time: no look at its file says for how long it works.

use std::time::Duration;

/// What one call may take: as generous as no usual model is in want of, and an end.
pub(super) const CALL_LIMIT: Duration = Duration::from_secs(300);

/// That something took longer.
pub(super) fn told(engine: &str, what: &str, limit: Duration) -> String {
    let seconds = limit.as_secs_f64();
    format!(
        "{engine}: {what} took longer than the {seconds} seconds that a call may take, and was ended: \
         the model does too much, or this machine too little"
    )
}
