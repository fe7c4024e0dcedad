//! How many shards are in each state.

use std::ops::Range;

use lumimill_common::shard::Shard;
use serde::{Deserialize, Serialize};

use super::state::{Known, ShardState};

/// Shards by state; each is in one of the states from `planned` to `dropped`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// All of them.
    pub shards: usize,
    /// They may be done now, and are not published yet.
    pub planned: usize,
    /// Published, and with nobody.
    pub queued: usize,
    /// Under way somewhere.
    pub running: usize,
    /// They read a stage that is not over.
    pub waiting: usize,
    /// They read, at first or at second hand, a shard that was given up.
    pub blocked: usize,
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
    /// Given up, and the campaign goes on without them.
    pub dropped: usize,
    /// Entries of all shards.
    pub events: u64,
    /// Entries of those done.
    pub events_done: u64,
    /// Entries of those dropped.
    pub events_dropped: u64,
}

impl Counts {
    /// Counts a shard, of which these are the entries that are counted.
    pub(super) fn add(
        &mut self,
        shard: &Shard,
        entries: &Range<u64>,
        state: ShardState,
        known: &Known,
    ) {
        let entries = entries.end.saturating_sub(entries.start);
        self.shards += 1;
        self.events += entries;
        self.to_measure += usize::from(known.to_measure.contains(&shard.id));
        match state {
            ShardState::Done => self.events_done += entries,
            ShardState::Dropped => self.events_dropped += entries,
            _ => {}
        }
        *match state {
            ShardState::Done => &mut self.done,
            ShardState::Gone => &mut self.gone,
            ShardState::Damaged => &mut self.damaged,
            ShardState::Unread => &mut self.unread,
            ShardState::Dead => &mut self.dead,
            ShardState::Failed => &mut self.failed,
            ShardState::Blocked => &mut self.blocked,
            ShardState::Waiting => &mut self.waiting,
            ShardState::Due => &mut self.planned,
            ShardState::Dropped => &mut self.dropped,
        } += 1;
    }

    /// Notes that what may be done is published, and that so many of it run.
    pub fn publish(&mut self, running: usize) {
        self.running = running.min(self.planned);
        self.queued = self.planned - self.running;
        self.planned = 0;
    }

    /// Shards that go on by themselves: neither done nor given up, nor kept back.
    #[must_use]
    pub(crate) fn outstanding(&self) -> usize {
        self.planned + self.queued + self.running + self.waiting
    }

    /// Shards that were given up.
    #[must_use]
    pub fn given_up(&self) -> usize {
        self.failed + self.dead
    }

    /// Whether each shard is in one state, and no more events are over than there are.
    #[must_use]
    pub(crate) fn adds_up(&self) -> bool {
        let states = [
            self.planned,
            self.queued,
            self.running,
            self.waiting,
            self.blocked,
            self.done,
            self.gone,
            self.damaged,
            self.unread,
            self.failed,
            self.dead,
            self.dropped,
        ];
        let sum = states.into_iter().try_fold(0, usize::checked_add);
        let over = self.events_done.checked_add(self.events_dropped);
        sum == Some(self.shards) && over.is_some_and(|over| over <= self.events)
    }

    /// Whether every shard is done, or was dropped.
    #[must_use]
    pub(crate) fn is_complete(&self) -> bool {
        self.done + self.dropped == self.shards
    }

    /// Whether all that was done is still there, as far as is known.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.gone == 0 && self.damaged == 0 && self.unread == 0
    }

    /// Entries of shards that are neither done nor dropped.
    #[must_use]
    pub(crate) fn events_left(&self) -> u64 {
        let over = self.events_done.saturating_add(self.events_dropped);
        self.events.saturating_sub(over)
    }
}
