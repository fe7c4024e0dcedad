//! `lumimill submit`: plans a campaign, writes it to the store, and publishes what has no marker.

use std::path::PathBuf;

use clap::Args;
use lumimill_common::campaign::StageName;
use lumimill_common::count::counted;
use lumimill_common::shard::{Shard, ShardId};
use lumimill_common::store::Place;
use lumimill_worker::program::pool_name;

use super::broker::{mistake, publish as publish_jobs, root, site};
use super::earlier::{PASS_REPLACE, remove_stale, stale};
use super::plan::{warn, with_edits};
use super::resubmit::{list, say_measured, say_pause, sum};
use super::say::say;
use super::{SlotsArg, block_on};
use crate::campaign_file::CampaignFile;
use crate::check::{Checked, check};
use crate::due::{Due, Edit, Wanted, events};
use crate::exit_code::Exit;
use crate::jobs::JobsOf;
use crate::orders::put_in_force;
use crate::output::{Output, Told};
use crate::plan::Plan;
use crate::roster::set_active;
use crate::submission::{check_place, running, write_models};

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

/// What a submission is about to do.
struct Prepared {
    told: Option<Told>,
    due: Due,
    /// Shards of an earlier configuration, which are removed.
    stale: Vec<(StageName, ShardId)>,
}

pub(super) fn submit(args: &SubmitArgs) -> anyhow::Result<Exit> {
    let Checked { file, plan } = check(&args.campaign, args.slots.get())?;
    let site = site()?;
    block_on(async {
        let root_place = site.store().map_err(|error| mistake(&error))?;
        let place = file.output()?;
        check_place(&place, &root_place, &file.campaign)?;
        let prepared = prepared(args, &file, plan, &place).await?;
        if args.dry_run {
            tell(args, &prepared);
            return Ok(Exit::Done);
        }
        let Prepared { told, due, stale } = prepared;
        let (_, root) = root(&site).await?;
        let output = Output::share(&place).await?;
        write_models(output.store().as_ref(), &file).await?;
        let digest = output.write_submission(&file.text, &due.plan).await?;
        let name = &file.campaign.name;
        // Told before the first job is out, and before anything is removed: from now on nobody
        // commits a shard of the plan before.
        let control = running(&digest, &args.pool, &file.base)?;
        let control = put_in_force(&output, root.as_ref(), name, told, control).await?;
        output.write_plan(&file.text, &due.plan).await?;
        remove(&output, &stale, &digest).await?;
        output.set_back(&due.unsound, &due.to_measure).await?;
        output.begin_anew(&due.chosen).await;
        let jobs_of = JobsOf {
            campaign: name,
            plan: &digest,
            pool: &args.pool,
        };
        let shards: Vec<&Shard> = due.now.iter().collect();
        publish_jobs(&site, jobs_of, &shards).await?;
        // Once more: a coordinator may just have found the campaign at its end.
        set_active(root.as_ref(), name).await?;
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
async fn prepared(
    args: &SubmitArgs,
    file: &CampaignFile,
    plan: Plan,
    place: &Place,
) -> anyhow::Result<Prepared> {
    let output = Output::open(place)?;
    // Before anything else is read, which takes its time: others may submit it meanwhile.
    let told = output.told_or_damaged().await?;
    let plan = with_edits(plan, &file.base, &output).await?;
    warn(&plan);
    let stale = stale(&args.campaign, args.replace, PASS_REPLACE, &output, &plan).await?;
    let due = Due::look(
        &output,
        &file.campaign,
        plan,
        &Wanted::All,
        Edit::None,
        &file.base,
    );
    let due = due.await?;
    Ok(Prepared { told, due, stale })
}

/// Says what would be done.
fn tell(args: &SubmitArgs, prepared: &Prepared) {
    let Prepared { due, stale, .. } = prepared;
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

/// Removes what is stale, while nobody has put another plan in force.
async fn remove(
    output: &Output,
    stale: &[(StageName, ShardId)],
    digest: &str,
) -> anyhow::Result<()> {
    let now = output.control().await?;
    match now.is_some_and(|now| now.plan == digest) {
        true => remove_stale(output, stale).await,
        false => Ok(()),
    }
}
