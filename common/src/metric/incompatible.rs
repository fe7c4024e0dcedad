//! What cannot be merged.

/// Two partials that cannot be merged, because they count different things.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "cannot merge {what}: expected {expected}, found {found}; the shards were made with different configurations"
)]
pub struct Incompatible {
    what: &'static str,
    expected: String,
    found: String,
}

impl Incompatible {
    pub(super) fn new(what: &'static str, expected: &str, found: &str) -> Self {
        Self {
            what,
            expected: expected.to_owned(),
            found: found.to_owned(),
        }
    }
}
