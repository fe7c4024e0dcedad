//! What an earlier configuration left in the output of a campaign: `run` and `submit` refuse it
//! unless they are told to replace it, and `check` and `plan` warn of it.

use anyhow::anyhow;
use lumimill_common::campaign::StageName;
use lumimill_common::count::counted;
use lumimill_common::shard::ShardId;
use lumimill_common::store::Place;

use super::block_on::block_on;
use super::edits::{PATIENCE, with_edits};
use super::with_pool::{WITH_POOL, is_with_pool};
use crate::campaign_file::CampaignFile;
use crate::earlier::{PASS_REPLACE, gone, message};
use crate::output::Output;
use crate::plan::Plan;

/// Removes what is stale, and says so.
pub(super) async fn remove_stale(
    output: &Output,
    stale: &[(StageName, ShardId)],
) -> anyhow::Result<()> {
    output.remove(stale).await?;
    say_removed(stale.len());
    Ok(())
}

/// Says how much was removed.
pub(super) fn say_removed(shards: usize) {
    if shards > 0 {
        eprintln!(
            "removed {} of an earlier configuration",
            counted(shards, "shard")
        );
    }
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
        let gone = gone(&output, &plan).await;
        notes.push(message(&stale, PASS_REPLACE, &output, &plan) + &gone);
    }
    Ok(notes)
}
