//! Pictures of several classes: the confusion matrix, a ROC curve for each class, and what is in
//! each bin.

use lumimill_common::metric::{MulticlassBin, MulticlassResult};

use super::roc::roc;
use crate::report::figure::{
    Anchor, BOTTOM, Canvas, Figure, HEIGHT, Heading, LEFT, Panel, RIGHT, Scale, TOP, Ticks,
    shortened,
};
use crate::report::number::{amount, percent};
use crate::report::summary::StageReport;

/// Classes that a picture has room for.
const MOST_CLASSES: usize = 12;

/// The pictures that there are numbers for.
pub(in crate::report::metric) fn multiclass_plots(
    heading: &Heading,
    stage: &StageReport,
    multiclass: &MulticlassResult,
) -> Vec<Figure> {
    let Some(all) = multiclass.bins.first().filter(|all| all.rows > 0) else {
        return Vec::new();
    };
    let name = |kind: &str| format!("{}-{kind}-{}", stage.name, multiclass.truth);
    let figure = |kind: &str, caption: &str, canvas: Canvas| {
        let caption = format!("{caption} of {}", multiclass.truth);
        Figure::new(heading, &name(kind), caption, canvas)
    };
    let mut figures = Vec::new();
    if multiclass.names.len() <= MOST_CLASSES {
        figures.push(figure(
            "confusion",
            "Confusion matrix",
            confusion(&multiclass.names, &all.confusion),
        ));
    }
    for (kind, caption, canvas) in roc(&multiclass.names, &all.classes, all.rows) {
        figures.push(figure(kind, caption, canvas));
    }
    figures.extend(in_bins(multiclass).map(|canvas| figure("bins", "Quality in bins", canvas)));
    figures
}

/// For each true class, a row of cells whose bars and numbers are shares of it.
fn confusion(names: &[String], counts: &[Vec<f64>]) -> Canvas {
    let mut canvas = Canvas::default();
    let classes = names.len().max(1) as f64;
    let (left, top) = (LEFT + 44.0, TOP + 4.0);
    let (width, height) = ((RIGHT - left) / classes, (HEIGHT - BOTTOM - top) / classes);
    for (truth, row) in (0..).map(f64::from).zip(counts) {
        let sum: f64 = row.iter().sum();
        let y = top + truth * height;
        for (taken, count) in (0..).map(f64::from).zip(row) {
            let x = left + taken * width;
            let share = if sum > 0.0 { count / sum } else { 0.0 };
            let inner = (width - 6.0, height - 6.0);
            let bar = inner.1 * share.clamp(0.0, 1.0);
            let series = if (truth - taken).abs() < 0.5 {
                "bar f0"
            } else {
                "bar f2"
            };
            canvas.rectangle((x + 3.0, y + 3.0), inner, "rail");
            canvas.rectangle(
                (x + 3.0, y + 3.0 + inner.1 - bar),
                (inner.0, bar),
                &format!("{series} area"),
            );
            let text = if sum > 0.0 {
                percent(share)
            } else {
                "–".to_owned()
            };
            let middle = (x + width / 2.0, y + height / 2.0);
            canvas.text(middle.0, middle.1, Anchor::Middle, "label", &text);
            let count = amount(*count, 6);
            canvas.text(middle.0, middle.1 + 18.0, Anchor::Middle, "quiet", &count);
        }
    }
    for (class, name) in (0..).map(f64::from).zip(names) {
        let name = shortened(name, 12);
        let across = left + (class + 0.5) * width;
        canvas.text(
            across,
            HEIGHT - BOTTOM + 24.0,
            Anchor::Middle,
            "label",
            &name,
        );
        let down = top + (class + 0.5) * height + 6.0;
        canvas.text(left - 8.0, down, Anchor::End, "label", &name);
    }
    canvas.text(
        RIGHT,
        HEIGHT - BOTTOM + 52.0,
        Anchor::End,
        "title",
        "Taken for",
    );
    canvas.upright(LEFT - 66.0, TOP, "title", "True class");
    canvas
}

/// A value of a bin.
type Quality = fn(&MulticlassBin) -> Option<f64>;

/// Accuracy, balanced accuracy and the mean area, bin after bin.
fn in_bins(multiclass: &MulticlassResult) -> Option<Canvas> {
    let bins = multiclass.bins.get(1..).filter(|bins| !bins.is_empty())?;
    let labels = bins.iter().map(MulticlassBin::label).enumerate();
    let across = Scale::linear(-0.5, bins.len() as f64 - 0.5);
    let column = multiclass.column.as_deref().unwrap_or_default();
    let panel = Panel::whole(
        (across, &shortened(column, 40)),
        (Scale::linear(0.0, 1.25), "Value"),
        Ticks::Categories(labels.collect()),
    );
    let series: [(&str, Quality); 3] = [
        ("accuracy", |bin| {
            bin.accuracy.map(|accuracy| accuracy.value)
        }),
        ("balanced accuracy", |bin| bin.balanced_accuracy),
        ("macro AUC", |bin| bin.macro_.auc),
    ];
    let mut canvas = Canvas::default();
    panel.guide(&mut canvas, 1.0);
    let errors = (0..).map(f64::from).zip(bins).filter_map(|(at, bin)| {
        let accuracy = bin.accuracy?;
        let error = accuracy.error?;
        Some([
            panel.at(at, accuracy.value - error),
            panel.at(at, accuracy.value + error),
        ])
    });
    canvas.strokes(&errors.collect::<Vec<_>>(), "stem s0");
    for (number, (name, value)) in series.iter().enumerate() {
        let values = (0..).map(f64::from).zip(bins);
        let points = values.filter_map(|(at, bin)| Some(panel.at(at, value(bin)?)));
        let points: Vec<(f64, f64)> = points.collect();
        canvas.polyline(&points, &format!("curve s{number}"));
        for point in points {
            canvas.marker(point, 4.4, number);
        }
        let (x, y) = (panel.left + 24.0 + 200.0 * number as f64, panel.top + 30.0);
        canvas.line(
            (x, y - 5.0),
            (x + 30.0, y - 5.0),
            &format!("curve s{number}"),
        );
        canvas.text(x + 38.0, y, Anchor::Start, "note", name);
    }
    panel.draw(&mut canvas);
    Some(canvas)
}
