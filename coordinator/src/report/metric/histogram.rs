//! Histograms, as points with errors, on a linear and where it helps on a logarithmic scale.

use crate::report::figure::{
    BOTTOM, Canvas, Figure, HEIGHT, Heading, LEFT, Panel, RIGHT, Scale, TOP, Ticks, shortened,
};
use crate::report::number::{counted, grouped, significant};
use crate::report::summary::StageReport;
use lumimill_common::metric::{HistogramBin, HistogramResult};

/// More bins than this are joined for the picture.
const MOST_BINS: usize = 400;
/// A logarithmic picture is added when the contents span more than this.
const WORTH_A_LOGARITHM: f64 = 20.0;

/// The picture, and its logarithmic variant where the contents span more than a decade.
pub(super) fn histogram_plots(
    heading: &Heading,
    stage: &StageReport,
    histogram: &HistogramResult,
) -> Vec<Figure> {
    let bins = joined(&histogram.bins);
    let highest = bins
        .iter()
        .map(|bin| bin.content + bin.error)
        .fold(0.0, f64::max);
    let lowest = bins
        .iter()
        .map(|bin| bin.content - bin.error)
        .fold(0.0, f64::min);
    let positive = bins
        .iter()
        .map(|bin| bin.content)
        .filter(|content| *content > 0.0);
    let smallest = positive.fold(f64::INFINITY, f64::min);
    let room = 0.28 * (highest - lowest);
    let linear = Scale::linear(
        if lowest < 0.0 {
            lowest - 0.1 * room
        } else {
            0.0
        },
        highest + room,
    );
    let mut figures = vec![draw(heading, stage, histogram, &bins, linear, "")];
    if highest / smallest > WORTH_A_LOGARITHM {
        let low = smallest * 0.5;
        let decades = (highest / low).log10();
        let high = highest * 10f64.powf(0.25 * decades);
        figures.push(draw(
            heading,
            stage,
            histogram,
            &bins,
            Scale::log(low, high),
            "-log",
        ));
    }
    figures
}

fn draw(
    heading: &Heading,
    stage: &StageReport,
    histogram: &HistogramResult,
    bins: &[HistogramBin],
    y: Scale,
    variant: &str,
) -> Figure {
    let low = bins.first().map_or(0.0, |bin| bin.low);
    let high = bins.last().map_or(1.0, |bin| bin.high);
    let unit = stage
        .units
        .get(&histogram.column)
        .filter(|unit| !unit.is_empty());
    let panel = Panel {
        left: LEFT,
        right: RIGHT,
        top: TOP,
        bottom: HEIGHT - BOTTOM,
        x: Scale::linear(low, high),
        y,
        ticks: Ticks::Numbers,
        x_title: shortened(&with_unit(&histogram.column, unit), 60),
        y_title: y_title(
            stage,
            histogram,
            (high - low) / bins.len().max(1) as f64,
            unit,
        ),
    };
    let mut canvas = Canvas::default();
    contents(&mut canvas, &panel, bins);
    panel.draw(&mut canvas);
    let first = inside(histogram, bins);
    panel.note_right(&mut canvas, 0, "note", &first);
    let outside = format!(
        "{} below, {} above",
        grouped(histogram.underflow.entries),
        grouped(histogram.overflow.entries)
    );
    panel.note_right(&mut canvas, 1, "quiet", &outside);
    panel.note(&mut canvas, 0, "note", &shortened(&stage.name, 28));
    let caption = format!(
        "{}{}: {first}, {outside}, {} left out",
        with_unit(&histogram.column, unit),
        if variant.is_empty() {
            ""
        } else {
            ", logarithmic"
        },
        counted(
            histogram.missing,
            if histogram.over.is_some() {
                "value"
            } else {
                "row"
            }
        ),
    );
    let name = format!("{}-histogram-{}{variant}", stage.name, histogram.column);
    Figure::new(heading, &name, caption, canvas)
}

/// What is in range: entries, or the sum of their weights.
fn inside(histogram: &HistogramResult, bins: &[HistogramBin]) -> String {
    let entries = bins.iter().map(|bin| bin.entries);
    let sum: f64 = bins.iter().map(|bin| bin.content).sum();
    match &histogram.weight {
        Some(weight) => format!("Σ {} = {}", shortened(weight, 30), significant(sum, 5)),
        None => format!(
            "{} in range",
            counted_entries(entries.fold(0, u64::saturating_add))
        ),
    }
}

fn counted_entries(entries: u64) -> String {
    if entries == 1 {
        "1 entry".to_owned()
    } else {
        format!("{} entries", grouped(entries))
    }
}

fn contents(canvas: &mut Canvas, panel: &Panel, bins: &[HistogramBin]) {
    let floor = match panel.y {
        Scale::Linear { .. } => 0.0,
        Scale::Log { low, .. } => low,
    };
    let mut outline = Vec::with_capacity(2 * bins.len() + 2);
    for bin in bins {
        let top = bin.content.max(if floor > 0.0 {
            floor
        } else {
            f64::NEG_INFINITY
        });
        outline.extend([panel.at(bin.low, top), panel.at(bin.high, top)]);
    }
    if let (Some(first), Some(last)) = (bins.first(), bins.last()) {
        outline.insert(0, panel.at(first.low, floor));
        outline.push(panel.at(last.high, floor));
    }
    canvas.polyline(&outline, "area f0");
    canvas.polyline(&outline, "thin s0");
    let seen = || {
        bins.iter()
            .filter(|bin| bin.entries > 0 && (floor <= 0.0 || bin.content > 0.0))
    };
    let middle = |bin: &HistogramBin| f64::midpoint(bin.low, bin.high);
    let errors = seen().map(|bin| {
        let down = (bin.content - bin.error).max(if floor > 0.0 {
            floor
        } else {
            f64::NEG_INFINITY
        });
        [
            panel.at(middle(bin), down),
            panel.at(middle(bin), bin.content + bin.error),
        ]
    });
    canvas.strokes(&errors.collect::<Vec<_>>(), "error");
    if bins.len() <= 200 {
        let radius = if bins.len() <= 60 { 3.6 } else { 2.5 };
        for bin in seen() {
            canvas.dot(panel.at(middle(bin), bin.content), radius, "point");
        }
    }
}

/// A column with its unit: `m_mumu [GeV]`.
pub(in crate::report) fn with_unit(column: &str, unit: Option<&String>) -> String {
    unit.map_or_else(|| column.to_owned(), |unit| format!("{column} [{unit}]"))
}

fn y_title(
    stage: &StageReport,
    histogram: &HistogramResult,
    width: f64,
    unit: Option<&String>,
) -> String {
    let what = match &histogram.weight {
        Some(weight) => format!("Sum of {}", shortened(weight, 24)),
        None => match &histogram.over {
            Some(_) => stage.noun(histogram.over.as_deref()),
            None if stage.rows_are.is_empty() => "Rows".to_owned(),
            None => stage.rows_are.clone(),
        },
    };
    per_bin(&what, width, unit)
}

/// What is counted in bins of a width: `Rows / 0.0015 GeV`.
pub(in crate::report) fn per_bin(what: &str, width: f64, unit: Option<&String>) -> String {
    let width = significant(width, 3);
    let width = match width.contains('.') {
        true => width.trim_end_matches('0').trim_end_matches('.'),
        false => &width,
    };
    let unit = unit.map(|unit| format!(" {unit}")).unwrap_or_default();
    format!("{what} / {width}{unit}")
}

/// Neighbouring bins joined until there are at most [`MOST_BINS`].
fn joined(bins: &[HistogramBin]) -> Vec<HistogramBin> {
    let together = bins.len().div_ceil(MOST_BINS).max(1);
    let join = |group: &[HistogramBin]| -> Option<HistogramBin> {
        let (first, last) = (group.first()?, group.last()?);
        Some(HistogramBin {
            low: first.low,
            high: last.high,
            entries: group
                .iter()
                .map(|bin| bin.entries)
                .fold(0, u64::saturating_add),
            content: group.iter().map(|bin| bin.content).sum(),
            error: group
                .iter()
                .map(|bin| bin.error * bin.error)
                .sum::<f64>()
                .sqrt(),
        })
    };
    bins.chunks(together).filter_map(join).collect()
}
