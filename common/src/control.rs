//! What a submitted campaign is to do: `_control.json` in its store, which workers and
//! coordinators look at, so that it survives all of them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::campaign::CampaignName;
use crate::form::Stored;
use crate::store::Key;

/// The state that a person gave a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ControlState {
    /// Its jobs are done as they come.
    Running,
    /// Its jobs wait.
    Paused,
    /// Its jobs are dropped.
    Cancelled,
}

/// A submitted campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// Digest of its plan, under which that is below `_plans`; jobs of another one are out of
    /// date.
    pub plan: String,
    /// What to do.
    pub state: ControlState,
    /// Pool that its jobs go to.
    pub pool: String,
    /// Pools that some of its jobs were resubmitted to.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub more_pools: BTreeSet<String>,
    /// Folder that relative input paths are relative to, as seen by workers.
    pub base: String,
}

impl Stored for Control {
    const FORM: u64 = 1;
    const OLDEST: u64 = 0;
}

impl Control {
    /// Every pool that has jobs of it.
    pub fn pools(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.pool).chain(&self.more_pools)
    }
}

/// Key of the control record.
#[must_use]
pub fn control_key() -> Key {
    key("_control.json")
}

/// Where a plan and its campaign file are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanKeys {
    /// Key of the plan.
    pub plan: Key,
    /// Key of the campaign file.
    pub campaign: Key,
}

impl PlanKeys {
    /// Those that were written last, for people to look at.
    #[must_use]
    pub fn last() -> Self {
        Self::below("")
    }

    /// Those that were submitted under a digest, so that the one write of the control record puts
    /// them in force; `None` when it is no digest.
    #[must_use]
    pub fn submitted(digest: &str) -> Option<Self> {
        is_hash(digest).then(|| Self::below(&format!("_plans/{digest}/")))
    }

    fn below(folder: &str) -> Self {
        Self {
            plan: key(&format!("{folder}plan.parquet")),
            campaign: key(&format!("{folder}campaign.toml")),
        }
    }
}

/// Key of a model file, by its SHA-256 in hexadecimal; `None` when that is none.
#[must_use]
pub fn model_key(sha256: &str) -> Option<Key> {
    is_hash(sha256).then(|| key(&format!("_models/{sha256}")))
}

/// Whether it is 256 bits in hexadecimal.
fn is_hash(text: &str) -> bool {
    let digit = |c: char| c.is_ascii_hexdigit() && !c.is_ascii_uppercase();
    text.len() == 64 && text.chars().all(digit)
}

/// Key, below the place that campaigns are in, that says that a campaign is to be driven.
#[must_use]
pub fn active_key(campaign: &CampaignName) -> Key {
    key(&format!("{}/{campaign}", active_folder()))
}

/// Folder of those.
#[must_use]
pub fn active_folder() -> Key {
    key("_campaigns/active")
}

/// Key that says that a campaign was driven to its end, or was cancelled.
#[must_use]
pub fn ended_key(campaign: &CampaignName) -> Key {
    key(&format!("{}/{campaign}", ended_folder()))
}

/// Folder of those.
#[must_use]
pub fn ended_folder() -> Key {
    key("_campaigns/ended")
}

/// Key, below the place that campaigns are in, of what a coordinator tells of the moment: among
/// others, which workers it hears.
#[must_use]
pub fn live_key() -> Key {
    key("_serve/live.json")
}

/// Digest of a plan, which jobs name: BLAKE3 of the length of `plan.parquet` (u64, little-endian),
/// its bytes, and those of `campaign.toml`, in hexadecimal.
#[must_use]
pub fn plan_digest(plan: &[u8], campaign: &[u8]) -> String {
    let mut hash = blake3::Hasher::new();
    hash.update(&(plan.len() as u64).to_le_bytes());
    hash.update(plan).update(campaign);
    hash.finalize().to_hex().to_string()
}

fn key(text: &str) -> Key {
    text.parse().expect("a key of letters")
}

#[cfg(test)]
mod tests {
    use super::{PlanKeys, model_key, plan_digest};

    #[test]
    fn models_have_hashes_for_names() {
        let hash = "0123456789abcdef".repeat(4);
        assert_eq!(
            model_key(&hash).unwrap().as_str(),
            format!("_models/{hash}")
        );
        for bad in ["", "../../etc", &hash[1..], &hash.to_uppercase()] {
            assert_eq!(model_key(bad), None, "{bad:?}");
            assert_eq!(PlanKeys::submitted(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_plan_is_under_its_digest() {
        let digest = plan_digest(b"plan", b"campaign");
        assert_ne!(digest, plan_digest(b"planc", b"ampaign"));
        let keys = PlanKeys::submitted(&digest).unwrap();
        assert_eq!(keys.plan.as_str(), format!("_plans/{digest}/plan.parquet"));
    }
}
