//! `lumimill cancel`, `pause` and `resume`: what a submitted campaign is told to do.

use std::path::Path;

use super::block_on::block_on;
use super::broker::{root, site};
use super::say::say;
use super::target::target;
use crate::campaign_file::Mistakes;
use crate::exit_code::Exit;
use crate::orders::{Answer, Order, give};
use crate::output::Output;

pub(super) fn tell(path: &Path, order: Order) -> anyhow::Result<Exit> {
    let site = site()?;
    block_on(async {
        let (_, root) = root(&site).await?;
        let (campaign, place) = target(path).await?;
        let output = Output::share(&place).await?;
        let name = &campaign.name;
        let mistake = |message: String| Mistakes::new(path.display(), vec![message]).into();
        let said = match (give(&output, root.as_ref(), name, order).await?, order) {
            (Answer::NotSubmitted, _) => {
                return Err(mistake(format!("campaign {name} was not submitted")));
            }
            (Answer::IsCancelled, Order::Resume) => {
                return Err(mistake(format!(
                    "campaign {name} is cancelled and does not go on: use lumimill submit"
                )));
            }
            (Answer::IsCancelled, _) => "is cancelled: nothing was changed",
            (Answer::AtItsEnd, _) => "is at its end already: nothing was changed",
            (Answer::WasSo, Order::Cancel) => "was cancelled before",
            (Answer::WasSo, Order::Pause) => "was paused before",
            (Answer::WasSo, Order::Resume) => "was not paused, and goes on",
            (Answer::Done, Order::Cancel) => {
                "cancelled: its jobs are dropped as workers meet them; what is done stays"
            }
            (Answer::Done, Order::Pause) => "paused: jobs under way are finished, the others wait",
            (Answer::Done, Order::Resume) => "goes on",
        };
        say(format_args!("campaign {name} {said}"));
        Ok(Exit::Done)
    })
}
