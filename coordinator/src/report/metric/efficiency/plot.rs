//! Pictures of efficiencies: along the first axis, a series for each bin of the second one, or for
//! each pre-cut.

use lumimill_common::metric::{EfficiencyBin, EfficiencyResult};

use super::{is_drawn, title};
use crate::report::figure::{
    Anchor, BOTTOM, Canvas, Figure, HEIGHT, Heading, LEFT, Panel, RIGHT, Scale, TOP, Ticks,
    shortened,
};
use crate::report::metric::histogram::with_unit;
use crate::report::number::{edge, significant};
use crate::report::summary::StageReport;

/// Series that can be told apart.
const MOST_SERIES: usize = 6;
/// Pictures of one metric.
const MOST_FIGURES: usize = 24;

/// A picture for each cut, and for each pre-cut where the series are bins.
pub(in crate::report::metric) fn efficiency_plots(
    heading: &Heading,
    stage: &StageReport,
    found: &EfficiencyResult,
) -> Vec<Figure> {
    let drawn = wanted(found)
        .take(MOST_FIGURES)
        .filter_map(|(cut, precut)| {
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
            let caption = format!("Efficiency of {shown}, stage {}", stage.name);
            Some(Figure::new(heading, &name, caption, canvas))
        });
    drawn
        .chain(super::map::maps(heading, stage, found))
        .collect()
}

/// The cut and the pre-cut of each picture that there may be; where the series are pre-cuts, all have one.
pub(super) fn wanted(found: &EfficiencyResult) -> impl Iterator<Item = (usize, usize)> {
    let precuts = match found.axes.len() {
        0 => 0,
        1 => 1,
        _ => found.precuts.len(),
    };
    (0..found.cuts.len()).flat_map(move |cut| (0..precuts).map(move |precut| (cut, precut)))
}

/// Series that a picture has no room for, and bins of further axes of which only the first is drawn.
pub(in crate::report) fn not_drawn(found: &EfficiencyResult) -> Option<String> {
    let bins = |axis: usize| {
        found
            .axes
            .get(axis)
            .map(|axis| axis.edges.len().saturating_sub(1))
    };
    let series = bins(1).unwrap_or(found.precuts.len());
    let more = series.saturating_sub(MOST_SERIES);
    let what = match found.axes.get(1) {
        Some(axis) => format!("bins of {}", axis.column),
        None => String::from("pre-cuts"),
    };
    let mut said = Vec::new();
    if more > 0 {
        said.push(format!("the first {MOST_SERIES} of {series} {what}"));
    }
    let further = found
        .axes
        .iter()
        .skip(2)
        .filter(|axis| axis.edges.len() > 2);
    said.extend(further.map(|axis| format!("the first bin of {}", axis.column)));
    (!said.is_empty()).then(|| {
        format!(
            "Pictures are of {}; the CSV file has all.",
            said.join(", of ")
        )
    })
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
        let is_of = bin.cut == cut && bin.precut == precut && bin.is_inside;
        if !is_of || !is_drawn(found, bin) {
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
                let [low, high] = edges.map(edge);
                let name = format!("{low} ≤ {column} < {high}");
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
    let ends: Vec<[f64; 2]> = bins().filter_map(|bin| bin.ends()).collect();
    let (lowest, highest) = reach(&ends);
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
        y_title: match lowest > 0.0 {
            true => format!("Efficiency (axis from {})", significant(lowest, 3)),
            false => "Efficiency".to_owned(),
        },
    };
    let mut canvas = Canvas::default();
    if highest >= 1.0 {
        panel.guide(&mut canvas, 1.0);
    }
    for (number, (name, bins)) in series.iter().enumerate() {
        points(&mut canvas, &panel, (number, series.len()), bins);
        let y = panel.top + 58.0 + 24.0 * number as f64;
        canvas.marker((panel.left + 30.0, y - 5.0), 4.4, number);
        canvas.text(
            panel.left + 44.0,
            y,
            Anchor::Start,
            "note",
            &shortened(name, 40),
        );
    }
    panel.draw(&mut canvas);
    panel.note(&mut canvas, 0, "note", &shortened(shown, 46));
    panel.note_right(&mut canvas, 0, "quiet", &shortened(&stage.name, 24));
    Some(canvas)
}

/// From where to where efficiencies with these ends are drawn. Small ones are not drawn at the foot of a
/// picture up to 1, nor large ones at the head of one from 0.
fn reach(ends: &[[f64; 2]]) -> (f64, f64) {
    let highest = ends.iter().map(|[_, high]| *high).fold(0.0, f64::max);
    let least = ends
        .iter()
        .map(|[low, _]| *low)
        .fold(f64::INFINITY, f64::min);
    let highest = match highest > 0.4 {
        true => highest.clamp(1.0, 3.0),
        false => highest,
    };
    match least > 0.5 && least < 1.0 {
        true => (least - 0.2 * (1.0 - least), highest),
        false => (least.clamp(-2.0, 0.0), highest),
    }
}

/// Points in their bins, those of several series side by side.
fn points(
    canvas: &mut Canvas,
    panel: &Panel,
    (number, of): (usize, usize),
    bins: &[&EfficiencyBin],
) {
    for bin in bins {
        let (Some(value), Some([below, above]), Some([low, high])) =
            (bin.efficiency, bin.ends(), bin.edges.first())
        else {
            continue;
        };
        let (left, right) = (panel.across(*low), panel.across(*high));
        let x = left + (right - left) * (number as f64 + 1.0) / (of as f64 + 1.0);
        let line = format!("stem s{number}");
        canvas.line(
            (left, panel.up(value)),
            (right, panel.up(value)),
            &format!("thin s{number}"),
        );
        canvas.line((x, panel.up(below)), (x, panel.up(above)), &line);
        canvas.marker((x, panel.up(value)), 4.4, number);
    }
}

#[cfg(test)]
mod tests {
    use super::reach;

    #[test]
    fn efficiencies_near_1_were_a_line_on_top() {
        let (low, high) = reach(&[[0.97, 0.98], [0.999, 1.0]]);
        assert!((low - 0.964).abs() < 1e-12 && (high - 1.0).abs() < 1e-12);
        assert_eq!(reach(&[[0.2, 0.3], [0.99, 1.0]]), (0.0, 1.0));
        assert_eq!(reach(&[[0.01, 0.03]]), (0.0, 0.03));
        assert_eq!(reach(&[]), (0.0, 0.0));
    }
}
