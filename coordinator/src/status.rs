//! How far a campaign is: from its plan, its markers and its failed records, with what a
//! coordinator tells of the moment, when one does.

use lumimill_common::control::{Control, ControlState};
use serde::Serialize;

use crate::failures::{FailureGroup, groups};
use crate::ledger::{Counts, KeptBack};
use crate::live::{Heard, Live, LiveCampaign, LiveWorker};
use crate::output::{Output, Planned};
use crate::plan::Loss;
use crate::problem::Problem;
use crate::report_sums::StoredReport;
use crate::tally::{LumiStatus, StageStatus};

mod alarms;
mod became;
mod looked;
mod state;
mod verdicts;
mod waits;

use became::{Asked, Became};
pub(crate) use state::State;
pub(crate) use verdicts::{WeightVerdict, said};
pub(crate) use waits::Wait;
use waits::{Facts, waits};

/// How far a campaign is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Status {
    /// Its name.
    pub campaign: String,
    /// What it was told, or where it stands.
    pub state: State,
    /// Whether it was submitted to a pool.
    #[serde(skip)]
    pub is_with_pool: bool,
    /// Its stages, in order.
    pub stages: Vec<StageStatus>,
    /// What its stages go on without.
    pub accepted: Vec<Loss>,
    /// Shards that were given up and keep others back, each with what it does.
    pub kept_back: Vec<KeptBack>,
    /// Whether the markers of all that is done were read. Of a campaign that has many they are
    /// not: then it is known that they are there, and their tables, and no more.
    pub markers_read: bool,
    /// Whether that was asked of nobody but whoever drives the campaign, or drove it to its end, and
    /// not even markers and tables were listed.
    pub told: bool,
    /// What is wrong with the report, as a listing tells.
    pub report: Vec<Problem>,
    /// Its lumi sections.
    pub lumis: LumiStatus,
    /// Events a second that go into it now; `None` when nobody tells.
    pub events_per_second: Option<f64>,
    /// Seconds until all events are done, at this rate; `None` where no event is left, but fits or
    /// densities are.
    pub eta_seconds: Option<u64>,
    /// Fits and densities that are still to be made, of which no rate says how long they take.
    pub estimates_left: usize,
    /// Whether a coordinator serves it now.
    pub served: bool,
    /// Seconds since a coordinator of the site was heard of; `None` when none ever was.
    pub coordinator_silent_seconds: Option<u64>,
    /// The workers of its pool.
    pub workers: Vec<LiveWorker>,
    /// What it waits for, if for anything but work to be done.
    pub waits: Vec<Wait>,
    /// What its report says of columns that moved, where the campaign states a level.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alarms: Vec<String>,
    /// Whether weights by its fits may be used, as the report has it.
    pub verdicts: Vec<WeightVerdict>,
    /// What failed, like failures together; `None` when it was not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failures: Option<Vec<FailureGroup>>,
}

impl Status {
    /// Looks at a campaign, which is at its end unless it may be driven; with `failures` also at what each of its failed shards says.
    pub(crate) async fn look(
        output: &Output,
        planned: &Planned,
        heard: Option<&Heard>,
        is_driven: bool,
        failures: bool,
    ) -> anyhow::Result<Self> {
        let plan = &planned.plan;
        let live = heard.and_then(Heard::now);
        let control = output.control().await?;
        let store = output.store();
        let report = StoredReport::look(store.as_ref()).await?;
        let of_live = live.and_then(|live| live.campaigns.get(plan.campaign.as_str()));
        let asked = Asked {
            control: control.as_ref(),
            live: of_live,
            report: &report,
            is_driven,
        };
        let Became {
            stages,
            lumis,
            kept_back,
            records,
            done,
            over,
            markers_read,
            told,
        } = match Became::by_word(output, plan, &asked).await? {
            Some(became) => became,
            None => Became::by_listing(output, planned).await?,
        };
        let stages = match is_driven {
            true => published(stages, control.as_ref(), of_live),
            false => stages,
        };
        let is_estimate = |stage: &&StageStatus| {
            let mut all = planned.campaign.stages.iter();
            all.any(|it| it.is_estimate() && it.name.as_str() == stage.name)
        };
        let estimates = stages.iter().filter(is_estimate);
        let estimates_left = estimates.map(|stage| stage.counts.outstanding()).sum();
        let state = state(control.as_ref(), &stages, report.is_finished(), is_driven);
        let report = match state {
            State::Ended | State::NotWhole => {
                let mut wrong = report.wrong_by_listing()?;
                if let Some(done) = done.filter(|_| state == State::Ended) {
                    wrong.extend(report.is_of_others(plan, &done)?);
                }
                wrong
            }
            _ => Vec::new(),
        };
        let workers = workers(live, control.as_ref());
        let retries = output.retries_of(plan, &over).await?;
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
            accepted: plan.losses(),
            kept_back,
            markers_read,
            told,
            report,
            lumis,
            events_per_second: None,
            eta_seconds: None,
            estimates_left,
            served: of_live.is_some(),
            coordinator_silent_seconds: heard.map(|heard| heard.silent.as_secs()),
            workers,
            waits,
            alarms: alarms::alarms(output, planned).await,
            verdicts: verdicts::verdicts(output, planned).await,
            failures: failures.then(|| groups(&records)),
        };
        if let Some(live) = of_live {
            status.set_rate(live.rate);
        }
        Ok(status)
    }

    /// Says how fast it goes, and so when it will be done.
    pub(crate) fn set_rate(&mut self, events_per_second: f64) {
        self.events_per_second = Some(events_per_second);
        let left: u64 = self.counts().map(Counts::events_left).sum();
        let over = matches!(
            self.state,
            State::Ended | State::NotWhole | State::Reporting | State::Cancelled
        );
        self.eta_seconds = match over {
            true => None,
            false => eta(left, events_per_second, self.estimates_left),
        };
    }

    fn counts(&self) -> impl Iterator<Item = &Counts> {
        self.stages.iter().map(|stage| &stage.counts)
    }

    /// Entries of all shards done.
    #[must_use]
    pub(crate) fn events_done(&self) -> u64 {
        self.counts().map(|counts| counts.events_done).sum()
    }

    /// Whether every shard is done, or was dropped.
    #[must_use]
    pub(crate) fn is_complete(&self) -> bool {
        self.counts().all(Counts::is_complete)
    }
}

/// Seconds until so many events are done; nothing where that says nothing of what is left.
fn eta(left: u64, events_per_second: f64, estimates_left: usize) -> Option<u64> {
    let tells = events_per_second > 0.0 && (left > 0 || estimates_left == 0);
    tells.then(|| (left as f64 / events_per_second).ceil() as u64)
}

/// The stages, where what may be done is published.
fn published(
    mut stages: Vec<StageStatus>,
    control: Option<&Control>,
    live: Option<&LiveCampaign>,
) -> Vec<StageStatus> {
    let active = control.is_some_and(|control| control.state != ControlState::Cancelled);
    for StageStatus { name, counts } in &mut stages {
        // Without a coordinator's word: what may be done is out.
        let is_out = live.is_none_or(|live| live.published.contains(name));
        if active && is_out {
            let running = live.and_then(|live| live.running.get(name));
            counts.publish(running.copied().unwrap_or(0));
        }
    }
    stages
}

fn state(
    control: Option<&Control>,
    stages: &[StageStatus],
    has_report: bool,
    is_driven: bool,
) -> State {
    let is_over = stages.iter().all(|stage| stage.counts.outstanding() == 0);
    match control.map(|control| control.state) {
        Some(ControlState::Cancelled) => State::Cancelled,
        _ if is_over && has_report => match stages.iter().all(|stage| stage.counts.is_whole()) {
            true => State::Ended,
            false => State::NotWhole,
        },
        // What was done is not there any more, and nobody knows of it.
        Some(_) if has_report && !is_driven => State::NotWhole,
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

#[cfg(test)]
mod tests {
    use super::eta;

    /// Fits have no events, and so a campaign that was at them was done in 0 seconds.
    #[test]
    fn fits_that_are_left_are_not_done_at_once() {
        assert_eq!(eta(0, 1_000.0, 3), None);
        assert_eq!(eta(0, 1_000.0, 0), Some(0));
        assert_eq!(eta(2_500, 1_000.0, 3), Some(3));
        assert_eq!(eta(2_500, 0.0, 0), None);
    }
}
