//! A look at all markers in a task of its own: of a large campaign it takes a while, in which reports are
//! heard. The last one is at the tables too, so that what is over is reported by the same listing.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Context;
use lumimill_common::shard::ShardId;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::seen::{Seen, Subject};
use crate::output::{Inventory, Output};

/// Time that is waited for what is found; what takes longer is asked for at the next look.
const HASTE: Duration = Duration::from_millis(500);
/// The same at those, which others wait for.
const GLANCE: Duration = Duration::from_millis(50);

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// Markers and failed records.
    Markers,
    /// Those and the tables.
    All,
}

/// What a look found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) seen: Seen,
    /// With the tables, where those were looked at, and a report may be made by it.
    pub(super) there: Option<Inventory>,
    /// When it began.
    pub(super) begun: Instant,
}

type Task = JoinSet<anyhow::Result<(Seen, Option<Inventory>)>>;

/// A look, if one is under way; it ends with this.
#[derive(Debug, Default)]
pub(super) struct Listing {
    task: Task,
    begun: Option<(Instant, Scope)>,
    /// Whether something was heard since then that a report made by it may lack.
    is_met: bool,
    /// Shards that were spoken of since it began, which it may not have seen.
    pub(super) heard: BTreeSet<ShardId>,
}

impl Listing {
    /// Notes that a shard was spoken of.
    pub(super) fn hear(&mut self, shard: ShardId) {
        if self.begun.is_some() {
            self.heard.insert(shard);
        }
    }

    /// Notes that something was heard that a report made by the look under way may lack.
    pub(super) fn meet(&mut self) {
        self.is_met = true;
    }

    /// What a look found: the one that is under way, or a new one. Nothing while it goes on. One at markers
    /// is given up for one at all.
    pub(super) async fn found(
        &mut self,
        output: &Output,
        subject: Subject,
        scope: Scope,
    ) -> anyhow::Result<Option<Found>> {
        let is_too_little = |(_, under_way)| (scope, under_way) == (Scope::All, Scope::Markers);
        if self.task.is_empty() || self.begun.is_some_and(is_too_little) {
            self.heard.clear();
            self.is_met = false;
            self.begun = Some((Instant::now(), scope));
            self.task = Task::new();
            self.task.spawn(look(output.clone(), subject, scope));
        }
        let is_new = self.begun.is_some_and(|(begun, _)| begun.elapsed() < HASTE);
        let patience = if is_new { HASTE } else { GLANCE };
        let Ok(Some(ended)) = timeout(patience, self.task.join_next()).await else {
            return Ok(None);
        };
        let begun = self.begun.take().map(|(begun, _)| begun);
        let (seen, there) = ended.context("the markers were not listed")??;
        let begun = begun.unwrap_or_else(Instant::now);
        let there = there.filter(|_| !self.is_met);
        Ok(Some(Found { seen, there, begun }))
    }

    /// Whether one at all is under way.
    pub(super) fn is_at_all(&self) -> bool {
        let is_at_all = self.begun.is_some_and(|(_, scope)| scope == Scope::All);
        self.is_under_way() && is_at_all
    }

    /// Whether one is under way.
    pub(super) fn is_under_way(&self) -> bool {
        !self.task.is_empty()
    }
}

async fn look(
    output: Output,
    subject: Subject,
    scope: Scope,
) -> anyhow::Result<(Seen, Option<Inventory>)> {
    let there = match scope {
        Scope::Markers => None,
        Scope::All => Some(output.inventory(&subject.plan).await?),
    };
    let over = match &there {
        None => output.over_of(&subject.plan).await?,
        Some(there) => there.over(),
    };
    Ok((subject.seen(over).await?, there))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use lumimill_common::campaign::Share;
    use lumimill_common::store::MemoryStore;
    use tokio::time::Instant;

    use super::{Listing, Scope, Subject};
    use crate::output::{Inventory, Output, Over};
    use crate::outstanding::tests::plan_of;

    /// The last report came while the markers were listed: they were listed to their end, and then again.
    #[tokio::test]
    async fn a_look_at_markers_is_given_up_for_one_at_all_that_nothing_came_after() {
        let folder = tempfile::tempdir().unwrap();
        let store = MemoryStore::new(folder.path().to_owned());
        let output = Output::in_store(Arc::new(store));
        let mut listing = Listing {
            begun: Some((Instant::now(), Scope::Markers)),
            ..Listing::default()
        };
        listing.task.spawn(std::future::pending());
        let subject = || Subject {
            plan: Arc::new(plan_of(0, &[])),
            digest: String::new(),
            accept: Share::ALL,
            given_up: BTreeSet::new(),
        };
        let nothing = subject().seen(Over::default()).await.unwrap();
        let found = listing.found(&output, subject(), Scope::All).await.unwrap();
        assert!(found.unwrap().there.is_some());
        assert!(!listing.is_under_way());
        listing.meet();
        listing.begun = Some((Instant::now(), Scope::All));
        listing
            .task
            .spawn(async { Ok((nothing, Some(Inventory::default()))) });
        let found = listing.found(&output, subject(), Scope::All).await.unwrap();
        assert!(found.unwrap().there.is_none(), "something was heard since");
        // The other way round it is what is waited for.
        listing.begun = Some((Instant::now(), Scope::All));
        listing.task.spawn(std::future::pending());
        let found = listing
            .found(&output, subject(), Scope::Markers)
            .await
            .unwrap();
        assert!(found.is_none() && listing.is_under_way());
    }
}
