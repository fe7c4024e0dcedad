//! How far a campaign is: from its plan, its markers and its failed records, with what a
//! coordinator tells of the moment, when one does.

use std::collections::{BTreeMap, BTreeSet};

use lumimill_common::control::{Control, ControlState};
use lumimill_common::shard::{Shard, ShardId};
use serde::Serialize;

use crate::ledger::Ledger;
use crate::output::{Output, Planned};
use crate::plan::Plan;
use crate::report_sums::StoredReport;
use crate::serve::{Heard, Live, LiveCampaign, LiveWorker};
use crate::verify::Problem;

mod failures;
mod looked;
mod waits;

pub use failures::dead_of;
pub(crate) use failures::failed_records;
use failures::{dead_among, groups};
use looked::{Looked, looked};
pub use waits::Wait;
use waits::{Facts, waits};

/// The most markers that a look at a campaign reads; more would keep a person waiting.
const MOST_READ: usize = 2_000;

/// How far a campaign is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Status {
    /// Its name.
    pub campaign: String,
    /// What it was told, or where it stands.
    pub state: State,
    /// Whether it was submitted to a pool.
    #[serde(skip)]
    pub is_with_pool: bool,
    /// Its stages, in order.
    pub stages: Vec<StageStatus>,
    /// Whether the markers of all that is done were read. Of a campaign that has many they are
    /// not: then it is known that they are there, and their tables, and no more.
    pub markers_read: bool,
    /// What is wrong with the report, as a listing tells.
    pub report: Vec<Problem>,
    /// Its lumi sections.
    pub lumis: LumiStatus,
    /// Events a second that go into it now; `None` when nobody tells.
    pub events_per_second: Option<f64>,
    /// Seconds until it is done, at this rate.
    pub eta_seconds: Option<u64>,
    /// Whether a coordinator serves it now.
    pub served: bool,
    /// Seconds since a coordinator of the site was heard of; `None` when none ever was.
    pub coordinator_silent_seconds: Option<u64>,
    /// The workers of its pool.
    pub workers: Vec<LiveWorker>,
    /// What it waits for, if for anything but work to be done.
    pub waits: Vec<Wait>,
    /// What failed, like failures together; `None` when it was not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failures: Option<Vec<FailureGroup>>,
}

/// What a campaign was told, or where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Planned or begun by a run in one process.
    NotSubmitted,
    /// With a pool.
    Running,
    /// Its jobs wait.
    Paused,
    /// Its jobs are dropped.
    Cancelled,
    /// Every shard is done or was given up, and the report is not there yet.
    Reporting,
    /// Every shard is done or was given up, and the report says so.
    Ended,
    /// It was at its end, and some of what was done is gone or damaged by now.
    NotWhole,
}

/// How far a stage is. A shard is in one of the states from `planned` to
/// `dead`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct StageStatus {
    /// Its name.
    pub name: String,
    /// All its shards.
    pub shards: usize,
    /// Not published yet.
    pub planned: usize,
    /// Published, and with nobody.
    pub queued: usize,
    /// Under way somewhere.
    pub running: usize,
    /// Done.
    pub done: usize,
    /// Of those not done: their metrics changed, and they are measured again on their tables.
    pub to_measure: usize,
    /// Done, and its table is not there any more, or is empty.
    pub gone: usize,
    /// Done, and its marker cannot be used, or its table has another size than the marker says.
    pub damaged: usize,
    /// Done, and nobody can say whether it is whole: its marker cannot be read, or a newer version
    /// wrote it.
    pub unread: usize,
    /// Given up at once: they would fail again.
    pub failed: usize,
    /// Given up after all attempts: their cause may have passed.
    pub dead: usize,
    /// Entries of all shards.
    pub events: u64,
    /// Entries of those done.
    pub events_done: u64,
}

/// Lumi sections of recorded data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LumiStatus {
    /// Certified, and in a file.
    pub certified: u64,
    /// Of those, the ones all of whose shards are done.
    pub processed: u64,
    /// Of those, the others.
    pub missing: u64,
    /// Certified, and in no file.
    pub not_in_files: u64,
}

/// Shards that failed alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailureGroup {
    /// Under which they are grouped.
    pub fingerprint: String,
    /// Kind of failure.
    pub kind: String,
    /// Whether they were given up after all attempts, not at once.
    pub dead: bool,
    /// What one of them says.
    pub message: String,
    /// The shards.
    pub shards: Vec<String>,
}

impl Status {
    /// Looks at a campaign; with `failures` also at what each of its failed shards says.
    pub async fn look(
        output: &Output,
        planned: &Planned,
        heard: Option<&Heard>,
        failures: bool,
    ) -> anyhow::Result<Self> {
        let plan = &planned.plan;
        let live = heard.and_then(Heard::now);
        let control = output.control().await?;
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
        let done = &whole - &other;
        let failed = inventory.failed;
        let records = failed_records(output, plan, &failed).await?;
        let dead = dead_among(&records);
        let of_live = live.and_then(|live| live.campaigns.get(plan.campaign.as_str()));
        let sets = Sets {
            done: &done,
            gone: &gone,
            to_measure: &to_measure,
            damaged: &damaged,
            unread: &unread,
            failed: &failed,
            dead: &dead,
        };
        let stages = stages(plan, sets, control.as_ref(), of_live);
        let lumis = Ledger::new(plan, &done, &failed).lumis();
        let (processed, missing) = (lumis.processed.len(), lumis.missing.len());
        let store = output.store();
        let report = StoredReport::look(store.as_ref()).await?;
        let state = state(control.as_ref(), &stages, report.is_finished());
        let report = match state {
            State::Ended | State::NotWhole => report.wrong_by_listing()?,
            _ => Vec::new(),
        };
        let workers = workers(live, control.as_ref());
        let retries = output.retries_of(plan, &(&done | &failed)).await?;
        let waits = waits(&Facts {
            campaign: plan.campaign.as_str(),
            state,
            control: control.as_ref(),
            heard,
            workers: &workers,
            retries: &retries,
        });
        let mut status = Self {
            campaign: plan.campaign.to_string(),
            state,
            is_with_pool: control.is_some(),
            stages,
            markers_read,
            report,
            lumis: LumiStatus {
                certified: processed + missing,
                processed,
                missing,
                not_in_files: lumis.not_in_files.len(),
            },
            events_per_second: None,
            eta_seconds: None,
            served: of_live.is_some(),
            coordinator_silent_seconds: heard.map(|heard| heard.silent.as_secs()),
            workers,
            waits,
            failures: failures.then(|| groups(&records)),
        };
        if let Some(live) = of_live {
            status.set_rate(live.rate);
        }
        Ok(status)
    }

    /// Says how fast it goes, and so when it will be done.
    pub fn set_rate(&mut self, events_per_second: f64) {
        self.events_per_second = Some(events_per_second);
        let left: u64 = self.stages.iter().map(StageStatus::events_left).sum();
        let over = matches!(
            self.state,
            State::Ended | State::NotWhole | State::Reporting | State::Cancelled
        );
        self.eta_seconds = (events_per_second > 0.0 && !over)
            .then(|| (left as f64 / events_per_second).ceil() as u64);
    }

    /// Entries of all shards done.
    #[must_use]
    pub fn events_done(&self) -> u64 {
        self.stages.iter().map(|stage| stage.events_done).sum()
    }

    /// Whether every shard is done.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.stages.iter().all(|stage| stage.done == stage.shards)
    }
}

impl StageStatus {
    fn events_left(&self) -> u64 {
        self.events.saturating_sub(self.events_done)
    }

    fn is_whole(&self) -> bool {
        self.gone == 0 && self.damaged == 0 && self.unread == 0
    }

    /// Shards that are neither done nor given up.
    #[must_use]
    pub fn outstanding(&self) -> usize {
        self.planned + self.queued + self.running
    }
}

/// What is known of the shards of a plan.
#[derive(Clone, Copy)]
struct Sets<'a> {
    done: &'a BTreeSet<ShardId>,
    gone: &'a BTreeSet<ShardId>,
    to_measure: &'a BTreeSet<ShardId>,
    damaged: &'a BTreeSet<ShardId>,
    unread: &'a BTreeSet<ShardId>,
    failed: &'a BTreeSet<ShardId>,
    dead: &'a BTreeSet<ShardId>,
}

fn stages(
    plan: &Plan,
    sets: Sets<'_>,
    control: Option<&Control>,
    live: Option<&LiveCampaign>,
) -> Vec<StageStatus> {
    let mut stages: Vec<StageStatus> = plan
        .stages
        .iter()
        .map(|stage| StageStatus {
            name: stage.name.to_string(),
            ..StageStatus::default()
        })
        .collect();
    let places: BTreeMap<String, usize> = stages
        .iter()
        .enumerate()
        .map(|(place, stage)| (stage.name.clone(), place))
        .collect();
    for shard in &plan.shards {
        let place = places.get(shard.stage.as_str()).copied();
        if let Some(stage) = place.and_then(|place| stages.get_mut(place)) {
            stage.count(shard, sets);
        }
    }
    let active = control.is_some_and(|control| control.state != ControlState::Cancelled);
    let mut before_over = true;
    for stage in &mut stages {
        // Without a coordinator's word: a stage is out once all before it are over.
        let out = match live {
            Some(live) => live.published.contains(&stage.name),
            None => before_over,
        };
        before_over = before_over && stage.planned == 0;
        if active && out {
            let running = live.and_then(|live| live.running.get(&stage.name));
            stage.running = running.copied().unwrap_or(0).min(stage.planned);
            stage.queued = stage.planned - stage.running;
            stage.planned = 0;
        }
    }
    stages
}

impl StageStatus {
    fn count(&mut self, shard: &Shard, sets: Sets<'_>) {
        let entries = shard.entries.end.saturating_sub(shard.entries.start);
        self.shards += 1;
        self.to_measure += usize::from(sets.to_measure.contains(&shard.id));
        self.events += entries;
        if sets.done.contains(&shard.id) {
            self.done += 1;
            self.events_done += entries;
        } else if sets.gone.contains(&shard.id) {
            self.gone += 1;
        } else if sets.damaged.contains(&shard.id) {
            self.damaged += 1;
        } else if sets.unread.contains(&shard.id) {
            self.unread += 1;
        } else if sets.dead.contains(&shard.id) {
            self.dead += 1;
        } else if sets.failed.contains(&shard.id) {
            self.failed += 1;
        } else {
            self.planned += 1;
        }
    }
}

fn state(control: Option<&Control>, stages: &[StageStatus], has_report: bool) -> State {
    let is_over = stages.iter().all(|stage| stage.outstanding() == 0);
    match control.map(|control| control.state) {
        Some(ControlState::Cancelled) => State::Cancelled,
        _ if is_over && has_report => match stages.iter().all(StageStatus::is_whole) {
            true => State::Ended,
            false => State::NotWhole,
        },
        Some(ControlState::Paused) => State::Paused,
        _ if is_over => State::Reporting,
        Some(ControlState::Running) => State::Running,
        None => State::NotSubmitted,
    }
}

fn workers(live: Option<&Live>, control: Option<&Control>) -> Vec<LiveWorker> {
    let is_of = |pool: &String| control.is_some_and(|control| control.pools().any(|of| of == pool));
    let workers = live.iter().flat_map(|live| &live.workers);
    workers
        .filter(|worker| is_of(&worker.pool))
        .cloned()
        .collect()
}
