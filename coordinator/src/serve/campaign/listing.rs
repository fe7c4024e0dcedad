//! A look at all markers in a task of its own: of a large campaign it takes a while, in which reports are
//! heard.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Context;
use lumimill_common::campaign::StageName;
use lumimill_common::shard::ShardId;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::output::{Output, Over};

/// Time that is waited for what is found; what takes longer is asked for at the next look.
const HASTE: Duration = Duration::from_millis(500);

/// A look, if one is under way; it ends with this.
#[derive(Debug, Default)]
pub(super) struct Listing {
    task: JoinSet<anyhow::Result<Over>>,
    begun: Option<Instant>,
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

    /// What a look found, and when it began: of the one that is under way, or of a new one. Nothing
    /// while it goes on.
    pub(super) async fn found(
        &mut self,
        output: &Output,
        stages: impl Iterator<Item = &StageName>,
    ) -> anyhow::Result<Option<(Over, Instant)>> {
        if self.task.is_empty() {
            self.begun = Some(Instant::now());
            self.heard.clear();
            let (output, stages) = (output.clone(), stages.cloned().collect());
            self.task.spawn(async move { output.over(stages).await });
        }
        let Ok(Some(ended)) = timeout(HASTE, self.task.join_next()).await else {
            return Ok(None);
        };
        let begun = self.begun.take().unwrap_or_else(Instant::now);
        let over = ended.context("the markers were not listed")??;
        Ok(Some((over, begun)))
    }

    /// Whether one is under way.
    pub(super) fn is_under_way(&self) -> bool {
        !self.task.is_empty()
    }
}
