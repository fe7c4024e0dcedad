//! Doing again what of a submitted campaign failed, is missing or damaged, or going on without it.
//!
//! Nothing here knows how people ask for it, or how the broker is reached: that is the command's.

use std::path::Path;

use lumimill_common::campaign::CampaignName;
use lumimill_common::control::{Control, ControlState};
use lumimill_common::shard::Shard;
use lumimill_common::store::Store;

use crate::due::{Due, Edit, Wanted};
use crate::jobs::JobsOf;
use crate::ledger::{Known, Ledger};
use crate::orders::{put_in_force, still_in_force};
use crate::output::{Output, Planned, Told};
use crate::roster::set_active;
use crate::submission::{Submission, submitted};

/// What is done again, and how.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Which shards.
    pub wanted: &'a Wanted,
    /// What becomes of the plan.
    pub edit: Edit,
    /// Pool that does them, where it is not the campaign's.
    pub pool: Option<&'a str>,
}

/// What is looked at and not done yet.
#[derive(Debug)]
pub struct Ready {
    told: Told,
    text: String,
    /// What is to be done.
    pub due: Due,
    /// Pool that does it.
    pub pool: String,
}

impl Ready {
    /// Looks what is to be done again, and changes nothing; `None` when nothing was submitted.
    pub async fn look(asked: Asked<'_>, output: &Output) -> anyhow::Result<Option<Self>> {
        let Some(Submission { told, planned }) = submitted(output).await? else {
            return Ok(None);
        };
        let Planned {
            text,
            campaign,
            plan,
        } = planned;
        let base = Path::new(&told.control.base);
        let due = Due::look(output, &campaign, plan, asked.wanted, asked.edit, base).await?;
        let pool = asked.pool.unwrap_or(&told.control.pool).to_owned();
        Ok(Some(Self {
            told,
            text,
            due,
            pool,
        }))
    }

    /// Pool of the campaign, which all others stay with.
    #[must_use]
    pub fn home(&self) -> &str {
        &self.told.control.pool
    }

    /// Leaves the campaign as it is, where nothing is to be done again. What somebody told it who was
    /// killed before a coordinator knew goes on.
    pub async fn leave(
        &self,
        campaign: &CampaignName,
        output: &Output,
        root: &dyn Store,
    ) -> anyhow::Result<()> {
        let plan = &self.due.plan;
        let inventory = output.inventory(plan).await?;
        let known = Known::of(inventory.done, inventory.failed);
        let is_over = Ledger::of(plan, &known).outstanding().is_over();
        match self.told.control.state {
            ControlState::Running if !is_over => set_active(root, campaign).await,
            _ => Ok(()),
        }
    }

    /// Puts it in force and publishes what may be begun; returns what the campaign was told.
    ///
    /// # Errors
    /// [`crate::orders::Overtaken`], and nothing is changed, when somebody else told the campaign
    /// something meanwhile.
    pub async fn resubmit(
        &self,
        campaign: &CampaignName,
        output: &Output,
        root: &dyn Store,
        publish: &impl AsyncFn(JobsOf<'_>, &[&Shard]) -> anyhow::Result<()>,
    ) -> anyhow::Result<Control> {
        let (due, pool, home) = (&self.due, self.pool.as_str(), self.home());
        let mut control = self.told.control.clone();
        if pool != home {
            control.more_pools.insert(pool.to_owned());
        }
        if due.is_edited {
            control.plan = output.write_submission(&self.text, &due.plan).await?;
        }
        let told = Some(self.told.clone());
        let control = put_in_force(output, root, campaign, told, control).await?;
        if due.is_edited {
            output.write_plan(&self.text, &due.plan).await?;
            // What is dropped keeps the record of why.
            output.remove_dropped(&due.dropped).await?;
            // From now on nobody commits a shard that was cut; one that was killed between its
            // object and its marker left the object.
            remove_stale(output, due, &control).await?;
        }
        output.set_back(&due.unsound, &due.to_measure).await?;
        output.begin_anew(&due.chosen).await;
        for (pool, shards) in [(pool, &due.now), (home, &due.others)] {
            let jobs_of = JobsOf {
                campaign,
                plan: &control.plan,
                pool,
                anew: None,
            };
            let shards: Vec<&Shard> = shards.iter().collect();
            publish(jobs_of, &shards).await?;
        }
        // Once more: a coordinator may just have found the campaign at its end.
        set_active(root, campaign).await?;
        still_in_force(output, campaign, &control).await?;
        Ok(control)
    }
}

/// Removes what is not in a plan any more, while that is in force.
async fn remove_stale(output: &Output, due: &Due, control: &Control) -> anyhow::Result<()> {
    let stale = output.stale(&due.plan).await?;
    let now = output.control().await?;
    match now.is_some_and(|now| now.plan == control.plan) {
        true => output.remove(&stale).await,
        false => Ok(()),
    }
}
