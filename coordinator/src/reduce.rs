//! Merges the markers of a stage, each shard once, in the order of the plan.
//!
//! What is counted is what has a marker: whatever was delivered twice, retried or killed.

use std::collections::BTreeSet;

use futures_util::stream::{self, StreamExt};
use lumimill_common::campaign::{Stage, StageName};
use lumimill_common::marker::Marker;
use lumimill_common::metric::{CutFlow, MetricResult, MetricSpec, Partial};
use lumimill_common::shard::ShardId;

use crate::output::{DamagedMarker, Output};
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
    /// The metrics of the stage, in order; `None` where nothing was counted.
    pub metrics: Vec<(MetricSpec, Option<MetricResult>)>,
}

/// Merges the markers of one stage of a plan.
pub async fn reduce(
    plan: &Plan,
    output: &Output,
    stage: &Stage,
    done: &BTreeSet<ShardId>,
) -> anyhow::Result<StageResult> {
    let mut partials: Vec<Partial> = stage
        .metrics
        .iter()
        .map(|metric| Partial::new(&metric.clone().with_stage_labels(&stage.labels)))
        .collect();
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
    let reading = stream::iter(ids).map(|id| read(output.clone(), stage.name.clone(), id));
    // Read ahead, and merged in the order of the plan.
    let mut markers = reading.buffered(AHEAD).boxed();
    while let Some(marker) = markers.next().await {
        let Some(marker) = marker? else {
            continue;
        };
        let id = marker.shard;
        result.done += 1;
        result.rows += marker.rows;
        let damaged = |reason: String| DamagedMarker {
            location: output.store().location(),
            stage: stage.name.clone(),
            shard: id,
            reason,
        };
        let merged = result.cut_flow.merge(&marker.cut_flow);
        merged.map_err(|error| damaged(error.to_string()))?;
        for (partial, of_shard) in partials.iter_mut().zip(&marker.partials) {
            let merged = partial.merge(of_shard);
            merged.map_err(|error| damaged(error.to_string()))?;
        }
    }
    result.metrics = partials
        .iter()
        .map(|partial| (partial.spec().clone(), partial.finalise()))
        .collect();
    Ok(result)
}

async fn read(output: Output, stage: StageName, id: ShardId) -> anyhow::Result<Option<Marker>> {
    output.marker(&stage, id).await
}
