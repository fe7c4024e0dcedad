//! `lumimill resubmit`: does again what failed or is missing.

use std::path::PathBuf;

use clap::Args;

use super::check::checked;
use super::plan::planned;
use super::run::{RunArgs, Wanted, run_wanted, wanted_shards};
use super::say::say;
use super::{SlotsArg, block_on};
use crate::exit_code::Exit;
use crate::output::Output;

#[derive(Debug, Args)]
pub(super) struct ResubmitArgs {
    /// The campaign file.
    campaign: PathBuf,
    /// Only shards that failed.
    #[arg(long, alias = "dead")]
    failed: bool,
    /// Only shards that were never brought to an end.
    #[arg(long, conflicts_with = "failed")]
    missing: bool,
    /// Say what would be done, and do nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    slots: SlotsArg,
}

pub(super) fn resubmit(args: &ResubmitArgs) -> anyhow::Result<Exit> {
    let wanted = match (args.failed, args.missing) {
        (true, _) => Wanted::Failed,
        (_, true) => Wanted::Missing,
        _ => Wanted::All,
    };
    if args.dry_run {
        return preview(&args.campaign, &args.slots, wanted);
    }
    let slots = SlotsArg {
        slots: args.slots.slots,
    };
    let campaign = args.campaign.clone();
    run_wanted(
        &RunArgs {
            campaign,
            slots,
            replace: false,
            quiet: false,
        },
        wanted,
    )
}

/// Says which shards would be done.
pub(super) fn preview(
    campaign: &std::path::Path,
    slots: &SlotsArg,
    wanted: Wanted,
) -> anyhow::Result<Exit> {
    let file = checked(campaign)?;
    let plan = planned(campaign, &file, slots.get())?;
    let output = Output::open(&file.output()?)?;
    let shards = block_on(wanted_shards(&output, &plan, wanted))?;
    let mut events = 0;
    for shard in plan
        .shards
        .iter()
        .filter(|shard| shards.contains(&shard.id))
    {
        let entries = &shard.entries;
        events += entries.end - entries.start;
        say(format_args!(
            "{} {} {} [{}, {})",
            shard.id, shard.stage, shard.file.url, entries.start, entries.end
        ));
    }
    say(format_args!(
        "would do {} shards, {events} events",
        shards.len()
    ));
    Ok(Exit::Done)
}
