//! Every efficiency as CSV, and as corrections of correctionlib's schema 2.

use lumimill_common::metric::{EfficiencyBin, EfficiencyResult};
use lumimill_correction::{Axis, Table};

use super::{of_stage, title};
use crate::report::csv;
use crate::report::number::exact;
use crate::report::summary::{Report, StageReport};

/// Two files for each efficiency, of which a stage may have several; without axes only the first.
pub(in crate::report::metric) fn files(report: &Report) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for stage in &report.stages {
        let stem = csv::file_stem(&stage.name);
        for (number, found) in of_stage(stage).enumerate() {
            let name = match number {
                0 => format!("{stem}_efficiency"),
                _ => format!("{stem}_efficiency_{}", number + 1),
            };
            files.push((format!("{name}.csv"), numbers(stage, found)));
            if let Some(text) = corrections(report, stage, found) {
                files.push((format!("{name}.json"), text.into_bytes()));
            }
        }
    }
    files
}

fn numbers(stage: &StageReport, found: &EfficiencyResult) -> Vec<u8> {
    let mut columns = ["dataset", "cut", "precut"].map(str::to_owned).to_vec();
    for axis in &found.axes {
        let name = csv::field(&axis.column);
        columns.extend([format!("{name}_low"), format!("{name}_high")]);
    }
    let values = [
        "efficiency",
        "error",
        "error_syst",
        "sumw_pass",
        "sumw_total",
        "rows",
        "interval_low",
        "interval_high",
    ];
    columns.extend(values.map(str::to_owned));
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let mut table = csv::Table::new(&columns);
    for bin in &found.bins {
        let text = |of: &[String], at: usize| of.get(at).cloned().unwrap_or_default();
        table.text(&[
            &stage.dataset,
            &text(&found.cuts, bin.cut),
            &text(&found.precuts, bin.precut),
        ]);
        table.cells(
            &bin.edges
                .iter()
                .flatten()
                .map(|edge| exact(*edge))
                .collect::<Vec<_>>(),
        );
        table.numbers(&[
            bin.efficiency,
            bin.error,
            bin.error_syst,
            Some(bin.sumw_pass),
            Some(bin.sumw_total),
        ]);
        table.cells(&[bin.rows.to_string()]);
        let interval = bin.interval;
        table.numbers(&[interval.map(|[low, _]| low), interval.map(|[_, high]| high)]);
        table.end();
    }
    table.bytes()
}

/// One correction for each cut and pre-cut, with its variations.
fn corrections(report: &Report, stage: &StageReport, found: &EfficiencyResult) -> Option<String> {
    let axes: Vec<Axis> = found
        .axes
        .iter()
        .map(|axis| Axis {
            name: axis.column.clone(),
            edges: axis.edges.clone(),
        })
        .collect();
    let mut tables = Vec::new();
    for precut in 0..found.precuts.len() {
        for cut in 0..found.cuts.len() {
            let name = title(found, cut, precut);
            let bins: Vec<&EfficiencyBin> = found
                .bins
                .iter()
                .filter(|bin| bin.cut == cut && bin.precut == precut && bin.is_inside)
                .collect();
            tables.push(Table {
                description: format!(
                    "efficiency of {name} in stage {}; a bin without rows is an error",
                    stage.name
                ),
                name,
                axes: axes.clone(),
                variations: variations(found, &bins),
            });
        }
    }
    let description = format!(
        "efficiencies of campaign {}, stage {}",
        report.campaign, stage.name
    );
    Table::file(&tables, &description).ok()
}

/// A value of a bin.
type Value = fn(&EfficiencyBin) -> Option<f64>;

fn variations(found: &EfficiencyResult, bins: &[&EfficiencyBin]) -> Vec<(String, Vec<f64>)> {
    let mut kinds: Vec<(&str, Value)> = vec![
        ("nominal", |bin| bin.efficiency),
        ("stat_up", |bin| bin.ends().map(|[_, high]| high)),
        ("stat_down", |bin| bin.ends().map(|[low, _]| low)),
    ];
    if found.systematic.is_some() {
        kinds.push(("syst_up", |bin| Some(bin.efficiency? + bin.error_syst?)));
        kinds.push(("syst_down", |bin| Some(bin.efficiency? - bin.error_syst?)));
    }
    let values = |value: Value| {
        bins.iter()
            .map(|bin| value(bin).unwrap_or(f64::NAN))
            .collect()
    };
    kinds
        .into_iter()
        .map(|(name, value)| (name.to_owned(), values(value)))
        .collect()
}
