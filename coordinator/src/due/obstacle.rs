//! What is in the way of shards that are due. It is looked for before anything is begun: a shard
//! that cannot be put would be done in vain, and what is there would be given up for it.

use lumimill_common::control::PlanKeys;
use lumimill_common::shard::Shard;
use lumimill_common::stage_keys::{marker_key, object_key};
use lumimill_common::store::Key;

use crate::campaign_file::Mistakes;
use crate::output::Output;

/// Things in the way that are named.
const NAMED: usize = 20;

/// Files that every report has, and the lock.
const OTHERS: [&str; 11] = [
    "report/index.html",
    "report/files.json",
    "report/metrics.json",
    "report/event_metrics.csv",
    "report/metrics_per_label.csv",
    "report/thresholds.csv",
    "report/labels.csv",
    "report/processed_lumis.json",
    "report/missing_lumis.json",
    "report/lumi-sections.svg",
    "_lock",
];

/// That nothing is in the way of tables, markers, plan, report and lock.
///
/// # Errors
/// [`Mistakes`], one for each thing in the way.
pub(super) async fn nothing_in_the_way(output: &Output, shards: &[Shard]) -> anyhow::Result<()> {
    let PlanKeys { plan, campaign } = PlanKeys::last();
    let others = OTHERS.map(str::parse::<Key>);
    let others = others.into_iter().collect::<Result<Vec<Key>, _>>()?;
    let of_shards = shards.iter().flat_map(|shard| {
        let (stage, id) = (&shard.stage, shard.id);
        [object_key(stage, id), marker_key(stage, id)]
    });
    let store = output.store();
    let mut found = Vec::new();
    for key in [plan, campaign].into_iter().chain(others).chain(of_shards) {
        if let Some(what) = store.obstacle(&key).await? {
            found.push(format!("{key} cannot be written: {what}"));
        }
        if found.len() == NAMED {
            break;
        }
    }
    match found.is_empty() {
        true => Ok(()),
        false => Err(Mistakes::new(store.location(), found).into()),
    }
}
