//! A campaign that is driven: from plan and markers to what is due next.

mod listing;
mod loaded;
mod places;
mod seen;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lumimill_common::campaign::CampaignName;
use lumimill_common::control::{ControlState, PlanKeys};
use lumimill_common::job::{Job, JobOutcome, JobReport};
use lumimill_common::queue::Queue;
use lumimill_common::retry_policy::longest_wait;
use lumimill_common::shard::ShardId;
use lumimill_common::store::{Place, Store};
use lumimill_worker::back_off::BackOff;
use tokio::time::Instant;
use tracing::{info, warn};

use self::loaded::{LISTING, Loaded, QUIET};
use crate::live::Retries;
use crate::output::Output;
use crate::pack_sizes::PackSizes;
use crate::report_files::write_report_of;
use crate::roster::{set_ended, set_ending, set_going_on};
use crate::tally::Tally;

/// Plans that are told apart of those of which something was heard.
const MOST_HEARD: usize = 16;

/// A campaign that is driven.
pub(super) struct ActiveCampaign {
    name: CampaignName,
    output: Output,
    loaded: Option<Loaded>,
    /// Name of whoever drives it.
    driver: String,
    /// Whether it was listed as ended, and nobody looked since whether there is more to do.
    ending: bool,
    /// Plans of which something was heard since it was reported last. What is done by an earlier one
    /// may stand in the place of what was done by this one, or beside it.
    heard: BTreeSet<String>,
    /// Whether there is what its last report may lack, though nothing is due.
    is_met: bool,
    trouble: Option<Trouble>,
}

/// Something that keeps a campaign from being driven.
struct Trouble {
    why: String,
    until: Instant,
    back_off: BackOff,
}

impl ActiveCampaign {
    /// One at a place, and the name of whoever drives it.
    pub(super) fn at(name: &CampaignName, place: &Place, driver: &str) -> anyhow::Result<Self> {
        Ok(Self {
            name: name.clone(),
            output: Output::open(place)?,
            loaded: None,
            driver: driver.to_owned(),
            ending: false,
            heard: BTreeSet::new(),
            is_met: false,
            trouble: None,
        })
    }

    /// The same with packs of markers of other sizes.
    pub(super) fn with_packs(self, sizes: PackSizes) -> Self {
        let output = self.output.with_packs(sizes);
        Self { output, ..self }
    }

    /// The same where somebody else was about to end it, and may have died of.
    pub(super) fn ending(self) -> Self {
        Self {
            ending: true,
            ..self
        }
    }

    /// One that is at its end, where something was done since that its report may lack: by an earlier
    /// plan, or what was given up. `None` where nothing of it counts.
    pub(super) async fn met(self, report: &JobReport) -> anyhow::Result<Option<Self>> {
        let control = self.output.control().await?;
        let is_met = control.is_some_and(|control| {
            control.state != ControlState::Cancelled
                && (report.outcome.is_done() || control.plan != report.plan)
        });
        let met = Self {
            is_met,
            ending: true,
            ..self
        };
        Ok(is_met.then_some(met))
    }

    pub(super) fn name(&self) -> &CampaignName {
        &self.name
    }

    /// Takes a report as a hint; whether it was the last one that was waited for.
    pub(super) fn hear(&mut self, report: &JobReport) -> bool {
        let seemed_over = self.seems_over();
        self.take(report);
        !seemed_over && self.seems_over()
    }

    fn seems_over(&self) -> bool {
        self.loaded.as_ref().is_some_and(Loaded::seems_over)
    }

    /// Whether all that is there is looked at, to be reported.
    pub(super) fn is_looked_at(&self) -> bool {
        let is_driven = self.trouble.is_none();
        is_driven && self.loaded.as_ref().is_some_and(Loaded::is_looked_at)
    }

    fn take(&mut self, report: &JobReport) {
        self.hear_of(&report.plan);
        let Some(loaded) = &mut self.loaded else {
            return;
        };
        if loaded.control.plan != report.plan {
            loaded.meet();
        }
        loaded.heard_for(Duration::ZERO);
        loaded.put_off.remove(&report.shard);
        match &report.outcome {
            JobOutcome::Retrying { failure } => {
                loaded.put_off(report.shard, failure);
                loaded.heard_for(longest_wait(failure.kind));
                info!(
                    campaign = %self.name, job.id = %report.shard, worker = report.worker,
                    attempt = report.attempt, "to be tried again: {failure}"
                );
            }
            JobOutcome::Done { .. } | JobOutcome::Marked { .. } => {
                if loaded.is_given_up(report.shard) {
                    self.is_met = true;
                    loaded.meet();
                }
                if let JobOutcome::Marked { marker, .. } = &report.outcome {
                    loaded.gather(report.shard, marker);
                }
                loaded.hint_done(report.shard);
            }
            JobOutcome::Failed { failure } => {
                warn!(
                    campaign = %self.name, job.id = %report.shard, worker = report.worker,
                    attempt = report.attempt, "failed: {failure}"
                );
                loaded.hint(report.shard);
            }
            JobOutcome::Dropped => {}
        }
    }

    /// Remembers that something was heard of a plan, if it can be one.
    fn hear_of(&mut self, plan: &str) {
        if self.heard.len() >= MOST_HEARD {
            self.is_met = true;
        } else if PlanKeys::submitted(plan).is_some() {
            self.heard.insert(plan.to_owned());
        }
    }

    /// Looks whether one that somebody else has ended is to go on, as something came that they may not
    /// have seen.
    pub(super) async fn look_after_its_end(&mut self) {
        if !self.heard.is_empty() {
            let control = self.output.control().await;
            let plan = control.ok().flatten().map(|control| control.plan);
            self.is_met |= self.heard.iter().any(|heard| plan.as_ref() != Some(heard));
            self.heard.clear();
        }
        self.ending |= self.is_met;
    }

    /// What keeps it from being driven, if anything does.
    pub(super) fn trouble(&self) -> Option<String> {
        self.trouble.as_ref().map(|trouble| trouble.why.clone())
    }

    /// Why shards are tried again that have no record of it.
    pub(super) fn put_off(&self) -> Vec<Retries> {
        let failures = self.loaded.iter().flat_map(|it| it.put_off.values());
        Retries::of(failures)
    }

    /// How many of its shards are in which state, where they are many.
    pub(super) fn tally(&self) -> Option<Tally> {
        self.loaded.as_ref()?.tally.clone()
    }

    /// The pools that have jobs of it.
    pub(super) fn pools(&self) -> impl Iterator<Item = &String> {
        let loaded = self.loaded.iter();
        loaded.flat_map(|loaded| loaded.control.pools())
    }

    /// Stages whose jobs are published.
    pub(super) fn published(&self) -> Vec<String> {
        let Some(loaded) = &self.loaded else {
            return Vec::new();
        };
        loaded.published().map(ToString::to_string).collect()
    }

    /// How many of the running shards are of each stage.
    pub(super) fn running_by_stage(&self, running: &BTreeSet<ShardId>) -> BTreeMap<String, usize> {
        let mut by_stage = BTreeMap::new();
        if let Some(loaded) = &self.loaded {
            for shard in running.iter().filter_map(|id| loaded.shard(*id)) {
                *by_stage.entry(shard.stage.to_string()).or_insert(0) += 1;
            }
        }
        by_stage
    }

    /// The input of a job's shard, when it is one of the plan in force.
    pub(super) fn file_of(&self, job: &Job) -> Option<String> {
        let loaded = self.loaded.as_ref()?;
        let shard = loaded.shard(job.shard)?;
        let is_it = loaded.control.plan == job.plan && shard.stage == job.stage;
        is_it.then(|| shard.input())
    }

    /// Counts a shard as given up, and so looks at what became of it.
    pub(super) fn given_up(&mut self, shard: ShardId) {
        if let Some(loaded) = &mut self.loaded {
            loaded.hint(shard);
        }
    }

    /// Whether it was listed as ended and may have more to do.
    pub(super) fn is_ending(&self) -> bool {
        self.ending
    }

    /// Does what is due. What fails is tried again after a growing while.
    pub(super) async fn drive(
        &mut self,
        queue: &dyn Queue,
        root: &dyn Store,
        running: &BTreeSet<ShardId>,
    ) -> anyhow::Result<()> {
        let resting = |trouble: &Trouble| Instant::now() < trouble.until;
        if self.trouble.as_ref().is_some_and(resting) {
            return Ok(());
        }
        let driven = self.drive_now(queue, root, running).await;
        match &driven {
            Ok(()) => self.trouble = None,
            Err(error) => {
                let why = format!("{error:#}");
                let trouble = self.trouble.take();
                let anew = || BackOff::default().of(&format!("{} {}", self.driver, self.name));
                let mut back_off = trouble.map_or_else(anew, |it| it.back_off);
                let until = Instant::now() + back_off.step();
                self.trouble = Some(Trouble {
                    why,
                    until,
                    back_off,
                });
            }
        }
        driven
    }

    async fn drive_now(
        &mut self,
        queue: &dyn Queue,
        root: &dyn Store,
        running: &BTreeSet<ShardId>,
    ) -> anyhow::Result<()> {
        if self.ending {
            return self.end(root).await;
        }
        let Some(loaded) = self.current().await? else {
            return Ok(());
        };
        if !running.is_empty() {
            loaded.heard_for(Duration::ZERO);
        }
        if loaded.control.state == ControlState::Cancelled {
            info!(campaign = %self.name, "campaign cancelled");
            return self.end(root).await;
        }
        if loaded.control.state == ControlState::Paused {
            loaded.heard_for(Duration::ZERO);
            let is_known = loaded.look_after(LISTING).await?;
            loaded.pace = QUIET;
            // Paused while it was being ended it is told to be at its end, and nobody resumes it.
            return match is_known && loaded.is_over() {
                true => self.finish(queue, root).await,
                false => Ok(()),
            };
        }
        loaded.shelve_full().await;
        let is_quiet = loaded.heard.elapsed() > QUIET;
        let often = if is_quiet { loaded.pace } else { LISTING };
        if !loaded.look_after(often).await? {
            return Ok(());
        }
        if loaded.accept().await? {
            // What was out is of the plan before.
            self.loaded = None;
            return match self.current().await? {
                Some(loaded) => loaded.publish(queue).await.map(|_| ()),
                None => Ok(()),
            };
        }
        if loaded.is_over() {
            return self.finish(queue, root).await;
        }
        match loaded.publish_next(queue).await? {
            0 => loaded.publish_lost(queue).await,
            shards => {
                info!(campaign = %self.name, shards, "next stage");
                Ok(())
            }
        }
    }

    /// Reads the campaign again when it was submitted again.
    async fn current(&mut self) -> anyhow::Result<Option<&mut Loaded>> {
        let Some(control) = self.output.control().await? else {
            return Ok(None);
        };
        let known = |loaded: &&mut Loaded| loaded.control.plan == control.plan;
        match self.loaded.as_mut().filter(known) {
            Some(loaded) => loaded.control = control,
            // Of what it was told when it is loaded, which may be more than what was just read.
            None => self.loaded = Loaded::load(self.output.clone()).await?,
        }
        Ok(self.loaded.as_mut())
    }

    /// Nothing goes on by itself: reports, and ends the campaign.
    async fn finish(&mut self, queue: &dyn Queue, root: &dyn Store) -> anyhow::Result<()> {
        let Some(loaded) = &mut self.loaded else {
            return Ok(());
        };
        // What came before is seen now.
        self.heard.clear();
        self.is_met = false;
        loaded.shelve_all().await;
        let there = loaded.take_there().await?;
        loaded.remove_stale(&there).await?;
        let (campaign, output, plan) = (&loaded.campaign, &loaded.output, &loaded.plan);
        let outcome = write_report_of(campaign, output, plan, there).await?;
        let unsound = outcome.unsound();
        if !unsound.is_empty() && loaded.is_in_force().await? {
            loaded.set_back(unsound).await?;
        }
        if !loaded.is_in_force().await? {
            info!(campaign = %self.name, "its plan was replaced while it was reported");
            self.loaded = None;
            // This may have written over what is of the plan in force, after others ended that.
            return set_going_on(root, &self.name).await;
        }
        if !unsound.is_empty() {
            return loaded.publish(queue).await.map(|_| ());
        }
        loaded.reported = Some(outcome.made_of().to_owned());
        if let Err(error) = loaded.keep_tally().await {
            // Whoever looks at it lists it then.
            warn!(campaign = %self.name, "how far it came is not kept: {error:#}");
        }
        info!(campaign = %self.name, complete = outcome.complete(), "campaign ended\n{outcome}");
        self.end(root).await
    }

    /// Lists the campaign as ended, unless somebody has given it more to do meanwhile. Whoever
    /// does that writes what is to be done first, and lists the campaign as active last: either
    /// this look sees it, or that listing comes after this one.
    async fn end(&mut self, root: &dyn Store) -> anyhow::Result<()> {
        self.ending = true;
        if self.loaded.is_none() {
            self.current().await?;
        }
        let ending = set_ending(root, &self.name).await?;
        let is_over = match &mut self.loaded {
            Some(loaded) => loaded.is_still_over(self.is_met).await?,
            None => true,
        };
        match is_over {
            true => {
                set_ended(root, &self.name, ending).await?;
                self.heard.clear();
                self.is_met = false;
            }
            false => {
                info!(campaign = %self.name, "there is more to do");
                set_going_on(root, &self.name).await?;
            }
        }
        self.ending = false;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
