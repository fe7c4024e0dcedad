//! The campaign and the plan that are in force: both of them, and of one configuration. A plan of
//! another one has other shards, and whoever believed it would find nothing of what is there.

use lumimill_common::campaign::Campaign;
use lumimill_common::control::{ControlState, PlanKeys, control_key, plan_digest};
use lumimill_common::store::Key;

use super::Output;
use crate::plan::{Plan, ShardTableError};
use crate::stored::{RUN_AGAIN, SUBMIT_AGAIN, Unusable, bytes, unreadable};

/// A campaign and its plan, as they are in an output.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The campaign file, as it was.
    pub text: String,
    /// What it says.
    pub campaign: Campaign,
    /// What it comes to.
    pub plan: Plan,
}

/// Where plan and campaign in force are, and what makes them anew.
struct InForce {
    keys: PlanKeys,
    /// Under which they were submitted, if they were.
    digest: Option<String>,
}

impl InForce {
    fn remedy(&self) -> &'static str {
        match self.digest {
            Some(_) => SUBMIT_AGAIN,
            None => RUN_AGAIN,
        }
    }
}

impl Output {
    /// The campaign file in force; `None` when nothing was planned.
    pub async fn campaign(&self) -> anyhow::Result<Option<Campaign>> {
        let in_force = self.in_force().await?;
        let found = self.get(&in_force.keys.campaign, &in_force).await?;
        let read = |bytes| self.read_campaign(bytes, &in_force);
        Ok(found.map(read).transpose()?.map(|(_, campaign)| campaign))
    }

    /// The plan in force; `None` when there is none.
    pub async fn plan(&self) -> anyhow::Result<Option<Plan>> {
        let in_force = self.in_force().await?;
        let found = self.get(&in_force.keys.plan, &in_force).await?;
        let read = |bytes| self.read_plan(bytes, &in_force);
        found.map(read).transpose()
    }

    /// Campaign and plan in force, which belong together; `None` when nothing was planned.
    ///
    /// # Errors
    /// When one of them is missing or damaged, or they are of two configurations.
    pub async fn planned(&self) -> anyhow::Result<Option<Planned>> {
        self.planned_at(&self.in_force().await?).await
    }

    /// Campaign and plan that were submitted under a digest.
    pub async fn submission(&self, digest: &str) -> anyhow::Result<Planned> {
        let in_force = self.submitted(digest)?;
        let found = self.planned_at(&in_force).await?;
        // Of what was submitted, that nothing is there is said as that the plan is missing.
        found.ok_or_else(|| self.unusable(&in_force.keys.plan, "is missing", &in_force))
    }

    async fn planned_at(&self, in_force: &InForce) -> anyhow::Result<Option<Planned>> {
        let InForce { keys, digest } = in_force;
        let campaign = self.get(&keys.campaign, in_force).await?;
        let plan = self.get(&keys.plan, in_force).await?;
        let missing = |key: &Key| self.unusable(key, "is missing", in_force);
        let (campaign, plan) = match (campaign, plan) {
            (None, None) if digest.is_none() => return Ok(None),
            (_, None) => return Err(missing(&keys.plan)),
            (None, _) => return Err(missing(&keys.campaign)),
            (Some(campaign), Some(plan)) => (campaign, plan),
        };
        let found = plan_digest(&plan, &campaign);
        let plan = self.read_plan(plan, in_force)?;
        let (text, campaign) = self.read_campaign(campaign, in_force)?;
        // What was submitted bears the digest of both: a newer version may well read it another
        // way, and it stays what was submitted.
        let belongs = match digest {
            Some(digest) => *digest == found,
            None => plan.is_of(&campaign),
        };
        match belongs {
            true => Ok(Some(Planned {
                text,
                campaign,
                plan,
            })),
            false => {
                let what = format!("is not of the campaign beside it, {}", keys.campaign);
                Err(self.unusable(&keys.plan, what, in_force))
            }
        }
    }

    /// Of a campaign that is with a pool what was submitted, else what was written last.
    async fn in_force(&self) -> anyhow::Result<InForce> {
        let control = self.control().await?;
        let with_pool = control.filter(|control| control.state != ControlState::Cancelled);
        match with_pool {
            Some(control) => self.submitted(&control.plan),
            None => Ok(InForce {
                keys: PlanKeys::last(),
                digest: None,
            }),
        }
    }

    fn submitted(&self, digest: &str) -> anyhow::Result<InForce> {
        let keys = PlanKeys::submitted(digest).ok_or_else(|| {
            let what = format!("names the plan {digest:?}, which is no digest");
            Unusable::new(self.store.as_ref(), &control_key(), what, SUBMIT_AGAIN)
        })?;
        let digest = Some(digest.to_owned());
        Ok(InForce { keys, digest })
    }

    async fn get(&self, key: &Key, in_force: &InForce) -> anyhow::Result<Option<Vec<u8>>> {
        bytes(self.store.as_ref(), key, in_force.remedy()).await
    }

    fn unusable(&self, key: &Key, what: impl Into<String>, in_force: &InForce) -> anyhow::Error {
        Unusable::new(self.store.as_ref(), key, what, in_force.remedy()).into()
    }

    fn read_campaign(
        &self,
        bytes: Vec<u8>,
        in_force: &InForce,
    ) -> anyhow::Result<(String, Campaign)> {
        let key = &in_force.keys.campaign;
        let damaged = |reason: String| {
            let what = format!("is damaged, the copy of the campaign that was planned: {reason}");
            self.unusable(key, what, in_force)
        };
        let text = String::from_utf8(bytes).map_err(|error| damaged(error.to_string()))?;
        let campaign = Campaign::parse(&text).map_err(|errors| {
            let first = errors.0.first().map(ToString::to_string);
            damaged(first.unwrap_or_default())
        })?;
        Ok((text, campaign))
    }

    fn read_plan(&self, bytes: Vec<u8>, in_force: &InForce) -> anyhow::Result<Plan> {
        let (store, key) = (self.store.as_ref(), &in_force.keys.plan);
        let plan = Plan::from_parquet(bytes).map_err(|error| match &error {
            ShardTableError::Form(error) => unreadable(store, key, error, in_force.remedy()),
            _ => self.unusable(key, format!("is damaged: {error}"), in_force),
        })?;
        let name = plan.campaign.as_str();
        match self.names.is_empty() || self.names.iter().any(|folder| folder == name) {
            true => Ok(plan),
            false => {
                let what =
                    format!("is of campaign {name}, and a campaign is in the folder of its name");
                Err(self.unusable(key, what, in_force))
            }
        }
    }
}
