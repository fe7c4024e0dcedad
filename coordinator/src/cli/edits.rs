//! A plan as people edited the one in its output.

use std::path::Path;
use std::time::Duration;

use super::say::tell;
use crate::edited::{Edited, edited};
use crate::output::Output;
use crate::plan::Plan;

/// Time that an output has to say what is done.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// A plan with what was cut and dropped of the plan in its output.
pub(super) async fn with_edits(plan: Plan, base: &Path, output: &Output) -> anyhow::Result<Plan> {
    let Edited { plan, unusable } = edited(plan, base, output).await?;
    if let Some(error) = unusable {
        tell(format_args!("note: {error:#}"));
    }
    Ok(plan)
}
