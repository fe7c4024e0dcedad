//! What became of the shards of a campaign: by listings of what is there, or of a large campaign by the
//! word of whoever drives it, or drove it to its end.

use std::collections::BTreeSet;

use lumimill_common::control::{Control, ControlState};
use lumimill_common::failure::FailedRecord;
use lumimill_common::shard::{Shard, ShardId};

use super::looked::{Looked, looked};
use crate::failures::{dead_among, failed_records};
use crate::ledger::{KeptBack, Known, Ledger};
use crate::live::LiveCampaign;
use crate::output::{Output, Planned};
use crate::plan::Plan;
use crate::report_sums::StoredReport;
use crate::tally::{LumiStatus, MOST_LISTED, StageStatus, Tally};

/// The most markers that a look at a campaign reads; more would keep a person waiting.
const MOST_READ: usize = 2_000;

/// What became of the shards of a plan.
pub(super) struct Became<'a> {
    pub(super) stages: Vec<StageStatus>,
    pub(super) lumis: LumiStatus,
    pub(super) kept_back: Vec<KeptBack>,
    /// The records of what was given up.
    pub(super) records: Vec<(&'a Shard, FailedRecord)>,
    /// The shards that are done, where they were listed.
    pub(super) done: Option<BTreeSet<ShardId>>,
    /// What is known to be done or given up.
    pub(super) over: BTreeSet<ShardId>,
    pub(super) markers_read: bool,
    pub(super) told: bool,
}

/// Who can be asked of a campaign.
pub(super) struct Asked<'a> {
    pub(super) control: Option<&'a Control>,
    /// What a coordinator tells of it now.
    pub(super) live: Option<&'a LiveCampaign>,
    pub(super) report: &'a StoredReport<'a>,
    /// Whether it may not be at its end.
    pub(super) is_driven: bool,
}

impl Asked<'_> {
    /// What is told of a large campaign under its plan in force, where it can be so.
    async fn tally(&self, output: &Output, plan: &Plan) -> anyhow::Result<Option<Tally>> {
        let Some(control) = self.control.filter(|_| plan.shards.len() > MOST_LISTED) else {
            return Ok(None);
        };
        let store = output.store();
        let tally = match self.live {
            Some(live) if self.is_driven => live.tally.clone(),
            None if self.is_driven => None,
            // What was done until somebody cancelled it is in no report.
            _ if control.state == ControlState::Cancelled => None,
            // What whoever ended it told before is older, and what was done since has another report.
            _ => {
                let report = self.report.digest()?;
                let kept = Tally::kept(store.as_ref()).await;
                kept.filter(|kept| report.is_some() && kept.report == report)
            }
        };
        Ok(tally.filter(|tally| tally.is_of(&control.plan, plan)))
    }
}

impl<'a> Became<'a> {
    /// As whoever drives a large campaign says, or said at its end.
    pub(super) async fn by_word(
        output: &Output,
        plan: &'a Plan,
        asked: &Asked<'_>,
    ) -> anyhow::Result<Option<Self>> {
        let Some(mut tally) = asked.tally(output, plan).await? else {
            return Ok(None);
        };
        let records = failed_records(output, &plan.shards, &tally.given_up).await?;
        let dead = dead_among(&records);
        let dead = records.iter().filter(|(shard, _)| dead.contains(&shard.id));
        tally.tell_dead(dead.map(|(shard, _)| (shard.stage.clone(), shard.id)));
        Ok(Some(Self {
            stages: tally.stages,
            lumis: tally.lumis,
            kept_back: tally.kept_back,
            records,
            // Of what is done nothing is left that says that it is tried again.
            over: tally.given_up,
            done: None,
            markers_read: false,
            told: true,
        }))
    }

    /// As listings say, and the markers of a campaign that has few.
    pub(super) async fn by_listing(output: &Output, planned: &'a Planned) -> anyhow::Result<Self> {
        let plan = &planned.plan;
        let inventory = output.inventory(plan).await?;
        let (gone, to_measure) = (inventory.gone(), inventory.to_measure());
        let markers_read = inventory.done.len() <= MOST_READ;
        let Looked {
            damaged,
            unread,
            other,
        } = match markers_read {
            true => looked(output, planned, &inventory, &gone).await?,
            false => Looked::default(),
        };
        let whole = &(&(&inventory.done - &gone) - &damaged) - &unread;
        let records = failed_records(output, &plan.shards, &inventory.failed).await?;
        let known = Known {
            done: &whole - &other,
            gone,
            damaged,
            unread,
            dead: dead_among(&records),
            given_up: inventory.failed,
            to_measure,
        };
        let ledger = Ledger::of(plan, &known);
        let stages = ledger.of_stages().into_iter();
        let stages = stages.map(|(name, counts)| StageStatus {
            name: name.to_string(),
            counts,
        });
        Ok(Self {
            stages: stages.collect(),
            lumis: LumiStatus::of(&ledger),
            kept_back: ledger.kept_back(),
            records,
            over: &known.done | &known.given_up,
            done: Some(known.done),
            markers_read,
            told: false,
        })
    }
}
