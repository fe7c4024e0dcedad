//! `lumimill submit`: plans a campaign, writes it to the store, and publishes what has no marker.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use lumimill_common::shard::{Shard, ShardId};
use lumimill_worker::program::pool_name;

use super::block_on;
use super::broker::{publish as publish_jobs, root, site};
use super::plan::{warn, with_splits};
use super::run::{Wanted, remove_stale, stale, wanted_shards};
use super::say::say;
use super::{SlotsArg, resubmit};
use crate::check::{Checked, check};
use crate::exit_code::Exit;
use crate::jobs::JobsOf;
use crate::output::Output;
use crate::submission::{check_place, running, set_active, set_running, write_models};

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
        return resubmit::preview(&args.campaign, &args.slots, Wanted::All, None);
    }
    let Checked { file, plan } = check(&args.campaign, args.slots.get())?;
    let site = site()?;
    block_on(async {
        let (root_place, root) = root(&site).await?;
        let place = file.output()?;
        check_place(&place, &root_place, &file.campaign)?;
        let output = Output::share(&place).await?;
        let plan = with_splits(plan, &file.base, &output).await?;
        warn(&plan);
        let stale = stale(&args.campaign, args.replace, &output, &plan).await?;
        write_models(output.store().as_ref(), &file, &plan.stages).await?;
        let digest = output.write_submission(&file.text, &plan).await?;
        let name = &file.campaign.name;
        // Told before the first job is out, and before anything is removed: from now on nobody
        // commits a shard of the plan before.
        let control = running(&digest, &args.pool, &file.base)?;
        set_running(&output, root.as_ref(), name, &control).await?;
        output.write_plan(&file.text, &plan).await?;
        remove_stale(&output, &stale).await?;
        let shards = wanted_shards(&output, &plan, Wanted::All).await?;
        let failed = wanted_shards(&output, &plan, Wanted::Failed).await?;
        let failed: BTreeSet<ShardId> = failed.into_iter().collect();
        let is_failed = |shard: &&Shard| failed.contains(&shard.id);
        output
            .begin_anew(plan.shards.iter().filter(is_failed))
            .await;
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
        let events = publish_jobs(&site, jobs_of, &due).await?;
        // Once more: a coordinator may just have found the campaign at its end.
        set_active(root.as_ref(), name).await?;
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
