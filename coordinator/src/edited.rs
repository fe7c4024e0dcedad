//! A plan that is made anew, with what was cut and dropped of the one before.

use std::path::Path;

use crate::output::Output;
use crate::plan::Plan;
use crate::stored::Unusable;

/// A plan with the edits of the one before.
#[derive(Debug)]
pub struct Edited {
    /// The plan.
    pub plan: Plan,
    /// What of the one before cannot be used, if so.
    pub unusable: Option<anyhow::Error>,
}

/// A plan with what was cut and dropped of the plan in its output.
pub async fn edited(mut plan: Plan, base: &Path, output: &Output) -> anyhow::Result<Edited> {
    let (before, unusable) = match output.planned().await {
        // It is replaced by this one. What was cut and dropped of it are shards by their ids, so that
        // those of another plan do nothing.
        Err(error) if error.is::<Unusable>() => (output.plan().await.ok().flatten(), Some(error)),
        before => (before?.map(|before| before.plan), None),
    };
    if let Some(before) = before {
        plan.split(&before.splits, base)?;
        plan.drop_shards(&before.dropped_themselves());
    }
    Ok(Edited { plan, unusable })
}
