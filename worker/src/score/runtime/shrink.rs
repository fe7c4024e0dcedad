//! Memory that sessions took and no longer use: given back once no model is in use.

use std::time::Duration;

use ort::session::RunOptions;
use ort::value::TensorRef;
use tracing::debug;

use super::session::{guarded, session_of};
use super::sessions::went_idle;
use crate::score::onnx::identity;

/// What has a run give back, when it ends, what is free of the memory that all share.
const SHRINK: (&str, &str) = ("memory.enable_memory_arena_shrinkage", "cpu:0");
/// No session is used for so long where no model is in use.
const PAUSE: Duration = Duration::from_secs(1);

/// Gives it back, where no session was used for a while.
pub(crate) fn give_back() {
    if went_idle(PAUSE)
        && let Err(message) = shrink()
    {
        debug!("memory of models is kept: {message}");
    }
}

/// A run may end with that: the model is the least one that there is.
pub(super) fn shrink() -> Result<(), String> {
    let mut session = session_of(&identity())?;
    guarded(|| {
        let mut options = RunOptions::new()?;
        options.set(SHRINK.0, SHRINK.1)?;
        let value = TensorRef::from_array_view(([1_usize], &[0.0_f32][..]))?;
        session
            .run_with_options(ort::inputs![value], &options)
            .map(drop)
    })
}
