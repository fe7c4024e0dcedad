//! `lumimill dead`: looks at dead letters, sends them again, and forgets them.

use clap::{Args, Subcommand};
use lumimill_common::failed_record;
use lumimill_common::queue::DEAD;
use lumimill_common::store::{Place, Store};

use super::block_on::block_on;
use super::broker::{connect, patiently, root, site};
use super::say::{cut, say};
use crate::campaign_file::Mistakes;
use crate::dead_letter::{DeadLetter, all, done_meanwhile, find, forget};
use crate::exit_code::Exit;
use crate::roster::set_active;

#[derive(Debug, Subcommand)]
pub(super) enum DeadCommand {
    /// List the dead letters.
    #[command(after_help = "Example:\n  lumimill dead list --json")]
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show one dead letter.
    #[command(after_help = "Example:\n  lumimill dead show 0123456789abcdef")]
    Show {
        /// Its id.
        id: String,
    },
    /// Send jobs among the dead letters again, as first attempts.
    #[command(after_help = "Example:\n  lumimill dead replay --all")]
    Replay(ReplayArgs),
    /// Forget dead letters, and send nothing.
    #[command(after_help = "Example:\n  lumimill dead drop --done")]
    Drop(DropArgs),
}

#[derive(Debug, Args)]
pub(super) struct DropArgs {
    /// Ids of letters.
    #[arg(required_unless_present_any = ["done", "all"])]
    ids: Vec<String>,
    /// Those whose shards were done meanwhile.
    #[arg(long, conflicts_with_all = ["ids", "all"])]
    done: bool,
    /// Every letter.
    #[arg(long, conflicts_with = "ids")]
    all: bool,
}

#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    /// Ids of letters.
    #[arg(required_unless_present = "all")]
    ids: Vec<String>,
    /// Every letter that is a job.
    #[arg(long, conflicts_with = "ids")]
    all: bool,
}

pub(super) fn dead(command: &DeadCommand) -> anyhow::Result<Exit> {
    match command {
        DeadCommand::List { json } => list(*json),
        DeadCommand::Show { id } => show(id),
        DeadCommand::Replay(args) => replay(args),
        DeadCommand::Drop(args) => drop_letters(args),
    }
}

fn list(json: bool) -> anyhow::Result<Exit> {
    let site = site()?;
    block_on(async {
        let (place, root) = root(&site).await?;
        let letters = all(root.as_ref()).await?;
        let done = done_meanwhile(&place, &letters).await?;
        if json {
            let all = letters.iter().zip(&done);
            let all: Result<Vec<_>, _> = all.map(|(letter, done)| as_json(letter, *done)).collect();
            say(format_args!("{}", serde_json::to_string_pretty(&all?)?));
            return Ok(Exit::Done);
        }
        let lines = letters.iter().zip(&done);
        let lines = lines.map(|(letter, done)| line(letter, *done)).collect();
        for line in cut(lines, "", "`lumimill dead list --json` has them all") {
            say(format_args!("{line}"));
        }
        say(format_args!("{} dead letters", letters.len()));
        let done = done.iter().filter(|done| **done).count();
        if done > 0 {
            say(format_args!(
                "the shards of {done} of them were done meanwhile: `lumimill dead drop --done` \
                 forgets those"
            ));
        }
        if site.has_broker() {
            let waiting = connect(&site, "lumimill dead").await?.depth(DEAD).await?;
            if waiting > 0 {
                say(format_args!(
                    "{waiting} more are with the broker, until `lumimill serve` takes them"
                ));
            }
        }
        Ok(Exit::Done)
    })
}

/// A letter, and whether its shard was done meanwhile.
fn as_json(letter: &DeadLetter, done: bool) -> anyhow::Result<serde_json::Value> {
    let mut value = serde_json::to_value(letter)?;
    if let Some(fields) = value.as_object_mut() {
        fields.insert(String::from("done"), done.into());
    }
    Ok(value)
}

fn line(letter: &DeadLetter, done: bool) -> String {
    let what = match letter.job() {
        Some(job) => format!("{}/{}/{}", job.campaign, job.stage, job.shard),
        None => format!("{} bytes", letter.bytes),
    };
    let done = if done { " (done meanwhile)" } else { "" };
    let reason = letter.reason.lines().next().unwrap_or_default();
    format!("{} {} {what}{done}: {reason}", letter.id, letter.queue)
}

fn show(id: &str) -> anyhow::Result<Exit> {
    let site = site()?;
    block_on(async {
        let (place, root) = root(&site).await?;
        let letters = [one(root.as_ref(), id).await?];
        let done = done_meanwhile(&place, &letters).await?;
        for (letter, done) in letters.iter().zip(done) {
            let shown = as_json(letter, done)?;
            say(format_args!("{}", serde_json::to_string_pretty(&shown)?));
        }
        Ok(Exit::Done)
    })
}

async fn one(root: &dyn Store, id: &str) -> anyhow::Result<DeadLetter> {
    let found = find(root, id).await;
    let missing = |message: String| Mistakes::new("dead letters", vec![message]);
    let found = found.map_err(|error| missing(format!("{error:#}")))?;
    found
        .ok_or_else(|| missing(format!("there is no letter {id}: see `lumimill dead list`")).into())
}

fn replay(args: &ReplayArgs) -> anyhow::Result<Exit> {
    let site = site()?;
    block_on(async {
        let (place, root) = root(&site).await?;
        let mut letters = Vec::new();
        match args.all {
            true => letters.extend(all(root.as_ref()).await?),
            false => {
                for id in &args.ids {
                    letters.push(one(root.as_ref(), id).await?);
                }
            }
        }
        let mut sent = 0;
        for letter in &letters {
            let (Some(job), Some(message)) = (letter.job(), letter.message()) else {
                if !args.all {
                    let message = format!("letter {} is not a job: it cannot be sent", letter.id);
                    return Err(Mistakes::new("dead letters", vec![message]).into());
                }
                continue;
            };
            let store = campaign_store(&place, job.campaign.as_str())?;
            failed_record::forget(store.as_ref(), &job.stage, job.shard).await;
            set_active(root.as_ref(), &job.campaign).await?;
            patiently(&site, async |queue| {
                Ok(queue.publish(&letter.queue, message.clone()).await?)
            })
            .await?;
            forget(root.as_ref(), &letter.id).await?;
            sent += 1;
        }
        say(format_args!(
            "{sent} of {} letters sent again",
            letters.len()
        ));
        Ok(Exit::Done)
    })
}

fn drop_letters(args: &DropArgs) -> anyhow::Result<Exit> {
    let site = site()?;
    block_on(async {
        let (place, root) = root(&site).await?;
        let ids: Vec<String> = match args.done || args.all {
            true => {
                let letters = all(root.as_ref()).await?;
                let done = match args.all {
                    true => vec![true; letters.len()],
                    false => done_meanwhile(&place, &letters).await?,
                };
                let chosen = letters.into_iter().zip(done).filter(|(_, done)| *done);
                chosen.map(|(letter, _)| letter.id).collect()
            }
            false => {
                for id in &args.ids {
                    one(root.as_ref(), id).await?;
                }
                args.ids.clone()
            }
        };
        for id in &ids {
            forget(root.as_ref(), id).await?;
        }
        say(format_args!("{} letters dropped", ids.len()));
        Ok(Exit::Done)
    })
}

fn campaign_store(root: &Place, campaign: &str) -> anyhow::Result<std::sync::Arc<dyn Store>> {
    let place = root.join(campaign).map_err(Mistakes::from)?;
    Ok(place.open().map_err(Mistakes::from)?)
}
