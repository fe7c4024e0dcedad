//! `lumimill check`.

use std::path::PathBuf;

use clap::Args;

use super::earlier::note_earlier;
use super::plan::{tell_engines, warn};
use super::say::say;
use super::slots::SlotsArg;
use crate::check::{Checked, check as check_all};
use crate::exit_code::Exit;

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// The campaign file, or the folder that it is in.
    campaign: PathBuf,
    #[command(flatten)]
    slots: SlotsArg,
}

pub(super) fn check(args: &CheckArgs) -> anyhow::Result<Exit> {
    let Checked { file, mut plan } = check_all(&args.campaign, args.slots.get())?;
    note_earlier(&file, &mut plan)?;
    tell_engines(&file.stages);
    warn(&plan);
    let stages = file.stages.len();
    let models: usize = file.stages.iter().map(|stage| stage.models().len()).sum();
    say(format_args!(
        "{}: campaign {} is fine ({stages} stage{}, {models} model{})",
        args.campaign.display(),
        file.campaign.name,
        if stages == 1 { "" } else { "s" },
        if models == 1 { "" } else { "s" },
    ));
    Ok(Exit::Done)
}
