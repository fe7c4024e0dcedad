//! What is known of a campaign that is driven; all of it can be found out again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use lumimill_common::campaign::{Campaign, StageName};
use lumimill_common::control::{Control, ControlState};
use lumimill_common::failure::Failure;
use lumimill_common::queue::{Queue, jobs};
use lumimill_common::retry_policy::uses_up_an_attempt;
use lumimill_common::shard::{Shard, ShardId, Source};
use tokio::time::Instant;
use tracing::{info, warn};

use super::listing::{Found, Listing, Scope};
use super::places::Places;
use super::seen::Subject;
use crate::jobs::JobsOf;
use crate::ledger::{Counts, Known, Ledger};
use crate::output::{Inventory, Output, Planned, Told};
use crate::packs::{Blocks, Gathered, shelve};
use crate::plan::Plan;
use crate::report_sums::{StoredReport, made_of};
use crate::soundness::{Unsound, to_measure};
use crate::submission::{Submission, submitted};
use crate::tally::Tally;

/// Time between two looks at all markers when nobody has been heard of for so long: what is missing
/// may have been told to another coordinator.
pub(super) const QUIET: Duration = Duration::from_secs(5);

/// Time between two looks at all markers, reports or not.
pub(super) const LISTING: Duration = Duration::from_secs(30);

/// Shards that are remembered to be put off.
const MOST_PUT_OFF: usize = 10_000;
/// Time without a word of a campaign after which its jobs may have been lost.
const SILENCE: Duration = Duration::from_secs(60);
/// The same where it is not known whether somebody published what reads other shards.
const UNSURE: Duration = Duration::from_secs(10);

/// What is known of it; all of it can be found out again.
pub(super) struct Loaded {
    pub(super) output: Output,
    pub(super) control: Control,
    /// The campaign file.
    text: String,
    pub(super) campaign: Campaign,
    pub(super) plan: Arc<Plan>,
    /// Where its shards are in the plan.
    places: Places,
    /// What was done and given up, when that was last listed.
    known: Known,
    /// Of the shard at each place of the plan, whether reports say that it is done or given up; not
    /// believed, but a reason to look.
    hinted: Vec<bool>,
    /// Markers that reports brought with them.
    gathered: Gathered,
    /// Why shards are tried again that have no record of it, as it uses up no attempt.
    pub(super) put_off: BTreeMap<ShardId, Failure>,
    /// Where in the plan those shards are that are due, when the markers were last listed.
    due: Vec<usize>,
    /// How many of them nobody has spoken of since.
    unheard: usize,
    /// Whether nothing of what is due is left to be published with its stage.
    is_published: bool,
    /// How many shards of the plan were in which state then.
    counts: Counts,
    /// The same in detail, with what was reported since, where they are many.
    pub(super) tally: Option<Tally>,
    /// The plan without what was given up, where enough is done, when that was last looked at.
    accepted: Option<Plan>,
    /// Stages whose jobs are published, but for those of shards that are kept back.
    published: BTreeSet<StageName>,
    /// Shards that could not be published with their stage, as what they read was given up. Whoever
    /// has that one done again publishes it alone.
    kept_back: BTreeSet<ShardId>,
    /// What the report is made of, once there is one.
    pub(super) reported: Option<String>,
    listed: Instant,
    /// A look at all markers that is under way.
    listing: Listing,
    /// What is there, by the listing by which nothing of it goes on by itself, until it is reported.
    there: Option<Inventory>,
    /// What the last look at all markers took.
    took: Duration,
    /// Time between two looks at all markers while nobody is heard of.
    pub(super) pace: Duration,
    /// When it was last heard of; ahead of now while something waits to be tried again.
    pub(super) heard: Instant,
    /// Whether shards that read others became due before it was looked at here: of whole stages they were
    /// published, but maybe not since what they read was done again.
    is_unsure: bool,
}

impl Loaded {
    pub(super) async fn load(output: Output) -> anyhow::Result<Option<Self>> {
        let Some(Submission {
            told: Told { control, .. },
            planned:
                Planned {
                    text,
                    campaign,
                    plan,
                },
        }) = submitted(&output).await?
        else {
            return Ok(None);
        };
        let now = Instant::now();
        let places = Places::of(&plan.shards);
        let mut loaded = Self {
            output,
            control,
            text,
            campaign,
            plan: Arc::new(plan),
            places,
            known: Known::default(),
            hinted: Vec::new(),
            gathered: Gathered::default(),
            put_off: BTreeMap::new(),
            due: Vec::new(),
            unheard: 0,
            is_published: false,
            counts: Counts::default(),
            tally: None,
            accepted: None,
            published: BTreeSet::new(),
            kept_back: BTreeSet::new(),
            reported: None,
            listed: now,
            listing: Listing::default(),
            there: None,
            took: Duration::ZERO,
            pace: QUIET,
            heard: now,
            is_unsure: false,
        };
        if loaded.output.store().lists_md5() {
            let sizes = loaded.output.pack_sizes();
            loaded.gathered = Gathered::of(Blocks::of(&loaded.plan.shards, sizes));
        }
        loaded.list().await?;
        // What reads files is published by whoever submits; what was begun was published before.
        let Known { done, given_up, .. } = &loaded.known;
        let is_begun = |id: &ShardId| done.contains(id) || given_up.contains(id);
        let is_out = |shard: &&Shard| shard.source == Source::Entries || is_begun(&shard.id);
        let out = loaded.plan.shards.iter().filter(is_out);
        loaded.published = out.map(|shard| shard.stage.clone()).collect();
        let ledger = Ledger::of(&loaded.plan, &loaded.known);
        let waiting = ledger.outstanding().waiting.iter();
        let kept_back = waiting.filter(|shard| loaded.published.contains(&shard.stage));
        loaded.kept_back = kept_back.map(|shard| shard.id).collect();
        let is_unsure = loaded.unsure().next().is_some();
        loaded.is_unsure = is_unsure;
        // Listing may have taken long.
        loaded.heard = Instant::now();
        Ok(Some(loaded))
    }

    pub(super) async fn list(&mut self) -> anyhow::Result<()> {
        self.listing = Listing::default();
        let begun = Instant::now();
        let over = self.output.over_of(&self.plan).await?;
        let seen = self.subject().seen(over).await?;
        let there = None;
        self.apply(Found { seen, there, begun });
        Ok(())
    }

    /// What is looked at.
    fn subject(&self) -> Subject {
        Subject {
            plan: self.plan.clone(),
            digest: self.control.plan.clone(),
            accept: self.campaign.shards.accept,
            given_up: self.known.given_up.clone(),
        }
    }

    /// Looks at all markers in a task of its own, so that nobody waits long for it; whether what it
    /// found is known now. Where this seems to be the end it looks at all that is there.
    async fn look(&mut self) -> anyhow::Result<bool> {
        let seems_at_its_end = self.seems_over() && self.due.len() == self.counts.outstanding();
        let scope = match seems_at_its_end {
            true => Scope::All,
            false => Scope::Markers,
        };
        self.there = None;
        let subject = self.subject();
        let found = self.listing.found(&self.output, subject, scope);
        let Some(found) = found.await? else {
            return Ok(false);
        };
        self.apply(found);
        Ok(true)
    }

    /// Looks so much after the last look, and where all seems to be over; `false` while what is over is
    /// still looked at, to be reported by that.
    pub(super) async fn look_after(&mut self, pace: Duration) -> anyhow::Result<bool> {
        if !self.seems_over() && !self.is_to_be_listed(pace) {
            return Ok(true);
        }
        let before = self.over();
        if !self.look().await? {
            return Ok(!self.is_over());
        }
        // The longer nothing comes of it, the less often.
        self.pace = match self.over() == before {
            true => (self.pace * 2).min(LISTING),
            false => QUIET,
        };
        Ok(true)
    }

    /// Takes what a look found.
    fn apply(&mut self, found: Found) {
        let Found { seen, there, begun } = found;
        let heard = std::mem::take(&mut self.listing).heard;
        // Nothing more was expected when all was looked at: what was heard may have changed since.
        let there = there.filter(|_| heard.is_empty());
        self.known = seen.known;
        self.counts = seen.counts;
        self.tally = seen.tally;
        self.kept_back.extend(seen.kept_back);
        self.due = seen.due;
        self.accepted = seen.accepted;
        self.unheard = self.due.len();
        self.is_published = false;
        self.hinted.clear();
        self.hinted.resize(self.plan.shards.len(), false);
        for shard in heard {
            self.hint(shard);
        }
        let Known { done, given_up, .. } = &self.known;
        let is_over = |id: &ShardId| done.contains(id) || given_up.contains(id);
        self.put_off.retain(|shard, _| !is_over(shard));
        self.kept_back.retain(|shard| !is_over(shard));
        self.there = there.filter(|_| self.is_over());
        self.listed = Instant::now();
        self.took = begun.elapsed();
    }

    /// Notes that a report says that a shard is done or was given up; whether nobody did before.
    pub(super) fn hint(&mut self, shard: ShardId) -> bool {
        self.listing.hear(shard);
        let place = self.place(shard);
        let is_due = place.filter(|place| self.due.binary_search(place).is_ok());
        let hinted = is_due.and_then(|place| self.hinted.get_mut(place));
        let is_new = hinted.is_some_and(|hinted| !std::mem::replace(hinted, true));
        self.unheard -= usize::from(is_new && self.unheard > 0);
        is_new
    }

    /// Notes that a report says that a shard is done.
    pub(super) fn hint_done(&mut self, shard: ShardId) {
        if self.hint(shard)
            && let Some(place) = self.place(shard)
            && let (Some(tally), Some(shard)) = (&mut self.tally, self.plan.shards.get(place))
        {
            tally.done(shard);
        }
    }

    /// Keeps how many shards are in which state beside the campaign, whose report was just made, for
    /// whoever looks at it after its end.
    pub(super) async fn keep_tally(&self) -> anyhow::Result<()> {
        let Some(tally) = &self.tally else {
            return Ok(());
        };
        if self.reported != Some(self.made_of()) {
            return Ok(());
        }
        let store = self.output.store();
        let report = StoredReport::look(store.as_ref()).await?.digest()?;
        let tally = Tally {
            report,
            ..tally.clone()
        };
        tally.keep(store.as_ref()).await
    }

    /// Keeps what a report says that the marker of a shard is, until there are enough for a pack.
    pub(super) fn gather(&mut self, shard: ShardId, marker: &str) {
        if let Some(place) = self.place(shard) {
            let marker = marker.as_bytes().to_vec();
            self.gathered.add(place, shard, marker);
        }
    }

    /// Writes packs of markers that reports brought: those that are full.
    pub(super) async fn shelve_full(&mut self) {
        shelve(&self.output, self.gathered.take_full()).await;
    }

    /// The same of all.
    pub(super) async fn shelve_all(&mut self) {
        shelve(&self.output, self.gathered.take_all()).await;
    }

    /// Notes that something was heard of an earlier plan, or of what was given up: a report that is made
    /// by what was listed before may lack it.
    pub(super) fn meet(&mut self) {
        self.listing.meet();
        self.there = None;
    }

    /// What is there, now that nothing goes on by itself: listed anew unless it was listed with that.
    pub(super) async fn take_there(&mut self) -> anyhow::Result<Inventory> {
        match self.there.take() {
            Some(there) => Ok(there),
            None => self.output.inventory(&self.plan).await,
        }
    }

    /// Whether all that is there is looked at, to be reported.
    pub(super) fn is_looked_at(&self) -> bool {
        self.listing.is_at_all()
    }

    /// Whether reports say that all that is due is done or was given up.
    pub(super) fn seems_over(&self) -> bool {
        self.unheard == 0
    }

    /// Whether it is time to look at all markers, where so much time is between two looks that take
    /// no time: they are not to keep it from its work.
    fn is_to_be_listed(&self, pace: Duration) -> bool {
        /// Shares of the time, of which looking takes one.
        const SHARES: u32 = 20;
        self.listing.is_under_way() || self.listed.elapsed() > pace.max(self.took * SHARES)
    }

    /// Remembers why a shard is tried again, unless its record says it.
    pub(super) fn put_off(&mut self, shard: ShardId, failure: &Failure) {
        let is_new = !uses_up_an_attempt(failure.kind);
        if is_new && self.put_off.len() < MOST_PUT_OFF && self.place(shard).is_some() {
            self.put_off.insert(shard, failure.clone());
        }
    }

    /// Whether nobody was told or sent anything since this was looked at, nor came with something of an
    /// earlier plan. What was not reported here is not over: whoever left it half way may have ended an
    /// earlier plan.
    pub(super) async fn is_still_over(&mut self, is_met: bool) -> anyhow::Result<bool> {
        if self.output.control().await?.as_ref() != Some(&self.control) {
            return Ok(false);
        }
        if self.control.state == ControlState::Cancelled {
            return Ok(true);
        }
        if is_met {
            return Ok(false);
        }
        self.list().await?;
        // One may have been done again, quickly, just while its marker was not there to be counted.
        Ok(self.is_over() && self.reported == Some(self.made_of()))
    }

    /// What a report of all that is done is made of.
    pub(super) fn made_of(&self) -> String {
        made_of(&self.plan, &self.known.done)
    }

    /// Notes that it was heard of, and that it need not be again before so much time has passed:
    /// what waits to be tried again is not lost, whatever else is heard meanwhile.
    pub(super) fn heard_for(&mut self, wait: Duration) {
        self.heard = self.heard.max(Instant::now() + wait);
    }

    /// A shard of its plan.
    pub(super) fn shard(&self, shard: ShardId) -> Option<&Shard> {
        self.plan.shards.get(self.place(shard)?)
    }

    /// Where a shard is in its plan.
    fn place(&self, shard: ShardId) -> Option<usize> {
        self.places.find(&self.plan.shards, shard)
    }

    /// Whether a shard was given up when that was last listed.
    pub(super) fn is_given_up(&self, shard: ShardId) -> bool {
        self.known.given_up.contains(&shard)
    }

    /// How many shards are done or given up.
    pub(super) fn over(&self) -> usize {
        self.counts.done + self.counts.given_up()
    }

    /// Whether nothing of it goes on by itself.
    pub(super) fn is_over(&self) -> bool {
        self.counts.outstanding() == 0
    }

    /// Shards that are due; whoever reads them was told of all but those of stages that could not
    /// begin before.
    pub(super) fn outstanding(&self) -> impl Iterator<Item = &Shard> {
        self.due
            .iter()
            .filter_map(|place| self.plan.shards.get(*place))
    }

    /// Stages whose jobs are published, in the order of the plan.
    pub(super) fn published(&self) -> impl Iterator<Item = &StageName> {
        let stages = self.plan.stages.iter().map(|stage| &stage.name);
        stages.filter(|name| self.published.contains(*name))
    }

    /// Publishes the jobs of stages that may begin now, and of shards that were kept back and may be
    /// done now, and says how many these are.
    pub(super) async fn publish_next(&mut self, queue: &dyn Queue) -> anyhow::Result<usize> {
        if self.is_published {
            return Ok(0);
        }
        let is_new = |shard: &&Shard| {
            self.kept_back.contains(&shard.id) || !self.published.contains(&shard.stage)
        };
        let next: Vec<Shard> = self.outstanding().filter(is_new).cloned().collect();
        if next.is_empty() {
            self.is_published = true;
            return Ok(0);
        }
        let count = self.jobs_of().publish(queue, &next).await?;
        for shard in next {
            self.kept_back.remove(&shard.id);
            self.published.insert(shard.stage);
        }
        self.heard_for(Duration::ZERO);
        Ok(count)
    }

    fn jobs_of(&self) -> JobsOf<'_> {
        JobsOf {
            campaign: &self.plan.campaign,
            plan: &self.control.plan,
            pool: &self.control.pool,
            anew: None,
        }
    }

    /// Puts the plan in force without what was given up, where enough is done; `false` where that is
    /// not so, or somebody told the campaign something meanwhile.
    pub(super) async fn accept(&mut self) -> anyhow::Result<bool> {
        if self.accepted.is_none() {
            return Ok(false);
        }
        let told = self.output.told().await?;
        let Some(told) = told.filter(|told| told.control == self.control) else {
            return Ok(false);
        };
        // Somebody may just have begun anew what was given up, and told the campaign so.
        self.list().await?;
        let Some(plan) = self.accepted.take() else {
            return Ok(false);
        };
        let digest = self.output.write_submission(&self.text, &plan).await?;
        let control = Control {
            plan: digest,
            ..told.control.clone()
        };
        if !self.output.tell(Some(&told), &control).await? {
            return Ok(false);
        }
        self.output.write_plan(&self.text, &plan).await?;
        self.output.remove_dropped(&plan.dropped).await?;
        for loss in plan.losses() {
            warn!(campaign = %plan.campaign, "accepted: {loss}");
        }
        Ok(true)
    }

    /// Removes what somebody committed just before its shard was cut or changed.
    pub(super) async fn remove_stale(&mut self, there: &Inventory) -> anyhow::Result<()> {
        let stale = self.output.stale_of(&self.plan, there).await?;
        // Of another plan it may be the work.
        if stale.is_empty() || self.output.control().await?.as_ref() != Some(&self.control) {
            return Ok(());
        }
        warn!(
            campaign = %self.plan.campaign, shards = stale.len(),
            "removing shards that are not in the plan any more"
        );
        self.output.remove(&stale).await
    }

    /// Whether nothing else than its plan is what the campaign is told to do.
    pub(super) async fn is_in_force(&self) -> anyhow::Result<bool> {
        let control = self.output.control().await?;
        Ok(control.is_none_or(|control| control.plan == self.control.plan))
    }

    /// Has shards due again that have a marker and are not whole.
    pub(super) async fn set_back(
        &mut self,
        unsound: &BTreeMap<ShardId, Unsound>,
    ) -> anyhow::Result<()> {
        for found in unsound.values() {
            warn!(campaign = %self.plan.campaign, "to be done again: {found}");
        }
        let shards = self.plan.shards.iter();
        let shards = shards.filter(|shard| unsound.contains_key(&shard.id));
        let shards: Vec<Shard> = shards.cloned().collect();
        self.output.set_back(&shards, &to_measure(unsound)).await?;
        self.list().await
    }

    pub(super) async fn publish(&mut self, queue: &dyn Queue) -> anyhow::Result<usize> {
        let count = self.jobs_of().publish(queue, self.outstanding()).await?;
        let shards = self.outstanding();
        let shards: Vec<_> = shards.map(|it| (it.id, it.stage.clone())).collect();
        for (id, stage) in shards {
            self.kept_back.remove(&id);
            self.published.insert(stage);
        }
        self.heard_for(Duration::ZERO);
        Ok(count)
    }

    /// Shards of stages that were published that are due and read others.
    fn unsure(&self) -> impl Iterator<Item = &Shard> {
        let reads_others = |shard: &&Shard| {
            shard.source != Source::Entries && self.published.contains(&shard.stage)
        };
        self.outstanding().filter(reads_others)
    }

    /// Publishes those, but for what waits to be tried again.
    async fn publish_unsure(&mut self, queue: &dyn Queue) -> anyhow::Result<usize> {
        let retries = self.output.retries_of(&self.plan, &self.known.done).await?;
        let retries: BTreeSet<ShardId> = retries.into_iter().map(|(shard, _)| shard).collect();
        let shards = self.unsure().filter(|shard| !retries.contains(&shard.id));
        let shards: Vec<Shard> = shards.cloned().collect();
        let count = self.jobs_of().publish(queue, &shards).await?;
        self.heard_for(Duration::ZERO);
        Ok(count)
    }

    /// Publishes again what nobody does, nobody waits for and nobody spoke of for a while: a
    /// broker may have lost its disk. That it was not lost does no harm.
    pub(super) async fn publish_lost(&mut self, queue: &dyn Queue) -> anyhow::Result<()> {
        let silence = if self.is_unsure { UNSURE } else { SILENCE };
        if self.heard.elapsed() < silence {
            return Ok(());
        }
        self.heard_for(Duration::ZERO);
        for pool in self.control.pools() {
            if queue.depth(&jobs(pool)).await? > 0 {
                return Ok(());
            }
        }
        self.list().await?;
        if std::mem::take(&mut self.is_unsure) {
            let shards = self.publish_unsure(queue).await?;
            info!(campaign = %self.plan.campaign, shards, "published, as nobody does them");
            return Ok(());
        }
        let count = self.publish(queue).await?;
        warn!(campaign = %self.plan.campaign, shards = count, "jobs were lost; published again");
        Ok(())
    }
}
