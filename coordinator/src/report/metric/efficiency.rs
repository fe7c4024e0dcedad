//! Efficiencies in the report: pictures, a table, a file of numbers, and one for correctionlib.

mod files;
mod map;
mod plot;
mod table;

pub(super) use files::files;
pub(super) use plot::efficiency_plots;
pub(in crate::report) use plot::not_drawn;
pub(super) use table::page;

use lumimill_common::metric::{EfficiencyBin, EfficiencyResult, MetricResult};

use crate::report::number::{significant, with_error};
use crate::report::summary::StageReport;

/// Those of a stage.
fn of_stage(stage: &StageReport) -> impl Iterator<Item = &EfficiencyResult> {
    stage.metrics.iter().filter_map(|metric| match metric {
        MetricResult::Efficiency(found) => Some(found),
        _ => None,
    })
}

/// The efficiency of a bin with its error; where all or nothing passes, how far it may reach.
fn shown(bin: &EfficiencyBin) -> String {
    match (bin.efficiency, bin.interval) {
        (None, _) => String::from("–"),
        (Some(value), Some([_, high])) if value < 0.5 => {
            format!("{} (< {})", significant(value, 3), significant(high, 2))
        }
        (Some(value), Some([low, _])) => {
            let digits = significant(1.0 - low, 2).len().saturating_sub(2);
            format!("{} (> {low:.digits$})", significant(value, 3))
        }
        (Some(value), None) => with_error(value, bin.error),
    }
}

/// Whether a picture along the first axis, with a series for each bin of the second one, shows a bin: of
/// further axes it shows the first.
pub(in crate::report) fn is_drawn(found: &EfficiencyResult, bin: &EfficiencyBin) -> bool {
    let mut further = bin.edges.iter().zip(&found.axes).skip(2);
    further.all(|([low, _], axis)| {
        let first = axis.edges.first();
        first.is_some_and(|first| low.total_cmp(first).is_eq())
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
