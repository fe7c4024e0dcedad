//! Why an attempt ended without a marker: it failed, or it was stopped, which is nobody's fault and no
//! failure.

use lumimill_common::failure::Failure;

/// Why an attempt has no marker.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfinished {
    /// It failed.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// Nobody wants it any more, or not here; with the reason.
    #[error("{0}")]
    Stopped(&'static str),
    /// It was looked at before its turn, which did not come.
    #[error("no slot became free for it")]
    NoTurn,
}
