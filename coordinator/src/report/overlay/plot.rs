//! Data as points, what lies over them as lines, and below each of these over data.

use super::{Found, Series};
use crate::report::figure::{
    Anchor, BOTTOM, Canvas, Figure, HEIGHT, Heading, LEFT, Panel, RIGHT, Scale, TOP, Ticks,
    shortened,
};
use crate::report::metric::{per_bin, with_unit};
use crate::report::number::significant;

/// Lines that can be told apart.
const MOST_SERIES: usize = 5;
/// The height of the panel of ratios.
const RATIOS: f64 = 128.0;

/// The picture of an overlay.
pub(in crate::report) fn overlay_plots(heading: &Heading, found: &Found<'_>) -> Option<Figure> {
    let data = found.series.first()?;
    let (first, last) = (data.histogram.bins.first()?, data.histogram.bins.last()?);
    let variable = &found.overlay.variable;
    let unit = data.stage.units.get(variable);
    let unit = unit.filter(|unit| !unit.is_empty());
    let others: Vec<&Series<'_>> = found.series.iter().skip(1).take(MOST_SERIES).collect();
    let ends = found.series.iter().flat_map(|series| &series.shares);
    let highest = ends.clone().map(|[share, error]| share + error);
    let lowest = ends.map(|[share, _]| *share);
    let (highest, lowest) = (highest.fold(0.0, f64::max), lowest.fold(0.0, f64::min));
    let x = Scale::linear(first.low, last.high);
    let split = HEIGHT - BOTTOM - RATIOS;
    let upper = Panel {
        left: LEFT,
        right: RIGHT,
        top: TOP,
        bottom: split,
        x,
        y: Scale::linear(lowest, highest * 1.12),
        ticks: Ticks::Silent,
        x_title: String::new(),
        y_title: per_bin("Share", first.high - first.low, unit),
    };
    let reach = reach(data, &others);
    let lower = Panel {
        left: LEFT,
        right: RIGHT,
        top: split + 16.0,
        bottom: HEIGHT - BOTTOM,
        x,
        y: Scale::linear(1.0 - reach, 1.0 + reach),
        ticks: Ticks::Numbers,
        x_title: shortened(&with_unit(variable, unit), 60),
        y_title: String::from("Over data"),
    };
    let mut canvas = Canvas::default();
    certainty(&mut canvas, &lower, data);
    lower.guide(&mut canvas, 1.0);
    for (number, series) in others.iter().enumerate() {
        canvas.titled(&said(series), |canvas| {
            outline(canvas, &upper, series, number);
            ratios(canvas, &lower, (series, data), number);
        });
    }
    canvas.titled(&said(data), |canvas| points(canvas, &upper, data));
    legend(&mut canvas, &upper, (data, &others));
    upper.draw(&mut canvas);
    lower.draw(&mut canvas);
    let caption = format!(
        "{variable} of data, of simulation, and of simulation as data have it, stage {}: shares of what is in \
         range, and below over data, whose errors are the band; the distance is the greatest one of \
         cumulative distributions",
        found.overlay.stage
    );
    let name = format!("{}-beside-data-{variable}", found.overlay.stage);
    Some(Figure::new(heading, &name, caption, canvas))
}

/// How far from 1 ratios are shown: what most bins need.
fn reach(data: &Series<'_>, others: &[&Series<'_>]) -> f64 {
    let ratios = others.iter().flat_map(|series| {
        let bins = series.shares.iter().zip(&data.shares);
        bins.filter(|(_, [of_data, _])| *of_data > 0.0)
            .map(|([share, _], [of_data, _])| (share / of_data - 1.0).abs())
    });
    let mut ratios: Vec<f64> = ratios.collect();
    ratios.sort_by(f64::total_cmp);
    let most = ratios.get(ratios.len() * 9 / 10).copied().unwrap_or(0.0);
    let reaches = [0.1, 0.2, 0.5];
    let enough = reaches.into_iter().find(|reach| 1.05 * most <= *reach);
    enough.unwrap_or(1.0)
}

fn bins<'a>(series: &'a Series<'_>) -> impl Iterator<Item = ([f64; 2], [f64; 2])> + 'a {
    let bins = series.histogram.bins.iter().zip(&series.shares);
    bins.map(|(bin, share)| ([bin.low, bin.high], *share))
}

/// The error of data around 1.
fn certainty(canvas: &mut Canvas, panel: &Panel, data: &Series<'_>) {
    for ([low, high], [share, error]) in bins(data) {
        if share > 0.0 {
            let (from, to) = (
                panel.at(low, 1.0 + error / share),
                panel.at(high, 1.0 - error / share),
            );
            canvas.rectangle(from, (to.0 - from.0, to.1 - from.1), "area f3");
        }
    }
}

fn points(canvas: &mut Canvas, panel: &Panel, data: &Series<'_>) {
    let radius = if data.shares.len() <= 60 { 3.6 } else { 2.5 };
    for ([low, high], [share, error]) in bins(data) {
        let x = f64::midpoint(low, high);
        canvas.line(
            panel.at(x, share - error),
            panel.at(x, share + error),
            "error",
        );
        canvas.dot(panel.at(x, share), radius, "point");
    }
}

fn outline(canvas: &mut Canvas, panel: &Panel, series: &Series<'_>, number: usize) {
    let steps = bins(series);
    let steps =
        steps.flat_map(|([low, high], [share, _])| [panel.at(low, share), panel.at(high, share)]);
    canvas.polyline(&steps.collect::<Vec<_>>(), &format!("curve s{number}"));
}

/// The series over data, with its own error; beyond the panel a tip at its edge.
fn ratios(
    canvas: &mut Canvas,
    panel: &Panel,
    (series, data): (&Series<'_>, &Series<'_>),
    number: usize,
) {
    let (Scale::Linear {
        low: least,
        high: most,
    }
    | Scale::Log {
        low: least,
        high: most,
    }) = panel.y;
    for (([low, high], [share, error]), [of_data, _]) in bins(series).zip(&data.shares) {
        if *of_data <= 0.0 {
            continue;
        }
        let x = f64::midpoint(low, high);
        let (ratio, error) = (share / of_data, error / of_data);
        let at = panel.at(x, ratio);
        if (least..=most).contains(&ratio) {
            let ends = [panel.at(x, ratio - error), panel.at(x, ratio + error)];
            canvas.line(ends[0], ends[1], &format!("thin s{number}"));
            canvas.marker(at, 2.8, number);
        } else {
            let foot = at.1 + if ratio > most { 8.0 } else { -8.0 };
            let tip = [
                (at.0 - 4.0, foot),
                at,
                (at.0 + 4.0, foot),
                (at.0 - 4.0, foot),
            ];
            canvas.polyline(&tip, &format!("f{number}"));
        }
    }
}

/// What a series is, in the legend and under a pointer.
fn said(series: &Series<'_>) -> String {
    let name = shortened(&series.histogram.column, 20);
    match (series.what, &series.histogram.weight) {
        ("data", Some(weight)) => format!("data, by {}", shortened(weight, 16)),
        ("data", None) => String::from("data"),
        ("simulation", _) => {
            format!("simulation: distance {}", significant(series.distance, 2))
        }
        _ => format!("{name}: distance {}", significant(series.distance, 2)),
    }
}

/// On the side where there is less.
fn legend(canvas: &mut Canvas, panel: &Panel, (data, others): (&Series<'_>, &[&Series<'_>])) {
    let half = data.shares.len() / 2;
    let sum = |shares: &[[f64; 2]]| shares.iter().map(|[share, _]| share).sum::<f64>();
    let (left, right) = data.shares.split_at(half);
    let x = match sum(left) <= sum(right) {
        true => panel.left + 28.0,
        false => f64::midpoint(panel.left, panel.right) + 28.0,
    };
    let line = |number: usize| panel.top + 34.0 + 24.0 * number as f64;
    canvas.dot((x + 17.0, line(0) - 5.0), 3.6, "point");
    canvas.text(x + 44.0, line(0), Anchor::Start, "note", &said(data));
    for (number, series) in others.iter().enumerate() {
        let y = line(number + 1);
        canvas.line(
            (x, y - 5.0),
            (x + 34.0, y - 5.0),
            &format!("curve s{number}"),
        );
        canvas.text(x + 44.0, y, Anchor::Start, "note", &said(series));
    }
}
