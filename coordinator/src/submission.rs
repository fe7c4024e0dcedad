//! What is written to the store so that workers anywhere can do a campaign: its models, its plan,
//! and what it is told to do.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, anyhow};
use lumimill_common::campaign::Campaign;
use lumimill_common::control::{Control, ControlState, model_key};
use lumimill_common::hex::hex;
use lumimill_common::store::{Key, Md5, Object, Place, Store};
use sha2::{Digest, Sha256};

use crate::campaign_file::{CampaignFile, Mistakes};
use crate::output::{Output, Planned, Told};

/// Workers look for campaigns in one place: that of the site.
pub(crate) fn check_place(place: &Place, root: &Place, campaign: &Campaign) -> anyhow::Result<()> {
    let expected = root.join(campaign.name.as_str());
    let expected = expected.map_err(Mistakes::from)?;
    if is_same(place, &expected) {
        return Ok(());
    }
    let message = format!(
        "output: the campaign writes to {place}, workers look for it in {expected} (LUMIMILL_STORE \
         and its name): make them the same"
    );
    Err(Mistakes::new("campaign", vec![message]).into())
}

fn is_same(a: &Place, b: &Place) -> bool {
    let absolute = |place: &Place| match place {
        Place::Folder(folder) => std::path::absolute(folder).ok(),
        Place::S3(_) | Place::Own(_) => None,
    };
    a == b || (absolute(a).is_some() && resolved(a) == resolved(b))
}

/// A folder without links and dots, as far as it is there.
fn resolved(place: &Place) -> Option<std::path::PathBuf> {
    let Place::Folder(folder) = place else {
        return None;
    };
    let folder = std::path::absolute(folder).ok()?;
    let mut missing = Vec::new();
    let mut there = folder.as_path();
    loop {
        if let Ok(real) = there.canonicalize() {
            return Some(
                missing
                    .iter()
                    .rev()
                    .fold(real, |path, name| path.join(name)),
            );
        }
        missing.push(there.file_name()?.to_owned());
        there = there.parent()?;
    }
}

/// Writes the BDT configurations that are not there yet: the report writes them again with other
/// cuts.
pub(crate) async fn write_configurations(
    store: &dyn Store,
    file: &CampaignFile,
) -> anyhow::Result<()> {
    let models = file.stages.iter().flat_map(|stage| stage.models());
    for model in models.filter(|model| model.bdt().is_some()) {
        if let Some((path, hash)) = model.files().first() {
            write_model(store, file, (path, hash), &BTreeMap::new()).await?;
        }
    }
    Ok(())
}

/// Writes the model files that are not there, or have other bytes there, each under its hash.
pub async fn write_models(store: &dyn Store, file: &CampaignFile) -> anyhow::Result<()> {
    let there = store.list(&"_models".parse()?).await?;
    let there: BTreeMap<Key, Object> = there
        .into_iter()
        .map(|object| (object.key.clone(), object))
        .collect();
    let mut known = BTreeSet::new();
    for model in file.stages.iter().flat_map(|stage| stage.models()) {
        for (path, hash) in model.files() {
            if known.insert(hash) {
                write_model(store, file, (path, hash), &there).await?;
            }
        }
    }
    Ok(())
}

async fn write_model(
    store: &dyn Store,
    file: &CampaignFile,
    (path, hash): (&str, &str),
    there: &BTreeMap<Key, Object>,
) -> anyhow::Result<()> {
    let key = model_key(hash).context("a model has no hash")?;
    let bytes = file
        .model(path)
        .map_err(|reason| anyhow!("{path}: {reason}"))?;
    if hex(&Sha256::digest(&bytes)) != *hash {
        return Err(anyhow!("{path}: changed since it was planned: do it again"));
    }
    let is_whole = match there.get(&key) {
        Some(object) => is_of(store, object, &bytes).await?,
        None => false,
    };
    if !is_whole {
        store.put(&key, bytes).await?;
    }
    Ok(())
}

/// Whether an object has these bytes: by what is listed of it, where that tells, and else by looking.
async fn is_of(store: &dyn Store, object: &Object, bytes: &[u8]) -> anyhow::Result<bool> {
    if object.size != bytes.len() as u64 {
        return Ok(false);
    }
    match object.md5 {
        Some(md5) => Ok(md5 == Md5::of(bytes)),
        None => Ok(store.get(&object.key).await?.as_deref() == Some(bytes)),
    }
}

/// What a campaign is told that is to run: what jobs find from now on.
pub fn running(plan: &str, pool: &str, base: &Path) -> anyhow::Result<Control> {
    // A campaign file named without a folder is in the current one, whose path is empty.
    let base = std::path::absolute(base.join(".")).context("the campaign's folder")?;
    let base = base
        .to_str()
        .context("the campaign's folder is not UTF-8")?;
    Ok(Control {
        plan: plan.to_owned(),
        state: ControlState::Running,
        pool: pool.to_owned(),
        more_pools: BTreeSet::new(),
        base: base.to_owned(),
    })
}

/// What was submitted: what a campaign was told, its file, and its plan.
#[derive(Debug, Clone)]
pub struct Submission {
    /// What it was told.
    pub told: Told,
    /// What was planned.
    pub planned: Planned,
}

/// What was submitted last; `None` when nothing was.
pub async fn submitted(output: &Output) -> anyhow::Result<Option<Submission>> {
    let Some(told) = output.told().await? else {
        return Ok(None);
    };
    let planned = output.submission(&told.control.plan).await?;
    Ok(Some(Submission { told, planned }))
}
