//! `lumimill submit`: plans a campaign, writes it to the store, and publishes what has no marker.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use lumimill_common::failed_record;
use lumimill_common::shard::ShardId;
use lumimill_worker::program::pool_name;

use super::block_on;
use super::broker::{publish as publish_jobs, root, site};
use super::check::checked;
use super::plan::planned_with;
use super::run::{Wanted, settle_stale, wanted_shards, warn};
use super::say::say;
use super::{SlotsArg, resubmit};
use crate::exit_code::Exit;
use crate::jobs::JobsOf;
use crate::output::Output;
use crate::plan::Plan;
use crate::submission::{check_place, set_running, write_models};

#[derive(Debug, Args)]
pub(super) struct SubmitArgs {
    /// The campaign file.
    pub(super) campaign: PathBuf,
    /// Pool of workers that does it.
    #[arg(long, default_value = "cpu", value_parser = pool_name)]
    pub(super) pool: String,
    /// Remove output of an earlier configuration of the campaign.
    #[arg(long)]
    pub(super) replace: bool,
    /// Say what would be published, and publish nothing.
    #[arg(long)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) slots: SlotsArg,
}

pub(super) fn submit(args: &SubmitArgs) -> anyhow::Result<Exit> {
    if args.dry_run {
        return resubmit::preview(&args.campaign, &args.slots, Wanted::All);
    }
    let file = checked(&args.campaign)?;
    let site = site()?;
    block_on(async {
        let (root_place, root) = root(&site).await?;
        let place = file.output()?;
        check_place(&place, &root_place, &file.campaign)?;
        let output = Output::share(&place).await?;
        let plan = planned_with(&args.campaign, &file, args.slots.get(), &output).await?;
        warn(&plan);
        settle_stale(&args.campaign, args.replace, &output, &plan).await?;
        write_models(output.store().as_ref(), &file, &plan.stages).await?;
        let digest = output.write_plan(&file.text, &plan).await?;
        let name = &file.campaign.name;
        let shards = wanted_shards(&output, &plan, Wanted::All).await?;
        begin_failed_anew(&output, &plan).await?;
        let first = plan.stages.iter().find(|stage| {
            let mut of_stage = plan.shards.iter().filter(|shard| shard.stage == stage.name);
            of_stage.any(|shard| shards.contains(&shard.id))
        });
        let jobs_of = JobsOf {
            campaign: name,
            plan: &digest,
            pool: &args.pool,
        };
        let due: Vec<_> = plan
            .shards
            .iter()
            .filter(|shard| first.is_some_and(|stage| stage.name == shard.stage))
            .filter(|shard| shards.contains(&shard.id))
            .collect();
        // Told before the first job is out: a worker that has one finds its plan.
        let base = (args.pool.as_str(), file.base.as_path());
        set_running(&output, root.as_ref(), &digest, name, base).await?;
        let events = publish_jobs(&site, jobs_of, &due).await?;
        say(format_args!(
            "campaign {name}: {} of {} shards published to pool {} ({events} events), {} were done",
            due.len(),
            plan.shards.len(),
            args.pool,
            plan.shards.len().saturating_sub(shards.len()),
        ));
        if shards.len() > due.len() {
            say(format_args!(
                "{} shards of later stages follow as `lumimill serve` publishes them",
                shards.len().saturating_sub(due.len())
            ));
        }
        say(format_args!(
            "follow it with: lumimill status {} --watch",
            args.campaign.display()
        ));
        Ok(Exit::Done)
    })
}

/// Forgets what was given up: while its record stays, a shard counts as over.
async fn begin_failed_anew(output: &Output, plan: &Plan) -> anyhow::Result<()> {
    let failed = wanted_shards(output, plan, Wanted::Failed).await?;
    let failed: BTreeSet<ShardId> = failed.into_iter().collect();
    for shard in plan
        .shards
        .iter()
        .filter(|shard| failed.contains(&shard.id))
    {
        failed_record::forget(output.store().as_ref(), &shard.stage, shard.id).await;
    }
    Ok(())
}
