//! Merges the markers of a stage, each shard once, in the order of the plan.
//!
//! What is counted is what has a marker: whatever was delivered twice, retried or killed.

use std::collections::BTreeSet;

use anyhow::Context;
use lumimill_common::campaign::Stage;
use lumimill_common::metric::{CutFlow, MetricResult, MetricSpec, Partial};
use lumimill_common::shard::ShardId;

use crate::output::Output;
use crate::plan::Plan;

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
    for shard in shards.filter(|shard| done.contains(&shard.id)) {
        let Some(marker) = output.marker(&stage.name, shard.id).await? else {
            continue;
        };
        result.done += 1;
        result.rows += marker.rows;
        let merged = result.cut_flow.merge(&marker.cut_flow);
        merged.with_context(|| format!("the marker of shard {}", shard.id))?;
        for (partial, of_shard) in partials.iter_mut().zip(&marker.partials) {
            let merged = partial.merge(of_shard);
            merged.with_context(|| format!("the marker of shard {}", shard.id))?;
        }
    }
    result.metrics = partials
        .iter()
        .map(|partial| (partial.spec().clone(), partial.finalise()))
        .collect();
    Ok(result)
}
