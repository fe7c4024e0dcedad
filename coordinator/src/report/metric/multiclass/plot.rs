//! Pictures of several classes: the confusion matrix, a ROC curve for each class, and what is in
//! each bin.

use lumimill_common::metric::{ClassResult, MulticlassBin, MulticlassResult};

use crate::report::figure::{
    Anchor, BOTTOM, Canvas, Figure, HEIGHT, Heading, LEFT, Panel, RIGHT, Scale, TOP, Ticks,
    shortened,
};
use crate::report::number::{amount, percent, with_error};
use crate::report::summary::StageReport;

/// Classes that a picture has room for.
const MOST_CLASSES: usize = 12;
/// Curves that can be told apart.
const MOST_CURVES: usize = 6;

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
    figures.extend(
        roc(&multiclass.names, &all.classes).map(|canvas| figure("roc", "ROC curves", canvas)),
    );
    figures.extend(in_bins(multiclass).map(|canvas| figure("bins", "Quality in bins", canvas)));
    figures
}

fn panel(x: Scale, y: Scale, ticks: Ticks, titles: (&str, &str)) -> Panel {
    Panel {
        left: LEFT,
        right: RIGHT,
        top: TOP,
        bottom: HEIGHT - BOTTOM,
        x,
        y,
        ticks,
        x_title: titles.0.to_owned(),
        y_title: titles.1.to_owned(),
    }
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

/// A curve for each class that has one.
pub(in crate::report::metric) fn roc(names: &[String], all: &[ClassResult]) -> Option<Canvas> {
    let unit = Scale::linear(0.0, 1.0);
    let titles = ("False-positive rate", "Efficiency");
    let panel = panel(unit, unit, Ticks::Numbers, titles);
    let mut canvas = Canvas::default();
    canvas.line(panel.at(0.0, 0.0), panel.at(1.0, 1.0), "guide");
    let classes = names.iter().zip(all).take(MOST_CURVES);
    let classes: Vec<_> = classes.filter(|(_, class)| !class.roc.is_empty()).collect();
    if classes.is_empty() {
        return None;
    }
    let text = |(name, class): &(&String, &ClassResult)| {
        let auc = class.auc.map(|auc| with_error(auc.value, auc.error));
        format!("{}: AUC = {}", shortened(name, 20), auc.unwrap_or_default())
    };
    let texts: Vec<String> = classes.iter().map(text).collect();
    let x = panel.legend_left(0.36, texts.iter().map(String::as_str));
    let from = panel.bottom - 20.0 - 25.0 * classes.len() as f64;
    for (number, ((_, class), text)) in classes.iter().zip(&texts).enumerate() {
        let points = class.roc.iter();
        let points = points.map(|point| panel.at(point.false_positive_rate, point.efficiency));
        let curve = format!("curve s{number}");
        canvas.polyline(&points.collect::<Vec<_>>(), &curve);
        let y = from + 25.0 * number as f64;
        canvas.line((x, y - 5.0), (x + 34.0, y - 5.0), &curve);
        canvas.text(x + 44.0, y, Anchor::Start, "note", text);
    }
    let more = names.len().saturating_sub(MOST_CURVES);
    if more > 0 {
        let said = format!("and {more} more, not drawn");
        canvas.text(x + 44.0, from - 25.0, Anchor::Start, "quiet", &said);
    }
    panel.draw(&mut canvas);
    Some(canvas)
}

/// A value of a bin.
type Quality = fn(&MulticlassBin) -> Option<f64>;

/// Accuracy, balanced accuracy and the mean area, bin after bin.
fn in_bins(multiclass: &MulticlassResult) -> Option<Canvas> {
    let bins = multiclass.bins.get(1..).filter(|bins| !bins.is_empty())?;
    let labels = bins.iter().map(MulticlassBin::label).enumerate();
    let across = Scale::linear(-0.5, bins.len() as f64 - 0.5);
    let column = multiclass.column.as_deref().unwrap_or_default();
    let panel = panel(
        across,
        Scale::linear(0.0, 1.25),
        Ticks::Categories(labels.collect()),
        (&shortened(column, 40), "Value"),
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
