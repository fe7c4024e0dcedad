//! A picture of each fit: counts with errors, the model and its components, and pulls below.

use lumimill_common::metric::{FittedCategory, FittedModel, MassFitResult};

use crate::report::figure::{
    Anchor, BOTTOM, Canvas, Figure, HEIGHT, LEFT, Panel, RIGHT, Scale, TOP, Ticks, shortened,
};
use crate::report::metric::histogram::with_unit;
use crate::report::number::{significant, with_error};
use crate::report::summary::{Report, StageReport};

/// Pictures of one metric.
const MOST_FIGURES: usize = 100;
/// Bins of a picture; more are joined.
const MOST_BINS: usize = 100;
/// Components that can be told apart.
const MOST_CURVES: usize = 5;
/// Pulls beyond this are drawn at the edge.
const LARGEST_PULL: f64 = 5.0;

/// One for each category and model that was fitted.
pub(in crate::report::metric) fn fit_plots(
    report: &Report,
    stage: &StageReport,
    found: &MassFitResult,
) -> Vec<Figure> {
    let mut figures = Vec::new();
    for category in &found.categories {
        for fit in &category.fits {
            if figures.len() >= MOST_FIGURES || category.entries == 0 {
                break;
            }
            let name = format!(
                "{}-fit-{}-{}-{}",
                stage.name, found.variable, category.name, fit.variation
            );
            let caption = format!(
                "Fit of {}, category {}, {} model",
                found.variable, category.name, fit.variation
            );
            figures.push(Figure::new(
                report,
                &name,
                caption,
                draw(stage, found, category, fit),
            ));
        }
    }
    figures
}

/// Contents of joined bins.
struct Joined {
    /// Edges, one more than contents.
    edges: Vec<f64>,
    contents: Vec<f64>,
    errors: Vec<f64>,
    together: usize,
}

impl Joined {
    fn of(found: &MassFitResult, category: &FittedCategory) -> Self {
        let bins = category.contents.len();
        let together = bins.div_ceil(MOST_BINS).max(1);
        let [low, high] = found.range;
        let edge = |bin: usize| low + (high - low) * bin.min(bins) as f64 / bins.max(1) as f64;
        let contents = sums(&category.contents, together);
        let squares: Vec<f64> = category.errors.iter().map(|error| error * error).collect();
        Self {
            edges: (0..=contents.len())
                .map(|bin| edge(bin * together))
                .collect(),
            errors: sums(&squares, together)
                .into_iter()
                .map(f64::sqrt)
                .collect(),
            contents,
            together,
        }
    }

    fn middle(&self, bin: usize) -> f64 {
        let edge = |bin: usize| self.edges.get(bin).copied().unwrap_or_default();
        f64::midpoint(edge(bin), edge(bin + 1))
    }
}

fn sums(values: &[f64], together: usize) -> Vec<f64> {
    values
        .chunks(together.max(1))
        .map(|chunk| chunk.iter().sum())
        .collect()
}

fn draw(
    stage: &StageReport,
    found: &MassFitResult,
    category: &FittedCategory,
    fit: &FittedModel,
) -> Canvas {
    let joined = Joined::of(found, category);
    let tops = joined
        .contents
        .iter()
        .zip(&joined.errors)
        .map(|(content, error)| content + error);
    let highest = tops.fold(0.0, f64::max);
    let lowest = joined.contents.iter().copied().fold(0.0, f64::min);
    let (bottom, split) = (HEIGHT - BOTTOM, HEIGHT - BOTTOM - 96.0);
    let x = Scale::linear(found.range[0], found.range[1]);
    let unit = stage
        .units
        .get(&found.variable)
        .filter(|unit| !unit.is_empty());
    let upper = Panel {
        left: LEFT,
        right: RIGHT,
        top: TOP,
        bottom: split,
        x,
        y: Scale::linear(lowest, highest * 1.35),
        ticks: Ticks::Silent,
        x_title: String::new(),
        y_title: y_title(found, &joined),
    };
    let lower = Panel {
        left: LEFT,
        right: RIGHT,
        top: split + 8.0,
        bottom,
        x,
        y: Scale::linear(-LARGEST_PULL, LARGEST_PULL),
        ticks: Ticks::Numbers,
        x_title: shortened(&with_unit(&found.variable, unit), 60),
        y_title: "Pull".to_owned(),
    };
    let mut canvas = Canvas::default();
    curves(&mut canvas, &upper, &joined, fit);
    points(&mut canvas, &upper, &joined);
    pulls(&mut canvas, &lower, &joined, fit);
    upper.draw(&mut canvas);
    lower.draw(&mut canvas);
    notes(&mut canvas, &upper, category, fit);
    canvas
}

fn y_title(found: &MassFitResult, joined: &Joined) -> String {
    let what = found.weight.as_ref().map_or_else(
        || "Rows".to_owned(),
        |weight| format!("Sum of {}", shortened(weight, 24)),
    );
    let width = match joined.edges.as_slice() {
        [first, second, ..] => second - first,
        _ => 0.0,
    };
    format!("{what} / {}", significant(width, 3))
}

/// The components, and all of them on top.
fn curves(canvas: &mut Canvas, panel: &Panel, joined: &Joined, fit: &FittedModel) {
    let shown = fit.curves.iter().take(MOST_CURVES).enumerate().rev();
    for (number, curve) in shown {
        let contents = sums(&curve.contents, joined.together);
        let points = contents.iter().enumerate();
        let points: Vec<(f64, f64)> = points
            .map(|(bin, content)| panel.at(joined.middle(bin), *content))
            .collect();
        canvas.polyline(&points, &format!("curve s{number}"));
    }
}

fn points(canvas: &mut Canvas, panel: &Panel, joined: &Joined) {
    let bins = joined.contents.iter().zip(&joined.errors).enumerate();
    let errors: Vec<[(f64, f64); 2]> = bins
        .map(|(bin, (content, error))| {
            let x = joined.middle(bin);
            [panel.at(x, content - error), panel.at(x, content + error)]
        })
        .collect();
    canvas.strokes(&errors, "error");
    for (bin, content) in joined.contents.iter().enumerate() {
        canvas.dot(panel.at(joined.middle(bin), *content), 2.5, "point");
    }
}

/// (content − expected)/error of the joined bins.
fn pulls(canvas: &mut Canvas, panel: &Panel, joined: &Joined, fit: &FittedModel) {
    panel.guide(canvas, 0.0);
    let Some(all) = fit.curves.first() else {
        return;
    };
    let expected = sums(&all.contents, joined.together);
    for (bin, (content, (error, expected))) in joined
        .contents
        .iter()
        .zip(joined.errors.iter().zip(&expected))
        .enumerate()
    {
        // Without weights the error is that of what is expected; an empty bin has one, too.
        let scale = if (error * error - content).abs() < 1e-9 * content.abs() {
            expected.sqrt()
        } else {
            *error
        };
        if scale > 0.0 {
            let pull = ((content - expected) / scale).clamp(-LARGEST_PULL, LARGEST_PULL);
            let (left, right) = (joined.edges[bin], joined.edges[bin + 1]);
            let (from, to) = (panel.at(left, 0.0), panel.at(right, pull));
            let (top, bottom) = (from.1.min(to.1), from.1.max(to.1));
            canvas.rectangle((from.0, top), (to.0 - from.0, bottom - top), "f0 area");
        }
    }
}

fn notes(canvas: &mut Canvas, panel: &Panel, category: &FittedCategory, fit: &FittedModel) {
    panel.note(
        canvas,
        0,
        "note",
        &shortened(&format!("{}, {}", category.name, fit.variation), 32),
    );
    if let Some(failure) = &fit.failure {
        panel.note(canvas, 1, "note", &shortened(failure, 60));
    }
    for (number, curve) in fit.curves.iter().take(MOST_CURVES).enumerate().skip(1) {
        let y = panel.top + 34.0 + 23.0 * number as f64;
        let x = panel.left + 24.0;
        canvas.line(
            (x, y - 5.0),
            (x + 26.0, y - 5.0),
            &format!("curve s{number}"),
        );
        canvas.text(
            x + 34.0,
            y,
            Anchor::Start,
            "note",
            &shortened(&curve.name, 20),
        );
    }
    let chi2 = fit
        .chi2
        .zip(fit.ndf)
        .map(|(chi2, ndf)| format!("χ²/ndf = {chi2:.1}/{ndf}"));
    let values = fit.values.iter().take(7).map(|value| {
        format!(
            "{} = {}",
            shortened(&value.name, 20),
            with_error(value.value, value.error)
        )
    });
    for (line, text) in (0..).zip(chi2.into_iter().chain(values)) {
        panel.note_right(
            canvas,
            line,
            if line == 0 { "note" } else { "quiet" },
            &text,
        );
    }
}
