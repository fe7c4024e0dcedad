//! A witness of attempts that kills its process, as `kill -9` does, at a point of a test's choice;
//! or lets it be, but for good or for a while.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use lumimill_common::shard::Shard;
use lumimill_worker::commit_point::{CommitPoint, Witness};

/// Variable that says where to die: `<point>`, or `<point>:<shard id>`.
pub const DIE_AT: &str = "LUMIMILL_TEST_DIE_AT";
/// Variable with a file: whoever removes it dies, so that one process dies once. Without it
/// every process dies, again and again.
pub const DIE_ONCE: &str = "LUMIMILL_TEST_DIE_ONCE";

/// Variable that says how: `KILL`, unless it is told; `STOP`, until somebody sends it `CONT`; or
/// `LINGER`, as a job does that takes long.
pub const DIE_HOW: &str = "LUMIMILL_TEST_DIE_HOW";
/// How long it lingers: longer than any test.
const LINGER: Duration = Duration::from_secs(600);

/// The witness that the environment asks for.
#[must_use]
pub fn deadly_witness() -> Option<Witness> {
    let at = std::env::var(DIE_AT).ok()?;
    let once = std::env::var_os(DIE_ONCE);
    let (name, shard) = match at.split_once(':') {
        Some((name, shard)) => (name, Some(shard.to_owned())),
        None => (at.as_str(), None),
    };
    let point = point(DIE_AT, name);
    let how = std::env::var(DIE_HOW).unwrap_or_else(|_| String::from("KILL"));
    Some(Arc::new(move |found: CommitPoint, of: &Shard| {
        let is_meant = shard
            .as_ref()
            .is_none_or(|shard| *shard == of.id.to_string());
        let may = || {
            once.as_ref()
                .is_none_or(|file| std::fs::remove_file(Path::new(file)).is_ok())
        };
        if found == point && is_meant && may() {
            die(&how);
        }
    }))
}

/// A point by its name.
pub(crate) fn point(variable: &str, name: &str) -> CommitPoint {
    match name {
        "taken" => CommitPoint::Taken,
        "processed" => CommitPoint::Processed,
        "object-put" => CommitPoint::ObjectPut,
        "marker-put" => CommitPoint::MarkerPut,
        "reported" => CommitPoint::Reported,
        other => panic!("{variable}: no point {other:?}"),
    }
}

fn die(how: &str) {
    if how == "LINGER" {
        // Not a worker thread of the runtime, which has other things to do.
        return tokio::task::block_in_place(|| std::thread::sleep(LINGER));
    }
    let id = std::process::id().to_string();
    let sent = Command::new("kill")
        .args([&format!("-{how}"), &id])
        .status();
    assert!(how == "STOP", "it should be dead: {sent:?}");
}
