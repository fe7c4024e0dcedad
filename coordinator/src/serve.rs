//! The coordinator as a service: takes reports and heartbeats, moves campaigns from stage to
//! stage, publishes what was lost, keeps dead letters, and reports campaigns that are complete.
//!
//! It holds nothing that is not in the store: reports and heartbeats are hints, plan and markers
//! are the truth. It may be killed at any moment, and two of them do no harm.

mod campaign;
mod death;
mod tell;
mod workers;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;
use lumimill_common::campaign::CampaignName;
use lumimill_common::control::ended_key;
use lumimill_common::job::{Beat, JobReport, unpack};
use lumimill_common::queue::{BEATS, DEAD, Delivery, Queue, QueueError, REPORTS, Settle, jobs};
use lumimill_common::store::{Place, Store};
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::{error, info, warn};

use crate::dead_letter::DeadLetter;
use crate::live::{self, EVERY, Live};
use crate::pack_sizes::PackSizes;
use crate::roster::{active, ending, set_ending};
use campaign::ActiveCampaign;
use death::Death;
use workers::Workers;

/// Time between two looks at the campaigns.
const TICK: Duration = Duration::from_secs(1);
/// The same while one is looked at to be reported: somebody waits for it.
const SOON: Duration = Duration::from_millis(200);
/// Time between two looks for campaigns that somebody died of while they ended them.
const LEFT: Duration = Duration::from_secs(30);
/// Reports that are out at a time. The broker counts messages, not bytes: so many of the largest
/// that it takes are held in memory.
const REPORTS_AT_ONCE: u16 = 32;
/// Dead letters that are out at a time, likewise.
const LETTERS_AT_ONCE: u16 = 8;

/// Time between two questions to the broker whether it takes messages.
const PULSE: Duration = Duration::from_secs(5);

/// A coordinator at work.
pub struct Coordinator {
    /// By which its waits differ from those of others.
    name: String,
    root: Place,
    store: Arc<dyn Store>,
    campaigns: BTreeMap<CampaignName, ActiveCampaign>,
    workers: Workers,
    counts: Arc<Counts>,
    told: Option<Instant>,
    /// Why the broker cannot be used, if so.
    broker: Option<String>,
    /// Jobs that wait, by pool, and when that was looked at.
    waiting: BTreeMap<String, u64>,
    counted: Option<Instant>,
    /// When it last had an ear for heartbeats.
    listened: Instant,
    looked_for_left: Option<Instant>,
    pack_sizes: PackSizes,
    /// Whether a campaign seems to be at its end since it was looked at.
    is_at_an_end: bool,
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
            name: std::process::id().to_string(),
            root,
            store,
            campaigns: BTreeMap::new(),
            workers: Workers::default(),
            counts: Arc::default(),
            told: None,
            broker: None,
            waiting: BTreeMap::new(),
            counted: None,
            listened: Instant::now(),
            looked_for_left: None,
            pack_sizes: PackSizes::default(),
            is_at_an_end: false,
        }
    }

    /// The same under a name that no other one has.
    #[must_use]
    pub fn named(self, name: String) -> Self {
        Self { name, ..self }
    }

    /// The same with packs of markers of other sizes.
    #[must_use]
    pub fn with_packs(self, pack_sizes: PackSizes) -> Self {
        Self { pack_sizes, ..self }
    }

    /// A campaign of the site, as it begins to drive it.
    fn campaign(&self, name: &CampaignName) -> anyhow::Result<ActiveCampaign> {
        let place = self.root.join(name.as_str()).context("its place")?;
        let campaign = ActiveCampaign::at(name, &place, &self.name)?;
        Ok(campaign.with_packs(self.pack_sizes))
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
        let (says, trouble) = watch::channel(queue.trouble().await);
        let asking = async {
            loop {
                tokio::time::sleep(PULSE).await;
                says.send_replace(queue.trouble().await);
            }
        };
        tokio::pin!(asking);
        loop {
            // Whatever comes, the look is not kept waiting; and however long it takes, there is time for
            // something else until the next one.
            tokio::select! {
                biased;
                _ = tick.tick() => {
                    self.broker.clone_from(&trouble.borrow());
                    self.listened = Instant::now();
                    let listed = self.look(queue).await?;
                    if until_done && listed && self.campaigns.is_empty() {
                        return Ok(());
                    }
                    let is_looked_at = self.campaigns.values().any(ActiveCampaign::is_looked_at);
                    let is_soon = is_looked_at && self.broker.is_none();
                    tick.reset_after(if is_soon { SOON } else { TICK });
                }
                never = &mut asking => return never,
                delivery = letters.next() => self.letter(queue, delivery?).await?,
                delivery = beats.next() => self.beat(delivery?).await?,
                delivery = reports.next() => {
                    self.report(delivery?).await?;
                    if std::mem::take(&mut self.is_at_an_end) {
                        tick.reset_immediately();
                    }
                }
            }
        }
    }

    async fn report(&mut self, delivery: Delivery) -> Result<(), QueueError> {
        match unpack::<JobReport>(&delivery.message) {
            Ok(report) => {
                let settle = match self.campaigns.get_mut(&report.campaign) {
                    Some(campaign) => {
                        self.is_at_an_end |= campaign.hear(&report);
                        Settle::Done
                    }
                    None => self.heard_late(&report).await,
                };
                delivery.settle(settle).await?;
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

    /// Looks at a campaign of which something was done when nobody drives it. That it is looked at
    /// stands in the store before the report is forgotten.
    async fn heard_late(&mut self, report: &JobReport) -> Settle {
        let name = &report.campaign;
        let looked = async {
            if self.store.get(&ended_key(name)).await?.is_none() {
                return Ok(None);
            }
            let met = self.campaign(name)?.met(report).await?;
            if met.is_some() {
                set_ending(self.store.as_ref(), name).await?;
            }
            anyhow::Ok(met)
        };
        match looked.await {
            Ok(None) => {}
            Ok(Some(campaign)) => {
                info!(campaign = %name, "something of it came when it had ended");
                self.campaigns.insert(name.clone(), campaign);
            }
            Err(error) => {
                warn!(campaign = %name, "it cannot be looked at now: {error:#}");
                let after = Duration::from_secs(4);
                return Settle::Later { after };
            }
        }
        Settle::Done
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
        let of_campaign = job.as_ref().zip(campaign.as_deref());
        let file = of_campaign.and_then(|(job, campaign)| campaign.file_of(job));
        let death = Death {
            root: &self.root,
            store: self.store.as_ref(),
            queue,
            file: file.as_deref(),
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
        for (name, campaign) in &mut self.campaigns {
            if !active.contains(name) {
                campaign.look_after_its_end().await;
            }
        }
        self.campaigns
            .retain(|name, campaign| active.contains(name) || campaign.is_ending());
        let count = active.len() as u64;
        self.counts.campaigns.store(count, Ordering::Relaxed);
        for name in &active {
            if !self.campaigns.contains_key(name) {
                info!(campaign = %name, "campaign found");
                self.campaigns.insert(name.clone(), self.campaign(name)?);
            }
        }
        if self.broker.is_some() {
            // Whatever is published waits for a confirm that does not come.
            self.tell().await;
            return Ok(false);
        }
        self.take_over_left(&active).await?;
        for (name, campaign) in &mut self.campaigns {
            let running = self.workers.running(name);
            match campaign.drive(queue, self.store.as_ref(), &running).await {
                Ok(()) => {}
                Err(error) if is_of_the_connection(&error) => return Err(error),
                Err(error) => warn!(campaign = %name, "to be tried again: {error:#}"),
            }
        }
        self.count_waiting(queue).await?;
        self.tell().await;
        Ok(true)
    }

    /// Looks from time to time how many jobs wait in the pools.
    async fn count_waiting(&mut self, queue: &dyn Queue) -> anyhow::Result<()> {
        if self.counted.is_some_and(|at| at.elapsed() < PULSE) {
            return Ok(());
        }
        self.counted = Some(Instant::now());
        let pools = self.campaigns.values().flat_map(ActiveCampaign::pools);
        let pools: BTreeSet<String> = pools.cloned().collect();
        self.waiting.clear();
        for pool in pools {
            let depth = queue.depth(&jobs(&pool)).await?;
            self.waiting.insert(pool, depth);
        }
        Ok(())
    }

    /// Takes over campaigns that somebody began to end, and died or left them so.
    async fn take_over_left(&mut self, active: &BTreeSet<CampaignName>) -> anyhow::Result<()> {
        if self
            .looked_for_left
            .is_some_and(|looked| looked.elapsed() < LEFT)
        {
            return Ok(());
        }
        let left = match ending(self.store.as_ref()).await {
            Ok(left) => left,
            Err(error) => {
                warn!("the campaigns at their end cannot be listed now: {error:#}");
                return Ok(());
            }
        };
        self.looked_for_left = Some(Instant::now());
        for name in left.difference(active) {
            if !self.campaigns.contains_key(name) {
                let campaign = self.campaign(name)?.ending();
                self.campaigns.insert(name.clone(), campaign);
            }
        }
        Ok(())
    }

    /// Waits for something while the broker cannot be used, and tells those who ask.
    pub async fn meanwhile<T>(&mut self, trouble: &str, work: impl Future<Output = T>) -> T {
        self.broker = Some(trouble.to_owned());
        let mut tick = tokio::time::interval_at(Instant::now() + TICK, TICK);
        tokio::pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                _ = tick.tick() => {
                    self.listened = Instant::now();
                    self.tell().await;
                }
            }
        }
    }

    /// Writes how it all is for those who ask.
    async fn tell(&mut self) {
        // Who looked at a slow store meanwhile heard nobody.
        if self.listened.elapsed() < 2 * TICK {
            self.workers.forget_silent();
        }
        if self.told.is_some_and(|told| told.elapsed() < EVERY) {
            return;
        }
        self.told = Some(Instant::now());
        let unreadable = self.counts.unreadable.load(Ordering::Relaxed);
        let mut live = Live::of(&self.workers, self.campaigns.values(), unreadable);
        live.broker.clone_from(&self.broker);
        live.waiting.clone_from(&self.waiting);
        if let Err(error) = live::write(self.store.as_ref(), &live).await {
            warn!("how it is cannot be written: {error:#}");
        }
    }
}

/// Whether a connection is lost. What the broker refuses one campaign, such as a queue that the user
/// may not declare, is that campaign's trouble.
fn is_of_the_connection(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<QueueError>();
    error.is_some_and(|error| !error.lasting)
}
