//! What an earlier configuration left in the output of a campaign: `run` and `submit` refuse it
//! unless they are told to replace it, and `check` and `plan` warn of it.

use std::path::Path;

use anyhow::anyhow;
use lumimill_common::campaign::StageName;
use lumimill_common::count::counted;
use lumimill_common::shard::ShardId;
use lumimill_common::store::Place;

use super::block_on;
use super::plan::{PATIENCE, with_edits};
use super::run::is_with_pool;
use crate::campaign_file::{CampaignFile, Mistakes};
use crate::output::Output;
use crate::plan::Plan;

/// What `run` says of a campaign that workers of a pool may be writing.
pub(super) const WITH_POOL: &str =
    "the campaign is with a pool: lumimill cancel it first, or submit it again";

/// What removes what an earlier configuration left, for whoever may be told to.
pub(super) const PASS_REPLACE: &str = "pass --replace (to run or submit) to remove them";

/// Output of an earlier configuration, which would be read as part of the data set: a mistake,
/// unless it is to be replaced.
pub(super) async fn stale(
    campaign: &Path,
    replace: bool,
    remover: &str,
    output: &Output,
    plan: &Plan,
) -> anyhow::Result<Vec<(StageName, ShardId)>> {
    let found = output.stale(plan).await?;
    if !found.is_empty() && !replace {
        let message = message(&found, remover, output, plan);
        return Err(Mistakes::new(campaign.display(), vec![message]).into());
    }
    Ok(found)
}

/// Removes what is stale.
pub(super) async fn remove_stale(
    output: &Output,
    stale: &[(StageName, ShardId)],
) -> anyhow::Result<()> {
    output.remove(stale).await?;
    if !stale.is_empty() {
        eprintln!(
            "removed {} of an earlier configuration",
            counted(stale.len(), "shard")
        );
    }
    Ok(())
}

/// Removes the folders of stages in which nothing is left, of an output that nobody else writes.
pub(super) fn remove_folders(place: &Place, stale: &[(StageName, ShardId)]) {
    let Place::Folder(output) = place else { return };
    let mut stages: Vec<&StageName> = stale.iter().map(|(stage, _)| stage).collect();
    stages.dedup();
    for stage in stages {
        for below in ["_done", "_failed", "_retrying", ""] {
            // One that still has something in it stays.
            let _ = std::fs::remove_dir(output.join(stage.as_str()).join(below));
        }
    }
}

/// Adds to the notes of a plan what `run` and `submit` would refuse of the campaign's output.
/// That it cannot be looked at is told, too, and keeps nobody from looking at the rest.
pub(super) fn note_earlier(file: &CampaignFile, plan: &mut Plan) -> anyhow::Result<()> {
    block_on(async {
        let looked = tokio::time::timeout(PATIENCE, found(file, plan)).await;
        match looked.unwrap_or_else(|_| Err(anyhow!("it does not answer"))) {
            Ok(notes) => plan.notes.extend(notes),
            Err(error) => plan.notes.push(format!(
                "the output was not looked at, and run or submit may refuse it: {error:#}"
            )),
        }
        Ok(())
    })
}

async fn found(file: &CampaignFile, plan: &Plan) -> anyhow::Result<Vec<String>> {
    let place = file.output()?;
    let output = Output::open(&place)?;
    let mut notes = Vec::new();
    if is_with_pool(&output, &place).await? {
        notes.push(format!("{place}: {WITH_POOL}"));
    }
    let plan = with_edits(plan.clone(), &file.base, &output).await?;
    let stale = output.stale(&plan).await?;
    if !stale.is_empty() {
        notes.push(message(&stale, PASS_REPLACE, &output, &plan));
    }
    Ok(notes)
}

fn message(found: &[(StageName, ShardId)], remover: &str, output: &Output, plan: &Plan) -> String {
    let mut former: Vec<&str> = found
        .iter()
        .map(|(stage, _)| stage)
        .filter(|name| plan.stages.iter().all(|stage| stage.name != **name))
        .map(StageName::as_str)
        .collect();
    former.sort_unstable();
    former.dedup();
    let is_former = |stage: &StageName| former.contains(&stage.as_str());
    let also = match found.iter().all(|(stage, _)| is_former(stage)) {
        true => "",
        false => "also ",
    };
    let of = match former.as_slice() {
        [] => String::new(),
        [one] => format!(", {also}of stage {one}, which the campaign has no more"),
        several => format!(
            ", {also}of stages {}, which the campaign has no more",
            several.join(", ")
        ),
    };
    format!(
        "{} of an earlier configuration {} in {}{of}: {remover}, or give the campaign another \
         name",
        counted(found.len(), "shard"),
        if found.len() == 1 { "is" } else { "are" },
        output.store().location()
    )
}
