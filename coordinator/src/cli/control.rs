//! `lumimill cancel`, `pause` and `resume`: what a submitted campaign is told to do.

use std::path::Path;

use lumimill_common::control::ControlState;

use super::block_on;
use super::broker::{root, site};
use super::say::say;
use super::target::target;
use crate::campaign_file::Mistakes;
use crate::exit_code::Exit;
use crate::output::Output;
use crate::submission::{set_active, set_ended};

pub(super) fn tell(path: &Path, state: ControlState) -> anyhow::Result<Exit> {
    let site = site()?;
    block_on(async {
        let (_, root) = root(&site).await?;
        let (campaign, place) = target(path).await?;
        let output = Output::share(&place).await?;
        let Some(mut control) = output.control().await? else {
            let message = format!("campaign {} was not submitted", campaign.name);
            return Err(Mistakes::new(path.display(), vec![message]).into());
        };
        control.state = state;
        output.write_control(&control).await?;
        let name = &campaign.name;
        match state {
            ControlState::Cancelled => {
                set_ended(root.as_ref(), name).await?;
                say(format_args!(
                    "campaign {name} cancelled: its jobs are dropped as workers meet them; what is \
                     done stays"
                ));
            }
            ControlState::Paused => say(format_args!(
                "campaign {name} paused: jobs under way are finished, the others wait"
            )),
            ControlState::Running => {
                set_active(root.as_ref(), name).await?;
                say(format_args!("campaign {name} goes on"));
            }
        }
        Ok(Exit::Done)
    })
}
