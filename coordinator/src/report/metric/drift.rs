//! How columns and labels move from run to run.

use super::histogram::with_unit;
use super::label_words::LabelWords;
use crate::report::figure::{
    Anchor, BOTTOM, Canvas, Figure, HEIGHT, Heading, LEFT, Panel, RIGHT, Scale, TOP, Ticks,
    shortened,
};
use crate::report::summary::StageReport;
use lumimill_common::metric::{DriftResult, FiredFraction, KeyDrift};

/// Values of the key that a picture shows; of more, every n-th.
const MOST_KEYS: usize = 500;
/// Labels below the axis.
const MOST_LABELS: usize = 14;
/// From here on a population stability index is taken for a shift, by custom.
const PSI_SHIFTED: f64 = 0.1;

/// A value, its interval, and where it is.
struct Point {
    at: f64,
    value: f64,
    low: f64,
    high: f64,
}

/// One picture a column, and one for the fired fractions.
pub(super) fn drift_plots(
    heading: &Heading,
    stage: &StageReport,
    drift: &DriftResult,
) -> Vec<Figure> {
    let keys: Vec<&KeyDrift> = drift.keys.iter().step_by(every(drift)).collect();
    if keys.is_empty() {
        return Vec::new();
    }
    let columns = drift.columns.iter().enumerate();
    let columns =
        columns.filter_map(|(index, name)| column(heading, stage, drift, &keys, index, name));
    let labels = drift.labels.iter().enumerate();
    let labels =
        labels.filter_map(|(index, name)| fired(heading, stage, drift, &keys, index, name));
    columns.chain(labels).collect()
}

fn frame(keys: &[&KeyDrift], y: Scale, y_title: String) -> Panel {
    let every = keys.len().div_ceil(MOST_LABELS).max(1);
    let labels = keys.iter().enumerate().step_by(every);
    let labels = labels
        .map(|(position, key)| (position, key.key.to_string()))
        .collect();
    Panel {
        left: LEFT,
        right: RIGHT,
        top: TOP,
        bottom: HEIGHT - BOTTOM - 14.0,
        x: Scale::linear(-0.7, keys.len() as f64 - 0.3),
        y,
        ticks: Ticks::Categories(labels),
        x_title: String::new(),
        y_title,
    }
}

/// The same ticks without their labels.
fn silent(ticks: &Ticks) -> Ticks {
    match ticks {
        Ticks::Categories(labels) => {
            Ticks::Categories(labels.iter().map(|(at, _)| (*at, String::new())).collect())
        }
        other => other.clone(),
    }
}

/// A scale around points with room above them for a note.
fn around(points: &[Point], least: Option<f64>) -> Scale {
    let low = points
        .iter()
        .map(|point| point.low)
        .fold(f64::INFINITY, f64::min);
    let high = points
        .iter()
        .map(|point| point.high)
        .fold(f64::NEG_INFINITY, f64::max);
    let spread = (high - low).max(0.02 * high.abs().max(low.abs()));
    let bottom = low - 0.25 * spread;
    let bottom = if least.is_some_and(|least| bottom < least) {
        least.unwrap_or(bottom)
    } else {
        bottom
    };
    Scale::linear(bottom, high + 0.6 * spread)
}

fn points(canvas: &mut Canvas, panel: &Panel, points: &[Point], class: &str, fill: &str) {
    let errors = points
        .iter()
        .map(|p| [panel.at(p.at, p.low), panel.at(p.at, p.high)]);
    canvas.strokes(&errors.collect::<Vec<_>>(), class);
    let radius = if points.len() <= 60 { 4.2 } else { 2.4 };
    for point in points {
        canvas.dot(panel.at(point.at, point.value), radius, fill);
    }
}

fn column(
    heading: &Heading,
    stage: &StageReport,
    drift: &DriftResult,
    keys: &[&KeyDrift],
    index: usize,
    name: &str,
) -> Option<Figure> {
    let means: Vec<Point> = (0..)
        .zip(keys)
        .filter_map(|(at, key)| {
            let found = key.columns.get(index)?;
            let (value, error) = (found.mean?, found.mean_error.unwrap_or(0.0));
            Some(Point {
                at: f64::from(at),
                value,
                low: value - error,
                high: value + error,
            })
        })
        .collect();
    let unit = stage.units.get(name).filter(|unit| !unit.is_empty());
    let title = format!("Mean {}", shortened(&with_unit(name, unit), 28));
    let mut upper = frame(keys, around(&means, None), title);
    let mut lower = frame(keys, Scale::linear(0.0, 1.0), "PSI, KS".to_owned());
    lower.x_title.clone_from(&drift.by);
    lower.top = TOP + 0.62 * (HEIGHT - TOP - BOTTOM);
    upper.bottom = lower.top - 10.0;
    upper.ticks = silent(&lower.ticks);
    let mut canvas = Canvas::default();
    let mean = overall(&drift.keys, index)?;
    upper.guide(&mut canvas, mean);
    points(&mut canvas, &upper, &means, "error", "point");
    lower.y = shifts(&mut canvas, &lower, keys, index);
    upper.draw(&mut canvas);
    lower.draw(&mut canvas);
    upper.note(&mut canvas, 0, "note", &shortened(&stage.name, 24));
    let note = format!(
        "mean over all: {}",
        crate::report::number::significant(mean, 5)
    );
    upper.note_right(&mut canvas, 0, "quiet", &note);
    let caption = format!(
        "{} by {}: mean with its error, and the distance (PSI, KS) of each {} from all others together",
        with_unit(name, unit),
        drift.by,
        drift.by
    );
    let caption = weighted(caption, drift);
    Some(Figure::new(
        heading,
        &format!("{}-drift-{name}", stage.name),
        caption,
        canvas,
    ))
}

/// A caption with the column of weights, where there is one, and with what is not shown.
fn weighted(caption: String, drift: &DriftResult) -> String {
    let caption = match &drift.weight {
        Some(weight) => format!("{caption}, weighted by {weight}"),
        None => caption,
    };
    match every(drift) {
        1 => caption,
        every => format!("{caption}; one in {every} is shown, metrics.json has all"),
    }
}

/// One of so many values of the key is shown.
fn every(drift: &DriftResult) -> usize {
    drift.keys.len().div_ceil(MOST_KEYS).max(1)
}

/// The mean over every key.
fn overall(keys: &[KeyDrift], index: usize) -> Option<f64> {
    let found = keys.iter().filter_map(|key| key.columns.get(index));
    let (mut sum, mut all) = (0.0, 0.0);
    for column in found {
        let amount = column.weights.unwrap_or(column.count as f64);
        sum += column.mean.unwrap_or(0.0) * amount;
        all += amount;
    }
    (all > 0.0).then(|| sum / all)
}

/// The fired fraction over every key.
fn overall_fired(keys: &[KeyDrift], index: usize) -> Option<f64> {
    let labels = keys.iter().filter_map(|key| key.labels.get(index));
    let (mut fired, mut all) = (0.0, 0.0);
    for label in labels {
        let counted = [label.fired, label.events].map(|count| count as f64);
        let [of_label, of_all] = label.weights.unwrap_or(counted);
        fired += of_label;
        all += of_all;
    }
    (all > 0.0).then(|| fired / all)
}

/// Draws both distances and returns the scale that shows them.
fn shifts(canvas: &mut Canvas, panel: &Panel, keys: &[&KeyDrift], index: usize) -> Scale {
    let found = (0..).map(f64::from).zip(keys);
    let found: Vec<_> = found
        .filter_map(|(at, key)| Some((at, key.columns.get(index)?.shift?)))
        .collect();
    let highest = found
        .iter()
        .map(|(_, shift)| shift.psi.max(shift.ks))
        .fold(0.12, f64::max);
    let panel = Panel {
        y: Scale::linear(0.0, 1.5 * highest),
        ..panel.clone()
    };
    let limit = panel.up(PSI_SHIFTED);
    canvas.line((panel.left, limit), (panel.right, limit), "guide");
    let radius = if keys.len() <= 60 { 4.0 } else { 2.2 };
    for (at, shift) in &found {
        canvas.dot(panel.at(*at, shift.psi), radius, "f0");
        let (x, y) = panel.at(*at, shift.ks);
        canvas.rectangle((x - radius, y - radius), (2.0 * radius, 2.0 * radius), "f1");
    }
    let y = panel.top + 22.0;
    canvas.dot((panel.left + 32.0, y - 5.0), 4.5, "f0");
    canvas.text(panel.left + 44.0, y, Anchor::Start, "small", "PSI");
    canvas.rectangle((panel.left + 88.0, y - 9.5), (9.0, 9.0), "f1");
    canvas.text(panel.left + 104.0, y, Anchor::Start, "small", "KS");
    canvas.text(
        panel.right - 24.0,
        y,
        Anchor::End,
        "quiet",
        "dashed: PSI = 0.1",
    );
    panel.y
}

fn fired(
    heading: &Heading,
    stage: &StageReport,
    drift: &DriftResult,
    keys: &[&KeyDrift],
    index: usize,
    name: &str,
) -> Option<Figure> {
    let point = |(at, key): (i32, &&KeyDrift)| {
        let FiredFraction {
            fraction,
            interval: [low, high],
            ..
        } = *key.labels.get(index)?;
        Some(Point {
            at: f64::from(at),
            value: fraction?,
            low,
            high,
        })
    };
    let fractions: Vec<Point> = (0..).zip(keys).filter_map(point).collect();
    let mean = overall_fired(&drift.keys, index)?;
    let words = LabelWords::of(name);
    let mut panel = frame(keys, around(&fractions, Some(0.0)), words.axis.to_owned());
    panel.x_title.clone_from(&drift.by);
    let mut canvas = Canvas::default();
    panel.guide(&mut canvas, mean);
    points(&mut canvas, &panel, &fractions, "error", "point");
    panel.draw(&mut canvas);
    panel.note(&mut canvas, 0, "note", &shortened(name, 44));
    let note = format!("{} of all events", crate::report::number::percent(mean));
    panel.note(&mut canvas, 1, "quiet", &note);
    let caption = format!(
        "Fraction of events in which {name} {}, by {}",
        words.is_true, drift.by
    );
    let caption = weighted(caption, drift);
    Some(Figure::new(
        heading,
        &format!("{}-fired-{name}", stage.name),
        caption,
        canvas,
    ))
}
