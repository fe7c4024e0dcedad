//! What an earlier configuration left in the output of a campaign: it would be read as part of the
//! data set, so that whoever begins a campaign removes it, or is refused.

use std::path::Path;

use lumimill_common::campaign::StageName;
use lumimill_common::count::counted;
use lumimill_common::shard::ShardId;

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
        let message = message(&found, remover, output, plan);
        return Err(Mistakes::new(campaign.display(), vec![message]).into());
    }
    Ok(found)
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
