//! Which campaigns of a site are to be driven, and which are at their end.
//!
//! Whoever ends a campaign may meet somebody who gives it more to do. They list it as ending, look
//! once more when nobody drives it any more, and only then list it as ended, unless somebody else
//! began to end it meanwhile and so looks later; one that was left half way, by somebody who was
//! killed, is looked at again by any coordinator. Whoever gives it more to do writes what that is
//! first, and lists it as active last. No entry of an end is ever removed: between a look and a removal
//! somebody else may have begun to end it.

use std::collections::BTreeSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};

use lumimill_common::campaign::CampaignName;
use lumimill_common::control::{active_folder, active_key, ended_folder, ended_key};
use lumimill_common::store::{Key, Store};

/// What is in the entry of a campaign that is being ended, by one who looks: nobody else writes the
/// same. Nothing is in the entry of one that has ended.
#[derive(Debug)]
pub(crate) struct Ending(Vec<u8>);

impl Ending {
    fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let nonce = RandomState::new().hash_one(NEXT.fetch_add(1, Ordering::Relaxed));
        Self(format!("ending {nonce:016x}").into_bytes())
    }
}

/// Lists a campaign among those to be driven.
pub(crate) async fn set_active(root: &dyn Store, campaign: &CampaignName) -> anyhow::Result<()> {
    root.put(&active_key(campaign), Vec::new()).await?;
    let ended = ended_key(campaign);
    // One that is just ending is looked at once more, by whoever ends it.
    if root
        .get(&ended)
        .await?
        .is_some_and(|found| found.is_empty())
    {
        root.put(&ended, Ending::new().0).await?;
    }
    Ok(())
}

/// Takes a campaign from those to be driven, to look whether it is over.
pub(crate) async fn set_ending(
    root: &dyn Store,
    campaign: &CampaignName,
) -> anyhow::Result<Ending> {
    let ending = Ending::new();
    root.put(&ended_key(campaign), ending.0.clone()).await?;
    root.delete(&active_key(campaign)).await?;
    Ok(ending)
}

/// Lists one that was ending, and is over, among those that are at their end, unless somebody else is
/// ending it by now.
pub(crate) async fn set_ended(
    root: &dyn Store,
    campaign: &CampaignName,
    ending: Ending,
) -> anyhow::Result<()> {
    let key = ended_key(campaign);
    let found = root.get_version(&key).await?;
    if let Some((_, version)) = found.filter(|(bytes, _)| *bytes == ending.0) {
        root.put_if_version(&key, Vec::new(), &version).await?;
    }
    Ok(())
}

/// Lists one that was ending, and is not over, among those to be driven.
pub(crate) async fn set_going_on(root: &dyn Store, campaign: &CampaignName) -> anyhow::Result<()> {
    root.put(&active_key(campaign), Vec::new()).await?;
    Ok(())
}

/// The campaigns that are to be driven.
pub async fn active(root: &dyn Store) -> anyhow::Result<BTreeSet<CampaignName>> {
    names(root, &active_folder(), |_| true).await
}

/// The campaigns that are driven: also those that somebody looks at to end them, which are not among
/// [`active`] for the moment.
pub async fn driven(root: &dyn Store) -> anyhow::Result<BTreeSet<CampaignName>> {
    let mut driven = active(root).await?;
    driven.extend(ending(root).await?);
    Ok(driven)
}

/// The campaigns that are at their end, and nobody looks at.
pub async fn over(root: &dyn Store) -> anyhow::Result<BTreeSet<CampaignName>> {
    names(root, &ended_folder(), |size| size == 0).await
}

/// The campaigns that are being ended, or were by somebody who died.
pub(crate) async fn ending(root: &dyn Store) -> anyhow::Result<BTreeSet<CampaignName>> {
    names(root, &ended_folder(), |size| size > 0).await
}

async fn names(
    root: &dyn Store,
    folder: &Key,
    is_wanted: impl Fn(u64) -> bool,
) -> anyhow::Result<BTreeSet<CampaignName>> {
    let listed = root.list(folder).await?;
    let wanted = listed.iter().filter(|object| is_wanted(object.size));
    Ok(wanted
        .filter_map(|object| object.key.file_name().parse().ok())
        .collect())
}
