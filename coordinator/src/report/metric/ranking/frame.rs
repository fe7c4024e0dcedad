//! What the pictures of a ranking share: series, frame, caption, and the words in a corner.

use crate::report::figure::{
    Anchor, BOTTOM, Canvas, Figure, HEIGHT, Heading, LEFT, Panel, RIGHT, Scale, TOP, Ticks,
    shortened,
};
use crate::report::summary::StageReport;
use lumimill_common::metric::{PopulationResult, RankingResult};

/// A population, what to call it, and the class of its curve.
pub(super) struct Series<'a> {
    pub(super) noun: String,
    pub(super) result: &'a PopulationResult,
    pub(super) curve: &'static str,
    pub(super) bar: &'static str,
}

pub(super) fn frame(x_title: &str, y_title: &str, y: Scale) -> Panel {
    Panel {
        left: LEFT,
        right: RIGHT,
        top: TOP,
        bottom: HEIGHT - BOTTOM,
        x: Scale::linear(0.0, 1.0),
        y,
        ticks: Ticks::Numbers,
        x_title: x_title.to_owned(),
        y_title: y_title.to_owned(),
    }
}

pub(super) fn figure(
    heading: &Heading,
    stage: &StageReport,
    ranking: &RankingResult,
    kind: &str,
    canvas: Canvas,
) -> Figure {
    figure_with(heading, stage, ranking, (kind, 0.0), canvas)
}

/// The same, so much higher than usual.
pub(super) fn figure_with(
    heading: &Heading,
    stage: &StageReport,
    ranking: &RankingResult,
    (kind, more): (&str, f64),
    canvas: Canvas,
) -> Figure {
    let name = format!(
        "{}-{}-{}-{}",
        stage.name, kind, ranking.score, ranking.label
    );
    let caption = format!(
        "{} of {} for {}",
        capital(kind),
        ranking.score,
        ranking.label
    );
    Figure::sized(heading, &name, caption, (LEFT, HEIGHT + more), canvas)
}

fn capital(kind: &str) -> String {
    match kind {
        "roc" => "ROC curve".to_owned(),
        "roc-log" => "ROC curve, logarithmic,".to_owned(),
        "pr" => "Precision and recall".to_owned(),
        other => {
            let (first, rest) = other.split_at_checked(1).unwrap_or(("", other));
            first.to_uppercase() + rest
        }
    }
}

/// The label and score, and one line for each curve, from (x, y) down.
pub(super) fn corner(
    canvas: &mut Canvas,
    x: f64,
    y: f64,
    ranking: &RankingResult,
    legend: &[(&str, String)],
) {
    canvas.text(x, y, Anchor::Start, "note", &shortened(&ranking.label, 42));
    canvas.text(
        x,
        y + 23.0,
        Anchor::Start,
        "quiet",
        &shortened(&ranking.score, 48),
    );
    for (line, (class, text)) in (0..).map(f64::from).zip(legend) {
        let y = y + 48.0 + 25.0 * line;
        canvas.line((x, y - 5.0), (x + 34.0, y - 5.0), class);
        canvas.text(x + 44.0, y, Anchor::Start, "note", text);
    }
}
