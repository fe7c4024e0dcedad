//! Publishes the jobs of shards, many at a time, each confirmed.

use std::collections::BTreeSet;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use lumimill_common::campaign::CampaignName;
use lumimill_common::job::{Job, pack};
use lumimill_common::queue::{Message, Queue, QueueError, jobs};
use lumimill_common::shard::{Shard, ShardId};

/// Publishes that wait for their confirm at once.
const WINDOW: usize = 256;
/// Publishes that are made ready at once.
const CHUNK: usize = 4096;

/// What all jobs of a plan have in common.
#[derive(Debug, Clone, Copy)]
pub struct JobsOf<'a> {
    /// The campaign.
    pub campaign: &'a CampaignName,
    /// Digest of the plan.
    pub plan: &'a str,
    /// Pool that they go to.
    pub pool: &'a str,
    /// Where none was published before: the shards of which something is in the store all the same.
    pub anew: Option<&'a BTreeSet<ShardId>>,
}

impl JobsOf<'_> {
    /// Publishes the job of each shard; all are safe with the broker when this returns. Doing it
    /// twice does no harm: a job whose shard is done ends at once.
    pub async fn publish(
        &self,
        queue: &dyn Queue,
        shards: impl IntoIterator<Item = &Shard>,
    ) -> Result<usize, QueueError> {
        self.publish_telling(queue, shards, |_| ()).await
    }

    /// The same; `told` hears how many are safe so far.
    pub(crate) async fn publish_telling(
        &self,
        queue: &dyn Queue,
        shards: impl IntoIterator<Item = &Shard>,
        mut told: impl FnMut(usize),
    ) -> Result<usize, QueueError> {
        let name = jobs(self.pool);
        let name = name.as_str();
        let shards: Vec<&Shard> = shards.into_iter().collect();
        let mut safe = 0;
        for chunk in shards.chunks(CHUNK) {
            let publishing = chunk.iter().map(|shard| async move {
                let message = self.job(shard, name)?;
                queue.publish(name, message).await
            });
            // Collected first: a borrowed iterator of futures cannot cross threads.
            let publishing: Vec<_> = publishing.collect();
            stream::iter(publishing)
                .buffer_unordered(WINDOW)
                .try_collect::<()>()
                .await?;
            safe += chunk.len();
            told(safe);
        }
        Ok(shards.len())
    }

    fn job(&self, shard: &Shard, queue: &str) -> Result<Message, QueueError> {
        let job = Job {
            campaign: self.campaign.clone(),
            plan: self.plan.to_owned(),
            stage: shard.stage.clone(),
            shard: shard.id,
            is_new: self.anew.is_some_and(|known| !known.contains(&shard.id)),
        };
        pack(1, &job).map_err(|error| QueueError {
            broker: queue.to_owned(),
            action: "publish",
            reason: error.to_string(),
            lasting: true,
        })
    }
}
