//! `lumimill verify`: every marker's object exists, with its rows and checksum; and what is not so
//! is made again, when that is asked for.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use lumimill_common::shard::ShardId;

use super::resubmit::{Again, again};
use super::say::{say, say_some};
use super::target::{as_planned, target};
use super::{SlotsArg, block_on};
use crate::campaign_file::Mistakes;
use crate::due::Wanted;
use crate::exit_code::Exit;
use crate::output::Output;
use crate::verify::{Problem, Verified, verify as verify_output};

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// The campaign file, the folder (or s3:// address) of its output, also one that was fetched,
    /// or its name at the site of LUMIMILL_STORE.
    campaign: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Make again what is missing or damaged: in this process, or by the pool that the campaign is
    /// with.
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
    match verified.problems.is_empty() {
        true => Ok(Exit::Done),
        false if args.mend => mend(args, &verified),
        false => Ok(Exit::FailedShards),
    }
}

/// The shards that have a marker and are to be done again.
pub(super) fn damaged(campaign: &Path) -> anyhow::Result<BTreeSet<ShardId>> {
    let verified = verified(campaign)?;
    let unsound = |problem: &&Problem| matches!(problem, Problem::Unsound(_));
    let named: Vec<String> = verified
        .problems
        .iter()
        .filter(unsound)
        .map(ToString::to_string)
        .collect();
    say_some(named, "lumimill verify --json lists all");
    Ok(verified.damaged())
}

fn verified(campaign: &Path) -> anyhow::Result<Verified> {
    block_on(async {
        let (named, place) = target(campaign).await?;
        let output = Output::open(&place)?;
        let Some(plan) = output.plan().await? else {
            let message = format!("nothing was planned in {place}");
            return Err(Mistakes::new(campaign.display(), vec![message]).into());
        };
        let planned = as_planned(campaign, &output, named).await?;
        verify_output(&output, &planned, &plan).await
    })
}

fn print(verified: &Verified, args: &VerifyArgs) {
    let problems: Vec<String> = verified.problems.iter().map(ToString::to_string).collect();
    let found = problems.len();
    say_some(problems, "--json lists all");
    say(format_args!(
        "{} objects, {} rows: {}",
        verified.objects,
        verified.rows,
        match found {
            0 => String::from("all as their markers say"),
            found => format!("{found} problems"),
        }
    ));
    if !args.mend {
        let campaign = args.campaign.display();
        for line in advice(verified) {
            say(format_args!(
                "{}",
                line.replace("{}", &campaign.to_string())
            ));
        }
    }
}

/// What to type next.
fn advice(verified: &Verified) -> Vec<&'static str> {
    let count = |is_it: fn(&Problem) -> bool| verified.count(is_it);
    let mut lines = Vec::new();
    let is_mended = |problem: &Problem| match problem {
        Problem::Unsound(_) | Problem::ToMeasure(_) => true,
        Problem::NotDone { is_given_up, .. } => !is_given_up,
        Problem::Unreadable { .. } | Problem::Stray(_) => false,
    };
    if count(is_mended) > 0 {
        lines.push("make again what is missing or damaged: lumimill verify {} --mend");
    }
    if count(|problem| {
        matches!(
            problem,
            Problem::NotDone {
                is_given_up: true,
                ..
            }
        )
    }) > 0
    {
        lines.push("do again what was given up: lumimill resubmit {} --failed");
    }
    if count(|problem| matches!(problem, Problem::Unreadable { .. })) > 0 {
        lines.push("what cannot be read is not made again: see to its permissions");
    }
    if count(|problem| matches!(problem, Problem::Stray(_))) > 0 {
        lines.push("what is not of the plan goes with: lumimill run {} --replace (or submit)");
    }
    lines
}

/// Makes again what is missing or damaged. What cannot be read stays as it is: it may be whole.
fn mend(args: &VerifyArgs, verified: &Verified) -> anyhow::Result<Exit> {
    let ended = again(&Again {
        campaign: &args.campaign,
        wanted: Wanted::Damaged {
            shards: verified.damaged(),
            missing: true,
        },
        split: None,
        pool: None,
        dry_run: false,
        slots: &args.slots,
    })?;
    let is_left = |problem: &Problem| match problem {
        Problem::Unreadable { .. } => true,
        Problem::NotDone { is_given_up, .. } => *is_given_up,
        Problem::Unsound(_) | Problem::ToMeasure(_) | Problem::Stray(_) => false,
    };
    Ok(match ended {
        Exit::Done if verified.count(is_left) > 0 => Exit::FailedShards,
        ended => ended,
    })
}
