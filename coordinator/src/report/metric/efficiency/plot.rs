//! Pictures of efficiencies: along the first axis, a series for each bin of the second one, or for
//! each pre-cut.

use lumimill_common::metric::{EfficiencyBin, EfficiencyResult};

use super::title;
use crate::report::figure::{
    Anchor, BOTTOM, Canvas, Figure, HEIGHT, LEFT, Panel, RIGHT, Scale, TOP, Ticks, shortened,
};
use crate::report::metric::histogram::with_unit;
use crate::report::summary::{Report, StageReport};

/// Series that can be told apart.
const MOST_SERIES: usize = 5;
/// Pictures of one metric.
const MOST_FIGURES: usize = 8;

/// A picture for each cut, and for each pre-cut where the series are bins.
pub(in crate::report::metric) fn efficiency_plots(
    report: &Report,
    stage: &StageReport,
    found: &EfficiencyResult,
) -> Vec<Figure> {
    let precuts = match found.axes.len() {
        0 => return Vec::new(),
        1 => 1,
        _ => found.precuts.len(),
    };
    let pictures =
        (0..found.cuts.len()).flat_map(|cut| (0..precuts).map(move |precut| (cut, precut)));
    let drawn = pictures.take(MOST_FIGURES).filter_map(|(cut, precut)| {
        let series = match found.axes.len() {
            1 => by_precut(found, cut),
            _ => by_bin(found, cut, precut),
        };
        let shown = match found.axes.len() {
            1 => found.cuts.get(cut).cloned().unwrap_or_default(),
            _ => title(found, cut, precut),
        };
        let canvas = draw(stage, found, &shown, &series)?;
        let name = format!(
            "{}-efficiency-{}-{cut}-{precut}",
            stage.name,
            found.axes.first()?.column
        );
        let caption = format!("Efficiency of {shown}");
        Some(Figure::new(report, &name, caption, canvas))
    });
    drawn
        .chain(super::map::maps(report, stage, found))
        .collect()
}

/// A name and its bins.
type Series<'a> = (String, Vec<&'a EfficiencyBin>);

fn by_precut(found: &EfficiencyResult, cut: usize) -> Vec<Series<'_>> {
    let named = found.precuts.iter().enumerate().take(MOST_SERIES);
    let series = named.map(|(precut, name)| {
        let bins = found.bins.iter();
        let of = bins.filter(|bin| bin.cut == cut && bin.precut == precut && bin.is_inside);
        let name = match name.trim().is_empty() {
            true => "all".to_owned(),
            false => name.clone(),
        };
        (name, of.collect())
    });
    series.collect()
}

/// Of more than two axes, only the first bin of each further one is drawn.
fn by_bin(found: &EfficiencyResult, cut: usize, precut: usize) -> Vec<Series<'_>> {
    let mut series: Vec<Series<'_>> = Vec::new();
    let mut keys: Vec<&[[f64; 2]]> = Vec::new();
    let column = found
        .axes
        .get(1)
        .map(|axis| axis.column.as_str())
        .unwrap_or_default();
    for bin in &found.bins {
        if bin.cut != cut || bin.precut != precut || !bin.is_inside {
            continue;
        }
        let key = bin.edges.get(1..).unwrap_or_default();
        match keys.iter().position(|known| *known == key) {
            Some(at) => {
                if let Some((_, bins)) = series.get_mut(at) {
                    bins.push(bin);
                }
            }
            None if series.len() < MOST_SERIES => {
                let edges = key.first().copied().unwrap_or_default();
                let name = format!("{} ≤ {column} < {}", edges[0], edges[1]);
                keys.push(key);
                series.push((name, vec![bin]));
            }
            None => {}
        }
    }
    series
}

fn draw(
    stage: &StageReport,
    found: &EfficiencyResult,
    shown: &str,
    series: &[Series<'_>],
) -> Option<Canvas> {
    let axis = found.axes.first()?;
    let bins = || series.iter().flat_map(|(_, bins)| bins.iter());
    let top = |bin: &&&EfficiencyBin| Some(bin.efficiency? + bin.error?);
    let bottom = |bin: &&&EfficiencyBin| Some(bin.efficiency? - bin.error?);
    let highest = bins().filter_map(|bin| top(&bin)).fold(0.0, f64::max);
    // Small efficiencies are not drawn at the foot of a picture up to 1.
    let highest = if highest > 0.4 {
        highest.clamp(1.0, 3.0)
    } else {
        highest
    };
    let lowest = bins()
        .filter_map(|bin| bottom(&bin))
        .fold(0.0, f64::min)
        .max(-2.0);
    bins().next()?;
    let panel = Panel {
        left: LEFT,
        right: RIGHT,
        top: TOP,
        bottom: HEIGHT - BOTTOM,
        x: Scale::of_edges(&axis.edges),
        y: Scale::linear(
            lowest,
            highest + 0.12 * (series.len() + 1) as f64 * (highest - lowest),
        ),
        ticks: Ticks::Numbers,
        x_title: shortened(
            &with_unit(
                &axis.column,
                stage
                    .units
                    .get(&axis.column)
                    .filter(|unit| !unit.is_empty()),
            ),
            60,
        ),
        y_title: "Efficiency".to_owned(),
    };
    let mut canvas = Canvas::default();
    if highest >= 1.0 {
        panel.guide(&mut canvas, 1.0);
    }
    for (number, (name, bins)) in series.iter().enumerate() {
        points(&mut canvas, &panel, (number, series.len()), bins);
        let y = panel.top + 58.0 + 24.0 * number as f64;
        canvas.dot((panel.left + 30.0, y - 5.0), 4.0, &format!("f{number}"));
        canvas.text(
            panel.left + 44.0,
            y,
            Anchor::Start,
            "note",
            &shortened(name, 40),
        );
    }
    panel.draw(&mut canvas);
    panel.note(&mut canvas, 0, "note", &shortened(shown, 60));
    Some(canvas)
}

/// Points in their bins, those of several series side by side.
fn points(
    canvas: &mut Canvas,
    panel: &Panel,
    (number, of): (usize, usize),
    bins: &[&EfficiencyBin],
) {
    for bin in bins {
        let (Some(value), Some(error), Some([low, high])) =
            (bin.efficiency, bin.error, bin.edges.first())
        else {
            continue;
        };
        let (left, right) = (panel.across(*low), panel.across(*high));
        let x = left + (right - left) * (number as f64 + 1.0) / (of as f64 + 1.0);
        let line = format!("curve s{number}");
        canvas.line(
            (left, panel.up(value)),
            (right, panel.up(value)),
            &format!("thin s{number}"),
        );
        canvas.line(
            (x, panel.up(value - error)),
            (x, panel.up(value + error)),
            &line,
        );
        canvas.dot((x, panel.up(value)), 4.0, &format!("f{number}"));
    }
}
