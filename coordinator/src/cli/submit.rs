//! `lumimill submit`: plans a campaign, writes it to the store, and publishes what has no marker.

use std::path::PathBuf;

use clap::Args;
use lumimill_common::count::counted;
use lumimill_common::shard::Shard;
use lumimill_common::store::Place;
use lumimill_worker::program::pool_name;

use super::block_on::block_on;
use super::broker::{mistake, publish as publish_jobs, root, site};
use super::earlier::say_removed;
use super::edits::with_edits;
use super::plan::warn;
use super::resubmit::{list, say_measured, say_pause, sum};
use super::say::say;
use super::slots::SlotsArg;
use crate::check::{Checked, check};
use crate::due::{Due, events};
use crate::exit_code::Exit;
use crate::jobs::JobsOf;
use crate::output::Output;
use crate::plan::Plan;
use crate::submission::check_place;
use crate::submit::{Asked, Ready, Submitted, told};

#[derive(Debug, Args)]
pub(super) struct SubmitArgs {
    /// The campaign file.
    pub(super) campaign: PathBuf,
    /// Pool of workers that does it.
    #[arg(long, default_value = "cpu", value_parser = pool_name)]
    pub(super) pool: String,
    /// Remove output of an earlier configuration of the campaign, also of stages that it has no
    /// more.
    #[arg(long)]
    pub(super) replace: bool,
    /// Say what would be published, and publish nothing.
    #[arg(long)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) slots: SlotsArg,
}

pub(super) fn submit(args: &SubmitArgs) -> anyhow::Result<Exit> {
    let Checked { file, plan } = check(&args.campaign, args.slots.get())?;
    let site = site()?;
    block_on(async {
        let root_place = site.store().map_err(|error| mistake(&error))?;
        let place = file.output()?;
        check_place(&place, &root_place, &file.campaign)?;
        let asked = Asked {
            path: &args.campaign,
            file: &file,
            pool: &args.pool,
            replace: args.replace,
        };
        let ready = ready(asked, plan, &place).await?;
        if args.dry_run {
            tell(args, &ready);
            return Ok(Exit::Done);
        }
        let (_, root) = root(&site).await?;
        let output = Output::share(&place).await?;
        let publish = async |jobs_of: JobsOf<'_>, shards: &[&Shard]| {
            publish_jobs(&site, jobs_of, shards).await
        };
        let submitted = ready.submit(asked, &output, root.as_ref(), &publish);
        let Submitted {
            control,
            due,
            removed,
        } = submitted.await?;
        say_removed(removed);
        let name = &file.campaign.name;
        let all = due.plan.shards.len();
        say(format_args!(
            "campaign {name}: {} of {all} shards published to pool {} ({} events), {} were done",
            due.now.len(),
            args.pool,
            events(&due.now),
            all.saturating_sub(due.shards.len()),
        ));
        say_measured(&due);
        say_later(&due);
        say_pause(name, &control, &args.campaign);
        say(format_args!(
            "follow it with: lumimill status {} --watch",
            args.campaign.display()
        ));
        Ok(Exit::Done)
    })
}

/// Looks what is to be done, and changes nothing.
async fn ready(asked: Asked<'_>, plan: Plan, place: &Place) -> anyhow::Result<Ready> {
    let output = Output::open(place)?;
    let told = told(&output).await?;
    let plan = with_edits(plan, &asked.file.base, &output).await?;
    warn(&plan);
    Ready::look(asked, told, plan, &output).await
}

/// Says what would be done.
fn tell(args: &SubmitArgs, ready: &Ready) {
    let Ready { due, stale, .. } = ready;
    if !stale.is_empty() {
        say(format_args!(
            "would remove {} of an earlier configuration",
            counted(stale.len(), "shard")
        ));
    }
    list(&due.now, Some(&args.pool));
    sum(&due.now);
    say_measured(due);
    say_later(due);
}

fn say_later(due: &Due) {
    let later = due.shards.len().saturating_sub(due.now.len());
    if later > 0 {
        say(format_args!(
            "{} of later stages will follow as `lumimill serve` publishes them",
            counted(later, "shard")
        ));
    }
}
