//! Pictures of estimates: residuals, pulls, and bias, resolution and coverage bin after bin.

use lumimill_common::metric::{RegressionBin, RegressionResult, ShapeBin, Uncertain};

use crate::report::figure::{Anchor, Canvas, Figure, Heading, Panel, Scale, Ticks, shortened};
use crate::report::metric::histogram::{per_bin, with_unit};
use crate::report::number::with_error;
use crate::report::summary::StageReport;

/// The pictures that there are numbers for.
pub(in crate::report::metric) fn regression_plots(
    heading: &Heading,
    stage: &StageReport,
    regression: &RegressionResult,
) -> Vec<Figure> {
    let Some(all) = regression.bins.first().filter(|all| all.rows > 0) else {
        return Vec::new();
    };
    let RegressionResult {
        truth, estimate, ..
    } = regression;
    let figure = |kind: &str, caption: &str, canvas: Canvas| {
        let name = format!("{}-{kind}-{truth}-{estimate}", stage.name);
        let caption = format!("{caption} of {truth} by {estimate}");
        Figure::new(heading, &name, caption, canvas)
    };
    let unit = stage.units.get(truth).filter(|unit| !unit.is_empty());
    let noun = stage.noun(regression.over.as_deref());
    let residual = with_unit(&shortened(&format!("{estimate} − {truth}"), 48), unit);
    let mut figures = Vec::new();
    let told = [("bias", all.bias), ("resolution", all.resolution)];
    let drawn = distribution(&all.shape, (&residual, &noun), &told);
    figures.extend(drawn.map(|canvas| figure("residuals", "Residuals", canvas)));
    let told = [("mean", all.pull_mean), ("width", all.pull_width)];
    let drawn = distribution(&all.pull_shape, ("Pull", &noun), &told);
    figures.extend(drawn.map(|canvas| figure("pulls", "Pulls", canvas)));
    let series: [(&str, Quality); 2] = [
        ("bias", |bin| bin.bias),
        ("resolution", |bin| bin.resolution),
    ];
    let drawn = in_bins(regression, &residual, &series, 0.0);
    figures.extend(drawn.map(|canvas| figure("bias", "Bias and resolution", canvas)));
    if let Some(share) = regression.expected_coverage {
        let series: [(&str, Quality); 1] = [("coverage", |bin| bin.coverage)];
        let drawn = in_bins(regression, "Coverage", &series, share);
        figures.extend(drawn.map(|canvas| figure("coverage", "Coverage", canvas)));
    }
    figures
}

/// Numbers in equal bins, and what is known of them.
fn distribution(
    shape: &[ShapeBin],
    (title, noun): (&str, &str),
    told: &[(&str, Option<Uncertain>)],
) -> Option<Canvas> {
    let (first, last) = (shape.first()?, shape.last()?);
    let highest = shape.iter().map(|bin| bin.content).fold(0.0, f64::max);
    let across = Scale::linear(first.low, last.high);
    let up = Scale::linear(0.0, 1.3 * highest);
    let y_title = per_bin(noun, first.high - first.low, None);
    let panel = Panel::whole((across, title), (up, &y_title), Ticks::Numbers);
    let mut outline = vec![panel.at(first.low, 0.0)];
    for bin in shape {
        outline.extend([
            panel.at(bin.low, bin.content),
            panel.at(bin.high, bin.content),
        ]);
    }
    outline.push(panel.at(last.high, 0.0));
    let mut canvas = Canvas::default();
    canvas.polyline(&outline, "area f0");
    canvas.polyline(&outline, "thin s0");
    panel.draw(&mut canvas);
    for (line, (name, value)) in (0..).zip(told) {
        if let Some(value) = value {
            let text = format!("{name} = {}", with_error(value.value, value.error));
            panel.note(&mut canvas, line, "note", &text);
        }
    }
    Some(canvas)
}

/// A value of a bin.
type Quality = fn(&RegressionBin) -> Option<Uncertain>;

/// Values bin after bin, with their errors, and a line at what they are to be.
fn in_bins(
    regression: &RegressionResult,
    title: &str,
    series: &[(&str, Quality)],
    line: f64,
) -> Option<Canvas> {
    let bins = regression.bins.get(1..).filter(|bins| !bins.is_empty())?;
    let reach = |(value, error): (f64, f64)| [value - error, value + error];
    let ends = series.iter().flat_map(|(_, value)| {
        let values = bins.iter().filter_map(value);
        values.flat_map(move |of| reach((of.value, of.error.unwrap_or(0.0))))
    });
    let ends: Vec<f64> = ends.chain([line]).collect();
    let low = ends.iter().copied().fold(f64::INFINITY, f64::min);
    let high = ends.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let room = high - low;
    let labels = bins.iter().map(RegressionBin::label).enumerate();
    let column = regression.column.as_deref().unwrap_or_default();
    let across = Scale::linear(-0.5, bins.len() as f64 - 0.5);
    let panel = Panel::whole(
        (across, &shortened(column, 40)),
        (Scale::linear(low - 0.1 * room, high + 0.3 * room), title),
        Ticks::Categories(labels.collect()),
    );
    let mut canvas = Canvas::default();
    panel.guide(&mut canvas, line);
    for (number, (name, value)) in series.iter().enumerate() {
        for (at, bin) in (0..).map(f64::from).zip(bins) {
            let Some(found) = value(bin) else { continue };
            let [below, above] = reach((found.value, found.error.unwrap_or(0.0)));
            let (below, above) = (panel.at(at, below), panel.at(at, above));
            canvas.line(below, above, &format!("stem s{number}"));
            canvas.marker(panel.at(at, found.value), 4.4, number);
        }
        let (x, y) = (panel.left + 30.0 + 200.0 * number as f64, panel.top + 30.0);
        canvas.marker((x, y - 5.0), 4.4, number);
        canvas.text(x + 14.0, y, Anchor::Start, "note", name);
    }
    panel.draw(&mut canvas);
    Some(canvas)
}
