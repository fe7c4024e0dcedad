//! The engine, held: its panics and its errors are those of the model.

use tract_onnx::prelude::TractResult;

use crate::caught::caught;
use crate::runtime_library::INSTALL;

/// The engine, as plans and tables name it; behind the sign the edition of what this program
/// replaces of it, which changes with values.
pub(crate) const ENGINE: &str = "tract 0.23.9+1";

/// Runs the engine, whose panics are errors of the model.
pub(super) fn guarded<T>(work: impl FnOnce() -> TractResult<T>) -> Result<T, String> {
    match caught(work) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(format!("{ENGINE}: {}", told(&error))),
        Err(panic) => {
            let text = if panic.is_empty() { "" } else { ": " };
            Err(format!(
                "{ENGINE} broke off{text}{panic}; ONNX Runtime may go on: {INSTALL}"
            ))
        }
    }
}

/// An error of the engine in one line, with its causes.
pub(super) fn told(error: &impl std::fmt::Debug) -> String {
    let text = format!("{error:?}");
    let lines = text.lines().map(str::trim);
    let lines = lines.take_while(|line| !line.starts_with("Stack backtrace"));
    let lines = lines.filter(|line| !line.is_empty());
    let text = lines.take(6).collect::<Vec<_>>().join(" ");
    text.chars().take(600).collect()
}
