//! `lumimill dead`: looks at dead letters, and sends them again.

use clap::{Args, Subcommand};
use lumimill_common::failed_record;
use lumimill_common::queue::DEAD;
use lumimill_common::store::{Place, Store};

use super::block_on;
use super::broker::{connect, patiently, root, site};
use super::say::say;
use crate::campaign_file::Mistakes;
use crate::dead_letter::{DeadLetter, all, find, forget};
use crate::exit_code::Exit;
use crate::submission::set_active;

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
    }
}

fn list(json: bool) -> anyhow::Result<Exit> {
    let site = site()?;
    block_on(async {
        let (_, root) = root(&site).await?;
        let letters = all(root.as_ref()).await?;
        if json {
            say(format_args!("{}", serde_json::to_string_pretty(&letters)?));
            return Ok(Exit::Done);
        }
        letters.iter().for_each(line);
        say(format_args!("{} dead letters", letters.len()));
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

fn line(letter: &DeadLetter) {
    let what = match letter.job() {
        Some(job) => format!("{}/{}/{}", job.campaign, job.stage, job.shard),
        None => format!("{} bytes", letter.bytes),
    };
    say(format_args!(
        "{} {} {what}: {}",
        letter.id, letter.queue, letter.reason
    ));
}

fn show(id: &str) -> anyhow::Result<Exit> {
    let site = site()?;
    block_on(async {
        let (_, root) = root(&site).await?;
        let letter = one(root.as_ref(), id).await?;
        say(format_args!("{}", serde_json::to_string_pretty(&letter)?));
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

fn campaign_store(root: &Place, campaign: &str) -> anyhow::Result<std::sync::Arc<dyn Store>> {
    let place = root.join(campaign).map_err(Mistakes::from)?;
    Ok(place.open().map_err(Mistakes::from)?)
}
