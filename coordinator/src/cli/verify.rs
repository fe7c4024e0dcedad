//! `lumimill verify`: every marker's object exists, with its rows and checksum; and what is not so
//! is made again, when that is asked for.

use std::path::{Path, PathBuf};

use clap::Args;
use lumimill_common::count::counted;

use super::advice::advice;
use super::block_on::block_on;
use super::broker::site;
use super::resubmit::{Again, again};
use super::run::report_again;
use super::say::{say, say_some};
use super::slots::SlotsArg;
use super::status::is_driven;
use super::target::{planned, target};
use super::verified::{is_in_the_way, newer, verified};
use crate::campaign_file::Mistakes;
use crate::due::{Edit, Wanted};
use crate::exit_code::Exit;
use crate::output::{Output, Planned};
use crate::problem::Problem;
use crate::verify::Verified;

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// The campaign file, the folder (or s3:// address) of its output, also one that was fetched,
    /// or its name at the site of LUMIMILL_STORE.
    campaign: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Make again what is missing or damaged, and remove shards that the plan has not: in this
    /// process, or by the pool that the campaign is with.
    #[arg(long, conflicts_with = "json")]
    mend: bool,
    #[command(flatten)]
    slots: SlotsArg,
}

pub(super) fn verify(args: &VerifyArgs) -> anyhow::Result<Exit> {
    if args.mend && args.campaign.is_dir() {
        let message =
            String::from("--mend needs the campaign file, which knows where its input is");
        return Err(Mistakes::new(args.campaign.display(), vec![message]).into());
    }
    let verified = verified(&args.campaign)?;
    match args.json {
        true => say(format_args!("{}", serde_json::to_string_pretty(&verified)?)),
        false => print(&verified, args),
    }
    if let Some(newer) = newer(&verified, &args.campaign) {
        return Err(newer.into());
    }
    match verified.problems.is_empty() {
        true => Ok(Exit::Done),
        false if args.mend => mend(args, &verified),
        false => Ok(Exit::FailedShards),
    }
}

fn print(verified: &Verified, args: &VerifyArgs) {
    let problems: Vec<String> = verified.problems.iter().map(ToString::to_string).collect();
    let found = problems.len();
    let all = format!(
        "lumimill verify {} --json lists all",
        args.campaign.display()
    );
    say_some(problems, &all);
    for loss in &verified.accepted {
        say(format_args!("accepted: {loss}"));
    }
    say(format_args!(
        "{}, {} rows: {}",
        counted(verified.objects, "object"),
        verified.rows,
        match found {
            0 => String::from("all as their markers say"),
            found => counted(found, "problem"),
        }
    ));
    if !args.mend {
        for line in advice(&verified.problems, &args.campaign) {
            say(format_args!("{line}"));
        }
    }
}

/// Makes again what is missing or damaged. Where something has to be seen to first, nothing is
/// changed: it may be whole, and what is made of the rest would lack it.
fn mend(args: &VerifyArgs, verified: &Verified) -> anyhow::Result<Exit> {
    let has = |is_it: fn(&Problem) -> bool| verified.count(is_it) > 0;
    if has(is_in_the_way) {
        say(format_args!("nothing was changed"));
        for line in advice(&verified.problems, &args.campaign) {
            say(format_args!("{line}"));
        }
        return Ok(Exit::FailedShards);
    }
    let mut ended = Exit::Done;
    let is_stray = |problem: &Problem| matches!(problem, Problem::Stray(_));
    if has(Problem::is_due) || has(is_stray) {
        ended = again(&Again {
            campaign: &args.campaign,
            wanted: Wanted::Damaged {
                shards: verified.damaged(),
                missing: true,
            },
            edit: Edit::None,
            pool: None,
            dry_run: false,
            slots: &args.slots,
        })?;
    }
    // Of shards that are done again the report follows.
    if ended == Exit::Done
        && !has(Problem::is_due)
        && has(|problem| matches!(problem, Problem::Report { .. }))
    {
        ended = match is_driven_now(&args.campaign)? {
            // Two who write it at one moment would mix what they know.
            true => {
                say(format_args!(
                    "the report follows: a coordinator is at the campaign"
                ));
                Exit::Done
            }
            false => report_again(&args.campaign)?,
        };
    }
    if ended == Exit::Done && has(is_stray) && has_strays(&args.campaign)? {
        if is_driven_now(&args.campaign)? {
            say(format_args!(
                "what is not of the plan is removed by the coordinator that is at the campaign, before it \
                 reports"
            ));
            return Ok(Exit::Done);
        }
        // A pool may be at work: what is to go is said by whoever submits.
        say(format_args!("what is not of the plan stays"));
        let strays: Vec<Problem> = verified
            .problems
            .iter()
            .filter(|it| is_stray(it))
            .cloned()
            .collect();
        for line in advice(&strays, &args.campaign) {
            say(format_args!("{line}"));
        }
        return Ok(Exit::FailedShards);
    }
    let is_given_up = |problem: &Problem| {
        matches!(
            problem,
            Problem::NotDone {
                is_given_up: true,
                ..
            }
        )
    };
    let is_foreign = |problem: &Problem| matches!(problem, Problem::Foreign(_));
    Ok(match ended {
        Exit::Done if has(is_given_up) || has(is_foreign) => Exit::FailedShards,
        ended => ended,
    })
}

fn has_strays(campaign: &Path) -> anyhow::Result<bool> {
    block_on(async {
        let (named, place) = target(campaign).await?;
        let output = Output::open(&place)?;
        let Planned { plan, .. } = planned(campaign, &place, &output, &named).await?;
        Ok(!output.stale(&plan).await?.is_empty())
    })
}

fn is_driven_now(campaign: &Path) -> anyhow::Result<bool> {
    let site = site()?;
    block_on(async {
        let (campaign, place) = target(campaign).await?;
        let is_with_pool = Output::open(&place)?.control().await?.is_some();
        Ok(is_with_pool && is_driven(&site, campaign.name.as_str()).await)
    })
}
