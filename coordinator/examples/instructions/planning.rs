//! The plan of the demo's campaign: models loaded, files looked into, shards cut.

use anyhow::Result;
use lumimill::campaign_file::CampaignFile;
use lumimill::plan::plan;
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::path::Path;

use crate::Pass;

pub(crate) fn ready(folder: &Path) -> Result<Pass> {
    let path = folder.join("campaign.toml");
    let file = CampaignFile::load(&path)?;
    Ok(Box::new(move || {
        let made = plan(&file.campaign, &file.base, &file.stages, NonZeroUsize::MIN)?;
        black_box(made);
        Ok(())
    }))
}
