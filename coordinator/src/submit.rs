//! Giving a campaign to a pool: its plan is put in force, and what may be begun is published.
//!
//! Nothing here knows how people ask for it, or how the broker is reached: that is the command's.

use std::path::Path;

use lumimill_common::campaign::StageName;
use lumimill_common::control::Control;
use lumimill_common::shard::{Shard, ShardId};
use lumimill_common::store::Store;

use crate::campaign_file::CampaignFile;
use crate::due::{Due, Edit, Wanted};
use crate::earlier::{PASS_REPLACE, stale};
use crate::jobs::JobsOf;
use crate::orders::put_in_force;
use crate::output::{Output, Told};
use crate::plan::Plan;
use crate::roster::set_active;
use crate::submission::{running, write_models};

/// What is submitted, and how.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Name of the campaign file for messages.
    pub path: &'a Path,
    /// The campaign.
    pub file: &'a CampaignFile,
    /// Pool that does it.
    pub pool: &'a str,
    /// Whether output of an earlier configuration is removed.
    pub replace: bool,
}

/// A submission that is looked at and not made yet.
#[derive(Debug)]
pub struct Ready {
    told: Option<Told>,
    /// What is to be done.
    pub due: Due,
    /// Shards of an earlier configuration, which are removed.
    pub stale: Vec<(StageName, ShardId)>,
}

/// What was submitted.
#[derive(Debug)]
pub struct Submitted {
    /// What the campaign was told.
    pub control: Control,
    /// What is to be done.
    pub due: Due,
    /// How many shards of an earlier configuration were removed.
    pub removed: usize,
}

/// What the campaign in an output was told, to be asked before anything else is read, which takes
/// its time: others may submit it meanwhile.
pub async fn told(output: &Output) -> anyhow::Result<Option<Told>> {
    output.told_or_damaged().await
}

impl Ready {
    /// Looks what is to be done of a plan, whose edits were made, in a campaign that was [`told`]
    /// this before. Changes nothing.
    pub async fn look(
        asked: Asked<'_>,
        told: Option<Told>,
        plan: Plan,
        output: &Output,
    ) -> anyhow::Result<Self> {
        let Asked { path, file, .. } = asked;
        let stale = stale(path, asked.replace, PASS_REPLACE, output, &plan).await?;
        let (wanted, base) = (Wanted::All, &file.base);
        let due = Due::look(output, &file.campaign, plan, &wanted, Edit::None, base).await?;
        Ok(Self { told, due, stale })
    }

    /// Puts it in force and publishes what may be begun.
    ///
    /// # Errors
    /// [`crate::orders::Overtaken`], and nothing is changed, when somebody else told the campaign
    /// something meanwhile.
    pub async fn submit(
        self,
        asked: Asked<'_>,
        output: &Output,
        root: &dyn Store,
        publish: &impl AsyncFn(JobsOf<'_>, &[&Shard]) -> anyhow::Result<()>,
    ) -> anyhow::Result<Submitted> {
        let Self { told, due, stale } = self;
        let Asked { file, pool, .. } = asked;
        write_models(output.store().as_ref(), file).await?;
        let digest = output.write_submission(&file.text, &due.plan).await?;
        let name = &file.campaign.name;
        // Of a plan that was in force before, jobs may be out.
        let is_first = told.as_ref().is_none_or(|told| told.control.plan != digest);
        // Told before the first job is out, and before anything is removed: from now on nobody
        // commits a shard of the plan before.
        let control = running(&digest, pool, &file.base)?;
        let control = put_in_force(output, root, name, told, control).await?;
        output.write_plan(&file.text, &due.plan).await?;
        let removed = removed(output, &stale, &digest).await?;
        output.set_back(&due.unsound, &due.to_measure).await?;
        output.begin_anew(&due.chosen).await;
        let jobs_of = JobsOf {
            campaign: name,
            plan: &digest,
            pool,
            anew: is_first.then_some(&due.to_measure),
        };
        let shards: Vec<&Shard> = due.now.iter().collect();
        publish(jobs_of, &shards).await?;
        // Once more: a coordinator may just have found the campaign at its end.
        set_active(root, name).await?;
        Ok(Submitted {
            control,
            due,
            removed,
        })
    }
}

/// Removes what is stale, while nobody has put another plan in force; says how much that was.
async fn removed(
    output: &Output,
    stale: &[(StageName, ShardId)],
    digest: &str,
) -> anyhow::Result<usize> {
    let now = output.control().await?;
    match now.is_some_and(|now| now.plan == digest) {
        true => output.remove(stale).await.map(|()| stale.len()),
        false => Ok(0),
    }
}
