//! `lumimill status`: how far a campaign is, once or as it goes.

mod text;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::HumanCount;
use lumimill_common::control::Control;
use lumimill_common::site::Site;
use lumimill_common::store::Store;

use super::block_on::block_on;
use super::broker::{root, site};
use super::say::{say, say_over};
use super::target::{planned, target};
use crate::exit_code::Exit;
use crate::live::{Heard, read_live};
use crate::orders::is_at_its_end;
use crate::output::{Output, Planned};
use crate::roster::{driven, over};
use crate::status::{State, Status};
use crate::stored::NewerVersion;
use text::rendered;

/// Time between two looks of `--watch`.
const EVERY: Duration = Duration::from_secs(2);
/// Time that a coordinator has for the report of a campaign whose shards are all done.
const REPORTING: Duration = Duration::from_secs(60);

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// The campaign file, the folder (or s3:// address) of its output, or its name at the site of
    /// LUMIMILL_STORE [default: list the campaigns of the site].
    campaign: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Show what failed, grouped by like failures.
    #[arg(long)]
    failed: bool,
    /// Look again every two seconds, until the campaign is at its end.
    #[arg(long, conflicts_with = "json")]
    watch: bool,
}

pub(super) fn status(args: &StatusArgs) -> anyhow::Result<Exit> {
    let Some(path) = &args.campaign else {
        return campaigns(args.json);
    };
    block_on(async {
        let (campaign, place) = target(path).await?;
        let output = Output::open(&place)?;
        let mut control = output.control().await?;
        let mut planned = planned(path, &place, &output, &campaign).await?;
        let site = site()?;
        let live = live(&site).await.unwrap_or_else(|newer| {
            eprintln!("note: {newer}");
            None
        });
        let driven = may_be_driven(&site, &planned).await;
        let mut status =
            Status::look(&output, &planned, live.as_ref(), driven, args.failed).await?;
        wait_for_report(&site, &mut status).await;
        if args.json {
            say(format_args!("{}", serde_json::to_string_pretty(&status)?));
            return Ok(Exit::Done);
        }
        let mut screen = Screen {
            typed: path.display().to_string(),
            ..Screen::default()
        };
        let pace = Pace::begin(&status);
        screen.show(&status);
        let mut complete: Option<Instant> = None;
        let mut is_left_alone = false;
        while args.watch && status.state != State::Cancelled {
            if matches!(
                status.state,
                State::Ended | State::NotWhole | State::Reporting
            ) {
                let complete = complete.get_or_insert_with(Instant::now);
                let is_left =
                    complete.elapsed() > REPORTING || !is_driven(&site, &status.campaign).await;
                // Its report may have come between the look and its end: once more, then.
                let was_left = std::mem::replace(&mut is_left_alone, is_left);
                if is_left && (was_left || status.state != State::Reporting) {
                    break;
                }
            }
            tokio::time::sleep(EVERY).await;
            // A campaign that is submitted again has another plan.
            let before = std::mem::replace(&mut control, output.control().await?);
            let digest = |control: &Option<Control>| Some(control.as_ref()?.plan.clone());
            if digest(&before) != digest(&control)
                && let Some(found) = output.planned().await?
            {
                planned = found;
            }
            let live = self::live(&site).await.ok().flatten();
            let driven = may_be_driven(&site, &planned).await;
            status = Status::look(&output, &planned, live.as_ref(), driven, args.failed).await?;
            wait_for_report(&site, &mut status).await;
            pace.tell(&mut status);
            screen.show(&status);
        }
        Ok(match args.watch && !status.is_complete() {
            true => Exit::FailedShards,
            false => Exit::Done,
        })
    })
}

/// A campaign is at its end once whoever drives it says so: the report that is there may be an
/// earlier one.
async fn wait_for_report(site: &Site, status: &mut Status) {
    let is_over = matches!(status.state, State::Ended | State::NotWhole);
    let says_so = status.is_with_pool && is_over;
    if says_so && is_driven(site, &status.campaign).await {
        status.state = State::Reporting;
    }
}

/// Whether a campaign may not be at its end, as far as the site says; where there is none, nobody knows.
async fn may_be_driven(site: &Site, planned: &Planned) -> bool {
    match site.store().ok().and_then(|root| root.open().ok()) {
        Some(root) => !is_at_its_end(root.as_ref(), &planned.campaign.name)
            .await
            .unwrap_or(false),
        None => true,
    }
}

/// Whether a coordinator still has something to do for a campaign, such as its report.
pub(super) async fn is_driven(site: &Site, campaign: &str) -> bool {
    let Some(root) = site.store().ok().and_then(|root| root.open().ok()) else {
        return false;
    };
    let driven = driven(root.as_ref()).await;
    driven.is_ok_and(|names| names.iter().any(|name| name.as_str() == campaign))
}

/// What a coordinator of the site tells, where there is a site and it can be asked.
async fn live(site: &Site) -> Result<Option<Heard>, NewerVersion> {
    let Some(root) = site.store().ok().and_then(|root| root.open().ok()) else {
        return Ok(None);
    };
    match read_live(root.as_ref()).await {
        Ok(live) => Ok(live),
        Err(error) => error.downcast::<NewerVersion>().map_or(Ok(None), Err),
    }
}

/// The rate that one sees oneself, where no coordinator tells it.
struct Pace {
    began: Instant,
    before: u64,
}

impl Pace {
    fn begin(status: &Status) -> Self {
        Self {
            began: Instant::now(),
            before: status.events_done(),
        }
    }

    fn tell(&self, status: &mut Status) {
        let events = status.events_done().saturating_sub(self.before);
        if status.events_per_second.is_none() {
            status.set_rate(events as f64 / self.began.elapsed().as_secs_f64());
        }
    }
}

/// Shows a status in the place of the one before on a terminal; elsewhere when it changed.
#[derive(Default)]
struct Screen {
    shown: String,
    /// What the person called the campaign.
    typed: String,
}

impl Screen {
    fn show(&mut self, status: &Status) {
        let text = rendered(status, &self.typed);
        if text == self.shown {
            return;
        }
        if std::io::stdout().is_terminal() && !self.shown.is_empty() {
            let lines = self.shown.lines().count();
            // Up to the first line of what is there, and clear from there on.
            say_over(lines + 1, &text);
        } else {
            say(format_args!("{text}"));
        }
        self.shown = text;
    }
}

/// The campaigns of the site, those that are driven first.
fn campaigns(json: bool) -> anyhow::Result<Exit> {
    let site = site()?;
    block_on(async {
        let (_, root) = root(&site).await?;
        let (active, ended) = both(root.as_ref()).await?;
        if json {
            let all = serde_json::json!({ "active": active, "ended": ended });
            say(format_args!("{}", serde_json::to_string_pretty(&all)?));
            return Ok(Exit::Done);
        }
        let live = read_live(root.as_ref()).await?;
        say(format_args!("{}", coordinator_line(live.as_ref())));
        for (names, what) in [(&active, "active"), (&ended, "ended")] {
            names
                .iter()
                .for_each(|name| say(format_args!("{what:7} {name}")));
        }
        Ok(Exit::Done)
    })
}

fn coordinator_line(heard: Option<&Heard>) -> String {
    let Some(heard) = heard else {
        return String::from("no coordinator was ever heard of here (lumimill serve)");
    };
    let Some(live) = heard.now() else {
        let silent = heard.silent.as_secs();
        return format!("the coordinator is silent for {silent} s (lumimill serve)");
    };
    if let Some(trouble) = &live.broker {
        return format!("the coordinator cannot use the broker: {trouble}");
    }
    format!(
        "a coordinator serves; {} workers, {} events/s",
        live.workers.len(),
        HumanCount(live.rate as u64)
    )
}

async fn both(root: &dyn Store) -> anyhow::Result<(Vec<String>, Vec<String>)> {
    let active = driven(root).await?;
    let ended = over(root).await?;
    let ended = ended.difference(&active).map(ToString::to_string).collect();
    Ok((active.iter().map(ToString::to_string).collect(), ended))
}
