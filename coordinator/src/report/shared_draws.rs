//! Draws of a density that are no draws of their own, as a person should know of them.

use lumimill_common::metric::SHARED_DRAWS;

use super::summary::StageReport;

/// Of each column that was drawn, how many rows have the random number of another row of their shard.
pub(crate) fn shared_draws(stage: &StageReport) -> Vec<String> {
    let steps = stage.cut_flow.steps().iter().filter(|step| step.count > 0);
    let shared = steps.filter_map(|step| Some((step.name.strip_suffix(SHARED_DRAWS)?, step.count)));
    let said = shared.map(|(name, count)| {
        format!(
            "stage {}: {name}: {count} rows have the random number of another row of their shard, as their run, \
             lumi section, event, candidate and all that the density is given are the same: they fluctuate \
             together, and errors come out too small; number events or candidates apart, or give the density a \
             column that differs",
            stage.name
        )
    });
    said.collect()
}
