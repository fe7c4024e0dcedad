//! `lumimill resubmit`: does again what failed, is missing or damaged: in this process, or, when
//! the campaign is with a pool, by publishing it.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use clap::Args;
use lumimill_common::campaign::CampaignName;
use lumimill_common::control::{Control, ControlState};
use lumimill_common::count::counted;
use lumimill_common::shard::Shard;
use lumimill_worker::program::pool_name;

use super::block_on::block_on;
use super::broker::{publish as publish_jobs, root, site};
use super::run::{Asked, Prepared, RunArgs, prepared, run_wanted};
use super::say::say;
use super::slots::SlotsArg;
use super::target::{planned, target};
use super::verified::damaged;
use crate::campaign_file::Mistakes;
use crate::check::{Checked, check};
use crate::due::{Due, Edit, Wanted, events};
use crate::exit_code::Exit;
use crate::jobs::JobsOf;
use crate::output::Output;
use crate::resubmit::{self, Ready};

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
    /// Only shards that were never brought to an end, or whose table is gone or has another size.
    #[arg(long, conflicts_with_all = ["failed", "dead"])]
    missing: bool,
    /// Only shards whose marker or table `lumimill verify` finds damaged, or whose table is gone;
    /// reads all tables. What has no marker is --missing.
    #[arg(long, conflicts_with_all = ["failed", "dead", "missing"])]
    damaged: bool,
    /// Only shards that the campaign was to go on without: they are taken back into its plan, with
    /// all that reads them.
    #[arg(long, conflicts_with_all = ["failed", "dead", "missing", "damaged"])]
    dropped: bool,
    /// Go on without what was given up (with --dead: of that, what had all its attempts): it is
    /// dropped from the plan, its lumi sections are missing, and the report says so on top. A stage
    /// that lost everything is not accepted. --dropped takes it back.
    #[arg(long, conflicts_with_all = ["missing", "damaged", "dropped", "split", "pool"])]
    accept: bool,
    /// Cut each of them into so many, as they ran out of memory or time; of several files, each
    /// becomes a shard.
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
        _ if args.dropped => Wanted::Dropped,
        (_, true, _) => Wanted::Dead,
        (.., true) => Wanted::Missing,
        _ if args.damaged => Wanted::Damaged {
            shards: damaged(&args.campaign)?,
            missing: false,
        },
        _ if args.accept => Wanted::Failed,
        _ => Wanted::All,
    };
    let split = args.split.and_then(NonZeroU32::new);
    again(&Again {
        campaign: &args.campaign,
        wanted,
        edit: match args.accept {
            true => Edit::Accept,
            false => split.map_or(Edit::None, Edit::Split),
        },
        pool: args.pool.as_deref(),
        dry_run: args.dry_run,
        slots: &args.slots,
    })
}

/// What of a campaign is done again, and how.
pub(super) struct Again<'a> {
    pub(super) campaign: &'a Path,
    pub(super) wanted: Wanted,
    pub(super) edit: Edit,
    pub(super) pool: Option<&'a str>,
    pub(super) dry_run: bool,
    pub(super) slots: &'a SlotsArg,
}

/// Does it in this process, or by the pool that the campaign is with.
pub(super) fn again(again: &Again<'_>) -> anyhow::Result<Exit> {
    let control = block_on(async {
        let (campaign, place) = target(again.campaign).await?;
        let output = Output::open(&place)?;
        // What was never planned, or whose plan is gone, is not done again.
        planned(again.campaign, &place, &output, &campaign).await?;
        output.control().await
    })?;
    // Mending does not bring to life what was cancelled.
    let is_mended = matches!(again.wanted, Wanted::Damaged { missing: true, .. });
    let is_cancelled = |control: &Control| control.state == ControlState::Cancelled;
    let with_pool = control.is_some_and(|control| !(is_mended && is_cancelled(&control)));
    match (with_pool, again.pool) {
        (true, _) => publish(again),
        (false, Some(_)) => {
            let message = "the campaign is not with a pool: use lumimill submit --pool";
            Err(Mistakes::new(again.campaign.display(), vec![message.to_owned()]).into())
        }
        (false, None) => in_this_process(again),
    }
}

/// Does what is due of a campaign that is in no pool, or says what that would be.
fn in_this_process(again: &Again<'_>) -> anyhow::Result<Exit> {
    let run = RunArgs {
        campaign: again.campaign.to_owned(),
        slots: SlotsArg {
            slots: again.slots.slots,
        },
        replace: false,
        quiet: false,
    };
    let remover = format!(
        "lumimill run {} --replace removes them",
        again.campaign.display()
    );
    let asked = Asked {
        wanted: &again.wanted,
        edit: again.edit,
        remover: &remover,
    };
    match again.dry_run {
        true => preview(&run, asked),
        false => run_wanted(&run, asked),
    }
}

/// Says which shards of a campaign that is in no pool would be done.
fn preview(run: &RunArgs, asked: Asked<'_>) -> anyhow::Result<Exit> {
    let Checked { file, plan } = check(&run.campaign, run.slots.get())?;
    let output = Output::open(&file.output()?)?;
    block_on(async {
        let Prepared { due, .. } = prepared(run, asked, &file, plan, &output).await?;
        list(&due.shards, None);
        sum(&due.shards);
        say_measured(&due);
        say_cut(asked.edit);
        say_losses(&due);
        Ok(Exit::Done)
    })
}

/// Says of each shard what it is, and where it goes.
pub(super) fn list(shards: &[Shard], pool: Option<&str>) {
    let pool = pool.map(|pool| format!(" to pool {pool}"));
    let pool = pool.unwrap_or_default();
    for shard in shards {
        let entries = &shard.entries;
        say(format_args!(
            "{} {} {} [{}, {}){pool}",
            shard.id,
            shard.stage,
            shard.input(),
            entries.start,
            entries.end
        ));
    }
}

/// Says how much would be done.
pub(super) fn sum(shards: &[Shard]) {
    say(format_args!(
        "would do {}, {} events",
        counted(shards.len(), "shard"),
        events(shards)
    ));
}

/// Says what of it is only measured again.
pub(super) fn say_measured(due: &Due) {
    if let Some(told) = due.told() {
        say(format_args!("{told}"));
    }
}

fn say_cut(edit: Edit) {
    if let Edit::Split(parts) = edit {
        say(format_args!("each cut into {parts}, or into its files"));
    }
}

/// Says what a campaign goes on without, where somebody has just said so of some of it, and what it does
/// not.
fn say_losses(due: &Due) {
    if !due.dropped.is_empty() {
        for loss in due.plan.losses() {
            say(format_args!("accepted: {loss}"));
        }
    }
    for stage in &due.not_accepted {
        say(format_args!("{stage}"));
    }
}

/// Publishes what is due to its pools, or says what that would be.
fn publish(again: &Again<'_>) -> anyhow::Result<Exit> {
    let site = site()?;
    block_on(async {
        let (campaign, place) = target(again.campaign).await?;
        let output = match again.dry_run {
            true => Output::open(&place)?,
            false => Output::share(&place).await?,
        };
        let asked = resubmit::Asked {
            wanted: &again.wanted,
            edit: again.edit,
            pool: again.pool,
        };
        let Some(ready) = Ready::look(asked, &output).await? else {
            let message = String::from("it was not submitted: use lumimill submit");
            return Err(Mistakes::new(again.campaign.display(), vec![message]).into());
        };
        let (due, pool, home) = (&ready.due, ready.pool.as_str(), ready.home());
        if again.dry_run {
            list(&due.shards, Some(pool));
            list(&due.others, Some(home));
            sum(&due.shards);
            say_measured(due);
            say_cut(again.edit);
            say_losses(due);
            say_published("would be published", due, pool, home);
            return Ok(Exit::Done);
        }
        let name = &campaign.name;
        let (_, root) = root(&site).await?;
        if due.is_nothing() {
            ready.leave(name, &output, root.as_ref()).await?;
            say(format_args!(
                "campaign {name}: nothing of what was asked for is left to do; nothing was changed"
            ));
            return Ok(Exit::Done);
        }
        let publish = async |jobs_of: JobsOf<'_>, shards: &[&Shard]| {
            publish_jobs(&site, jobs_of, shards).await
        };
        let control = ready.resubmit(name, &output, root.as_ref(), &publish);
        let control = control.await?;
        say(format_args!("campaign {name}:"));
        say_losses(due);
        say_published("published", due, pool, home);
        say_pause(name, &control, again.campaign);
        Ok(Exit::Done)
    })
}

fn say_published(what: &str, due: &Due, pool: &str, home: &str) {
    say(format_args!(
        "{} {what} to pool {pool} ({} events)",
        counted(due.shards.len(), "shard"),
        events(&due.shards)
    ));
    say_measured(due);
    if due.is_edited && due.dropped.is_empty() {
        say(format_args!(
            "{} {what} to pool {home} again ({} events), as the plan is another",
            counted(due.others.len(), "other"),
            events(&due.others)
        ));
    }
}

/// Says that what was published waits.
pub(super) fn say_pause(name: &CampaignName, control: &Control, campaign: &Path) {
    if control.state == ControlState::Paused {
        say(format_args!(
            "campaign {name} is paused, and its jobs wait: lumimill resume {}",
            campaign.display()
        ));
    }
}
