//! Every threshold as CSV, and the best ones on the page.

use super::plot::MOST_BINS;
use super::{ScannedBin, of_stage, scanned};
use crate::report::csv;
use crate::report::figure::escape;
use crate::report::number::{exact, grouped, significant, with_error};
use crate::report::page::markup::{Align, Table, card, figures, left_out, note_line};
use crate::report::pictures::StagePictures;
use crate::report::summary::{Report, StageReport};
use lumimill_common::metric::{MetricResult, SignificanceResult, WithError};

const COLUMNS: [&str; 20] = [
    "score",
    "bin",
    "cent_low",
    "cent_high",
    "pt_low",
    "pt_high",
    "cut",
    "candidates",
    "sidebands",
    "signal",
    "signal_error",
    "background",
    "background_error",
    "efficiency",
    "efficiency_error",
    "significance",
    "significance_error",
    "best",
    "best_low",
    "best_high",
];

/// One file for each stage that has any.
pub(in crate::report) fn csv_files(report: &Report) -> Vec<(String, Vec<u8>)> {
    let mut files = super::configurations(report);
    for stage in &report.stages {
        if of_stage(stage).next().is_none() {
            continue;
        }
        let mut table = csv::Table::new(&COLUMNS);
        for found in of_stage(stage) {
            for bin in scanned(stage, found) {
                add_bin(&mut table, found, &bin);
            }
        }
        let name = format!("{}_significance.csv", csv::file_stem(&stage.name));
        files.push((name, table.bytes()));
    }
    files
}

fn add_bin(table: &mut csv::Table, found: &SignificanceResult, bin: &ScannedBin) {
    let pair = |of: Option<WithError>| [of.map(|it| it.0), of.map(|it| it.1)];
    let edges = match bin.edges {
        Some(([a, b], [c, d])) => [a, b, c, d].map(Some),
        None => [None; 4],
    };
    for (number, point) in bin.scan.points.iter().enumerate() {
        table.text(&[&found.score, &bin.number.to_string()]);
        table.numbers(&edges);
        table.numbers(&[Some(point.cut)]);
        table.text(&[&point.candidates.to_string(), &point.beside.to_string()]);
        table.numbers(&pair(Some(point.signal)));
        table.numbers(&pair(Some(point.background)));
        table.numbers(&pair(point.efficiency));
        table.numbers(&pair(point.significance));
        let best = bin.scan.best.filter(|best| best.point == number);
        table.text(&[if best.is_some() { "1" } else { "0" }]);
        let cuts = best.map(|best| best.cuts);
        table.numbers(&[cuts.map(|[low, _]| low), cuts.map(|[_, high]| high)]);
        table.end();
    }
}

/// Tables and pictures of every one of a stage.
pub(in crate::report) fn page(stage: &StageReport, pictures: &StagePictures) -> String {
    let mut html = String::new();
    for (metric, drawn) in stage.metrics.iter().zip(&pictures.metrics) {
        let MetricResult::Significance(found) = metric else {
            continue;
        };
        html += &format!(
            "<h3>Significance of {} <small>by {}</small></h3>\n",
            escape(&found.mass),
            escape(&found.score)
        );
        html += &card("Best cuts", &(best_cuts(stage, found) + &note(found)));
        html += &figures(drawn);
        let bins = scanned(stage, found).len();
        html += &left_out(bins, MOST_BINS, "bin", "the CSV file has all");
    }
    html
}

fn best_cuts(stage: &StageReport, found: &SignificanceResult) -> String {
    let mut table = Table::new(&[
        ("bin", Align::Left),
        ("given cut", Align::Right),
        ("best cut", Align::Right),
        ("as good", Align::Right),
        ("signal", Align::Right),
        ("background", Align::Right),
        ("efficiency", Align::Right),
        ("significance", Align::Right),
    ]);
    for bin in scanned(stage, found) {
        let given = bin.given.map_or_else(|| "–".to_owned(), exact);
        let best = bin.scan.best;
        let point = best.and_then(|best| bin.scan.points.get(best.point));
        let Some((best, point)) = best.zip(point) else {
            let why = bin.scan.why.unwrap_or_default().to_owned();
            let none = || "–".to_owned();
            table.row(&[
                bin.label,
                given,
                why,
                none(),
                none(),
                none(),
                none(),
                none(),
            ]);
            continue;
        };
        let with = |(value, error): WithError| with_error(value, Some(error));
        let or_dash = |of: Option<WithError>| of.map_or_else(|| "–".to_owned(), with);
        let [low, high] = best.cuts.map(exact);
        table.row(&[
            bin.label,
            given,
            exact(point.cut),
            format!("{low} to {high}"),
            with(point.signal),
            with(point.background),
            or_dash(point.efficiency),
            or_dash(point.significance),
        ]);
    }
    table.html()
}

fn note(found: &SignificanceResult) -> String {
    let sidebands = found.sidebands.iter().map(|band| {
        let [low, high] = band.range;
        format!("{} × those in {low} to {high}", significant(band.scale, 4))
    });
    let sidebands: Vec<String> = sidebands.collect();
    let shape = match sidebands.len() {
        1 => "constant",
        _ => "a straight line",
    };
    let mut text = format!(
        "Before the cuts on this score. The background is taken to be {shape} in {}: candidates are {}. The \
         significance is S/√(S+B), errors are statistical. As good: cuts that are less significant by no \
         more than the statistical error of the difference. An efficiency may come out above 1, as the \
         background is an estimate. bdt_config.json has the best cuts.",
        found.mass,
        sidebands.join(" + ")
    );
    if let Some(weight) = &found.weight {
        text +=
            &format!(" Candidates are sums of {weight}, and their variances sums of its squares.");
    }
    if found.dropped > 0 {
        text += &format!(
            " {} rows without a number are left out.",
            grouped(found.dropped)
        );
    }
    note_line(&text)
}
