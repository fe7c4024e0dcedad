//! Where a campaign stands.

use serde::Serialize;

/// What a campaign was told, or where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum State {
    /// Planned or begun by a run in one process.
    NotSubmitted,
    /// With a pool.
    Running,
    /// Its jobs wait.
    Paused,
    /// Its jobs are dropped.
    Cancelled,
    /// Every shard is done or was given up, and the report is not there yet.
    Reporting,
    /// Every shard is done or was given up, and the report says so.
    Ended,
    /// It was at its end, and some of what was done is gone or damaged by now.
    NotWhole,
}
