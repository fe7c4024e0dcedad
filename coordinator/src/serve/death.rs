//! What becomes of a dead letter. A job that the broker gave up, as whoever took it died, is an
//! attempt that failed: it is tried again as long as the campaign allows.

use lumimill_common::campaign::Campaign;
use lumimill_common::control::PlanKeys;
use lumimill_common::failed_record;
use lumimill_common::failure::{FailedAttempt, Failure, FailureKind};
use lumimill_common::job::Job;
use lumimill_common::queue::{GIVEN_UP, Message, ORIGIN, Queue, REASON};
use lumimill_common::stage_keys::marker_key;
use lumimill_common::store::{Place, Store};
use tracing::warn;

use crate::dead_letter::{DeadLetter, keep};

/// A dead letter, and what is known of the job that it may be.
pub(super) struct Death<'a> {
    /// Where campaigns are.
    pub(super) root: &'a Place,
    /// The store there.
    pub(super) store: &'a dyn Store,
    /// Where what is tried again goes.
    pub(super) queue: &'a dyn Queue,
    /// The letter.
    pub(super) letter: &'a DeadLetter,
    /// The job that it is, when it is one.
    pub(super) job: Option<&'a Job>,
    /// The input file of its shard, when that is in the plan in force.
    pub(super) file: Option<&'a str>,
}

impl Death<'_> {
    /// Sends the letter again, or keeps it; whether it kept it.
    pub(super) async fn settle(&self, message: &Message) -> anyhow::Result<bool> {
        let letter = self.letter;
        let given_up = letter.reason.starts_with(GIVEN_UP);
        if let Some(job) = self.job.filter(|_| given_up) {
            match self.lost(job, message).await? {
                Lost::Again(message) => {
                    self.queue.publish(&letter.queue, *message).await?;
                    return Ok(false);
                }
                Lost::Done => return Ok(false),
                Lost::GivenUp => {}
            }
        }
        warn!(
            letter = letter.id,
            queue = letter.queue,
            "dead letter: {}",
            letter.reason
        );
        keep(self.store, letter).await?;
        Ok(true)
    }

    /// The next attempt at a job that killed those who took it.
    async fn lost(&self, job: &Job, message: &Message) -> anyhow::Result<Lost> {
        let store = self.root.join(job.campaign.as_str())?.open()?;
        let store = store.as_ref();
        let marker = match store.get(&marker_key(&job.stage, job.shard)).await {
            // Nobody of ours wrote it: whoever takes the job replaces it.
            Err(error) if error.is_large() => None,
            marker => marker?,
        };
        if marker.is_some() {
            failed_record::forget(store, &job.stage, job.shard).await;
            return Ok(Lost::Done);
        }
        let Some(keys) = PlanKeys::submitted(&job.plan) else {
            return Ok(Lost::GivenUp);
        };
        let Some(text) = store.get(&keys.campaign).await? else {
            return Ok(Lost::GivenUp);
        };
        let campaign = Campaign::parse(&String::from_utf8_lossy(&text));
        let attempts = campaign.map_or(1, |campaign| campaign.shards.max_attempts);
        let subject = self.file.unwrap_or(job.stage.as_str());
        let why = format!("{subject}: {}", self.letter.reason);
        let failure = Failure::retry(FailureKind::Lost, subject, why);
        let attempt = FailedAttempt::new(message.attempt, &failure);
        let last = message.attempt >= attempts;
        failed_record::keep(store, &job.stage, job.shard, attempt, last).await?;
        if last {
            return Ok(Lost::GivenUp);
        }
        let mut again = message.clone();
        again.headers.remove(REASON);
        again.headers.remove(ORIGIN);
        again.attempt = message.attempt.saturating_add(1);
        again.postponed = 0;
        Ok(Lost::Again(Box::new(again)))
    }
}

/// What becomes of a job that killed those who took it.
enum Lost {
    /// It is tried again.
    Again(Box<Message>),
    /// It was done after all.
    Done,
    /// It has had its attempts.
    GivenUp,
}
