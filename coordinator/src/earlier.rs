//! What an earlier configuration left in the output of a campaign: it would be read as part of the
//! data set, so that whoever begins a campaign removes it, or is refused.

use std::collections::BTreeSet;
use std::path::Path;

use lumimill_common::campaign::StageName;
use lumimill_common::count::counted;
use lumimill_common::shard::{ShardId, Source};

use crate::campaign_file::Mistakes;
use crate::output::Output;
use crate::plan::Plan;

/// What removes it, for whoever may be told to.
pub(crate) const PASS_REPLACE: &str = "pass --replace (to run or submit) to remove them";

/// Output of an earlier configuration.
///
/// # Errors
/// That it is there, unless it is to be replaced.
pub(crate) async fn stale(
    campaign: &Path,
    replace: bool,
    remover: &str,
    output: &Output,
    plan: &Plan,
) -> anyhow::Result<Vec<(StageName, ShardId)>> {
    let found = output.stale(plan).await?;
    if !found.is_empty() && !replace {
        let gone = gone(output, plan).await;
        let message = message(&found, remover, output, plan) + &gone;
        return Err(Mistakes::new(campaign.display(), vec![message]).into());
    }
    Ok(found)
}

/// What is said of input that was planned before and is not found now: that it is away may be why there
/// is anything of an earlier configuration.
pub(crate) async fn gone(output: &Output, plan: &Plan) -> String {
    /// Files that are named.
    const NAMED: usize = 3;
    // A plan that cannot be read has its own message where it is needed.
    let Ok(Some(before)) = output.planned().await else {
        return String::new();
    };
    let now: BTreeSet<&str> = files(plan).collect();
    let gone: BTreeSet<&str> = files(&before.plan).filter(|it| !now.contains(it)).collect();
    if gone.is_empty() {
        return String::new();
    }
    let named: Vec<&str> = gone.iter().copied().take(NAMED).collect();
    let more = match gone.len() > NAMED {
        true => ", …",
        false => "",
    };
    format!(
        "\n{} of the plan before {} not in this one: {}{more}. If {} should be, as after a disk was lost, \
         bring {} back and say the same again",
        counted(gone.len(), "file"),
        if gone.len() == 1 { "is" } else { "are" },
        named.join(", "),
        if gone.len() == 1 { "it" } else { "they" },
        if gone.len() == 1 { "it" } else { "them" },
    )
}

/// The files that a plan reads.
fn files(plan: &Plan) -> impl Iterator<Item = &str> {
    let shards = plan.shards.iter();
    let shards = shards.filter(|shard| shard.source == Source::Entries);
    shards.map(|shard| shard.file.url.as_str())
}

/// What is said of it.
#[must_use]
pub(crate) fn message(
    found: &[(StageName, ShardId)],
    remover: &str,
    output: &Output,
    plan: &Plan,
) -> String {
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
