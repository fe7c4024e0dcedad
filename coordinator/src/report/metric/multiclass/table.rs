//! Every value of a `multiclass` as CSV, and the ones that matter on the page.

use lumimill_common::metric::{
    AverageResult, ClassResult, MetricResult, MulticlassBin, MulticlassResult, Uncertain,
};

use crate::report::csv;
use crate::report::figure::escape;
use crate::report::number::{amount, grouped, limit, percent, share, with_error};
use crate::report::page::markup::{Align, Table, card, figures, note_line};
use crate::report::pictures::StagePictures;
use crate::report::summary::{Report, StageReport};

const COLUMNS: [&str; 8] = [
    "truth", "bin", "class", "metric", "value", "error", "scores", "weight",
];

/// One file for each stage that has any.
pub(in crate::report::metric) fn csv_files(report: &Report) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for stage in &report.stages {
        let found: Vec<&MulticlassResult> = of_stage(stage).collect();
        if found.is_empty() {
            continue;
        }
        let mut table = csv::Table::new(&COLUMNS);
        for multiclass in found {
            let scores = multiclass.scores.join("+");
            let weight = multiclass.weight.as_deref().unwrap_or_default();
            let mut line = |bin: &str, class: &str, metric: &str, numbers: [Option<f64>; 2]| {
                table.text(&[&multiclass.truth, bin, class, metric]);
                table.numbers(&numbers);
                table.text(&[&scores, weight]);
                table.end();
            };
            for bin in &multiclass.bins {
                for value in bin.values(&multiclass.names) {
                    let numbers = [value.value, value.error];
                    line(&bin.label(), value.class, &value.metric, numbers);
                }
            }
            for (metric, count) in [
                ("in no bin", multiclass.outside),
                ("without a class", multiclass.unlabelled),
                ("without a finite score", multiclass.dropped),
            ] {
                line("all", "", metric, [Some(count as f64), None]);
            }
        }
        files.push((
            format!("{}_multiclass.csv", csv::file_stem(&stage.name)),
            table.bytes(),
        ));
    }
    files
}

fn of_stage(stage: &StageReport) -> impl Iterator<Item = &MulticlassResult> {
    stage.metrics.iter().filter_map(|metric| match metric {
        MetricResult::Multiclass(multiclass) => Some(multiclass),
        _ => None,
    })
}

/// Tables and pictures of every one of a stage.
pub(in crate::report::metric) fn page(stage: &StageReport, pictures: &StagePictures) -> String {
    let mut html = String::new();
    let metrics = stage.metrics.iter().zip(&pictures.metrics);
    for (metric, drawn) in metrics {
        let MetricResult::Multiclass(multiclass) = metric else {
            continue;
        };
        html += &format!(
            "<h3>Classes of {} <small>{}</small></h3>\n",
            escape(&multiclass.truth),
            escape(&multiclass.names.join(", "))
        );
        html += &card("", &(bins(multiclass) + &note(multiclass)));
        if let Some(all) = multiclass.bins.first() {
            html += &card(
                "Each class against the rest, all rows",
                &classes(multiclass, all),
            );
        }
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

fn plain(value: Option<f64>) -> String {
    or_dash(value.map(share))
}

/// What is counted: rows, or members of a collection.
fn noun(multiclass: &MulticlassResult) -> String {
    multiclass
        .over
        .as_ref()
        .map_or_else(|| String::from("rows"), |over| format!("members of {over}"))
}

/// All rows together, and those of each bin.
fn bins(multiclass: &MulticlassResult) -> String {
    let noun = noun(multiclass);
    let column = multiclass.column.as_deref().unwrap_or("bin");
    let mut table = Table::new(&[
        (column, Align::Left),
        (&noun, Align::Right),
        ("accuracy", Align::Right),
        ("balanced", Align::Right),
        ("macro AUC", Align::Right),
        ("micro AUC", Align::Right),
        ("macro F1", Align::Right),
        ("log loss", Align::Right),
        ("calibration error", Align::Right),
    ]);
    for bin in &multiclass.bins {
        table.row(&[
            bin.label(),
            grouped(bin.rows),
            with(bin.accuracy),
            plain(bin.balanced_accuracy),
            plain(bin.macro_.auc),
            plain(bin.micro.auc),
            plain(bin.macro_.f1),
            plain(bin.log_loss),
            plain(bin.ece),
        ]);
    }
    table.html()
}

fn note(multiclass: &MulticlassResult) -> String {
    let mut parts = vec![String::from(
        "A row is taken for the class with the highest score. Means are over the classes that are \
         there; the precision of one for which nothing is taken counts as 0 in them.",
    )];
    for (count, what) in [
        (multiclass.outside, "in no bin (they are among all)"),
        (multiclass.unlabelled, "left out, without a class"),
        (
            multiclass.dropped,
            "left out, with a score or weight that is no finite number",
        ),
    ] {
        if count > 0 {
            parts.push(format!("{} {} {what}.", grouped(count), noun(multiclass)));
        }
    }
    if let Some(weight) = &multiclass.weight {
        parts.push(format!("Rows are weighted by {weight}."));
    }
    note_line(&parts.join(" "))
}

fn classes(multiclass: &MulticlassResult, all: &MulticlassBin) -> String {
    let mut table = Table::new(&[
        ("class", Align::Left),
        ("count", Align::Right),
        ("ROC-AUC", Align::Right),
        ("binning", Align::Right),
        ("average precision", Align::Right),
        ("binning", Align::Right),
        ("precision", Align::Right),
        ("recall", Align::Right),
        ("F1", Align::Right),
    ]);
    for (name, class) in multiclass.names.iter().zip(&all.classes) {
        table.row(&class_row(name, class));
    }
    let averages = [
        ("macro", &all.macro_),
        ("weighted", &all.weighted),
        ("micro", &all.micro),
    ];
    for (name, average) in averages {
        table.aside(&average_row(name, average));
    }
    table.html() + &masks(multiclass, all)
}

/// One class against the rest.
pub(in crate::report::metric) fn class_row(name: &str, class: &ClassResult) -> Vec<String> {
    vec![
        name.to_owned(),
        amount(class.count, 7),
        with(class.auc),
        or_dash(class.auc_binning_error.map(limit)),
        plain(class.average_precision),
        or_dash(class.average_precision_binning_error.map(limit)),
        with(class.precision),
        with(class.recall),
        plain(class.f1),
    ]
}

/// Several classes in one number.
pub(in crate::report::metric) fn average_row(name: &str, average: &AverageResult) -> Vec<String> {
    vec![
        name.to_owned(),
        String::new(),
        plain(average.auc),
        or_dash(average.auc_binning_error.map(limit)),
        plain(average.average_precision),
        or_dash(average.average_precision_binning_error.map(limit)),
        plain(average.precision),
        plain(average.recall),
        plain(average.f1),
    ]
}

/// How often each mask is set, of all and of each class.
fn masks(multiclass: &MulticlassResult, all: &MulticlassBin) -> String {
    if all.masks.is_empty() {
        return String::new();
    }
    let names = multiclass
        .names
        .iter()
        .map(|name| (name.as_str(), Align::Right));
    let columns = [("available", Align::Left), ("all", Align::Right)].into_iter();
    let mut table = Table::new(&columns.chain(names).collect::<Vec<_>>());
    for mask in &all.masks {
        let mut cells = vec![mask.mask.clone(), or_dash(mask.all.map(percent))];
        cells.extend(mask.classes.iter().map(|share| or_dash(share.map(percent))));
        table.row(&cells);
    }
    format!("<h4>Detectors available</h4>\n{}", table.html())
}
