//! Importances in the report: bars, a table and a file of every number.

use lumimill_common::metric::{FeatureImportance, ImportanceResult, MetricResult, said_of_scores};

use crate::report::csv;
use crate::report::figure::{
    Anchor, BOTTOM, Canvas, Figure, HEIGHT, Heading, LEFT, Panel, RIGHT, Scale, TOP, Ticks, escape,
    shortened,
};
use crate::report::number::{grouped, with_error};
use crate::report::page::markup::{Align, Table, card, figures, note_line};
use crate::report::pictures::StagePictures;
use crate::report::summary::{Report, StageReport};

/// Features in a picture, those that matter most.
const MOST: usize = 20;

const COLUMNS: [&str; 14] = [
    "model",
    "score",
    "label",
    "per",
    "feature",
    "entries",
    "auc",
    "auc_shuffled",
    "importance",
    "importance_error",
    "log_loss",
    "log_loss_rise",
    "log_loss_rise_error",
    "no_probability",
];

/// Those of a stage.
fn of_stage(stage: &StageReport) -> impl Iterator<Item = &ImportanceResult> {
    stage.metrics.iter().filter_map(|metric| match metric {
        MetricResult::Importance(found) => Some(found),
        _ => None,
    })
}

/// The features that have an importance, the largest first; of equal ones, as the model has them.
fn ranked(found: &ImportanceResult) -> Vec<(&FeatureImportance, f64)> {
    let features = found.features.iter();
    let known = features.filter_map(|feature| Some((feature, feature.auc_drop?)));
    let mut known: Vec<_> = known.collect();
    known.sort_by(|one, other| other.1.total_cmp(&one.1));
    known
}

/// One file for each stage that has any.
pub(super) fn csv_files(report: &Report) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for stage in &report.stages {
        if of_stage(stage).next().is_none() {
            continue;
        }
        let mut table = csv::Table::new(&COLUMNS);
        for found in of_stage(stage) {
            let per = if found.per_event { "event" } else { "row" };
            for feature in &found.features {
                table.text(&[
                    &found.model,
                    &found.score,
                    &found.label,
                    per,
                    &feature.feature,
                ]);
                table.cells(&[found.entries.to_string()]);
                table.numbers(&[
                    found.auc,
                    feature.auc,
                    feature.auc_drop,
                    feature.auc_drop_error,
                    found.log_loss,
                    feature.log_loss_rise,
                    feature.log_loss_rise_error,
                ]);
                table.cells(&[found.no_probability.to_string()]);
                table.end();
            }
        }
        let name = format!("{}_importance.csv", csv::file_stem(&stage.name));
        files.push((name, table.bytes()));
    }
    files
}

/// Bars with their errors, where there is anything to draw.
pub(super) fn importance_plots(
    heading: &Heading,
    stage: &StageReport,
    found: &ImportanceResult,
) -> Vec<Figure> {
    let mut bars = ranked(found);
    bars.truncate(MOST);
    if bars.is_empty() {
        return Vec::new();
    }
    let error = |feature: &FeatureImportance| feature.auc_drop_error.unwrap_or(0.0);
    let ends = bars.iter().flat_map(|(feature, drop)| {
        let error = error(feature);
        [drop - error, drop + error]
    });
    let low = ends.clone().fold(0.0, f64::min);
    let high = ends.fold(0.0, f64::max);
    // The names stand in the frame, above their bars, which leave room to the right for numbers.
    let room = 0.3 * (high - low).max(1e-6);
    let panel = Panel {
        left: LEFT,
        right: RIGHT,
        top: TOP,
        bottom: HEIGHT - BOTTOM,
        x: Scale::linear(low - 0.05 * room, high + room),
        y: Scale::linear(0.0, 1.0),
        ticks: Ticks::Numbers,
        x_title: "Loss of ROC-AUC when shuffled".to_owned(),
        y_title: String::new(),
    };
    let mut canvas = Canvas::default();
    let (top, bottom) = (panel.top + 34.0, panel.bottom - 6.0);
    let step = (bottom - top) / bars.len() as f64;
    let zero = panel.across(0.0);
    for (position, (feature, drop)) in bars.iter().enumerate() {
        let y = top + step * (position as f64 + 0.5);
        let height = (0.55 * step).min(26.0);
        let end = panel.across(*drop);
        let (left, width) = (zero.min(end), (end - zero).abs().max(0.5));
        canvas.rectangle((left, y - height / 2.0), (width, height), "f0");
        let error = error(feature);
        let strokes = [[
            (panel.across(drop - error), y),
            (panel.across(drop + error), y),
        ]];
        canvas.strokes(&strokes, "error");
        let text = format!(
            "{}  {}",
            shortened(&feature.feature, 28),
            with_error(*drop, feature.auc_drop_error)
        );
        let at = panel.across(drop + error).max(zero) + 10.0;
        canvas.text(at, y + 5.0, Anchor::Start, "small", &text);
    }
    canvas.line((zero, panel.top), (zero, panel.bottom), "guide");
    let title = format!("{} for {}", found.score, found.label);
    canvas.text(
        panel.right - 20.0,
        panel.top + 24.0,
        Anchor::End,
        "note",
        &shortened(&title, 48),
    );
    panel.draw_across(&mut canvas);
    let name = format!("{}-importance-{}-{}", stage.name, found.score, found.label);
    let caption = format!(
        "Importance of the features of {} for {}: by how much the area under the ROC curve is \
         smaller when one is shuffled",
        found.model, found.label
    );
    let all = found.features.len();
    let caption = match all > bars.len() {
        true => format!("{caption}; the {} that matter most of {all}", bars.len()),
        false => caption,
    };
    vec![Figure::new(heading, &name, caption, canvas)]
}

/// Tables and pictures of every one of a stage.
pub(super) fn page(stage: &StageReport, pictures: &StagePictures) -> String {
    let mut html = String::new();
    for (metric, drawn) in stage.metrics.iter().zip(&pictures.metrics) {
        let MetricResult::Importance(found) = metric else {
            continue;
        };
        html += &format!(
            "<h3>Importance for {} <small>of the features of {}</small></h3>\n",
            escape(&found.label),
            escape(&found.model)
        );
        html += &figures(drawn);
        html += &card("Importance", &(table(found) + &note(stage, found)));
    }
    html
}

fn table(found: &ImportanceResult) -> String {
    let mut table = Table::new(&[
        ("feature", Align::Left),
        ("loss of ROC-AUC", Align::Right),
        ("ROC-AUC left", Align::Right),
        ("rise of log loss", Align::Right),
    ]);
    for (feature, drop) in ranked(found) {
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
        let rise = feature.log_loss_rise;
        table.row(&[
            feature.feature.clone(),
            with_error(drop, feature.auc_drop_error),
            or_dash(feature.auc.map(|auc| format!("{auc:.4}"))),
            or_dash(rise.map(|rise| with_error(rise, feature.log_loss_rise_error))),
        ]);
    }
    table.html()
}

fn note(stage: &StageReport, found: &ImportanceResult) -> String {
    let rows = stage.rows_are.to_lowercase();
    let noun = if found.per_event { "events" } else { &rows };
    let auc = found
        .auc
        .map_or_else(|| "–".to_owned(), |auc| format!("{auc:.4}"));
    let mut text = format!(
        "{} {noun} of the shards are scored again with one feature shuffled among those of a shard, by a \
         hash of the event; ROC-AUC as it is: {auc}. Errors are statistical: of the area from ten groups \
         of events, of the log loss for independent entries. Features that tell the same share their \
         importance.",
        grouped(found.entries)
    );
    let without = said_of_scores("log loss and its rise", found.no_probability);
    if found.left_out > 0 {
        text += &format!(
            " {} without a label or a score are left out.",
            grouped(found.left_out)
        );
    }
    note_line(&text) + &note_line(&without.unwrap_or_default())
}
