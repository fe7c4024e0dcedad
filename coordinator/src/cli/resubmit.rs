//! `lumimill resubmit`: does again what failed or is missing: in this process, or, when the
//! campaign is with a pool, by publishing it.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use clap::Args;
use lumimill_common::control::ControlState;
use lumimill_common::shard::{Shard, ShardId};
use lumimill_worker::program::pool_name;

use super::broker::{publish as publish_jobs, root, site};
use super::plan::with_splits;
use super::run::{RunArgs, Wanted, run_wanted, wanted_shards};
use super::say::say;
use super::target::target;
use super::{SlotsArg, block_on};
use crate::campaign_file::Mistakes;
use crate::check::{Checked, check};
use crate::exit_code::Exit;
use crate::jobs::JobsOf;
use crate::output::Output;
use crate::plan::{Plan, Splits};
use crate::submission::{Submission, set_active, set_running, submitted};

#[derive(Debug, Args)]
pub(super) struct ResubmitArgs {
    /// The campaign file, or, for a campaign that is with a pool, the place of its output or its
    /// name at the site of LUMIMILL_STORE.
    campaign: PathBuf,
    /// Only shards that were given up.
    #[arg(long)]
    failed: bool,
    /// Only shards that were given up after all their attempts: what may have passed since.
    #[arg(long, conflicts_with = "failed")]
    dead: bool,
    /// Only shards that were never brought to an end.
    #[arg(long, conflicts_with_all = ["failed", "dead"])]
    missing: bool,
    /// Cut each of them into so many, as they ran out of memory or time.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=1000))]
    split: Option<u32>,
    /// Publish them to another pool than the campaign's, which keeps all others.
    #[arg(long, value_parser = pool_name)]
    pool: Option<String>,
    /// Say what would be done, and do nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    slots: SlotsArg,
}

pub(super) fn resubmit(args: &ResubmitArgs) -> anyhow::Result<Exit> {
    let wanted = match (args.failed, args.dead, args.missing) {
        (true, ..) => Wanted::Failed,
        (_, true, _) => Wanted::Dead,
        (.., true) => Wanted::Missing,
        _ => Wanted::All,
    };
    let split = args.split.and_then(NonZeroU32::new);
    let with_pool = block_on(async {
        let (_, place) = target(&args.campaign).await?;
        Ok(Output::open(&place)?.control().await?.is_some())
    })?;
    match (with_pool, &args.pool) {
        (true, _) => publish(args, wanted, split),
        (false, Some(_)) => {
            let message = "the campaign is not with a pool: use lumimill submit --pool";
            Err(Mistakes::new(args.campaign.display(), vec![message.to_owned()]).into())
        }
        (false, None) if args.dry_run => preview(&args.campaign, &args.slots, wanted, split),
        (false, None) => {
            let run = RunArgs {
                campaign: args.campaign.clone(),
                slots: SlotsArg {
                    slots: args.slots.slots,
                },
                replace: false,
                quiet: false,
            };
            run_wanted(&run, wanted, split)
        }
    }
}

/// Says which shards of a campaign that is in no pool would be done.
pub(super) fn preview(
    campaign: &Path,
    slots: &SlotsArg,
    wanted: Wanted,
    split: Option<NonZeroU32>,
) -> anyhow::Result<Exit> {
    let Checked { file, plan } = check(campaign, slots.get())?;
    let output = Output::open(&file.output()?)?;
    block_on(async {
        let plan = with_splits(plan, &file.base, &output).await?;
        let wanted = wanted_shards(&output, &plan, wanted).await?;
        list(&plan, &wanted.into_iter().collect(), split);
        Ok(Exit::Done)
    })
}

/// Says of each shard what it is, and of all how much.
fn list(plan: &Plan, wanted: &BTreeSet<ShardId>, split: Option<NonZeroU32>) {
    let mut events = 0;
    for shard in plan
        .shards
        .iter()
        .filter(|shard| wanted.contains(&shard.id))
    {
        let entries = &shard.entries;
        events += entries.end.saturating_sub(entries.start);
        say(format_args!(
            "{} {} {} [{}, {})",
            shard.id, shard.stage, shard.file.url, entries.start, entries.end
        ));
    }
    say(format_args!(
        "would do {} shards, {events} events",
        wanted.len()
    ));
    if let Some(parts) = split {
        say(format_args!("each cut into {parts}"));
    }
}

fn publish(args: &ResubmitArgs, wanted: Wanted, split: Option<NonZeroU32>) -> anyhow::Result<Exit> {
    let site = site()?;
    block_on(async {
        let (campaign, place) = target(&args.campaign).await?;
        let output = Output::share(&place).await?;
        let Some(Submission {
            mut control,
            text,
            mut plan,
        }) = submitted(&output).await?
        else {
            let message = String::from("it was not submitted: use lumimill submit");
            return Err(Mistakes::new(args.campaign.display(), vec![message]).into());
        };
        let mut wanted: BTreeSet<ShardId> = wanted_shards(&output, &plan, wanted)
            .await?
            .into_iter()
            .collect();
        if args.dry_run {
            list(&plan, &wanted, split);
            return Ok(Exit::Done);
        }
        let pool = args.pool.as_ref().unwrap_or(&control.pool).clone();
        if pool != control.pool {
            control.more_pools.insert(pool.clone());
        }
        control.state = ControlState::Running;
        let base = PathBuf::from(&control.base);
        let chosen: Vec<Shard> = plan
            .shards
            .iter()
            .filter(|shard| wanted.contains(&shard.id))
            .cloned()
            .collect();
        if let Some(parts) = split {
            let splits: Splits = wanted.iter().map(|id| (*id, parts)).collect();
            plan.split(&splits, &base)?;
            control.plan = output.write_submission(&text, &plan).await?;
        }
        let (_, root) = root(&site).await?;
        set_running(&output, root.as_ref(), &campaign.name, &control).await?;
        if split.is_some() {
            output.write_plan(&text, &plan).await?;
            // From now on nobody commits a shard that was cut; one that was killed between its
            // object and its marker left the object.
            output.remove(&output.stale(&plan).await?).await?;
            // Jobs of the plan before are dropped as workers meet them: all are published anew.
            let left = wanted_shards(&output, &plan, Wanted::All).await?;
            wanted = left.into_iter().collect();
        }
        output.begin_anew(&chosen).await;
        let jobs_of = JobsOf {
            campaign: &campaign.name,
            plan: &control.plan,
            pool: &pool,
        };
        let due: Vec<&Shard> = plan
            .shards
            .iter()
            .filter(|shard| wanted.contains(&shard.id))
            .collect();
        let events = publish_jobs(&site, jobs_of, &due).await?;
        // Once more: a coordinator may just have found the campaign at its end.
        set_active(root.as_ref(), &campaign.name).await?;
        say(format_args!(
            "campaign {}: {} shards published to pool {pool} ({events} events)",
            campaign.name,
            due.len()
        ));
        Ok(Exit::Done)
    })
}
