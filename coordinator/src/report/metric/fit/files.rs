//! Every number of the fits as CSV.

use lumimill_common::metric::{FittedModel, MassFitResult, MetricResult};

use crate::report::csv;
use crate::report::summary::Report;

const COLUMNS: [&str; 5] = ["category", "variation", "name", "value", "error"];

/// The file of verdicts of a stage with one fit, in the report.
pub(crate) fn validity_file(stage: &str) -> String {
    format!("{}_validity.csv", csv::file_stem(stage))
}

/// One file for each fit, of which a stage may have several.
pub(in crate::report::metric) fn files(report: &Report) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for stage in &report.stages {
        let stem = csv::file_stem(&stage.name);
        let fits = stage.metrics.iter().filter_map(|metric| match metric {
            MetricResult::MassFit(found) => Some(found),
            _ => None,
        });
        for (number, found) in fits.enumerate() {
            let name = match number {
                0 => format!("{stem}_fits.csv"),
                _ => format!("{stem}_fits_{}.csv", number + 1),
            };
            files.push((name, numbers(found)));
            if found
                .categories
                .iter()
                .any(|category| !category.verdicts.is_empty())
            {
                let name = match number {
                    0 => validity_file(&stage.name),
                    _ => format!("{stem}_validity_{}.csv", number + 1),
                };
                files.push((name, verdicts(found)));
            }
        }
    }
    files
}

const VERDICT_COLUMNS: [&str; 11] = [
    "category",
    "control",
    "verdict",
    "reason",
    "tau_background",
    "tau_background_error",
    "tau_signal",
    "tau_signal_error",
    "chi2",
    "ndf",
    "p_value",
];

/// Whether weights by the fits may be used.
fn verdicts(found: &MassFitResult) -> Vec<u8> {
    let mut table = csv::Table::new(&VERDICT_COLUMNS);
    for category in &found.categories {
        for verdict in &category.verdicts {
            table.text(&[
                &category.name,
                &verdict.control,
                verdict.verdict,
                &verdict.reason,
            ]);
            for tau in [verdict.tau_background, verdict.tau_signal] {
                table.numbers(&[tau.map(|[tau, _]| tau), tau.map(|[_, error]| error)]);
            }
            table.numbers(&[
                verdict.chi2,
                verdict.ndf.map(|ndf| ndf as f64),
                verdict.p_value,
            ]);
            table.end();
        }
    }
    table.bytes()
}

fn numbers(found: &MassFitResult) -> Vec<u8> {
    let mut table = csv::Table::new(&COLUMNS);
    for category in &found.categories {
        for fit in &category.fits {
            for (name, value, error) in rows(fit) {
                table.text(&[&category.name, fit.variation, &name]);
                table.numbers(&[value, error]);
                table.end();
            }
        }
    }
    table.bytes()
}

/// Yields and parameters, then how good the fit is; the status alone when there is no fit.
fn rows(fit: &FittedModel) -> Vec<(String, Option<f64>, Option<f64>)> {
    let values = fit.values.iter();
    let mut rows: Vec<_> = values
        .map(|value| (value.name.clone(), Some(value.value), value.error))
        .collect();
    if fit.edm.is_some() {
        rows.push(("chi2".to_owned(), fit.chi2, None));
        rows.push(("ndf".to_owned(), fit.ndf.map(|ndf| ndf as f64), None));
        rows.push(("p_value".to_owned(), fit.p_value, None));
        rows.push(("edm".to_owned(), fit.edm, None));
    }
    rows.push(("status".to_owned(), Some(f64::from(fit.status)), None));
    rows
}
