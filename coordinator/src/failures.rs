//! The records of shards that were given up, and which of them are alike.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt, TryStreamExt};
use lumimill_common::failure::{Disposition, FailedRecord, FailureKind};
use lumimill_common::shard::{Shard, ShardId};
use serde::Serialize;

use crate::output::Output;
use crate::plan::Plan;

/// Records that are read at a time.
const AT_ONCE: usize = 32;

/// Shards that failed alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct FailureGroup {
    /// Under which they are grouped.
    pub fingerprint: String,
    /// Kind of failure.
    pub kind: FailureKind,
    /// Whether they were given up after all attempts, not at once.
    pub dead: bool,
    /// What one of them says.
    pub message: String,
    /// The shards.
    pub shards: Vec<String>,
}

/// The records of the failed ones of these shards, in their order.
pub(crate) async fn failed_records<'a>(
    output: &Output,
    shards: &'a [Shard],
    failed: &BTreeSet<ShardId>,
) -> anyhow::Result<Vec<(&'a Shard, FailedRecord)>> {
    let shards: Vec<&Shard> = shards
        .iter()
        .filter(|shard| failed.contains(&shard.id))
        .collect();
    let reading: Vec<_> = shards
        .iter()
        .map(|shard| output.failed_record(&shard.stage, shard.id))
        .collect();
    let found: Vec<Option<FailedRecord>> = stream::iter(reading)
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let found = shards.into_iter().zip(found);
    Ok(found
        .filter_map(|(shard, record)| Some((shard, record?)))
        .collect())
}

fn is_dead(record: &FailedRecord) -> bool {
    let last = record.attempts.last();
    last.is_some_and(|last| last.failure.disposition == Disposition::Retry)
}

/// The shards that were given up after all attempts.
pub(crate) async fn dead_of(
    output: &Output,
    plan: &Plan,
    failed: &BTreeSet<ShardId>,
) -> anyhow::Result<BTreeSet<ShardId>> {
    Ok(dead_among(
        &failed_records(output, &plan.shards, failed).await?,
    ))
}

/// Those of them that were given up after all attempts.
pub(crate) fn dead_among(records: &[(&Shard, FailedRecord)]) -> BTreeSet<ShardId> {
    let dead = records.iter().filter(|(_, record)| is_dead(record));
    dead.map(|(shard, _)| shard.id).collect()
}

/// What failed, like failures together.
pub(crate) fn groups(records: &[(&Shard, FailedRecord)]) -> Vec<FailureGroup> {
    let mut groups: BTreeMap<String, FailureGroup> = BTreeMap::new();
    for (shard, record) in records {
        let Some(last) = record.attempts.last() else {
            continue;
        };
        // As this version tells causes apart, whoever wrote the record.
        let fingerprint = last.failure.fingerprint();
        let group = groups
            .entry(fingerprint.clone())
            .or_insert_with(|| FailureGroup {
                fingerprint,
                kind: last.failure.kind,
                dead: is_dead(record),
                message: last.failure.message.clone(),
                shards: Vec::new(),
            });
        group.shards.push(shard.id.to_string());
    }
    groups.into_values().collect()
}
