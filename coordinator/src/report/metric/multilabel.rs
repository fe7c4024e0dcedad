//! Labels of which several may be true in the report: a table of values, ROC curves, and a file of
//! every number.

use lumimill_common::metric::{MetricResult, MultilabelBin, MultilabelResult, said_of_scores};

use super::multiclass::{average_row, class_row, roc};
use crate::report::csv;
use crate::report::figure::{Figure, Heading, escape};
use crate::report::number::{exact, grouped, percent, share, with_error};
use crate::report::page::markup::{Align, Table, card, figures, note_line};
use crate::report::pictures::StagePictures;
use crate::report::summary::{Report, StageReport};

const COLUMNS: [&str; 7] = [
    "truths", "bin", "label", "metric", "value", "error", "scores",
];

/// The pictures that there are numbers for.
pub(super) fn multilabel_plots(
    heading: &Heading,
    stage: &StageReport,
    multilabel: &MultilabelResult,
) -> Vec<Figure> {
    let all = multilabel.bins.first().filter(|all| all.rows > 0);
    let drawn = all.map(|all| roc(&multilabel.names, &all.labels, all.rows));
    let figures = drawn.into_iter().flatten().map(|(kind, caption, canvas)| {
        let name = format!("{}-{kind}-{}", stage.name, multilabel.truths.join("-"));
        let caption = format!("{caption} of {}", multilabel.truths.join(", "));
        Figure::new(heading, &name, caption, canvas)
    });
    figures.collect()
}

/// One file for each stage that has any.
pub(super) fn csv_files(report: &Report) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for stage in &report.stages {
        let found: Vec<&MultilabelResult> = of_stage(stage).collect();
        if found.is_empty() {
            continue;
        }
        let mut table = csv::Table::new(&COLUMNS);
        for multilabel in found {
            let truths = multilabel.truths.join("+");
            let scores = multilabel.scores.join("+");
            let mut line = |bin: &str, label: &str, metric: &str, numbers: [Option<f64>; 2]| {
                table.text(&[&truths, bin, label, metric]);
                table.numbers(&numbers);
                table.text(&[&scores]);
                table.end();
            };
            for bin in &multilabel.bins {
                for value in bin.values(&multilabel.names) {
                    let numbers = [value.value, value.error];
                    line(&bin.label(), value.class, &value.metric, numbers);
                }
            }
            for (metric, count) in [
                ("in no bin", multilabel.outside),
                ("without a label", multilabel.unlabelled),
                ("without a finite score", multilabel.dropped),
            ] {
                line("all", "", metric, [Some(count as f64), None]);
            }
        }
        let stem = csv::file_stem(&stage.name);
        files.push((format!("{stem}_multilabel.csv"), table.bytes()));
    }
    files
}

fn of_stage(stage: &StageReport) -> impl Iterator<Item = &MultilabelResult> {
    stage.metrics.iter().filter_map(|metric| match metric {
        MetricResult::Multilabel(multilabel) => Some(multilabel),
        _ => None,
    })
}

/// Tables and pictures of every one of a stage.
pub(super) fn page(stage: &StageReport, pictures: &StagePictures) -> String {
    let mut html = String::new();
    for (metric, drawn) in stage.metrics.iter().zip(&pictures.metrics) {
        let MetricResult::Multilabel(multilabel) = metric else {
            continue;
        };
        let names = multilabel.names.join(", ");
        html += &format!(
            "<h3>Labels {} <small>of {}</small></h3>\n",
            escape(&names),
            escape(&stage.noun(multilabel.over.as_deref()))
        );
        html += &card("", &(bins(stage, multilabel) + &note(stage, multilabel)));
        if let Some(all) = multilabel.bins.first() {
            html += &card("Each label by itself", &labels(multilabel, all));
            html += &card("Taken together", &together(multilabel, all));
        }
        html += &figures(drawn);
    }
    html
}

fn plain(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), share)
}

/// All rows together, and those of each bin.
fn bins(stage: &StageReport, multilabel: &MultilabelResult) -> String {
    let noun = stage.noun(multilabel.over.as_deref());
    let mut table = Table::new(&[
        (multilabel.column.as_deref().unwrap_or("bin"), Align::Left),
        (noun.as_str(), Align::Right),
        ("all labels right", Align::Right),
        ("Hamming loss", Align::Right),
        ("macro AUC", Align::Right),
        ("micro AUC", Align::Right),
        ("macro F1", Align::Right),
        ("micro F1", Align::Right),
    ]);
    for bin in &multilabel.bins {
        let exact = bin.exact_match;
        table.row(&[
            bin.label(),
            grouped(bin.rows),
            exact.map_or_else(|| "–".to_owned(), |of| with_error(of.value, of.error)),
            plain(bin.hamming_loss),
            plain(bin.macro_.auc),
            plain(bin.micro.auc),
            plain(bin.macro_.f1),
            plain(bin.micro.f1),
        ]);
    }
    table.html()
}

fn note(stage: &StageReport, multilabel: &MultilabelResult) -> String {
    let noun = stage.noun(multilabel.over.as_deref());
    let named = multilabel.names.iter().zip(&multilabel.thresholds);
    let named = named.map(|(name, least)| format!("{name} from {} on", exact(*least)));
    let named: Vec<String> = named.collect();
    let mut parts = vec![format!(
        "Several labels may be true; a score is taken for {}. Means are over the labels that are \
         there.",
        named.join(", ")
    )];
    for (count, what) in [
        (multilabel.outside, "in no bin (they are among all)"),
        (multilabel.unlabelled, "left out, without a label"),
        (
            multilabel.dropped,
            "left out, with a score that is no finite number",
        ),
    ] {
        if count > 0 {
            parts.push(format!("{} {noun} {what}.", grouped(count)));
        }
    }
    note_line(&parts.join(" "))
}

/// Which labels have no log loss, and why.
fn without_probabilities(multilabel: &MultilabelResult, all: &MultilabelBin) -> String {
    let labels = multilabel.names.iter().zip(&all.no_probability);
    let said = labels.filter_map(|(name, others)| {
        let said = said_of_scores(&format!("log loss of {name}"), *others)?;
        Some(note_line(&said))
    });
    said.collect()
}

fn labels(multilabel: &MultilabelResult, all: &MultilabelBin) -> String {
    let columns = [
        "count",
        "ROC-AUC",
        "binning",
        "average precision",
        "binning",
        "precision",
        "recall",
        "F1",
        "log loss",
    ];
    let columns = columns.map(|name| (name, Align::Right));
    let columns = [("label", Align::Left)].into_iter().chain(columns);
    let mut table = Table::new(&columns.collect::<Vec<_>>());
    let rows = multilabel.names.iter().zip(&all.labels).zip(&all.log_loss);
    for ((name, label), loss) in rows {
        let mut row = class_row(name, label);
        row.push(plain(*loss));
        table.row(&row);
    }
    for (name, average) in [
        ("macro", &all.macro_),
        ("weighted", &all.weighted),
        ("micro", &all.micro),
    ] {
        table.aside(&average_row(name, average));
    }
    table.html() + &without_probabilities(multilabel, all)
}

/// Of each label that is true, the share that is taken for each label.
fn together(multilabel: &MultilabelResult, all: &MultilabelBin) -> String {
    let names = multilabel.names.iter();
    let names = names.map(|name| (name.as_str(), Align::Right));
    let columns = [("true, taken for", Align::Left)].into_iter().chain(names);
    let mut table = Table::new(&columns.collect::<Vec<_>>());
    let rows = multilabel.names.iter().zip(&all.taken_of).zip(&all.labels);
    for ((name, taken), label) in rows {
        let share = |count: &u64| match label.count > 0.0 {
            true => percent(*count as f64 / label.count),
            false => "–".to_owned(),
        };
        let cells = std::iter::once(name.clone()).chain(taken.iter().map(share));
        table.row(&cells.collect::<Vec<_>>());
    }
    table.html()
}
