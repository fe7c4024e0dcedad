//! Campaigns that were submitted, as the store has them. All that a job is done with, its models
//! and its input among it, is taken from a plan whose digest the job names.

mod gone;
mod loading;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lumimill_common::campaign::CampaignName;
use lumimill_common::control::{Control, ControlState};
use lumimill_common::failed_record;
use lumimill_common::failure::{Disposition, FailedAttempt, Failure, FailureKind};
use lumimill_common::job::Job;
use lumimill_common::store::{Place, PlaceError, Store};
use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use self::gone::Gone;
use self::loading::{load, read_control};
use crate::campaigns::{Campaigns, Found};
use crate::production::Production;

pub(crate) use self::loading::still_wants;

/// Campaigns that are remembered between jobs.
const REMEMBERED: usize = 4;
/// How long a look at a control record holds.
const FRESH: Duration = Duration::from_secs(2);
/// The same of a campaign that waits: whoever lets it go on waits too.
pub(crate) const RECENT: Duration = Duration::from_secs(1);
/// How long a plan that cannot be used is not read again.
const UNUSABLE: Duration = Duration::from_secs(10);

/// The campaigns below one place.
pub struct StoredCampaigns {
    root: Place,
    /// Under what name the worker tells of itself.
    worker: String,
    stop: CancellationToken,
    known: Mutex<BTreeMap<CampaignName, Arc<Mutex<Known>>>>,
}

/// What is remembered of a campaign.
struct Known {
    store: Arc<dyn Store>,
    used: Instant,
    control: Option<(Instant, Control)>,
    production: Option<Arc<Production>>,
    /// What was wrong with a plan when it was last read, and when.
    unusable: Option<(Instant, String, Failure)>,
}

impl StoredCampaigns {
    /// The campaigns below a place, for a worker of this name; `stop` ends all work on them.
    #[must_use]
    pub fn new(root: Place, worker: &str, stop: CancellationToken) -> Self {
        Self {
            root,
            worker: worker.to_owned(),
            stop,
            known: Mutex::default(),
        }
    }

    async fn known(&self, name: &CampaignName) -> Result<Arc<Mutex<Known>>, Failure> {
        if let Some(known) = self.known.lock().await.get(name) {
            return Ok(known.clone());
        }
        // Nobody else waits for a store that takes its time.
        let store = self.store(name).await?;
        let mut all = self.known.lock().await;
        if let Some(known) = all.get(name) {
            return Ok(known.clone());
        }
        forget_oldest(&mut all);
        let known = Arc::new(Mutex::new(Known {
            store,
            used: Instant::now(),
            control: None,
            production: None,
            unusable: None,
        }));
        all.insert(name.clone(), known.clone());
        Ok(known)
    }

    /// The store of a campaign, ready for writing; a message may name any, and nothing is made
    /// for one that was never submitted.
    async fn store(&self, name: &CampaignName) -> Result<Arc<dyn Store>, Failure> {
        let place = self.root.join(name.as_str());
        let place = place.map_err(|error| Failure::reject(FailureKind::Job, name, error))?;
        let unreachable = |error: PlaceError| Failure::retry(FailureKind::Store, "", error);
        read_control(place.open().map_err(unreachable)?.as_ref()).await?;
        let (store, _) = place.prepare().await.map_err(unreachable)?;
        Ok(store)
    }
}

/// Makes room; a campaign whose jobs are under way stays alive with them.
fn forget_oldest(all: &mut BTreeMap<CampaignName, Arc<Mutex<Known>>>) {
    if all.len() < REMEMBERED {
        return;
    }
    let used = |known: &Arc<Mutex<Known>>| known.try_lock().map(|known| known.used).ok();
    let oldest = all
        .iter()
        .filter_map(|(name, known)| Some((used(known)?, name.clone())))
        .min();
    if let Some((_, name)) = oldest {
        all.remove(&name);
    }
}

impl StoredCampaigns {
    async fn look_up(&self, job: &Job) -> Result<Found, Failure> {
        let known = self.known(&job.campaign).await?;
        let mut known = known.lock().await;
        known.used = Instant::now();
        let mut control = known.control().await?;
        if control.plan != job.plan || control.state == ControlState::Cancelled {
            // The record may be older than the job, by as long as a look at it holds: a campaign
            // that was cancelled may have been submitted again meanwhile.
            known.control = None;
            control = known.control().await?;
        }
        if control.state == ControlState::Paused {
            control = known.control_of_last(RECENT).await?;
        }
        known.stop_cancelled();
        if control.plan != job.plan {
            return Ok(Found::Dropped("it is of a plan that another one replaced"));
        }
        match control.state {
            ControlState::Paused => return Ok(Found::Paused),
            ControlState::Cancelled => return Ok(Found::Dropped("the campaign is cancelled")),
            ControlState::Running => {}
        }
        if let Some(production) = &known.production
            && production.digest == job.plan
            && !production.stop.is_cancelled()
        {
            return Ok(Found::Production(production.clone()));
        }
        if let Some((since, plan, failure)) = &known.unusable
            && *plan == job.plan
            && since.elapsed() < UNUSABLE
        {
            return Err(failure.clone());
        }
        let base = PathBuf::from(&control.base);
        let loaded = load(job, base, known.store.clone(), self.stop.child_token()).await;
        if let Err(failure) = &loaded
            && failure.disposition == Disposition::Reject
        {
            known.unusable = Some((Instant::now(), job.plan.clone(), failure.clone()));
        }
        let production = loaded?;
        let production = Arc::new(production);
        known.production = Some(production.clone());
        Ok(Found::Production(production))
    }
}

#[async_trait]
impl Campaigns for StoredCampaigns {
    async fn find(&self, job: &Job) -> Result<Found, Failure> {
        let failure = match self.look_up(job).await {
            Err(failure) if failure.kind == FailureKind::Missing => failure,
            found => return found,
        };
        self.known.lock().await.remove(&job.campaign);
        match gone::look(&self.root, &job.campaign, &self.worker).await {
            Gone::Removed => Ok(Found::Dropped("its campaign is gone from the store")),
            Gone::NeverThere => Err(Failure {
                disposition: Disposition::Reject,
                ..failure
            }),
            Gone::Unknown => Err(failure),
        }
    }

    async fn give_up(&self, job: &Job, attempt: FailedAttempt) {
        let Ok(known) = self.known(&job.campaign).await else {
            return;
        };
        let mut known = known.lock().await;
        let in_force = known.control().await;
        if !in_force.is_ok_and(|control| control.plan == job.plan) {
            return;
        }
        let kept = failed_record::keep(known.store.as_ref(), &job.stage, job.shard, attempt, true);
        if let Err(error) = kept.await {
            // Its job is published again by and by, as nothing says that it is over.
            warn!(job.id = %job.shard, %error, "the failed record cannot be written");
        }
    }

    async fn look(&self) {
        let all: Vec<_> = self.known.lock().await.values().cloned().collect();
        for known in all {
            let mut known = known.lock().await;
            if !known.is_under_way() {
                continue;
            }
            // A store that does not answer now is asked again soon.
            let _ = known.control().await;
            known.stop_cancelled();
        }
    }
}

impl Known {
    async fn control(&mut self) -> Result<Control, Failure> {
        self.control_of_last(FRESH).await
    }

    /// The control record, as it was at some time of the last so long.
    async fn control_of_last(&mut self, time: Duration) -> Result<Control, Failure> {
        if let Some((seen, control)) = &self.control
            && seen.elapsed() < time
        {
            return Ok(control.clone());
        }
        let control = read_control(self.store.as_ref()).await?;
        self.control = Some((Instant::now(), control.clone()));
        Ok(control)
    }

    /// Whether anybody works on it: jobs share the production.
    fn is_under_way(&self) -> bool {
        let production = self.production.as_ref();
        production.is_some_and(|production| Arc::strong_count(production) > 1)
    }

    fn stop_cancelled(&self) {
        let cancelled =
            |(_, control): &(Instant, Control)| control.state == ControlState::Cancelled;
        if let (true, Some(production)) = (
            self.control.as_ref().is_some_and(cancelled),
            &self.production,
        ) {
            production.stop.cancel();
        }
    }
}
