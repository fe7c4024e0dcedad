//! The output of a campaign, looked through; and which shards are to be done again by that.

use std::collections::BTreeSet;
use std::path::Path;

use lumimill_common::shard::ShardId;

use super::advice::advice;
use super::block_on::block_on;
use super::say::{cut, say, say_some};
use super::target::{planned, target};
use crate::campaign_file::Mistakes;
use crate::output::{Output, Planned};
use crate::problem::Problem;
use crate::stored::NewerVersion;
use crate::verify::{Verified, verify as verify_output};

/// What a newer version wrote: nobody of this one can say whether it is right.
pub(super) fn newer(verified: &Verified, campaign: &Path) -> Option<NewerVersion> {
    let mut problems = verified.problems.iter();
    problems.find_map(|problem| match problem {
        Problem::Newer { key, reason } => Some(NewerVersion {
            location: campaign.display().to_string(),
            key: key.to_string(),
            reason: reason.clone(),
        }),
        _ => None,
    })
}

/// The shards that have a marker and are to be done again, each named.
///
/// # Errors
/// When something has to be seen to first.
pub(super) fn damaged(campaign: &Path) -> anyhow::Result<BTreeSet<ShardId>> {
    let verified = verified(campaign)?;
    if let Some(newer) = newer(&verified, campaign) {
        return Err(newer.into());
    }
    let named = |is_it: fn(&Problem) -> bool| -> Vec<Problem> {
        let problems = verified.problems.iter();
        problems.filter(|problem| is_it(problem)).cloned().collect()
    };
    let unreadable = named(is_in_the_way);
    if !unreadable.is_empty() {
        let lines = unreadable.iter().map(ToString::to_string);
        let lines = cut(lines.collect(), "", "lumimill verify names all");
        return Err(Mistakes::new(campaign.display(), lines).into());
    }
    let of_shards = named(|problem| matches!(problem, Problem::Unsound(_)));
    let of_report = named(|problem| matches!(problem, Problem::Report { .. }));
    let lines = of_shards.iter().chain(&of_report).map(ToString::to_string);
    let all = format!("lumimill verify {} --json lists all", campaign.display());
    say_some(lines.collect(), &all);
    for line in advice(&of_report, campaign) {
        say(format_args!("{line}"));
    }
    Ok(verified.damaged())
}

pub(super) fn is_in_the_way(problem: &Problem) -> bool {
    matches!(
        problem,
        Problem::Model { .. }
            | Problem::Unreadable { .. }
            | Problem::NoAnswer { .. }
            | Problem::Newer { .. }
    )
}

pub(super) fn verified(campaign: &Path) -> anyhow::Result<Verified> {
    block_on(async {
        let (named, place) = target(campaign).await?;
        let output = Output::open(&place)?;
        let Planned { campaign, plan, .. } = planned(campaign, &place, &output, &named).await?;
        verify_output(&output, &campaign, &plan).await
    })
}
