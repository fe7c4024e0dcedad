//! What it means that a campaign is not in the store: that it was removed, that it was never there,
//! or that this worker looks in another store than all others.
//!
//! The store is proven right by what is in it now: the site's record of the campaign, or what a
//! coordinator tells there, when that names this worker. That it was right an hour ago proves
//! nothing: a folder may not be mounted any more.

use lumimill_common::campaign::CampaignName;
use lumimill_common::control::{active_key, ended_key, live_key};
use lumimill_common::store::Place;
use serde::Deserialize;

/// What it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gone {
    /// The site knows the campaign, and somebody removed it.
    Removed,
    /// The store is the site's, and the site does not know the campaign.
    NeverThere,
    /// It may be in the store that others look in.
    Unknown,
}

/// The part of what a coordinator tells that is about who is heard.
#[derive(Deserialize)]
struct Heard {
    workers: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

/// Looks once at what the site has of a campaign and of a worker.
pub(super) async fn look(root: &Place, campaign: &CampaignName, worker: &str) -> Gone {
    let Ok(store) = root.open() else {
        return Gone::Unknown;
    };
    for key in [active_key(campaign), ended_key(campaign)] {
        if matches!(store.get(&key).await, Ok(Some(_))) {
            return Gone::Removed;
        }
    }
    let live = store.get(&live_key()).await.ok().flatten();
    let heard: Option<Heard> = live.and_then(|live| serde_json::from_slice(&live).ok());
    let is_heard = |heard: Heard| heard.workers.iter().any(|known| known.name == worker);
    match heard.is_some_and(is_heard) {
        true => Gone::NeverThere,
        false => Gone::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use lumimill_common::control::{active_key, live_key};
    use lumimill_common::failure::Disposition;
    use lumimill_common::job::Job;
    use lumimill_common::store::Place;
    use tokio_util::sync::CancellationToken;

    use super::super::StoredCampaigns;
    use crate::campaigns::{Campaigns, Found};

    async fn found(folder: &Path) -> Result<Found, Disposition> {
        let job = Job {
            campaign: "gone".parse().unwrap(),
            plan: "0".repeat(64),
            stage: "s".parse().unwrap(),
            shard: "0123456789abcdef0123456789abcdef".parse().unwrap(),
            is_new: false,
        };
        let root = Place::Folder(folder.to_owned());
        let campaigns = StoredCampaigns::new(root, "host-1", CancellationToken::new());
        let found = campaigns.find(&job).await;
        found.map_err(|failure| failure.disposition)
    }

    #[tokio::test]
    async fn jobs_of_a_campaign_that_is_gone_are_dropped_after_one_look() {
        let folder = tempfile::tempdir().unwrap();
        let root = Place::Folder(folder.path().to_owned());
        let (store, _) = root.prepare().await.unwrap();
        let retry = found(folder.path()).await.unwrap_err();
        assert_eq!(retry, Disposition::Retry, "it may be another store");
        let of_others = br#"{"workers": [{"name": "host-2"}]}"#.to_vec();
        store.put(&live_key(), of_others).await.unwrap();
        let retry = found(folder.path()).await.unwrap_err();
        assert_eq!(retry, Disposition::Retry, "another site's");
        let of_this = br#"{"workers": [{"name": "host-1"}], "time": 3}"#.to_vec();
        store.put(&live_key(), of_this).await.unwrap();
        let reject = found(folder.path()).await.unwrap_err();
        assert_eq!(reject, Disposition::Reject, "no such campaign");
        let active = active_key(&"gone".parse().unwrap());
        store.put(&active, Vec::new()).await.unwrap();
        let found = found(folder.path()).await;
        assert!(matches!(found, Ok(Found::Dropped(_))), "{found:?}");
    }
}
