//! Pictures of significance and efficiency against the cut, a few bins at a time.

use lumimill_common::metric::{ScanPoint, SignificanceResult, WithError};

use super::{ScannedBin, scanned};
use crate::report::figure::{
    Anchor, BOTTOM, Canvas, Figure, HEIGHT, Heading, LEFT, Panel, RIGHT, Scale, TOP, Ticks,
    shortened,
};
use crate::report::summary::StageReport;

/// Curves that can be told apart.
const CURVES: usize = 6;
/// Bins that there are pictures of, at most.
pub(super) const MOST_BINS: usize = 72;

/// What is drawn of a point.
type Value = fn(&ScanPoint) -> Option<WithError>;

/// The pictures that there are numbers for.
pub(in crate::report) fn significance_plots(
    heading: &Heading,
    stage: &StageReport,
    found: &SignificanceResult,
) -> Vec<Figure> {
    let drawn: [(&str, &str, Value); 2] = [
        ("significance", "S/√(S+B)", |point| point.significance),
        ("efficiency", "Efficiency", |point| point.efficiency),
    ];
    let bins = scanned(stage, found);
    let mut figures = Vec::new();
    let shown = bins.get(..MOST_BINS).unwrap_or(&bins);
    for group in shown.chunks(CURVES) {
        for (kind, title, value) in drawn {
            let caption = format!("{title} against the cut on {}", found.score);
            let name = format!("{}-{kind}-{}", stage.name, found.score);
            let canvas = curves(group, &found.score, title, value);
            figures.extend(canvas.map(|canvas| Figure::new(heading, &name, caption, canvas)));
        }
    }
    figures
}

fn curves(bins: &[ScannedBin], score: &str, title: &str, value: Value) -> Option<Canvas> {
    let values = |bin: &ScannedBin| -> Vec<(f64, f64)> {
        let points = bin.scan.points.iter();
        let points = points.filter_map(|point| Some((point.cut, value(point)?.0)));
        points.filter(|(_, value)| value.is_finite()).collect()
    };
    let all: Vec<Vec<(f64, f64)>> = bins.iter().map(values).collect();
    let flat = || all.iter().flatten();
    let least = |of: fn(&(f64, f64)) -> f64| flat().map(of).fold(f64::INFINITY, f64::min);
    let most = |of: fn(&(f64, f64)) -> f64| flat().map(of).fold(f64::NEG_INFINITY, f64::max);
    flat().next()?;
    let panel = Panel {
        left: LEFT,
        right: RIGHT,
        top: TOP,
        bottom: HEIGHT - BOTTOM,
        x: Scale::linear(least(|point| point.0), most(|point| point.0)),
        // Room for the names of the curves.
        y: Scale::linear(0.0, most(|point| point.1).max(0.1) * 1.6),
        ticks: Ticks::Numbers,
        x_title: shortened(&format!("Cut on {score}"), 40),
        y_title: title.to_owned(),
    };
    let mut canvas = Canvas::default();
    for (number, (bin, points)) in bins.iter().zip(&all).enumerate() {
        let curve = format!("curve s{number}");
        let places: Vec<(f64, f64)> = points.iter().map(|(x, y)| panel.at(*x, *y)).collect();
        canvas.polyline(&places, &curve);
        let best = bin
            .scan
            .best
            .and_then(|best| bin.scan.points.get(best.point));
        if let Some((point, (y, _))) = best.and_then(|point| Some((point, value(point)?))) {
            canvas.marker(panel.at(point.cut, y), 4.4, number);
        }
        let y = panel.top + 28.0 + 22.0 * number as f64;
        let x = panel.left + 24.0;
        canvas.line((x, y - 5.0), (x + 34.0, y - 5.0), &curve);
        canvas.text(
            x + 44.0,
            y,
            Anchor::Start,
            "note",
            &shortened(&bin.label, 44),
        );
    }
    panel.draw(&mut canvas);
    Some(canvas)
}
