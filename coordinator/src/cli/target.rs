//! The campaign that a person means: by its file, by the place of its output, or, where the site is
//! known, by its name. That goes before a folder of the same name, as `fetch` makes one.

use std::path::Path;

use lumimill_common::campaign::{Campaign, CampaignName};
use lumimill_common::site::Site;
use lumimill_common::store::{Place, S3Address};

use crate::campaign_file::{Mistakes, folder_of, is_output, meant, place_of, read};
use crate::output::{Output, Planned};

/// Entries of a folder that are looked at, and campaigns in it that are named, at most.
const MOST_LOOKED_AT: usize = 1_000;
const MOST_NAMED: usize = 3;

/// The campaign and the place of its output.
pub(super) async fn target(path: &Path) -> anyhow::Result<(Campaign, Place)> {
    if path.is_dir()
        && let Some(place) = of_the_site(path).await?
    {
        eprintln!(
            "note: this is campaign {name} of the site; the folder of that name is ./{name}",
            name = path.display()
        );
        return there(path, place).await;
    }
    if let Some(place) = place_named(path)? {
        return there(path, place).await;
    }
    if !path.exists() {
        if let Some(place) = of_the_site(path).await? {
            return there(path, place).await;
        }
        return Err(mistake(path, nowhere(path)).into());
    }
    let path = meant(path)?;
    let campaign = read(&path)?;
    let place = place_of(&folder_of(&path), &campaign)?;
    Ok((campaign, place))
}

/// What is said of what is neither a file nor a folder, nor a campaign of the site.
fn nowhere(path: &Path) -> String {
    let is_name = is_a_name(path).is_some();
    let knows_site = Site::load().is_ok_and(|site| site.store().is_ok());
    let and = match (is_name, knows_site) {
        (true, true) => "; the site has no campaign of this name either: see `lumimill status`",
        (true, false) => "; its name is enough once LUMIMILL_STORE says where the site is",
        _ => "",
    };
    format!("no such file: name a campaign file or the place of its output{and}")
}

/// What a place has.
async fn there(path: &Path, place: Place) -> anyhow::Result<(Campaign, Place)> {
    let Some(campaign) = Output::open(&place)?.campaign().await? else {
        let within = campaigns_in(path);
        let which = match within.is_empty() {
            true => String::new(),
            false => format!(", but there is {}", within.join(" and ")),
        };
        let message = format!("nothing was planned there: no campaign.toml is in it{which}");
        return Err(mistake(path, message).into());
    };
    Ok((campaign, place))
}

/// Some of the folders in a local one that campaigns were planned in: what is meant by the folder of their
/// output.
fn campaigns_in(path: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let folders = entries.take(MOST_LOOKED_AT).map(|entry| entry.path());
    let planned = folders.filter(|folder| folder.join("plan.parquet").exists());
    let mut named: Vec<String> = planned.map(|folder| folder.display().to_string()).collect();
    named.sort_unstable();
    named.truncate(MOST_NAMED);
    named
}

/// A place that a person named; `None` when it is not a place but perhaps a campaign file.
fn place_named(path: &Path) -> Result<Option<Place>, Mistakes> {
    let is_s3 = path.to_str().is_some_and(S3Address::is_meant);
    if !is_s3 && !is_output(path) && (!path.is_dir() || path.join("campaign.toml").exists()) {
        return Ok(None);
    }
    let text = path.to_string_lossy();
    let place = Place::read(Path::new(""), &text);
    place
        .map(Some)
        .map_err(|error| mistake(path, error.to_string()))
}

fn is_a_name(path: &Path) -> Option<CampaignName> {
    path.to_str()?.parse().ok()
}

/// The place of a campaign of the site, when there is one of this name.
async fn of_the_site(path: &Path) -> anyhow::Result<Option<Place>> {
    let Some(name) = is_a_name(path) else {
        return Ok(None);
    };
    let Some(root) = Site::load().ok().and_then(|site| site.store().ok()) else {
        return Ok(None);
    };
    let place = root.join(name.as_str()).map_err(Mistakes::from)?;
    let found = Output::open(&place)?.campaign().await?;
    Ok(found.map(|_| place))
}

/// What was planned: the file that was named may have been edited since, and what is in the store
/// is of the one before.
pub(super) async fn planned(
    path: &Path,
    place: &Place,
    output: &Output,
    named: &Campaign,
) -> anyhow::Result<Planned> {
    let Some(planned) = output.planned().await? else {
        let message = format!(
            "nothing was planned in {place} yet: lumimill run with the campaign file does it, or \
             lumimill submit by a pool"
        );
        return Err(mistake(path, message).into());
    };
    if planned.campaign != *named {
        eprintln!(
            "note: {}: it was changed since it was planned; this is of the campaign as it was \
             planned (`run` or `submit --replace` plans it anew)",
            path.display()
        );
    }
    Ok(planned)
}

fn mistake(path: &Path, message: String) -> Mistakes {
    Mistakes::new(path.display(), vec![message])
}
