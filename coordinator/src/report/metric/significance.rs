//! Significances in the report: a table of the best cuts, pictures, a file of every threshold, and
//! the BDT configurations with the best cuts.

mod plot;
mod table;

use lumimill_common::metric::{MetricResult, Scan, SignificanceResult};

use crate::report::selection::Selection;
use crate::report::summary::{Report, StageReport};

pub(super) use plot::significance_plots;
pub(super) use table::{csv_files, page};

/// The thresholds of one bin.
struct ScannedBin {
    number: u32,
    label: String,
    /// Centrality and transverse momentum, where a configuration says so.
    edges: Option<([f64; 2], [f64; 2])>,
    /// The cut that was given.
    given: Option<f64>,
    scan: Scan,
}

fn of_stage(stage: &StageReport) -> impl Iterator<Item = &SignificanceResult> {
    stage.metrics.iter().filter_map(|metric| match metric {
        MetricResult::Significance(found) => Some(found),
        _ => None,
    })
}

/// The selection that gives a score, and the class that it is of.
fn selection_of<'a>(stage: &'a StageReport, score: &str) -> Option<(&'a Selection, usize)> {
    let mut selections = stage.selections.iter();
    selections.find_map(|selection| Some((selection, selection.class_of(score)?)))
}

/// Every bin that has candidates.
fn scanned(stage: &StageReport, found: &SignificanceResult) -> Vec<ScannedBin> {
    let scales: Vec<f64> = found.sidebands.iter().map(|band| band.scale).collect();
    let selection = selection_of(stage, &found.score);
    let bins = found.bins.iter().map(|bin| {
        let known = selection.and_then(|(selection, class)| {
            let known = selection.config.bins.get(bin.bin as usize)?;
            Some((known, known.cuts.get(class)?))
        });
        let exclude = known.is_some_and(|(_, cut)| cut.exclude);
        ScannedBin {
            number: bin.bin,
            label: match known {
                Some((known, _)) => known.label(),
                None => format!("bin {}", bin.bin),
            },
            edges: known.map(|(known, _)| (known.centrality, known.pt)),
            given: known.map(|(_, cut)| cut.value),
            scan: bin.scan(&found.edges, &scales, exclude),
        }
    });
    bins.collect()
}

/// What a person should know: bins without a best cut.
pub(crate) fn warnings(stage: &StageReport) -> Vec<String> {
    let mut warnings = Vec::new();
    for found in of_stage(stage) {
        for bin in scanned(stage, found) {
            if let Some(why) = bin.scan.why {
                warnings.push(format!(
                    "stage {}: significance of {} by {}, {}: {why}: there is no best cut, and the \
                     configuration keeps its own",
                    stage.name, found.mass, found.score, bin.label
                ));
            }
        }
    }
    warnings
}

/// The configurations with the best cuts that were found, by the names of their files.
pub(super) fn configurations(report: &Report) -> Vec<(String, Vec<u8>)> {
    let mut written = Vec::new();
    for stage in &report.stages {
        for selection in &stage.selections {
            let mut cuts = Vec::new();
            for found in of_stage(stage) {
                let Some(class) = selection.class_of(&found.score) else {
                    continue;
                };
                for bin in scanned(stage, found) {
                    let best = bin.scan.best;
                    let best = best.and_then(|best| bin.scan.points.get(best.point));
                    cuts.extend(best.map(|best| (bin.number as usize, class, best.cut)));
                }
            }
            let is_measured = of_stage(stage).any(|it| selection.class_of(&it.score).is_some());
            if let (true, Ok(text)) = (is_measured, selection.config.with_cuts(&cuts)) {
                let name = format!("{}_{}", stage.name, selection.model);
                written.push((name, text.into_bytes()));
            }
        }
    }
    match written.as_mut_slice() {
        [(name, _)] => *name = String::from("bdt_config.json"),
        several => {
            for (name, _) in several {
                name.push_str("_bdt_config.json");
            }
        }
    }
    written
}
