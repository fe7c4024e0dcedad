//! Pictures of tables of efficiencies: data over simulation along the first axis.

use lumimill_common::metric::EfficiencyBin;
use lumimill_correction::Uncertain;

use super::roc::roc_plots;
use super::{Found, Row, Side};
use crate::report::figure::{
    Anchor, BOTTOM, Canvas, Figure, HEIGHT, Heading, LEFT, Panel, RIGHT, Scale, TOP, Ticks,
    shortened,
};
use crate::report::metric::{efficiency_is_drawn, efficiency_title, with_unit};
use crate::report::number::edge;

/// Series that can be told apart.
const MOST_SERIES: usize = 6;
/// Pictures of ratios of one table.
const MOST_FIGURES: usize = 24;

/// How many pictures of ratios there may be.
pub(super) fn wanted(found: &Found<'_>) -> usize {
    let kinds = if found.misid.is_some() { 2 } else { 1 };
    let ratios = if found.particle.mc.is_some() {
        kinds
    } else {
        0
    };
    ratios * found.named().cuts.len()
}

/// All pictures of a table.
pub(in crate::report) fn ratio_plots(heading: &Heading, found: &Found<'_>) -> Vec<Figure> {
    let rows = found.rows();
    let name = found.table.name.as_str();
    let mut figures = Vec::new();
    let kinds: [(&str, &str, SideOf); 2] = [
        ("ratio", "", |row| Some(row.particle)),
        ("fake-ratio", "misidentified by ", |row| row.misid),
    ];
    let named = found.named();
    for (kind, of, side) in kinds {
        for cut in 0..named.cuts.len() {
            let shown = format!("{of}{}", named.cuts.get(cut).cloned().unwrap_or_default());
            let canvas = ratios(found, &rows, (cut, side), &shown);
            let figure = canvas.map(|canvas| {
                let caption = format!("Data over simulation, {shown}");
                Figure::new(heading, &format!("{name}-{kind}-{cut}"), caption, canvas)
            });
            let is_room = figures.len() < MOST_FIGURES;
            figures.extend(figure.filter(|_| is_room));
        }
    }
    figures.extend(roc_plots(heading, found));
    figures
}

/// What a row has of one kind of particle.
type SideOf = for<'a> fn(&Row<'a>) -> Option<Side<'a>>;

/// A name, and each bin with its ratio.
type Series<'a> = (String, Vec<(&'a EfficiencyBin, Uncertain)>);

/// The ratios of a cut without pre-cut: a series for each bin of the second axis; without one, for each
/// pre-cut.
fn ratios(
    found: &Found<'_>,
    rows: &[Row<'_>],
    (cut, side): (usize, SideOf),
    shown: &str,
) -> Option<Canvas> {
    let named = found.named();
    let axis = named.axes.first()?;
    let mut series: Vec<Series<'_>> = Vec::new();
    for row in rows.iter().filter(|row| row.particle.data.cut == cut) {
        let bin = row.particle.data;
        let second = named.axes.get(1).zip(bin.edges.get(1));
        let name = match second {
            Some(_) if bin.precut != 0 => continue,
            Some((axis, [low, high])) => {
                format!("{} ≤ {} < {}", edge(*low), axis.column, edge(*high))
            }
            None => match named.precuts.get(bin.precut) {
                Some(precut) if !precut.trim().is_empty() => precut.clone(),
                _ => String::from("all"),
            },
        };
        let is_first = efficiency_is_drawn(named, bin);
        let Some(ratio) = side(row).and_then(|side| side.ratio).filter(|_| is_first) else {
            continue;
        };
        match series.iter().position(|(known, _)| *known == name) {
            Some(at) => {
                if let Some((_, points)) = series.get_mut(at) {
                    points.push((bin, ratio));
                }
            }
            None if series.len() < MOST_SERIES => series.push((name, vec![(bin, ratio)])),
            None => {}
        }
    }
    let points = || series.iter().flat_map(|(_, points)| points);
    points().next()?;
    let ends = points().flat_map(|(_, ratio)| {
        let error = ratio.stat.hypot(ratio.syst.unwrap_or(0.0));
        [ratio.value - error, ratio.value + error]
    });
    let (low, high) = ends.fold((0.9_f64, 1.1_f64), |(low, high), end| {
        (low.min(end.max(-1.0)), high.max(end.min(4.0)))
    });
    let room = 0.09 * (series.len() + 2) as f64 * (high - low);
    let panel = Panel {
        left: LEFT,
        right: RIGHT,
        top: TOP,
        bottom: HEIGHT - BOTTOM,
        x: Scale::of_edges(&axis.edges),
        y: Scale::linear(low - 0.05 * (high - low), high + room),
        ticks: Ticks::Numbers,
        x_title: {
            let units = &found.particle.data.stage.units;
            let unit = units.get(&axis.column).filter(|unit| !unit.is_empty());
            shortened(&with_unit(&axis.column, unit), 60)
        },
        y_title: String::from("Data / simulation"),
    };
    let mut canvas = Canvas::default();
    panel.guide(&mut canvas, 1.0);
    for (number, (name, points)) in series.iter().enumerate() {
        let shift = (number as f64 + 1.0) / (series.len() as f64 + 1.0);
        for (bin, ratio) in points {
            let Some([low, high]) = bin.edges.first() else {
                continue;
            };
            let (left, right) = (panel.across(*low), panel.across(*high));
            cross(&mut canvas, &panel, ([left, right], shift), *ratio, number);
        }
        legend(&mut canvas, &panel, number, name);
    }
    panel.draw(&mut canvas);
    panel.note(&mut canvas, 0, "note", &shortened(shown, 60));
    Some(canvas)
}

/// A point with its statistical error as a line, and with both errors as a thin one.
fn cross(
    canvas: &mut Canvas,
    panel: &Panel,
    ([left, right], shift): ([f64; 2], f64),
    found: Uncertain,
    number: usize,
) {
    let x = left + (right - left) * shift;
    let y = panel.up(found.value);
    let thin = format!("thin s{number}");
    canvas.line((left, y), (right, y), &thin);
    let both = found.stat.hypot(found.syst.unwrap_or(0.0));
    let upright = |error: f64| {
        let ends = [found.value - error, found.value + error];
        ends.map(|end| (x, panel.up(end)))
    };
    let ([low, high], [lowest, highest]) = (upright(found.stat), upright(both));
    canvas.line(lowest, highest, &thin);
    canvas.line(low, high, &format!("stem s{number}"));
    canvas.marker((x, y), 4.4, number);
}

fn legend(canvas: &mut Canvas, panel: &Panel, number: usize, name: &str) {
    let y = panel.top + 58.0 + 24.0 * number as f64;
    canvas.marker((panel.left + 30.0, y - 5.0), 4.4, number);
    let name = shortened(name, 40);
    canvas.text(panel.left + 44.0, y, Anchor::Start, "note", &name);
}

/// The cut and pre-cut of a row, for a person.
pub(super) fn titled(found: &Found<'_>, row: &Row<'_>) -> String {
    efficiency_title(
        found.named(),
        row.particle.data.cut,
        row.particle.data.precut,
    )
}
