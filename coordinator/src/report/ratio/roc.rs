//! Identification against misidentification: a point a cut, in data and in simulation, with bands of the
//! errors and the numbers below.

use lumimill_common::metric::EfficiencyBin;
use lumimill_correction::Uncertain;

use super::{Found, Side, uncertain};
use crate::report::figure::{
    Anchor, Canvas, Figure, HEIGHT, Heading, LEFT, Lines, Panel, RIGHT, Scale, Ticks,
    UncertainPoint, band, shortened,
};
use crate::report::number::with_errors;

/// Pictures of one table: each is of a pre-cut.
const MOST_PRECUTS: usize = 6;
/// Lines of numbers that a picture has room for.
const MOST_LINES: usize = 12;
/// A logarithmic picture is added when rates of misidentification span more than this.
const WORTH_A_LOGARITHM: f64 = 10.0;

/// What a kind of particle has in a sample.
type BinOf = for<'a> fn(Side<'a>) -> Option<&'a EfficiencyBin>;

/// A cut, how often others pass it, and how often particles do.
struct Point {
    cut: usize,
    fake: Uncertain,
    passed: Uncertain,
}

/// How many pictures there may be, without those on a logarithmic scale.
pub(super) fn wanted(found: &Found<'_>) -> usize {
    match found.misid {
        Some(_) => found.named().precuts.len().max(1),
        None => 0,
    }
}

/// Those that are drawn, as their names have them.
pub(super) fn is_linear_roc(figure: &Figure) -> bool {
    figure.name.contains("-roc") && !figure.name.contains("-roc-log")
}

/// A picture for each pre-cut.
pub(super) fn roc_plots(heading: &Heading, found: &Found<'_>) -> Vec<Figure> {
    let named = found.named();
    let table = found.table.name.as_str();
    let mut figures = Vec::new();
    for precut in 0..named.precuts.len().min(MOST_PRECUTS) {
        let series = series(found, precut);
        let points = || series.iter().flat_map(|(_, points)| points);
        if points().next().is_none() {
            continue;
        }
        let of = named.precuts.get(precut).map(|precut| precut.trim());
        let of = of.filter(|precut| !precut.is_empty()).unwrap_or_default();
        let end = match precut {
            0 => String::new(),
            number => format!("-{number}"),
        };
        let of_cut = match of.is_empty() {
            true => String::new(),
            false => format!(", {of}"),
        };
        let mut add = |kind: &str, scale: Scale, said: &str| {
            let (canvas, more) = drawn(found, &series, (of, scale));
            let caption = format!(
                "Identification against misidentification{of_cut}{said}, a point a cut; bands are \
                 statistical and systematic errors together"
            );
            let name = format!("{table}-{kind}{end}");
            let size = (LEFT, HEIGHT + more);
            figures.push(Figure::sized(heading, &name, caption, size, canvas));
        };
        let furthest = points().map(|point| point.fake.value + error(point.fake));
        let right = furthest.fold(0.02, f64::max).min(1.0);
        add("roc", Scale::linear(0.0, right * 1.1), "");
        let fakes = points().map(|point| point.fake.value);
        let lowest = fakes.filter(|fake| *fake > 0.0).fold(1.0, f64::min);
        if right > WORTH_A_LOGARITHM * lowest {
            let scale = Scale::log(lowest * 0.5, (right * 1.5).min(1.0));
            add("roc-log", scale, ", logarithmic");
        }
    }
    figures
}

/// Both errors together.
fn error(found: Uncertain) -> f64 {
    found.stat.hypot(found.syst.unwrap_or(0.0))
}

/// The points of data and of simulation, from the hardest cut on.
fn series<'a>(found: &Found<'_>, precut: usize) -> Vec<(&'a str, Vec<Point>)> {
    let totals = found.totals();
    let samples: [(&str, BinOf); 2] = [
        ("data", |side| Some(side.data)),
        ("simulation", |side| side.mc),
    ];
    let of = samples.map(|(sample, bin)| {
        let of = totals.iter();
        let of = of.filter(|row| row.particle.data.precut == precut);
        let points = of.filter_map(|row| {
            Some(Point {
                cut: row.particle.data.cut,
                fake: uncertain(bin(row.misid?)?)?,
                passed: uncertain(bin(row.particle)?)?,
            })
        });
        let mut points: Vec<Point> = points.collect();
        points.sort_by(|one, other| one.fake.value.total_cmp(&other.fake.value));
        (sample, points)
    });
    of.into_iter()
        .filter(|(_, points)| !points.is_empty())
        .collect()
}

fn drawn(
    found: &Found<'_>,
    series: &[(&str, Vec<Point>)],
    (precut, x): (&str, Scale),
) -> (Canvas, f64) {
    let points = || series.iter().flat_map(|(_, points)| points);
    let lowest = points().map(|point| point.passed.value - error(point.passed));
    let bottom = lowest.fold(0.98, f64::min).max(0.0);
    let x_title = match x {
        Scale::Linear { .. } => "Misidentification rate",
        Scale::Log { .. } => "Misidentification rate, logarithmic",
    };
    let y = Scale::linear((bottom - 0.1 * (1.0 - bottom)).max(0.0), 1.0);
    let panel = Panel::whole((x, x_title), (y, "Efficiency"), Ticks::Numbers);
    let mut canvas = Canvas::default();
    for (number, (_, points)) in series.iter().enumerate() {
        curve(&mut canvas, &panel, points, number);
    }
    let mut lines = Lines::new(&[
        (20.0, Anchor::Start, ""),
        (44.0, Anchor::Start, "cut"),
        (196.0, Anchor::Start, "sample"),
        (486.0, Anchor::End, "efficiency"),
        (RIGHT, Anchor::End, "misidentification"),
    ]);
    for (number, (sample, points)) in series.iter().enumerate() {
        for point in points {
            let said = of_point(&mut canvas, &panel, (found, sample), point, number);
            lines.row(said);
        }
    }
    legend(&mut canvas, &panel, (series, precut));
    panel.draw(&mut canvas);
    let more = lines.keep(MOST_LINES);
    lines.draw(&mut canvas, HEIGHT);
    if more > 0 {
        let said = format!("and {more} more lines in the CSV file");
        let y = HEIGHT + lines.height() - 12.0;
        canvas.text(44.0, y, Anchor::Start, "quiet", &said);
    }
    let more = if more > 0 { 26.0 } else { 0.0 };
    (canvas, lines.height() + more)
}

/// A dashed line through the points, in the band of their errors.
fn curve(canvas: &mut Canvas, panel: &Panel, points: &[Point], number: usize) {
    let of_band = points.iter().map(|point| UncertainPoint {
        x: point.fake.value,
        x_error: error(point.fake),
        y: point.passed.value,
        y_error: error(point.passed),
    });
    let of_band: Vec<UncertainPoint> = of_band.collect();
    canvas.polyline(&band(panel, &of_band), &format!("area f{number}"));
    let places = points.iter();
    let places = places.map(|point| panel.at(point.fake.value, point.passed.value));
    let places: Vec<(f64, f64)> = places.collect();
    canvas.polyline(&places, &format!("thin s{number} dashed"));
}

/// A point with its number and its errors, and its line of numbers.
fn of_point(
    canvas: &mut Canvas,
    panel: &Panel,
    (found, sample): (&Found<'_>, &str),
    point: &Point,
    number: usize,
) -> Vec<String> {
    let said = |found: Uncertain| {
        let errors: Vec<f64> = std::iter::once(found.stat).chain(found.syst).collect();
        with_errors(found.value, &errors)
    };
    let cut = found.named().cuts.get(point.cut).cloned();
    let cut = cut.unwrap_or_default();
    let (passed, fake) = (said(point.passed), said(point.fake));
    let title = format!("{cut}, {sample}: efficiency {passed}, misidentification {fake}");
    let (x, y) = (point.fake.value, point.passed.value);
    let at = panel.at(x, y);
    let name = (point.cut + 1).to_string();
    let stem = format!("stem s{number}");
    canvas.titled(&title, |canvas| {
        canvas.dot(at, 13.0, "touch");
        let along = [x - point.fake.stat, x + point.fake.stat].map(|x| panel.at(x, y));
        let up = [y - point.passed.stat, y + point.passed.stat].map(|y| panel.at(x, y));
        for [from, to] in [along, up] {
            canvas.line(from, to, &stem);
        }
        canvas.marker(at, 4.4, number);
        let (shift, anchor) = match at.0 > panel.right - 24.0 {
            true => (-10.0, Anchor::End),
            false => (10.0, Anchor::Start),
        };
        canvas.text(at.0 + shift, at.1 + 18.0, anchor, "small", &name);
    });
    vec![name, shortened(&cut, 19), sample.to_owned(), passed, fake]
}

fn legend(canvas: &mut Canvas, panel: &Panel, (series, precut): (&[(&str, Vec<Point>)], &str)) {
    let lines = series.len() + usize::from(!precut.is_empty());
    let at = |line: usize| panel.bottom - 24.0 - 24.0 * (lines - 1 - line) as f64;
    let x = panel.right - 190.0;
    for (number, (name, _)) in series.iter().enumerate() {
        let y = at(number);
        canvas.marker((x, y - 5.0), 4.4, number);
        canvas.text(x + 14.0, y, Anchor::Start, "note", name);
    }
    if !precut.is_empty() {
        let text = shortened(precut, 24);
        canvas.text(x - 4.0, at(lines - 1), Anchor::Start, "quiet", &text);
    }
}
