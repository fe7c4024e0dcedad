//! `lumimill plan`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::SlotsArg;
use super::say::{say, tell};
use crate::check::{Checked, check};
use crate::exit_code::Exit;
use crate::output::Output;
use crate::plan::{Plan, PlanSummary};
use crate::stored::NewerVersion;

#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    /// The campaign file, or its folder.
    campaign: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    slots: SlotsArg,
}

pub(super) fn plan(args: &PlanArgs) -> anyhow::Result<Exit> {
    let Checked { plan, .. } = check(&args.campaign, args.slots.get())?;
    let summary = PlanSummary::of(&plan);
    match args.json {
        true => say(format_args!("{}", serde_json::to_string_pretty(&summary)?)),
        false => say(format_args!("{summary}")),
    }
    Ok(Exit::Done)
}

/// A plan with the splits that the plan in its output has.
pub(super) async fn with_splits(
    mut plan: Plan,
    base: &Path,
    output: &Output,
) -> anyhow::Result<Plan> {
    let before = match output.plan().await {
        Err(error) if error.is::<NewerVersion>() => return Err(error),
        // A plan that cannot be read any more is replaced by this one.
        before => before.ok().flatten(),
    };
    if let Some(before) = before {
        plan.split(&before.splits, base)?;
    }
    Ok(plan)
}

/// Says what a person should know before the work begins.
pub(super) fn warn(plan: &Plan) {
    let summary = PlanSummary::of(plan);
    for note in &summary.notes {
        tell(format_args!("warning: {note}"));
    }
    if let Some(line) = summary.duplicates_line() {
        let word = match summary.duplicates_dropped {
            true => "note",
            false => "warning",
        };
        tell(format_args!(
            "{word}: {line}; `lumimill plan` and the report name them"
        ));
    }
}
