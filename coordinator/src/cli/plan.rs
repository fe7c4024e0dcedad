//! `lumimill plan`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;

use super::SlotsArg;
use super::check::checked;
use super::say::say;
use crate::campaign_file::{CampaignFile, Mistakes};
use crate::exit_code::Exit;
use crate::output::Output;
use crate::plan::{Plan, PlanSummary, plan as make_plan};
use crate::stored::NewerVersion;

#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    /// The campaign file.
    campaign: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    slots: SlotsArg,
}

pub(super) fn plan(args: &PlanArgs) -> anyhow::Result<Exit> {
    let file = checked(&args.campaign)?;
    let summary = PlanSummary::of(&planned(&args.campaign, &file, args.slots.get())?);
    match args.json {
        true => say(format_args!("{}", serde_json::to_string_pretty(&summary)?)),
        false => say(format_args!("{summary}")),
    }
    Ok(Exit::Done)
}

/// Plans a campaign; what is wrong with mask and files is a mistake of the campaign.
pub(super) fn planned(
    campaign: &std::path::Path,
    file: &CampaignFile,
    slots: NonZeroUsize,
) -> anyhow::Result<Plan> {
    let plan = make_plan(&file.campaign, &file.base, &file.model_hashes(), slots);
    plan.map_err(|errors| {
        let messages = errors.0.iter().map(ToString::to_string).collect();
        Mistakes::new(campaign.display(), messages).into()
    })
}

/// Plans a campaign with the splits that the plan in its output has.
pub(super) async fn planned_with(
    campaign: &std::path::Path,
    file: &CampaignFile,
    slots: NonZeroUsize,
    output: &Output,
) -> anyhow::Result<Plan> {
    let mut plan = planned(campaign, file, slots)?;
    let before = match output.plan().await {
        Err(error) if error.is::<NewerVersion>() => return Err(error),
        // A plan that cannot be read any more is replaced by this one.
        before => before.ok().flatten(),
    };
    if let Some(before) = before {
        plan.split(&before.splits, &file.base)?;
    }
    Ok(plan)
}
