//! Overlays as CSV.

use super::found;
use crate::report::csv::{Table, file_stem};
use crate::report::summary::Report;

const COLUMNS: [&str; 12] = [
    "variable",
    "series",
    "stage",
    "column",
    "weight",
    "low",
    "high",
    "share",
    "error",
    "ratio",
    "ratio_error",
    "distance",
];

/// One file for each stage that draws: shares of what is in range, over those of data.
pub(in crate::report) fn files(report: &Report) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Table)> = Vec::new();
    for found in found(report) {
        let name = format!("{}_beside_data.csv", file_stem(&found.overlay.stage));
        if files.last().is_none_or(|(known, _)| *known != name) {
            files.push((name, Table::new(&COLUMNS)));
        }
        let (Some((_, table)), Some(data)) = (files.last_mut(), found.series.first()) else {
            continue;
        };
        for (number, series) in found.series.iter().enumerate() {
            let bins = series.histogram.bins.iter().zip(&series.shares);
            for ((bin, [share, error]), [of_data, _]) in bins.zip(&data.shares) {
                let weight = series.histogram.weight.as_deref().unwrap_or_default();
                table.text(&[
                    &found.overlay.variable,
                    series.what,
                    &series.stage.name,
                    &series.histogram.column,
                    weight,
                ]);
                let ratio = |value: f64| (number > 0 && *of_data > 0.0).then(|| value / of_data);
                table.numbers(&[Some(bin.low), Some(bin.high), Some(*share), Some(*error)]);
                let distance = (number > 0).then_some(series.distance);
                table.numbers(&[ratio(*share), ratio(*error), distance]);
                table.end();
            }
        }
    }
    let files = files.into_iter();
    files.map(|(name, table)| (name, table.bytes())).collect()
}
