//! Every number of the fits as CSV.

use lumimill_common::metric::{
    FittedCategory, FittedModel, MassFitResult, MetricResult, WeightedControl,
};

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
            let name = |what: &str| match number {
                0 => format!("{stem}_{what}.csv"),
                _ => format!("{stem}_{what}_{}.csv", number + 1),
            };
            files.push((name("fits"), numbers(found)));
            files.push((name("fits_covariance"), of_values(found)));
            let any = |has: fn(&FittedCategory) -> bool| found.categories.iter().any(has);
            if any(|category| !category.verdicts.is_empty()) {
                files.push((name("validity"), verdicts(found)));
            }
            if any(|category| !category.sums.is_empty()) {
                files.push((name("sums"), sums(found)));
            }
            if any(|category| !category.weighted.is_empty()) {
                files.push((name("weighted"), weighted(found)));
                files.push((name("weighted_covariance"), covariance(found)));
            }
        }
    }
    files
}

const COVARIANCE_OF_VALUES: [&str; 6] = [
    "category",
    "variation",
    "name",
    "other",
    "covariance",
    "correlation",
];

/// The covariance of yields and parameters, each pair once; without those that have no error.
fn of_values(found: &MassFitResult) -> Vec<u8> {
    let mut table = csv::Table::new(&COVARIANCE_OF_VALUES);
    for category in &found.categories {
        for fit in &category.fits {
            let at = |i: usize, j: usize| {
                let row = fit.covariance.get(i);
                let cell = row.and_then(|row| row.get(j)).copied();
                cell.unwrap_or_default()
            };
            for (i, value) in fit.values.iter().enumerate() {
                for (j, other) in fit.values.iter().enumerate().take(i + 1) {
                    let scale = (at(i, i) * at(j, j)).sqrt();
                    if scale > 0.0 {
                        table.text(&[&category.name, fit.variation, &value.name, &other.name]);
                        table.numbers(&[Some(at(i, j)), Some(at(i, j) / scale)]);
                        table.end();
                    }
                }
            }
        }
    }
    table.bytes()
}

const SUM_COLUMNS: [&str; 12] = [
    "category",
    "variation",
    "cow",
    "component",
    "verdict",
    "yield",
    "yield_error",
    "sumw",
    "sumw2",
    "error",
    "tolerance",
    "limit",
];

/// What the weights of each component add up to, beside its yield.
fn sums(found: &MassFitResult) -> Vec<u8> {
    let mut table = csv::Table::new(&SUM_COLUMNS);
    for category in &found.categories {
        for sum in &category.sums {
            let of = [&*category.name, sum.variation, &sum.cow, &sum.component];
            table.text(&of);
            table.text(&[sum.verdict]);
            table.numbers(&[Some(sum.amount), sum.amount_error]);
            let numbers = [sum.sumw, sum.sumw2, sum.error, sum.tolerance, sum.limit];
            table.numbers(&numbers.map(Some));
            table.end();
        }
    }
    table.bytes()
}

const WEIGHTED_COLUMNS: [&str; 12] = [
    "category",
    "variation",
    "cow",
    "component",
    "control",
    "part",
    "low",
    "high",
    "entries",
    "sumw",
    "sumw2",
    "error",
];

/// The weights of each component in parts of control variables.
fn weighted(found: &MassFitResult) -> Vec<u8> {
    let mut table = csv::Table::new(&WEIGHTED_COLUMNS);
    for (category, of) in controls(found) {
        let parts = of
            .edges
            .iter()
            .zip(&of.entries)
            .zip(&of.sumw)
            .zip(&of.sumw2);
        for (part, (((edges, entries), sumw), sumw2)) in parts.enumerate() {
            let variance = of.covariance.get(part).and_then(|row| row.get(part));
            let error = variance.map(|variance| variance.max(0.0).sqrt());
            table.text(&place_of(category, of));
            let [low, high] = edges.map(Some);
            table.numbers(&[Some(part as f64), low, high, Some(*entries as f64)]);
            table.numbers(&[Some(*sumw), Some(*sumw2), error]);
            table.end();
        }
    }
    table.bytes()
}

const COVARIANCE_COLUMNS: [&str; 8] = [
    "category",
    "variation",
    "cow",
    "component",
    "control",
    "part",
    "other",
    "covariance",
];

/// The covariance of the weights in parts of control variables, each pair once.
fn covariance(found: &MassFitResult) -> Vec<u8> {
    let mut table = csv::Table::new(&COVARIANCE_COLUMNS);
    for (category, of) in controls(found) {
        for (part, row) in of.covariance.iter().enumerate() {
            for (other, covariance) in row.iter().enumerate().take(part + 1) {
                table.text(&place_of(category, of));
                table.numbers(&[part as f64, other as f64, *covariance].map(Some));
                table.end();
            }
        }
    }
    table.bytes()
}

fn place_of<'a>(category: &'a FittedCategory, of: &'a WeightedControl) -> [&'a str; 5] {
    [
        &category.name,
        of.variation,
        &of.cow,
        &of.component,
        &of.control,
    ]
}

fn controls(found: &MassFitResult) -> impl Iterator<Item = (&FittedCategory, &WeightedControl)> {
    let categories = found.categories.iter();
    categories.flat_map(|category| category.weighted.iter().map(move |of| (category, of)))
}

const VERDICT_COLUMNS: [&str; 16] = [
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
    "truth_chi2",
    "truth_ndf",
    "truth_p_value",
    "truth_distance",
    "undefined",
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
            let truth = verdict
                .truth
                .map(|it| [it.chi2, it.ndf as f64, it.p_value, it.distance]);
            table.numbers(&truth.map_or([None; 4], |numbers| numbers.map(Some)));
            table.text(&[&verdict.undefined.join("; ")]);
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
