//! Columns that moved by more than a campaign wants to pass over, as CSV.

use lumimill_common::metric::{Alarm, DriftResult, MetricResult};

use crate::report::csv;
use crate::report::summary::Report;

const COLUMNS: [&str; 7] = ["by", "key", "column", "psi", "psi_expected", "ks", "alarm"];

/// The file of a stage, in the report.
pub(crate) fn file(stage: &str) -> String {
    format!("{}_drift_alarms.csv", csv::file_stem(stage))
}

/// One file for each stage that has an alarm level, with no line where nothing moved.
pub(super) fn csv_files(report: &Report) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for stage in &report.stages {
        let drifts = stage.metrics.iter().filter_map(|metric| match metric {
            MetricResult::Drift(drift) if drift.alarm.is_some() => Some(drift),
            _ => None,
        });
        let drifts: Vec<&DriftResult> = drifts.collect();
        if drifts.is_empty() {
            continue;
        }
        let mut table = csv::Table::new(&COLUMNS);
        for drift in drifts {
            for alarm in &drift.alarms {
                let Alarm {
                    key,
                    column,
                    psi,
                    psi_expected,
                    ks,
                } = alarm;
                table.text(&[&drift.by]);
                table.cells(&[key.to_string()]);
                table.text(&[column]);
                table.numbers(&[Some(*psi), Some(*psi_expected), Some(*ks), drift.alarm]);
                table.end();
            }
        }
        files.push((file(&stage.name), table.bytes()));
    }
    files
}
