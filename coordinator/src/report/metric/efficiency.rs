//! Efficiencies in the report: pictures, a table, a file of numbers, and one for correctionlib.

mod files;
mod map;
mod plot;
mod table;

pub(super) use files::files;
pub(super) use plot::efficiency_plots;
pub(super) use table::page;

use lumimill_common::metric::{EfficiencyResult, MetricResult};

use crate::report::summary::StageReport;

/// Those of a stage.
fn of_stage(stage: &StageReport) -> impl Iterator<Item = &EfficiencyResult> {
    stage.metrics.iter().filter_map(|metric| match metric {
        MetricResult::Efficiency(found) => Some(found),
        _ => None,
    })
}

/// A cut, and what rows it is of.
pub(in crate::report) fn title(found: &EfficiencyResult, cut: usize, precut: usize) -> String {
    let text = |of: &[String], at: usize| of.get(at).cloned().unwrap_or_default();
    let (cut, precut) = (text(&found.cuts, cut), text(&found.precuts, precut));
    match precut.trim().is_empty() {
        true => cut,
        false => format!("{cut} | {precut}"),
    }
}
