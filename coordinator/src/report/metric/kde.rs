//! Densities in the report: what they are of, and the files that draws are made by.

use lumimill_common::metric::{Frozen, KdeResult, MetricResult};

use crate::report::csv;
use crate::report::number::{amount, grouped};
use crate::report::page::markup::{Align, Table, card};
use crate::report::summary::{Report, StageReport};

fn of_stage(stage: &StageReport) -> impl Iterator<Item = &KdeResult> {
    stage.metrics.iter().filter_map(|metric| match metric {
        MetricResult::Kde(found) => Some(found),
        _ => None,
    })
}

/// The names of the files of one, without their ends.
fn stem(stage: &StageReport, number: usize) -> String {
    let stem = csv::file_stem(&stage.name);
    match number {
        0 => format!("{stem}_kde"),
        _ => format!("{stem}_kde_{}", number + 1),
    }
}

/// Each estimate with the name of its file.
fn estimates(found: &KdeResult, stem: &str) -> Vec<(String, Frozen)> {
    let other = found.systematic.as_ref();
    let other = other.map(|other| (format!("{stem}_syst.json"), other.clone()));
    let nominal = (format!("{stem}.json"), found.nominal.clone());
    std::iter::once(nominal).chain(other).collect()
}

/// A table of the densities of a stage.
pub(super) fn page(stage: &StageReport) -> String {
    let mut table = Table::new(&[
        ("density of", Align::Left),
        ("rows", Align::Right),
        ("beside it", Align::Right),
        ("sum of weights", Align::Right),
        ("cells cut off at 0", Align::Right),
        ("file", Align::Left),
    ]);
    let mut is_empty = true;
    for (number, found) in of_stage(stage).enumerate() {
        for (name, estimate) in estimates(found, &stem(stage, number)) {
            is_empty = false;
            table.row(&[
                found.title.clone(),
                grouped(found.rows),
                grouped(found.outside),
                amount(estimate.sumw, 5),
                grouped(estimate.negative as u64),
                estimate
                    .error
                    .map_or(name, |error| format!("none: {error}")),
            ]);
        }
    }
    match is_empty {
        true => String::new(),
        false => format!("<h3>Densities</h3>\n{}", card("", &table.html())),
    }
}

/// One file for each density that there is.
pub(super) fn files(report: &Report) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for stage in &report.stages {
        for (number, found) in of_stage(stage).enumerate() {
            for (name, estimate) in estimates(found, &stem(stage, number)) {
                files.extend(estimate.density.map(|density| (name, density.to_json())));
            }
        }
    }
    files
}
