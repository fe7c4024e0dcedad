//! `lumimill plan`.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::anyhow;
use clap::Args;
use lumimill_worker::prepared_stage::PreparedStage;

use super::block_on::block_on;
use super::earlier::note_earlier;
use super::edits::{PATIENCE, with_edits};
use super::say::{cut, say, tell};
use super::slots::SlotsArg;
use crate::campaign_file::CampaignFile;
use crate::check::{Checked, check};
use crate::due::{Due, Edit, Wanted};
use crate::exit_code::Exit;
use crate::output::Output;
use crate::plan::{Plan, PlanSummary};

#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    /// The campaign file, or the folder that it is in.
    campaign: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    slots: SlotsArg,
}

pub(super) fn plan(args: &PlanArgs) -> anyhow::Result<Exit> {
    let Checked { file, mut plan } = check(&args.campaign, args.slots.get())?;
    note_earlier(&file, &mut plan)?;
    tell_engines(&file.stages);
    let due = block_on(due(&file, plan.clone())).inspect_err(|error| {
        tell(format_args!(
            "note: what of it is done is not known: {error:#}"
        ));
    });
    let due = due.ok();
    let plan = due.as_ref().map_or(&plan, |due| &due.plan);
    let summary = PlanSummary::of(plan);
    if args.json {
        let mut json = serde_json::to_value(&summary)?;
        json["shards_to_do"] = due.as_ref().map(Due::made).into();
        json["shards_to_measure"] = due.as_ref().map(|due| due.to_measure.len()).into();
        say(format_args!("{}", serde_json::to_string_pretty(&json)?));
        return Ok(Exit::Done);
    }
    say(format_args!("{summary}"));
    if let Some(told) = due.as_ref().and_then(Due::told) {
        say(format_args!("{told}"));
    }
    Ok(Exit::Done)
}

/// What of a plan is still to be done, as far as its output says so in time.
async fn due(file: &CampaignFile, plan: Plan) -> anyhow::Result<Due> {
    let looking = async {
        let output = Output::open(&file.output()?)?;
        let plan = with_edits(plan, &file.base, &output).await?;
        Due::look(
            &output,
            &file.campaign,
            plan,
            &Wanted::All,
            Edit::None,
            &file.base,
        )
        .await
    };
    let looked = tokio::time::timeout(PATIENCE, looking).await;
    looked.map_err(|_| anyhow!("the output does not answer"))?
}

/// Says what evaluates the models that are no trees.
pub(super) fn tell_engines(stages: &[Arc<PreparedStage>]) {
    for model in stages.iter().flat_map(|stage| stage.models()) {
        if let Some(engine) = model.engine() {
            tell(format_args!(
                "note: model {} is evaluated by {engine}",
                model.name()
            ));
        }
    }
}

/// Says what a person should know before the work begins.
pub(super) fn warn(plan: &Plan) {
    let summary = PlanSummary::of(plan);
    let notes = summary.notes.iter();
    let notes = notes.map(|note| format!("warning: {note}")).collect();
    for line in cut(notes, "", "`lumimill plan --json` and the report have all") {
        tell(format_args!("{line}"));
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
