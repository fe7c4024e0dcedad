//! Python, as a second opinion: other people's readers and metrics.

use std::path::Path;
use std::process::Command;

use crate::program::{Ended, Program};
use crate::sample::skipped;

/// Runs a script of `tests/python` with the interpreter that `LUMIMILL_PYTHON` names, one with
/// pyarrow, polars, duckdb, scikit-learn and uproot. `None`, said loudly, when there is none;
/// where `CI` is set that is a failure.
#[must_use]
pub fn python(script: &str, args: &[&str]) -> Option<Ended> {
    let Some(interpreter) = std::env::var_os("LUMIMILL_PYTHON") else {
        assert!(
            std::env::var_os("CI").is_none(),
            "LUMIMILL_PYTHON is not set"
        );
        skipped(script, "LUMIMILL_PYTHON is not set; deploy/test.sh sets it");
        return None;
    };
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("python")
        .join(script);
    Some(Program::finish(
        Command::new(interpreter).arg(path).args(args),
    ))
}
