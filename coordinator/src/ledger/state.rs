//! The states of a shard, and what is known of shards.

use std::borrow::Cow;
use std::collections::BTreeSet;

use lumimill_common::shard::ShardId;

/// The state of a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShardState {
    /// Its marker is there, and nothing is known to be wrong with it.
    Done,
    /// It was done, and its table is not there any more.
    Gone,
    /// It was done, and its marker or its table cannot be used.
    Damaged,
    /// It was done, and nobody can say whether it is whole.
    Unread,
    /// It was given up after all its attempts.
    Dead,
    /// It was given up at once.
    Failed,
    /// It reads, at first or at second hand, a shard that was given up.
    Blocked,
    /// It reads a stage that is not over.
    Waiting,
    /// It may be done now.
    Due,
    /// The plan goes on without it.
    Dropped,
}

/// What is known of shards, of a plan or not. One that is in several of these sets is in the first
/// state that fits, in the order of [`ShardState`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// With a marker; whole as far as is known.
    pub done: BTreeSet<ShardId>,
    /// With a marker and no table.
    pub gone: BTreeSet<ShardId>,
    /// With a marker, of which or of whose table it is known that it cannot be used.
    pub damaged: BTreeSet<ShardId>,
    /// With a marker of which nobody can say whether it is right.
    pub unread: BTreeSet<ShardId>,
    /// Tried and given up.
    pub given_up: BTreeSet<ShardId>,
    /// Of those, the ones that had all their attempts.
    pub dead: BTreeSet<ShardId>,
    /// To be measured again on their tables.
    pub to_measure: BTreeSet<ShardId>,
}

impl Known {
    /// What listings of markers and of failed records say.
    #[must_use]
    pub fn of(done: BTreeSet<ShardId>, given_up: BTreeSet<ShardId>) -> Self {
        Self {
            done,
            given_up,
            ..Self::default()
        }
    }

    /// What is known of a shard, if anything: a marker is the only truth about that it is done.
    pub(super) fn state(&self, id: ShardId) -> Option<ShardState> {
        let sets = [
            (&self.done, ShardState::Done),
            (&self.gone, ShardState::Gone),
            (&self.damaged, ShardState::Damaged),
            (&self.unread, ShardState::Unread),
            (&self.dead, ShardState::Dead),
            (&self.given_up, ShardState::Failed),
        ];
        let mut sets = sets.into_iter();
        let found = sets.find(|(set, _)| set.contains(&id));
        found.map(|(_, state)| state)
    }

    /// Shards with a marker, whole or not.
    pub(super) fn with_marker(&self) -> Cow<'_, BTreeSet<ShardId>> {
        with_others(&self.done, &[&self.gone, &self.damaged, &self.unread])
    }

    /// Shards that were tried and given up, at once or after all their attempts.
    pub(super) fn given_up(&self) -> Cow<'_, BTreeSet<ShardId>> {
        with_others(&self.given_up, &[&self.dead])
    }
}

/// What is in a set, which may be large, or in any of others: the set itself where these are empty.
fn with_others<'s>(
    set: &'s BTreeSet<ShardId>,
    others: &[&BTreeSet<ShardId>],
) -> Cow<'s, BTreeSet<ShardId>> {
    match others.iter().all(|others| others.is_empty()) {
        true => Cow::Borrowed(set),
        false => {
            let others = others.iter().copied().flatten();
            Cow::Owned(set.iter().chain(others).copied().collect())
        }
    }
}
