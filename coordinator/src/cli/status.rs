//! `lumimill status`: how far a campaign is, from its plan and its markers alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use lumimill_common::campaign::Campaign;
use lumimill_common::store::{Place, S3Address};
use serde::Serialize;

use super::block_on;
use super::say::say;
use crate::campaign_file::{Mistakes, place_of};
use crate::exit_code::Exit;
use crate::ledger::Ledger;
use crate::output::Output;
use crate::plan::Plan;

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// The campaign file, or the folder (or s3:// address) of its output.
    campaign: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Show what failed, grouped by like failures.
    #[arg(long)]
    failed: bool,
}

#[derive(Debug, Serialize)]
struct Status {
    campaign: String,
    stages: Vec<StageStatus>,
    lumis: LumiStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    failures: Option<Vec<FailureGroup>>,
}

#[derive(Debug, Serialize)]
struct StageStatus {
    name: String,
    planned: usize,
    done: usize,
    failed: usize,
    events: u64,
    events_done: u64,
}

#[derive(Debug, Serialize)]
struct LumiStatus {
    processed: u64,
    missing: u64,
    not_in_files: u64,
}

#[derive(Debug, Serialize)]
struct FailureGroup {
    fingerprint: String,
    kind: String,
    message: String,
    shards: Vec<String>,
}

pub(super) fn status(args: &StatusArgs) -> anyhow::Result<Exit> {
    let status = block_on(async {
        let (_, place) = target(&args.campaign).await?;
        let output = Output::open(&place)?;
        let Some(plan) = output.plan().await? else {
            let message = format!("nothing was planned in {place} yet");
            return Err(Mistakes::new(args.campaign.display(), vec![message]).into());
        };
        look(&output, &plan, args.failed).await
    })?;
    match args.json {
        true => say(format_args!("{}", serde_json::to_string_pretty(&status)?)),
        false => print(&status),
    }
    Ok(Exit::Done)
}

/// The campaign and the place of its output, from either.
pub(super) async fn target(path: &Path) -> anyhow::Result<(Campaign, Place)> {
    let Some(place) = named(path)? else {
        let text = std::fs::read_to_string(path).map_err(|error| {
            mistake(
                path,
                format!("cannot read it: {error}; name a campaign file or the place of its output"),
            )
        })?;
        let campaign = parsed(path, &text)?;
        let base = path.parent().unwrap_or(Path::new(""));
        let place = place_of(base, &campaign)?;
        return Ok((campaign, place));
    };
    let Some(text) = Output::open(&place)?.campaign().await? else {
        let message = String::from("nothing was planned there: no campaign.toml is in it");
        return Err(mistake(path, message).into());
    };
    Ok((parsed(path, &text)?, place))
}

/// A place that a person named; `None` when it is not a place but perhaps a campaign file.
fn named(path: &Path) -> Result<Option<Place>, Mistakes> {
    let is_s3 = path.to_str().is_some_and(S3Address::is_meant);
    if !is_s3 && !path.is_dir() {
        return Ok(None);
    }
    let text = path.to_string_lossy();
    let place = Place::read(Path::new(""), &text);
    place
        .map(Some)
        .map_err(|error| mistake(path, error.to_string()))
}

fn mistake(path: &Path, message: String) -> Mistakes {
    Mistakes::new(path.display(), vec![message])
}

fn parsed(path: &Path, text: &str) -> Result<Campaign, Mistakes> {
    Campaign::parse(text).map_err(|errors| {
        let messages = errors.0.iter().map(ToString::to_string).collect();
        Mistakes::new(path.display(), messages)
    })
}

async fn look(output: &Output, plan: &Plan, failures: bool) -> anyhow::Result<Status> {
    let done = output.done_of(plan).await?;
    let failed = output.failed_of(plan, &done).await?;
    let ledger = Ledger::new(plan, &done, &failed);
    let counts = ledger.counts_per_stage();
    let stages = counts.into_iter().map(|(name, counts)| {
        let of_stage = plan
            .shards
            .iter()
            .filter(|shard| shard.stage.as_str() == name);
        let entries =
            |shard: &&lumimill_common::shard::Shard| shard.entries.end - shard.entries.start;
        let events = of_stage.clone().map(|shard| entries(&shard)).sum();
        let events_done = of_stage
            .filter(|shard| done.contains(&shard.id))
            .map(|shard| entries(&shard))
            .sum();
        StageStatus {
            name,
            planned: counts.planned + counts.done + counts.failed,
            done: counts.done,
            failed: counts.failed,
            events,
            events_done,
        }
    });
    let stages = stages.collect();
    let lumis = ledger.lumis();
    let lumis = LumiStatus {
        processed: lumis.processed.len(),
        missing: lumis.missing.len(),
        not_in_files: lumis.not_in_files.len(),
    };
    let failures = match failures {
        true => Some(groups(output, plan, &failed).await?),
        false => None,
    };
    Ok(Status {
        campaign: plan.campaign.to_string(),
        stages,
        lumis,
        failures,
    })
}

async fn groups(
    output: &Output,
    plan: &Plan,
    failed: &std::collections::BTreeSet<lumimill_common::shard::ShardId>,
) -> anyhow::Result<Vec<FailureGroup>> {
    let mut groups: BTreeMap<String, FailureGroup> = BTreeMap::new();
    for shard in plan
        .shards
        .iter()
        .filter(|shard| failed.contains(&shard.id))
    {
        let Some(record) = output.failed_record(&shard.stage, shard.id).await? else {
            continue;
        };
        let Some(last) = record.attempts.last() else {
            continue;
        };
        let group = groups
            .entry(last.fingerprint.clone())
            .or_insert_with(|| FailureGroup {
                fingerprint: last.fingerprint.clone(),
                kind: last.failure.kind.clone(),
                message: last.failure.message.clone(),
                shards: Vec::new(),
            });
        group.shards.push(shard.id.to_string());
    }
    Ok(groups.into_values().collect())
}

fn print(status: &Status) {
    say(format_args!("campaign {}", status.campaign));
    for stage in &status.stages {
        say(format_args!(
            "  stage {}: {} of {} shards done, {} failed; {} of {} events",
            stage.name, stage.done, stage.planned, stage.failed, stage.events_done, stage.events
        ));
    }
    let lumis = &status.lumis;
    say(format_args!(
        "  lumi sections: {} processed, {} missing, {} certified but in no file",
        lumis.processed, lumis.missing, lumis.not_in_files
    ));
    for group in status.failures.iter().flatten() {
        let shards = group.shards.len();
        say(format_args!(
            "  failure {} ({}; {shards} shards): {}",
            group.fingerprint, group.kind, group.message
        ));
        group
            .shards
            .iter()
            .for_each(|shard| say(format_args!("    {shard}")));
    }
}
