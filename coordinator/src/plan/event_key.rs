//! What tells one event from all others.

/// Run, lumi section and event number, side by side: equal for equal events, and only for those.
pub(super) type Key = u128;

pub(super) fn key(run: u32, lumi: u32, event: u64) -> Key {
    (Key::from(run) << 96) | (Key::from(lumi) << 64) | Key::from(event)
}

/// What a key is made of.
pub(super) fn parts(key: Key) -> (u32, u32, u64) {
    ((key >> 96) as u32, (key >> 64) as u32, key as u64)
}
