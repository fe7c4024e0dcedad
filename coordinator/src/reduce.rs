//! Merges the markers of a stage, each shard once, in the order of the plan.
//!
//! What is counted is what has a marker: whatever was delivered twice, retried or killed.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::StreamExt;
use lumimill_common::campaign::{Stage, StageName};
use lumimill_common::marker::Marker;
use lumimill_common::metric::{CountedRows, CutFlow, MetricResult, MetricSpec, Partial};
use lumimill_common::shard::ShardId;

use crate::packs::Reading;
use crate::soundness::{Fault, Unsound, fault};

/// What a stage came to.
#[derive(Debug)]
pub(crate) struct StageResult {
    /// Name of the stage.
    pub name: String,
    /// The shards whose markers were merged.
    pub merged: Vec<ShardId>,
    /// Rows in the objects of those.
    pub rows: u64,
    /// Events and rows after each step.
    pub cut_flow: CutFlow,
    /// The metrics of the stage, in order.
    pub metrics: Vec<MetricResult>,
    /// What was counted on its rows for the fits of later stages.
    pub counted: Vec<Partial>,
    /// Shards with a marker that are as good as not done. Where there are any, what else is said
    /// here is not to be used.
    pub unsound: Vec<Unsound>,
}

/// Merges the markers of one stage of a plan, and holds each against the size of its table.
pub(crate) async fn reduce(
    reading: &Reading<'_>,
    stage: &Stage,
    done: &BTreeSet<ShardId>,
    tables: &BTreeMap<ShardId, u64>,
) -> anyhow::Result<StageResult> {
    let mut partials: Vec<Partial> = stage.measured().iter().map(Partial::new).collect();
    let mut result = StageResult {
        name: stage.name.to_string(),
        merged: Vec::new(),
        rows: 0,
        cut_flow: CutFlow::new(),
        metrics: Vec::new(),
        counted: Vec::new(),
        unsound: Vec::new(),
    };
    // Read ahead, and merged in the order of the plan.
    let mut markers = reading.read(|shard| shard.stage == stage.name && done.contains(&shard.id));
    while let Some((shard, marker)) = markers.next().await {
        let marker = match marker? {
            Ok(Some(marker)) => marker,
            Ok(None) => continue,
            Err(fault) => {
                result.unsound.push(Unsound::of(shard, fault));
                continue;
            }
        };
        if let Some(fault) = fault(&marker, tables.get(&shard.id).copied()) {
            result.unsound.push(Unsound::of(shard, fault));
            continue;
        }
        result.merged.push(shard.id);
        result.rows += marker.rows;
        if let Err(reason) = merge(&mut result.cut_flow, &mut partials, &marker) {
            let fault = Fault::Marker(reason);
            result.unsound.push(Unsound::of(shard, fault));
        }
    }
    if !result.merged.is_empty() {
        for partial in &partials {
            partial.add_dropped(&mut result.cut_flow);
        }
    }
    result.counted = partials.split_off(stage.metrics.len().min(partials.len()));
    result.metrics = partials.iter().map(Partial::finalise).collect();
    Ok(result)
}

/// What was counted for a fit or a density, of the stages that it is made of.
pub(crate) fn counted_for(stage: &Stage, results: &[StageResult]) -> Option<CountedRows> {
    let of = |name: &StageName, counting: &MetricSpec| {
        let result = results.iter().find(|it| it.name == name.as_str())?;
        let mut counted = result.counted.iter();
        counted.find(|it| it.spec() == counting).cloned()
    };
    let others = stage.others().into_iter().map(|name| {
        let counted = of(&name, &stage.counting_others()?)?;
        Some((name.to_string(), counted))
    });
    Some(CountedRows {
        rows: of(stage.from.as_ref()?, &stage.counting()?)?,
        others: others.collect::<Option<_>>()?,
    })
}

/// Adds what a marker counted to what was counted before.
fn merge(cut_flow: &mut CutFlow, partials: &mut [Partial], marker: &Marker) -> Result<(), String> {
    let merged = cut_flow.merge(&marker.cut_flow);
    merged.map_err(|error| error.to_string())?;
    // As many as the stage measures, each of its metric: checked where it was read.
    for (partial, of_shard) in partials.iter_mut().zip(&marker.partials) {
        let merged = partial.merge(of_shard);
        merged.map_err(|error| error.to_string())?;
    }
    Ok(())
}
