//! A stage on the page: its cut flow and its metrics.

use super::markup::{Align, Table, card, doubtful, figure, figures, note_line, section};
use super::warnings::of_stage;
use crate::report::cut_flow_plot::{is_dropped, passed};
use crate::report::figure::escape;
use crate::report::metric;
use crate::report::number::{grouped, percent};
use crate::report::pictures::StagePictures;
use crate::report::summary::StageReport;
use lumimill_common::metric::{SHARED_DRAWS, Unit};

/// A stage with its metrics; `numbers` are links to its files.
pub(super) fn stage(stage: &StageReport, pictures: &StagePictures, numbers: &str) -> String {
    let shards = stage.shards;
    let intro = format!(
        "<p class=\"data-line\">{} rows in {} of {} shards{}</p>\n",
        grouped(stage.rows),
        grouped(shards.done),
        grouped(shards.planned),
        [
            (shards.failed, "failed"),
            (shards.blocked, "kept back"),
            (shards.dropped, "dropped")
        ]
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!(", {} {what}", grouped(*count)))
        .collect::<String>()
    );
    let mut body = intro + numbers + &warnings(stage) + &weights(pictures);
    body += &flow(stage, pictures);
    body += &labels(stage);
    body += &metric::page(stage, pictures);
    if !pictures.overlays.is_empty() {
        body += "<h3>Beside data, before and after</h3>\n";
        body += &figures(&pictures.overlays);
        if !pictures.beside_overlays.is_empty() {
            body += &note_line(&format!(
                "Not drawn: {}, of which there is no histogram with the bins of data",
                pictures.beside_overlays.join(", ")
            ));
        }
    }
    section(
        &format!("stage-{}", stage.name),
        &format!("Stage {}", stage.name),
        &body,
    )
}

/// The cut flow and its picture; a flow of one step is a line.
fn flow(stage: &StageReport, pictures: &StagePictures) -> String {
    let steps = stage.cut_flow.steps().iter();
    let steps: Vec<_> = steps
        .filter(|step| !is_dropped(step) || step.count > 0)
        .collect();
    match steps.as_slice() {
        [] => String::new(),
        [only] => {
            let text = format!("{}: {}", only.name, grouped(only.count));
            format!("<p class=\"data-line\">{}</p>\n", escape(&text))
        }
        _ => {
            let drawn: String = pictures.cut_flow.iter().map(figure).collect();
            let table = card("Cut flow", &cut_flow(stage));
            format!("<div class=\"pair\">\n{table}{drawn}</div>\n")
        }
    }
}

/// What the metrics warn of.
fn warnings(stage: &StageReport) -> String {
    let all = of_stage(stage).into_iter();
    let lines: String = all
        .map(|warning| format!("<p class=\"bad\">Warning: {}</p>\n", escape(&warning)))
        .collect();
    match lines.is_empty() {
        true => lines,
        false => card("", &lines),
    }
}

/// What is wrong with the weights that metrics of the stage are made of.
fn weights(pictures: &StagePictures) -> String {
    let doubts = pictures.doubts.iter().filter(|doubt| !doubt.is_empty());
    let mut doubts: Vec<&String> = doubts.collect();
    doubts.dedup();
    let lines: String = doubts.into_iter().map(|doubt| doubtful(doubt)).collect();
    match lines.is_empty() {
        true => lines,
        false => card("", &lines),
    }
}

/// Labels that files lack; nothing is said of those that all have.
fn labels(stage: &StageReport) -> String {
    if stage.labels.iter().all(|label| label.files_without == 0) {
        return String::new();
    }
    let mut table = Table::new(&[
        ("label", Align::Left),
        ("files without it", Align::Right),
        ("of", Align::Right),
        ("certified events without it", Align::Right),
        ("of", Align::Right),
    ]);
    for label in &stage.labels {
        let name = match label.label == label.branch {
            true => label.label.clone(),
            false => format!("{} ({})", label.label, label.branch),
        };
        table.row(&[
            name,
            grouped(label.files_without),
            grouped(label.files),
            grouped(label.events_without),
            grouped(label.events),
        ]);
    }
    card("Labels that files lack", &table.html())
}

fn cut_flow(stage: &StageReport) -> String {
    let mut table = Table::new(&[
        ("step", Align::Left),
        ("count", Align::Right),
        ("", Align::Left),
        ("of the step before", Align::Right),
        ("of the first", Align::Right),
    ]);
    let share = |share: Option<f64>| share.map_or_else(|| "–".to_owned(), percent);
    for line in passed(stage.cut_flow.steps()) {
        table.row(&[
            line.step.name.clone(),
            grouped(line.step.count),
            line.step.unit.word().to_owned(),
            share(line.relative),
            share(line.cumulative),
        ]);
    }
    for step in stage
        .cut_flow
        .steps()
        .iter()
        .filter(|step| is_dropped(step) && step.count > 0)
    {
        let unit = match step.name.ends_with(SHARED_DRAWS) {
            true => Unit::Rows,
            false => step.unit,
        };
        table.aside(&[
            step.name.clone(),
            grouped(step.count),
            unit.word().to_owned(),
            String::new(),
            String::new(),
        ]);
    }
    table.html()
}
