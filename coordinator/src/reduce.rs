//! Merges the markers of a stage, each shard once, in the order of the plan.
//!
//! What is counted is what has a marker: whatever was delivered twice, retried or killed.

use std::collections::BTreeSet;

use futures_util::stream::{self, StreamExt};
use lumimill_common::campaign::Stage;
use lumimill_common::marker::Marker;
use lumimill_common::metric::{CutFlow, MetricResult, Partial};
use lumimill_common::shard::ShardId;

use crate::output::Output;
use crate::plan::Plan;

/// Markers that are read at a time.
const AHEAD: usize = 32;

/// What a stage came to.
#[derive(Debug)]
pub struct StageResult {
    /// Name of the stage.
    pub name: String,
    /// Shards in the plan.
    pub planned: usize,
    /// Shards with a marker.
    pub done: usize,
    /// Rows in the objects of those.
    pub rows: u64,
    /// Events and rows after each step.
    pub cut_flow: CutFlow,
    /// The metrics of the stage, in order.
    pub metrics: Vec<MetricResult>,
}

/// Merges the markers of one stage of a plan.
pub async fn reduce(
    plan: &Plan,
    output: &Output,
    stage: &Stage,
    done: &BTreeSet<ShardId>,
) -> anyhow::Result<StageResult> {
    let mut partials: Vec<Partial> = stage.measured().iter().map(Partial::new).collect();
    let shards = plan.shards.iter().filter(|shard| shard.stage == stage.name);
    let mut result = StageResult {
        name: stage.name.to_string(),
        planned: shards.clone().count(),
        done: 0,
        rows: 0,
        cut_flow: CutFlow::new(),
        metrics: Vec::new(),
    };
    let ids: Vec<ShardId> = shards
        .map(|shard| shard.id)
        .filter(|id| done.contains(id))
        .collect();
    let reading = stream::iter(ids).map(|id| read(output.clone(), stage, id));
    // Read ahead, and merged in the order of the plan.
    let mut markers = reading.buffered(AHEAD).boxed();
    while let Some(marker) = markers.next().await {
        let Some(marker) = marker? else {
            continue;
        };
        let id = marker.shard;
        result.done += 1;
        result.rows += marker.rows;
        let merged = result.cut_flow.merge(&marker.cut_flow);
        merged.map_err(|error| output.damaged(stage, id, &error))?;
        // As many as the stage measures, each of its metric: checked where it was read.
        for (partial, of_shard) in partials.iter_mut().zip(&marker.partials) {
            let merged = partial.merge(of_shard);
            merged.map_err(|error| output.damaged(stage, id, &error))?;
        }
    }
    result.metrics = partials.iter().map(Partial::finalise).collect();
    Ok(result)
}

async fn read(output: Output, stage: &Stage, id: ShardId) -> anyhow::Result<Option<Marker>> {
    output.marker(stage, id).await
}
