//! How the report shows each kind of metric: pictures, a part of the page, and files.

mod clustering;
mod display;
mod drift;
mod drift_alarms;
mod efficiency;
mod fit;
mod histogram;
mod importance;
mod kde;
mod label_words;
mod multiclass;
mod multilabel;
mod ranking;
mod regression;
pub(super) mod significance;
mod titled;

pub(crate) use drift_alarms::file as drift_alarms_file;
pub(super) use efficiency::{
    is_drawn as efficiency_is_drawn, not_drawn as efficiencies_not_drawn, title as efficiency_title,
};
pub(crate) use fit::validity_file;
pub(super) use histogram::{per_bin, with_unit};
use lumimill_common::metric::MetricResult;

use super::figure::{Figure, Heading};
use super::pictures::StagePictures;
use super::summary::{Report, StageReport};
use titled::titled;

/// Pictures of a metric.
pub(super) fn figures(
    heading: &Heading,
    stage: &StageReport,
    metric: &MetricResult,
) -> Vec<Figure> {
    match metric {
        MetricResult::Ranking(found) => ranking::ranking_plots(heading, stage, found),
        MetricResult::Drift(found) => drift::drift_plots(heading, stage, found),
        MetricResult::Histogram(found) => histogram::histogram_plots(heading, stage, found),
        MetricResult::Efficiency(found) => efficiency::efficiency_plots(heading, stage, found),
        MetricResult::MassFit(found) => {
            let mut figures = fit::overviews(heading, stage, found);
            figures.extend(fit::fit_plots(heading, stage, found));
            figures
        }
        MetricResult::Importance(found) => importance::importance_plots(heading, stage, found),
        MetricResult::Kde(_) => Vec::new(),
        MetricResult::Multiclass(found) => multiclass::multiclass_plots(heading, stage, found),
        MetricResult::Multilabel(found) => multilabel::multilabel_plots(heading, stage, found),
        MetricResult::Clustering(found) => clustering::clustering_plots(heading, stage, found),
        MetricResult::Regression(found) => regression::regression_plots(heading, stage, found),
        MetricResult::Display(found) => display::display_plots(heading, stage, found),
        MetricResult::Significance(found) => {
            significance::significance_plots(heading, stage, found)
        }
    }
}

/// The metrics of a stage on the page, kind by kind.
pub(super) fn page(stage: &StageReport, pictures: &StagePictures) -> String {
    let mut html = ranking::page(stage, pictures);
    html += &importance::page(stage, pictures);
    html += &multiclass::page(stage, pictures);
    html += &multilabel::page(stage, pictures);
    html += &clustering::page(stage, pictures);
    html += &regression::page(stage, pictures);
    html += &significance::page(stage, pictures);
    html += &fit::page(stage, pictures);
    html += &efficiency::page(stage, pictures);
    html += &display::page(stage, pictures);
    html += &kde::page(stage);
    html += &titled("Distributions", stage, pictures, |metric| {
        matches!(metric, MetricResult::Histogram(_))
    });
    html += &titled("Stability", stage, pictures, |metric| {
        matches!(metric, MetricResult::Drift(_))
    });
    html
}

/// Files of numbers, by their names in the report.
pub(super) fn csv_files(report: &Report) -> Vec<(String, Vec<u8>)> {
    let mut files = ranking::csv_files(report);
    files.extend(importance::csv_files(report));
    files.extend(multiclass::csv_files(report));
    files.extend(multilabel::csv_files(report));
    files.extend(clustering::csv_files(report));
    files.extend(regression::csv_files(report));
    files.extend(significance::csv_files(report));
    files.extend(fit::files(report));
    files.extend(efficiency::files(report));
    files.extend(kde::files(report));
    files.extend(drift_alarms::csv_files(report));
    files
}
