//! `lumimill run`: a whole campaign in this process.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use lumimill_common::campaign::{Stage, StageName};
use lumimill_common::count::counted;
use lumimill_common::queue::MemoryQueue;
use lumimill_common::shard::{Shard, ShardId};
use lumimill_common::store::Place;
use lumimill_worker::given_back::share_heaps;
use lumimill_worker::prepared_stage::PreparedStage;
use lumimill_worker::production::Production;

use super::block_on::block_on;
use super::earlier::{remove_folders, remove_stale};
use super::edits::with_edits;
use super::plan::{tell_engines, warn};
use super::say::say;
use super::slots::SlotsArg;
use super::target::{planned, target as named};
use super::with_pool::{WITH_POOL, is_with_pool};
use crate::acceptance::accepted;
use crate::campaign_file::{CampaignFile, Mistakes};
use crate::check::{Checked, check};
use crate::drive::{End, drive};
use crate::due::{Due, Edit, Wanted, events};
use crate::earlier::{PASS_REPLACE, stale};
use crate::exit_code::Exit;
use crate::ledger::{Known, Ledger};
use crate::output::{Output, Over, Planned};
use crate::plan::Plan;
use crate::progress::Display;
use crate::report_files::{Outcome, write_report};
use crate::report_sums::{StoredReport, check_not_newer};
use crate::soundness::to_measure;
use crate::submission::write_configurations;

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// The campaign file.
    pub(super) campaign: PathBuf,
    #[command(flatten)]
    pub(super) slots: SlotsArg,
    /// Remove output of an earlier configuration of the campaign, also of stages that it has no
    /// more.
    #[arg(long)]
    pub(super) replace: bool,
    /// Say nothing but failures and the result.
    #[arg(long, short)]
    pub(super) quiet: bool,
}

pub(super) fn run(args: &RunArgs) -> anyhow::Result<Exit> {
    let asked = Asked {
        wanted: &Wanted::All,
        edit: Edit::None,
        remover: PASS_REPLACE,
    };
    run_wanted(args, asked)
}

/// What is asked of a campaign that is done in this process.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    /// Which shards.
    pub(super) wanted: &'a Wanted,
    /// What becomes of them in the plan.
    pub(super) edit: Edit,
    /// What removes what is of an earlier configuration.
    pub(super) remover: &'a str,
}

/// What is about to be done in this process.
pub(super) struct Prepared {
    pub(super) due: Due,
    stale: Vec<(StageName, ShardId)>,
}

/// Looks what is to be done, and changes nothing: what a dry run tells is what a real one does.
pub(super) async fn prepared(
    args: &RunArgs,
    asked: Asked<'_>,
    file: &CampaignFile,
    plan: Plan,
    output: &Output,
) -> anyhow::Result<Prepared> {
    let Asked {
        wanted,
        edit,
        remover,
    } = asked;
    check_not_newer(output.store().as_ref()).await?;
    let plan = with_edits(plan, &file.base, output).await?;
    if !args.quiet {
        tell_engines(&file.stages);
        warn(&plan);
    }
    let replace = args.replace || is_to_be_mended(wanted, output, &plan).await?;
    let stale = stale(&args.campaign, replace, remover, output, &plan).await?;
    let due = Due::look(output, &file.campaign, plan, wanted, edit, &file.base);
    let due = due.await?;
    Ok(Prepared { due, stale })
}

/// Does the wanted shards of a campaign, each cut into so many, then merges and reports all that
/// is done.
pub(super) fn run_wanted(args: &RunArgs, asked: Asked<'_>) -> anyhow::Result<Exit> {
    share_heaps(args.slots.get().get());
    let Checked { file, plan } = check(&args.campaign, args.slots.get())?;
    let place = file.output()?;
    block_on(async {
        if is_with_pool(&looked_at(&place).await?, &place).await? {
            let message = WITH_POOL.to_owned();
            return Err(Mistakes::new(args.campaign.display(), vec![message]).into());
        }
        let (output, _held) = Output::hold(&place).await?;
        let Prepared { due, stale } = prepared(args, asked, &file, plan, &output).await?;
        if due.is_nothing() && *asked.wanted != Wanted::All && stale.is_empty() {
            eprintln!("nothing of what was asked for is left to do; nothing was changed");
            return Ok(Exit::Done);
        }
        for stage in &due.not_accepted {
            eprintln!("{stage}");
        }
        remove_stale(&output, &stale).await?;
        remove_folders(&place, &stale);
        output.remove_dropped(&due.plan.dropped).await?;
        if due.is_edited {
            // One that was killed between its object and its marker left the object.
            output.remove(&output.stale(&due.plan).await?).await?;
        }
        output.write_plan(&file.text, &due.plan).await?;
        output.begin_anew(&due.given_up).await;
        made_whole(args, &file, &output, due).await
    })
}

/// Whether what is in no shard of the plan is removed, as somebody asked for all of it to be put in
/// order: only where the campaign is the one that was done.
async fn is_to_be_mended(wanted: &Wanted, output: &Output, plan: &Plan) -> anyhow::Result<bool> {
    if !matches!(wanted, Wanted::Damaged { missing: true, .. }) {
        return Ok(false);
    }
    let ids = |plan: &Plan| plan.shards.iter().map(|shard| shard.id).collect::<Vec<_>>();
    let before = output.plan().await?;
    Ok(before.is_some_and(|before| ids(&before) == ids(plan)))
}

/// Does what is due and reports; what is gone by then is done once more.
async fn made_whole(
    args: &RunArgs,
    file: &CampaignFile,
    output: &Output,
    mut due: Due,
) -> anyhow::Result<Exit> {
    const TIMES: usize = 3;
    write_configurations(output.store().as_ref(), file).await?;
    for time in 1.. {
        if let Some(told) = due.told() {
            eprintln!("{told}");
        }
        let is_made = |shard: &&Shard| !due.to_measure.contains(&shard.id);
        let made = due.unsound.iter().filter(is_made).count();
        if let Some(damaged) = made
            .checked_sub(due.not_told_apart)
            .filter(|made| *made > 0)
        {
            let are = if damaged == 1 { "is" } else { "are" };
            let tables = counted(damaged, "table");
            eprintln!("{tables} {are} gone or damaged, and {are} made again");
        }
        output.set_back(&due.unsound, &due.to_measure).await?;
        if stage_by_stage(args, file, output, &mut due).await? == Ended::Stopped {
            eprintln!("stopped; run again to go on where it stopped");
            return Ok(Exit::Stopped);
        }
        let outcome = write_report(&file.campaign, output, &due.plan).await?;
        let unsound = outcome.unsound();
        if unsound.is_empty() || time == TIMES {
            return Ok(told(&outcome));
        }
        let shards = due.plan.shards.iter();
        let shards = shards.filter(|shard| unsound.contains_key(&shard.id));
        let unsound: Vec<Shard> = shards.cloned().collect();
        due.to_measure = to_measure(outcome.unsound());
        due.not_told_apart = 0;
        due.shards.clone_from(&unsound);
        due.now.clone_from(&unsound);
        due.unsound = unsound;
    }
    Ok(Exit::FailedShards)
}

/// Does what is due, and then what has become due by it, or as enough of a stage was done.
async fn stage_by_stage(
    args: &RunArgs,
    file: &CampaignFile,
    output: &Output,
    due: &mut Due,
) -> anyhow::Result<Ended> {
    let mut left: BTreeSet<ShardId> = due.shards.iter().map(|shard| shard.id).collect();
    let mut now: Vec<ShardId> = due.now.iter().map(|shard| shard.id).collect();
    loop {
        let end = produce(args, file, output, &due.plan, &now).await?;
        for id in &now {
            left.remove(id);
        }
        if end == Ended::Stopped {
            return Ok(end);
        }
        let Over { done, given_up } = output.over_of(&due.plan).await?;
        let known = Known::of(done, given_up);
        if let Some(plan) = accepted(&due.plan, &known, file.campaign.shards.accept) {
            output.write_plan(&file.text, &plan).await?;
            output.remove_dropped(&plan.dropped).await?;
            due.plan = plan;
            left.extend(Ledger::of(&due.plan, &known).outstanding().ids());
        }
        let ledger = Ledger::of(&due.plan, &known);
        let ids = ledger.outstanding().now.iter().map(|shard| shard.id);
        now = ids.filter(|id| left.contains(id)).collect();
        if now.is_empty() {
            return Ok(end);
        }
    }
}

/// The output in a place, to look at.
async fn looked_at(place: &Place) -> anyhow::Result<Output> {
    match place {
        Place::Folder(_) => Ok(Output::open(place)?),
        // What is wrong with the service is found in the way that says most.
        Place::S3(_) | Place::Own(_) => Output::share(place).await,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Complete,
    Stopped,
}

async fn produce(
    args: &RunArgs,
    file: &CampaignFile,
    output: &Output,
    plan: &Plan,
    shards: &[ShardId],
) -> anyhow::Result<Ended> {
    let wanted: BTreeSet<ShardId> = shards.iter().copied().collect();
    let chosen = plan
        .shards
        .iter()
        .filter(|shard| wanted.contains(&shard.id));
    let entries = events(chosen);
    let stages = &file.campaign.stages;
    let are_events = |stage: &Stage| stage.from.is_none() && stage.grouping.is_none();
    let noun = match stages.iter().all(are_events) {
        true => "events",
        false => "entries",
    };
    let mut display = Display::new(entries, noun, shards.len(), args.quiet);
    if shards.is_empty() {
        eprintln!("nothing to do: every shard wanted is done");
        return Ok(Ended::Complete);
    }
    let name = &file.campaign.name;
    let attempts = file.campaign.shards.max_attempts;
    let mut production = Production::new(
        name,
        &plan.configuration,
        &file.base,
        output.store(),
        attempts,
    );
    production.limit = file.campaign.shards.limit();
    let stages = file.stages.iter().zip(&plan.stages);
    production.stages = stages
        .map(|(stage, planned)| {
            let typed = PreparedStage::clone(stage).typed(planned.types.clone());
            (planned.name.clone(), Arc::new(typed))
        })
        .collect();
    // Also those that are read.
    let all = plan.shards.iter();
    production.shards = all
        .map(|shard| (shard.id, Arc::new(shard.clone())))
        .collect();
    let production = Arc::new(production);
    stop_on_signal(&production);
    let queue = Arc::new(MemoryQueue::default());
    let end = drive(&production, queue, shards, args.slots.get(), &mut display).await?;
    display.finish();
    Ok(match end {
        End::Complete(_) => Ended::Complete,
        End::Stopped(_) => Ended::Stopped,
    })
}

/// Ctrl-C and SIGTERM stop between two batches; a second one ends the process at once.
fn stop_on_signal(production: &Arc<Production>) {
    let stop = production.stop.clone();
    tokio::spawn(async move {
        use tokio::signal::unix::{SignalKind, signal};
        let (Ok(mut interrupt), Ok(mut terminate)) = (
            signal(SignalKind::interrupt()),
            signal(SignalKind::terminate()),
        ) else {
            return;
        };
        for first in [true, false] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            match first {
                true => stop.cancel(),
                false => std::process::exit(i32::from(Exit::Stopped.code())),
            }
        }
    });
}

/// Says what a campaign came to.
fn told(outcome: &Outcome) -> Exit {
    say(format_args!("{outcome}"));
    match outcome.complete() {
        true => Exit::Done,
        false => Exit::FailedShards,
    }
}

/// Times that a report is written again as more was done meanwhile.
const TIMES: usize = 3;

/// `lumimill report`: merges and reports what is there.
pub(super) fn report_again(target: &Path) -> anyhow::Result<Exit> {
    block_on(async {
        let (campaign, place) = named(target).await?;
        let (output, _held) = match is_with_pool(&looked_at(&place).await?, &place).await? {
            // Workers write there: nothing of theirs is swept.
            true => (Output::share(&place).await?, None),
            false => {
                let (output, held) = Output::hold(&place).await?;
                (output, Some(held))
            }
        };
        let Planned { campaign, plan, .. } = planned(target, &place, &output, &campaign).await?;
        let mut outcome = write_report(&campaign, &output, &plan).await?;
        // Whoever drives it may have done more, and have reported it, before this was written.
        for _ in 0..TIMES {
            let over = output.over_of(&plan).await?;
            let store = output.store();
            let report = StoredReport::look(store.as_ref()).await?;
            let unsound = outcome.unsound();
            let whole = over.done.into_iter().filter(|it| !unsound.contains_key(it));
            if report.is_of_others(&plan, &whole.collect())?.is_none() {
                break;
            }
            outcome = write_report(&campaign, &output, &plan).await?;
        }
        Ok(told(&outcome))
    })
}
