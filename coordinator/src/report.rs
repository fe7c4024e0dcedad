//! The report of a campaign: a page, its pictures, and its numbers as JSON and CSV.
//!
//! [`render`] is pure: the same [`Report`] gives the same bytes, without a clock, a file or a
//! script. The caller stores what it returns under `report/`. This module knows nothing of how
//! markers are read or merged; it only shows what it is given, escaped wherever it goes.

mod csv;
mod cut_flow_plot;
mod figure;
mod lumi_plot;
mod metric;
mod number;
mod overlay;
mod page;
mod pictures;
mod ratio;
mod selection;
mod shared_draws;
mod summary;
mod weights;

pub(crate) use metric::significance::warnings as significance_warnings;
pub(crate) use metric::{drift_alarms_file, validity_file};
pub(crate) use number::with_error;
pub(crate) use overlay::overlays;
pub(crate) use selection::Selection;
pub(crate) use shared_draws::shared_draws;
pub(crate) use summary::{
    Duplicate, Failure, InputFile, LabelReport, LumiSummary, Report, RunLumis, ShardCounts,
    StageReport,
};
pub(crate) use weights::{made_by, weighed_by};

use figure::{Figure, Heading};
use pictures::{Pictures, StagePictures};

/// Every file of the report: its name, and its bytes.
///
/// # Errors
/// When a number cannot be written as JSON.
pub(crate) fn render(report: &Report) -> Result<Vec<(String, Vec<u8>)>, serde_json::Error> {
    let pictures = drawn(report);
    let mut json = serde_json::to_vec_pretty(report)?;
    json.push(b'\n');
    let mut numbers = vec![("metrics.json".to_owned(), json)];
    numbers.extend(metric::csv_files(report));
    numbers.extend(ratio::files(report));
    numbers.extend(overlay::files(report));
    numbers.push(("labels.csv".to_owned(), csv::labels(report)));
    for (name, text) in [
        ("processed_lumis.json", &report.processed_lumis),
        ("missing_lumis.json", &report.missing_lumis),
    ] {
        if let Some(text) = text {
            numbers.push((name.to_owned(), text.clone().into_bytes()));
        }
    }
    let names: Vec<String> = numbers.iter().map(|(name, _)| name.clone()).collect();
    let page = page::page(report, &pictures, &names).into_bytes();
    let mut files = vec![("index.html".to_owned(), page)];
    files.extend(numbers);
    files.extend(
        pictures
            .all()
            .map(|figure| (figure.file_name(), figure.file())),
    );
    Ok(files)
}

/// The pictures of a report.
fn drawn(report: &Report) -> Pictures {
    let mut pictures = Pictures {
        lumis: lumi_plot::lumi_plot(report).into_iter().collect(),
        stages: report
            .stages
            .iter()
            .map(|stage| stage_pictures(report, stage))
            .collect(),
        tables: ratio::all(report)
            .iter()
            .map(|table| ratio::ratio_plots(&ratio::heading(report, table), table))
            .collect(),
    };
    pictures.name_apart();
    pictures
}

fn stage_pictures(report: &Report, stage: &StageReport) -> StagePictures {
    let heading = Heading::of_stage(report, stage);
    let doubts = stage.metrics.iter();
    let doubts = doubts.map(|found| weights::doubt(report, stage, weights::has_weight(found)));
    let doubts: Vec<String> = doubts.collect();
    let metrics = stage.metrics.iter().zip(&doubts);
    let metrics =
        metrics.map(|(found, doubt)| metric::figures(&heading.with_doubt(doubt), stage, found));
    StagePictures {
        cut_flow: cut_flow_plot::cut_flow_plot(&heading, stage),
        metrics: metrics.collect(),
        overlays: overlays_of(report, stage),
        beside_overlays: overlay::found(report)
            .into_iter()
            .filter(|found| found.overlay.stage == stage.name)
            .flat_map(|found| found.lacking)
            .collect(),
        doubts,
    }
}

/// The pictures of what a stage draws.
fn overlays_of(report: &Report, stage: &StageReport) -> Vec<Figure> {
    let found = overlay::found(report).into_iter();
    let here = found.filter(|found| found.overlay.stage == stage.name);
    let figures = here.filter_map(|found| {
        let data = found.series.first()?;
        let doubt = weights::doubt(report, data.stage, data.histogram.weight.is_some());
        let heading = Heading::of_ratio(report, &[data.stage, stage]).with_doubt(&doubt);
        overlay::overlay_plots(&heading, &found)
    });
    figures.collect()
}

#[cfg(test)]
mod tests;
