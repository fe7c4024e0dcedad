//! Whether a shard that was taken is still to be done: what is known of the plan in force.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lumimill_common::shard::ShardId;
use tokio::time::Instant;

/// How long it holds that a plan was in force. Who replaces one cannot know of a marker that is on its
/// way either, and finds it later.
const FRESH: Duration = Duration::from_secs(2);

/// What is known of it.
#[derive(Debug, Default)]
pub(crate) struct InForce {
    /// When the plan of the production was in force last.
    seen: Mutex<Option<Instant>>,
    /// Another plan that was, by its digest, and its shards.
    other: Mutex<Option<(String, Arc<BTreeSet<ShardId>>)>>,
}

impl InForce {
    /// Whether the plan of the production was in force a moment ago.
    pub(crate) fn is_fresh(&self) -> bool {
        let seen = *self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.is_some_and(|seen| seen.elapsed() < FRESH)
    }

    /// Notes that it was in force at this time.
    pub(crate) fn see(&self, at: Option<Instant>) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }

    /// The shards of another plan, where it was read before.
    pub(crate) fn shards(&self, plan: &str) -> Option<Arc<BTreeSet<ShardId>>> {
        let other = self.other.lock().unwrap_or_else(PoisonError::into_inner);
        let other = other.as_ref().filter(|(digest, _)| digest == plan);
        other.map(|(_, shards)| shards.clone())
    }

    /// Remembers the shards of another plan.
    pub(crate) fn remember(&self, plan: &str, shards: Arc<BTreeSet<ShardId>>) {
        let other = Some((plan.to_owned(), shards));
        *self.other.lock().unwrap_or_else(PoisonError::into_inner) = other;
    }
}
