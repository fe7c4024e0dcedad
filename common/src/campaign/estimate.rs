//! Stages that make no rows, but something of all rows of another stage: a fit, or a density.

use crate::section::Section;

/// Keys that make rows, which an estimate has none of.
const OF_ROWS: [&str; 15] = [
    "where",
    "rows",
    "keep",
    "labels",
    "columns",
    "select",
    "folds",
    "model",
    "metric",
    "zip",
    "join",
    "weigh",
    "apply",
    "resample",
    "transform",
];

/// Says what a stage with `fit` or `kde`, which makes no rows, has no use for.
pub(super) fn refuse_rows(section: &mut Section<'_>, (key, what): (&str, &str), reads_rows: bool) {
    if section.value(key).is_none() {
        return;
    }
    for of_rows in OF_ROWS {
        if section.value(of_rows).is_some() {
            let message =
                format!("does not go with {what}, which has no rows: put it in a stage of its own");
            section.problem(of_rows, message);
        }
    }
    if !reads_rows {
        let message = match key {
            "fit" => "is fitted to the rows of a stage: from = \"stage\"",
            _ => "is estimated from the rows of a stage: from = \"stage\"",
        };
        section.problem(key, message);
    }
}
