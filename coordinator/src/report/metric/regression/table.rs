//! Every value of a `regression` as CSV, and the ones that matter on the page.

use lumimill_common::metric::{MetricResult, RegressionResult, Uncertain};

use crate::report::csv;
use crate::report::figure::escape;
use crate::report::number::{grouped, limit, percent, significant, with_error};
use crate::report::page::markup::{Align, Table, card, figures, note_line};
use crate::report::pictures::StagePictures;
use crate::report::summary::{Report, StageReport};

const COLUMNS: [&str; 7] = [
    "truth", "estimate", "column", "bin", "metric", "value", "error",
];

/// One file for each stage that has any.
pub(in crate::report::metric) fn csv_files(report: &Report) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for stage in &report.stages {
        let found: Vec<&RegressionResult> = of_stage(stage).collect();
        if found.is_empty() {
            continue;
        }
        let mut table = csv::Table::new(&COLUMNS);
        for regression in found {
            let column = regression.column.as_deref().unwrap_or_default();
            for bin in &regression.bins {
                for value in bin.values() {
                    let label = bin.label();
                    let (truth, estimate) = (&regression.truth, &regression.estimate);
                    table.text(&[truth, estimate, column, &label, value.metric]);
                    table.numbers(&[value.value, value.error]);
                    table.end();
                }
            }
        }
        let stem = csv::file_stem(&stage.name);
        files.push((format!("{stem}_regression.csv"), table.bytes()));
    }
    files
}

fn of_stage(stage: &StageReport) -> impl Iterator<Item = &RegressionResult> {
    stage.metrics.iter().filter_map(|metric| match metric {
        MetricResult::Regression(regression) => Some(regression),
        _ => None,
    })
}

/// Tables and pictures of every one of a stage.
pub(in crate::report::metric) fn page(stage: &StageReport, pictures: &StagePictures) -> String {
    let mut html = String::new();
    for (metric, drawn) in stage.metrics.iter().zip(&pictures.metrics) {
        let MetricResult::Regression(regression) = metric else {
            continue;
        };
        html += &format!(
            "<h3>{} <small>by {}</small></h3>\n",
            escape(&regression.truth),
            escape(&regression.estimate)
        );
        html += &card("", &(bins(stage, regression) + &note(stage, regression)));
        html += &figures(drawn);
    }
    html
}

fn or_dash(text: Option<String>) -> String {
    text.unwrap_or_else(|| "–".to_owned())
}

fn with(value: Option<Uncertain>) -> String {
    or_dash(value.map(|value| with_error(value.value, value.error)))
}

/// All rows together, and those of each bin.
fn bins(stage: &StageReport, regression: &RegressionResult) -> String {
    let noun = stage.noun(regression.over.as_deref());
    let mut columns = vec![
        (regression.column.as_deref().unwrap_or("bin"), Align::Left),
        (noun.as_str(), Align::Right),
        ("bias", Align::Right),
        ("median", Align::Right),
        ("resolution", Align::Right),
        ("binning", Align::Right),
        ("standard deviation", Align::Right),
        ("MAE", Align::Right),
        ("RMSE", Align::Right),
    ];
    if regression.interval.is_some() {
        columns.extend([
            ("pull mean", Align::Right),
            ("pull width", Align::Right),
            ("coverage", Align::Right),
            ("crossed", Align::Right),
        ]);
    }
    let mut table = Table::new(&columns);
    let plain = |value: Option<f64>| or_dash(value.map(|value| significant(value, 4)));
    for bin in &regression.bins {
        table.row(&[
            bin.label(),
            grouped(bin.rows),
            with(bin.bias),
            with(bin.median),
            with(bin.resolution),
            or_dash(bin.resolution_binning.map(limit)),
            plain(bin.deviation),
            with(bin.mae),
            plain(bin.rmse),
            with(bin.pull_mean),
            with(bin.pull_width),
            with(bin.coverage),
            or_dash(bin.crossed.map(grouped)),
        ]);
    }
    table.html()
}

fn note(stage: &StageReport, regression: &RegressionResult) -> String {
    let mut parts = vec![String::from(
        "All is of estimate minus truth. Bias is its mean, resolution half the distance of its \
         quantiles 16 % and 84 %; that of unbinned values is within “binning” of the one shown.",
    )];
    if let (Some([low, high]), Some(share)) = (&regression.interval, regression.expected_coverage) {
        parts.push(format!(
            "A pull is that by the distance of the estimate from the end of its interval on the side \
             of the truth; its width is half the distance of its quantiles 16 % and 84 %. Coverage is \
             the share of intervals from {low} to {high} that hold the truth, to be {}; crossed are \
             those that do not hold the estimate.",
            percent(share)
        ));
    }
    let noun = stage.noun(regression.over.as_deref());
    for (count, what) in [
        (regression.outside, "in no bin (they are among all)"),
        (regression.unlabelled, "left out, without a truth"),
        (
            regression.dropped,
            "left out, with an estimate or an interval that is no finite number",
        ),
    ] {
        if count > 0 {
            parts.push(format!("{} {noun} {what}.", grouped(count)));
        }
    }
    note_line(&parts.join(" "))
}
