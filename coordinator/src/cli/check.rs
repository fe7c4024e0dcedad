//! `lumimill check`.

use std::path::Path;

use super::say::say;
use crate::campaign_file::{CampaignFile, Mistakes};
use crate::check::check_files;
use crate::exit_code::Exit;

pub(super) fn check(campaign: &Path) -> anyhow::Result<Exit> {
    let file = checked(campaign)?;
    let stages = file.stages.len();
    let models: usize = file.stages.iter().map(|stage| stage.models().len()).sum();
    say(format_args!(
        "{}: campaign {} is fine ({stages} stage{}, {models} model{})",
        campaign.display(),
        file.campaign.name,
        if stages == 1 { "" } else { "s" },
        if models == 1 { "" } else { "s" },
    ));
    Ok(Exit::Done)
}

/// Loads a campaign and holds it against its input files.
pub(super) fn checked(campaign: &Path) -> anyhow::Result<CampaignFile> {
    let file = CampaignFile::load(campaign)?;
    let messages = check_files(&file);
    match messages.is_empty() {
        true => Ok(file),
        false => Err(Mistakes::new(campaign.display(), messages).into()),
    }
}
