//! What becomes of a dead letter. A job that the broker gave up, as whoever took it died, is an
//! attempt that failed: it is tried again as long as the campaign allows.

use lumimill_common::campaign::Campaign;
use lumimill_common::control::campaign_key;
use lumimill_common::failed_record;
use lumimill_common::failure::{FailedAttempt, Failure};
use lumimill_common::job::Job;
use lumimill_common::marker::marker_key;
use lumimill_common::queue::{GIVEN_UP, Message, Queue};
use lumimill_common::store::{Place, Store};
use tracing::warn;

use crate::dead_letter::{DeadLetter, keep};

/// Sends a letter again, or keeps it; whether it kept it.
pub(super) async fn settle(
    root: &Place,
    store: &dyn Store,
    queue: &dyn Queue,
    message: &Message,
) -> anyhow::Result<bool> {
    let letter = DeadLetter::of(message);
    if letter.reason.starts_with(GIVEN_UP)
        && let Some(job) = letter.job()
        && let Some(again) = lost(root, &job, message, &letter).await?
    {
        if let Some(message) = again {
            queue.publish(&letter.queue, message).await?;
        }
        return Ok(false);
    }
    warn!(
        letter = letter.id,
        queue = letter.queue,
        "dead letter: {}",
        letter.reason
    );
    keep(store, &letter).await?;
    Ok(true)
}

/// The next attempt at a job that killed those who took it: `Some(None)` when it was done after
/// all, `None` when it has had its attempts.
async fn lost(
    root: &Place,
    job: &Job,
    message: &Message,
    letter: &DeadLetter,
) -> anyhow::Result<Option<Option<Message>>> {
    let store = root.join(job.campaign.as_str())?.open()?;
    let store = store.as_ref();
    if store
        .get(&marker_key(&job.stage, job.shard))
        .await?
        .is_some()
    {
        failed_record::forget(store, &job.stage, job.shard).await;
        return Ok(Some(None));
    }
    let Some(text) = store.get(&campaign_key()).await? else {
        return Ok(None);
    };
    let campaign = Campaign::parse(&String::from_utf8_lossy(&text));
    let attempts = campaign.map_or(1, |campaign| campaign.shards.max_attempts);
    let why = format!("shard {}: {}", job.shard, letter.reason);
    let failure = Failure::retry("lost", job.shard, why);
    let attempt = FailedAttempt::new(message.attempt, &failure);
    let last = message.attempt >= attempts;
    failed_record::keep(store, &job.stage, job.shard, attempt, last).await?;
    if last {
        return Ok(None);
    }
    let mut again = message.clone();
    again.headers.remove(lumimill_common::queue::REASON);
    again.headers.remove(lumimill_common::queue::ORIGIN);
    again.attempt = message.attempt.saturating_add(1);
    again.postponed = 0;
    Ok(Some(Some(again)))
}
