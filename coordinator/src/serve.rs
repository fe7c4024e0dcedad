//! The coordinator as a service: takes reports and heartbeats, moves campaigns from stage to
//! stage, publishes what was lost, keeps dead letters, and reports campaigns that are complete.
//!
//! It holds nothing that is not in the store: reports and heartbeats are hints, plan and markers
//! are the truth. It may be killed at any moment, and two of them do no harm.

mod campaign;
mod death;
mod live;
mod workers;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use lumimill_common::campaign::CampaignName;
use lumimill_common::job::{Beat, Report, unpack};
use lumimill_common::queue::{BEATS, DEAD, Delivery, Queue, QueueError, REPORTS, Settle};
use lumimill_common::store::{Place, Store};
use tracing::{error, info, warn};

use crate::dead_letter::DeadLetter;
use crate::submission::active;
use campaign::ActiveCampaign;
use death::Death;
pub use live::{Live, LiveCampaign, LiveWorker, read_live};
use workers::Workers;

/// Time between two looks at the campaigns.
const TICK: Duration = Duration::from_secs(1);
/// Reports that are out at a time. The broker counts messages, not bytes: so many of the largest
/// that it takes are held in memory.
const REPORTS_AT_ONCE: u16 = 32;
/// Dead letters that are out at a time, likewise.
const LETTERS_AT_ONCE: u16 = 8;

/// A coordinator at work.
pub struct Coordinator {
    root: Place,
    store: Arc<dyn Store>,
    campaigns: BTreeMap<CampaignName, ActiveCampaign>,
    workers: Workers,
    counts: Arc<Counts>,
    told: Option<Instant>,
}

/// What a coordinator counts.
#[derive(Debug, Default)]
pub struct Counts {
    /// Campaigns that are driven now.
    pub campaigns: AtomicU64,
    /// Reports and heartbeats that could not be read.
    pub unreadable: AtomicU64,
    /// Dead letters that were put into the store.
    pub letters: AtomicU64,
}

impl Coordinator {
    /// A coordinator of the campaigns below a place, and the store there, ready for writing.
    #[must_use]
    pub fn of(root: Place, store: Arc<dyn Store>) -> Self {
        Self {
            root,
            store,
            campaigns: BTreeMap::new(),
            workers: Workers::default(),
            counts: Arc::default(),
            told: None,
        }
    }

    /// What it counts, while it works and after.
    #[must_use]
    pub fn counts(&self) -> Arc<Counts> {
        self.counts.clone()
    }

    /// Serves on a connection until it fails, or, when told so, until no campaign is left.
    pub async fn serve(&mut self, queue: &dyn Queue, until_done: bool) -> anyhow::Result<()> {
        let mut reports = queue.consume(REPORTS, REPORTS_AT_ONCE).await?;
        let mut letters = queue.consume(DEAD, LETTERS_AT_ONCE).await?;
        let mut beats = queue.listen(BEATS).await?;
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                delivery = reports.next() => self.report(delivery?).await?,
                delivery = beats.next() => self.beat(delivery?).await?,
                delivery = letters.next() => self.letter(queue, delivery?).await?,
                _ = tick.tick() => {
                    let listed = self.look(queue).await?;
                    if until_done && listed && self.campaigns.is_empty() {
                        return Ok(());
                    }
                }
            }
        }
    }

    async fn report(&mut self, delivery: Delivery) -> Result<(), QueueError> {
        match unpack::<Report>(&delivery.message) {
            Ok(report) => {
                if let Some(campaign) = self.campaigns.get_mut(&report.campaign) {
                    campaign.hear(&report);
                }
                delivery.settle(Settle::Done).await?;
            }
            Err(reason) => {
                self.counts.unreadable.fetch_add(1, Ordering::Relaxed);
                warn!(%reason, "a report cannot be read; it is set aside");
                let reason = reason.to_string();
                delivery.settle(Settle::Dead { reason }).await?;
            }
        }
        Ok(())
    }

    async fn beat(&mut self, delivery: Delivery) -> Result<(), QueueError> {
        let beat = unpack::<Beat>(&delivery.message).map_err(|reason| reason.to_string());
        let possible = beat.and_then(|beat| match beat.check() {
            Ok(()) => Ok(beat),
            Err(what) => Err(format!("{what} cannot be")),
        });
        match possible {
            Ok(beat) => self.workers.hear(beat),
            Err(reason) => {
                self.counts.unreadable.fetch_add(1, Ordering::Relaxed);
                warn!(%reason, "a heartbeat cannot be read");
            }
        }
        delivery.settle(Settle::Done).await?;
        Ok(())
    }

    /// A letter is acknowledged once the store has it; without a store it comes again.
    async fn letter(&mut self, queue: &dyn Queue, delivery: Delivery) -> anyhow::Result<()> {
        let letter = DeadLetter::of(&delivery.message);
        let job = letter.job();
        let campaign = job
            .as_ref()
            .and_then(|job| self.campaigns.get_mut(&job.campaign));
        let death = Death {
            root: &self.root,
            store: self.store.as_ref(),
            queue,
            file: job
                .as_ref()
                .zip(campaign.as_deref())
                .and_then(|(job, campaign)| campaign.file_of(job)),
            letter: &letter,
            job: job.as_ref(),
        };
        match death.settle(&delivery.message).await {
            Ok(kept) => {
                if let (true, Some(job), Some(campaign)) = (kept, &job, campaign) {
                    campaign.given_up(job.shard);
                }
                let kept = u64::from(kept);
                self.counts.letters.fetch_add(kept, Ordering::Relaxed);
                delivery.settle(Settle::Done).await?;
            }
            Err(error) => {
                error!("a dead letter cannot be kept now: {error:#}");
                let after = Duration::from_secs(4);
                delivery.settle(Settle::Later { after }).await?;
            }
        }
        Ok(())
    }

    /// Looks at every campaign, and does what is due; `false` when the store did not say which
    /// there are: it is asked again at the next look.
    async fn look(&mut self, queue: &dyn Queue) -> anyhow::Result<bool> {
        let active = match active(self.store.as_ref()).await {
            Ok(active) => active,
            Err(error) => {
                warn!("the campaigns cannot be listed now: {error:#}");
                return Ok(false);
            }
        };
        self.campaigns
            .retain(|name, campaign| active.contains(name) || campaign.is_ending());
        let count = active.len() as u64;
        self.counts.campaigns.store(count, Ordering::Relaxed);
        for name in &active {
            if !self.campaigns.contains_key(name) {
                let place = self.root.join(name.as_str()).context("its place")?;
                info!(campaign = %name, "campaign found");
                self.campaigns
                    .insert(name.clone(), ActiveCampaign::at(name, &place)?);
            }
        }
        for (name, campaign) in &mut self.campaigns {
            let running = self.workers.running(name);
            match campaign.drive(queue, self.store.as_ref(), &running).await {
                Ok(()) => {}
                Err(error) if error.is::<QueueError>() => return Err(error),
                Err(error) => warn!(campaign = %name, "to be tried again: {error:#}"),
            }
        }
        self.tell().await;
        Ok(true)
    }

    /// Writes how it all is for those who ask.
    async fn tell(&mut self) {
        const EVERY: Duration = Duration::from_secs(2);
        self.workers.forget_silent();
        if self.told.is_some_and(|told| told.elapsed() < EVERY) {
            return;
        }
        self.told = Some(Instant::now());
        let unreadable = self.counts.unreadable.load(Ordering::Relaxed);
        let live = Live::of(&self.workers, self.campaigns.values(), unreadable);
        if let Err(error) = live::write(self.store.as_ref(), &live).await {
            warn!("how it is cannot be written: {error:#}");
        }
    }
}
