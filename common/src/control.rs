//! What a submitted campaign is to do: `_control.json` in its store, which workers and
//! coordinators look at, so that it survives all of them.

use serde::{Deserialize, Serialize};

use crate::campaign::CampaignName;
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
    /// BLAKE3 hash of its `plan.parquet`, in hexadecimal; jobs of another one are out of date.
    pub plan: String,
    /// What to do.
    pub state: ControlState,
    /// Pool that its jobs go to.
    pub pool: String,
    /// Folder that relative input paths are relative to, as seen by workers.
    pub base: String,
}

/// Key of the control record.
#[must_use]
pub fn control_key() -> Key {
    key("_control.json")
}

/// Key of the plan.
#[must_use]
pub fn plan_key() -> Key {
    key("plan.parquet")
}

/// Key of the campaign file.
#[must_use]
pub fn campaign_key() -> Key {
    key("campaign.toml")
}

/// Key of a model file, by its SHA-256 in hexadecimal; `None` when that is none.
#[must_use]
pub fn model_key(sha256: &str) -> Option<Key> {
    let digit = |c: char| c.is_ascii_hexdigit() && !c.is_ascii_uppercase();
    let whole = sha256.len() == 64 && sha256.chars().all(digit);
    whole.then(|| key(&format!("_models/{sha256}")))
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

/// Digest of a plan, which jobs name: BLAKE3 of its bytes, in hexadecimal.
#[must_use]
pub fn plan_digest(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

fn key(text: &str) -> Key {
    text.parse().expect("a key of letters")
}

#[cfg(test)]
mod tests {
    use super::model_key;

    #[test]
    fn models_have_hashes_for_names() {
        let hash = "0123456789abcdef".repeat(4);
        assert_eq!(
            model_key(&hash).unwrap().as_str(),
            format!("_models/{hash}")
        );
        for bad in ["", "../../etc", &hash[1..], &hash.to_uppercase()] {
            assert_eq!(model_key(bad), None, "{bad:?}");
        }
    }
}
