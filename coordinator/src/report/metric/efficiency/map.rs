//! Efficiencies in bins of two axes, as a map: a cell for each bin, filled as high as it is efficient.

use lumimill_common::metric::{EfficiencyBin, EfficiencyResult, RawBins};

use super::{shown, title};
use crate::report::figure::{
    Anchor, BOTTOM, Canvas, Figure, HEIGHT, Heading, LEFT, RIGHT, TOP, shortened,
};
use crate::report::metric::histogram::with_unit;
use crate::report::number::{self, significant};
use crate::report::summary::StageReport;

/// Bins of an axis whose numbers can be read.
const MOST_BINS: usize = 12;
/// Bins across that leave room for errors.
const ROOMY: usize = 5;

/// A map of each cut without pre-cut, where there are two axes of few bins.
pub(super) fn maps(
    heading: &Heading,
    stage: &StageReport,
    found: &EfficiencyResult,
) -> Vec<Figure> {
    let [across, up] = found.axes.as_slice() else {
        return Vec::new();
    };
    let sizes = [across, up].map(|axis| axis.edges.len().saturating_sub(1));
    if sizes.iter().any(|size| !(1..=MOST_BINS).contains(size)) {
        return Vec::new();
    }
    let of_cut = |cut: usize| {
        let bins = found.bins.iter();
        let bins = bins.filter(|bin| bin.cut == cut && bin.precut == 0 && bin.is_inside);
        let canvas = drawn(stage, found, sizes, &bins.collect::<Vec<_>>());
        let shown = title(found, cut, 0);
        let name = format!("{}-efficiency-map-{cut}", stage.name);
        let caption = format!(
            "Efficiency of {shown} in {} and {}, stage {}",
            across.column, up.column, stage.name
        );
        Figure::new(heading, &name, caption, canvas)
    };
    (0..found.cuts.len()).map(of_cut).collect()
}

fn drawn(
    stage: &StageReport,
    found: &EfficiencyResult,
    [columns, rows]: [usize; 2],
    bins: &[&EfficiencyBin],
) -> Canvas {
    let mut canvas = Canvas::default();
    let (left, top, bottom) = (LEFT + 20.0, TOP + 4.0, HEIGHT - BOTTOM);
    let width = (RIGHT - left) / columns as f64;
    let height = (bottom - top) / rows as f64;
    // The last axis is fastest.
    for (number, bin) in bins.iter().enumerate() {
        let (column, row) = (number / rows, number % rows);
        let x = left + column as f64 * width;
        let y = bottom - (row as f64 + 1.0) * height;
        let inner = (width - 6.0, height - 6.0);
        canvas.rectangle((x + 3.0, y + 3.0), inner, "rail");
        let filled = inner.1 * bin.efficiency.unwrap_or(0.0).clamp(0.0, 1.0);
        let corner = (x + 3.0, y + 3.0 + inner.1 - filled);
        canvas.rectangle(corner, (inner.0, filled), "bar f0 area");
        let text = match bin.efficiency {
            Some(_) if columns <= ROOMY => shown(bin),
            Some(value) => significant(value, 2),
            None => String::from("–"),
        };
        let middle = (x + width / 2.0, y + height / 2.0 + 5.0);
        canvas.text(middle.0, middle.1, Anchor::Middle, "small", &text);
    }
    for (axis, along) in found.axes.iter().zip([true, false]) {
        for (number, edge) in axis.edges.iter().enumerate() {
            let edge = number::edge(*edge);
            match along {
                true => {
                    let x = left + number as f64 * width;
                    canvas.text(x, bottom + 22.0, Anchor::Middle, "label", &edge);
                }
                false => {
                    let y = bottom - number as f64 * height + 5.0;
                    canvas.text(left - 8.0, y, Anchor::End, "label", &edge);
                }
            }
        }
    }
    let named = |axis: &RawBins| {
        let unit = stage
            .units
            .get(&axis.column)
            .filter(|unit| !unit.is_empty());
        shortened(&with_unit(&axis.column, unit), 40)
    };
    let names = found.axes.iter().map(named);
    let names: Vec<String> = names.collect();
    if let [across, up] = names.as_slice() {
        canvas.text(RIGHT, bottom + 52.0, Anchor::End, "title", across);
        canvas.upright(LEFT - 62.0, TOP, "title", up);
    }
    canvas
}
