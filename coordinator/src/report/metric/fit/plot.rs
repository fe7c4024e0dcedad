//! A picture of each fit: counts with errors, the model and its components, and pulls below.

use lumimill_common::metric::{FittedCategory, FittedModel, MassFitResult};

use crate::report::figure::{
    Anchor, BOTTOM, Canvas, Figure, HEIGHT, Heading, LEFT, Panel, RIGHT, Scale, TOP, Ticks,
    shortened,
};
use crate::report::metric::histogram::{per_bin, with_unit};
use crate::report::number::{significant, with_error};
use crate::report::summary::StageReport;
use crate::report::weights::of_category;

/// Pictures of one metric.
const MOST_FIGURES: usize = 100;
/// Bins of a picture; more are joined.
const MOST_BINS: usize = 100;
/// Components that can be told apart.
const MOST_CURVES: usize = 5;
/// Pulls beyond this are drawn at the edge.
const LARGEST_PULL: f64 = 5.0;
/// Pulls that are to be seen at a glance.
const GUIDE: f64 = 2.0;
/// Values that have room beside a fit.
const MOST_VALUES: usize = 7;

/// One for each category and model that was fitted.
pub(in crate::report::metric) fn fit_plots(
    heading: &Heading,
    stage: &StageReport,
    found: &MassFitResult,
) -> Vec<Figure> {
    let mut figures = Vec::new();
    for (category, fit) in fitted(found).take(MOST_FIGURES) {
        let name = format!(
            "{}-fit-{}-{}-{}",
            stage.name, found.variable, category.name, fit.variation
        );
        let caption = format!(
            "Fit of {}, stage {}, category {}, {} model",
            found.variable, stage.name, category.name, fit.variation
        );
        let doubt = of_category(category).map(|said| format!("{} {said}", category.name));
        let heading = heading.with_doubt(&doubt.unwrap_or_default());
        let canvas = draw(stage, found, category, fit);
        figures.push(Figure::new(&heading, &name, caption, canvas));
    }
    figures
}

/// Each category that has rows, with each of its fits: what there may be a picture of.
pub(super) fn fitted(
    found: &MassFitResult,
) -> impl Iterator<Item = (&FittedCategory, &FittedModel)> {
    let categories = found.categories.iter();
    let categories = categories.filter(|category| category.entries > 0);
    categories.flat_map(|category| category.fits.iter().map(move |fit| (category, fit)))
}

/// Contents of joined bins.
pub(super) struct Joined {
    /// Edges, one more than contents.
    edges: Vec<f64>,
    pub(super) contents: Vec<f64>,
    pub(super) errors: Vec<f64>,
    pub(super) together: usize,
}

impl Joined {
    /// At most so many.
    pub(super) fn of(found: &MassFitResult, category: &FittedCategory, most: usize) -> Self {
        let bins = category.contents.len();
        let together = bins.div_ceil(most).max(1);
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

    pub(super) fn middle(&self, bin: usize) -> f64 {
        let edge = |bin: usize| self.edges.get(bin).copied().unwrap_or_default();
        f64::midpoint(edge(bin), edge(bin + 1))
    }
}

pub(super) fn sums(values: &[f64], together: usize) -> Vec<f64> {
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
    let joined = Joined::of(found, category, MOST_BINS);
    let tops = joined
        .contents
        .iter()
        .zip(&joined.errors)
        .map(|(content, error)| content + error);
    let highest = tops.fold(0.0, f64::max);
    let lowest = joined.contents.iter().copied().fold(0.0, f64::min);
    let (bottom, split) = (HEIGHT - BOTTOM, HEIGHT - BOTTOM - 106.0);
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
        y_title: y_title(found, &joined, unit),
    };
    let lower = Panel {
        left: LEFT,
        right: RIGHT,
        top: split + 18.0,
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
    pulls(&mut canvas, &lower, (found, &joined), fit);
    upper.draw(&mut canvas);
    lower.draw(&mut canvas);
    notes(&mut canvas, &upper, category, fit);
    canvas
}

fn y_title(found: &MassFitResult, joined: &Joined, unit: Option<&String>) -> String {
    let what = found.weight.as_ref().map_or_else(
        || "Rows".to_owned(),
        |weight| format!("Sum of {}", shortened(weight, 24)),
    );
    let width = match joined.edges.as_slice() {
        [first, second, ..] => second - first,
        _ => 0.0,
    };
    per_bin(&what, width, unit)
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
fn pulls(
    canvas: &mut Canvas,
    panel: &Panel,
    (found, joined): (&MassFitResult, &Joined),
    fit: &FittedModel,
) {
    for guide in [-GUIDE, 0.0, GUIDE] {
        panel.guide(canvas, guide);
    }
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
        let scale = match found.weight {
            None => expected.max(0.0).sqrt(),
            Some(_) => *error,
        };
        if scale > 0.0 {
            let pull = (content - expected) / scale;
            let (left, right) = (joined.edges[bin], joined.edges[bin + 1]);
            let end = pull.clamp(-LARGEST_PULL, LARGEST_PULL);
            let (from, to) = (panel.at(left, 0.0), panel.at(right, end));
            let (top, bottom) = (from.1.min(to.1), from.1.max(to.1));
            canvas.rectangle((from.0, top), (to.0 - from.0, bottom - top), "bar f0");
            if pull.abs() > LARGEST_PULL {
                beyond(canvas, (f64::midpoint(from.0, to.0), to.1), pull.signum());
            }
        }
    }
}

/// The tip of a bar that goes on beyond the panel, up or down.
fn beyond(canvas: &mut Canvas, (x, y): (f64, f64), sign: f64) {
    let (foot, tip) = (y + 8.0 * sign, y);
    canvas.polyline(
        &[(x - 4.0, foot), (x, tip), (x + 4.0, foot), (x - 4.0, foot)],
        "f2",
    );
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
    legend(canvas, panel, fit);
    let chi2 = fit.chi2.zip(fit.ndf).map(|(chi2, ndf)| {
        let p_value = fit.p_value.map(|p| format!(", p = {}", significant(p, 2)));
        format!("χ²/ndf = {chi2:.1}/{ndf}{}", p_value.unwrap_or_default())
    });
    let values = fit.values.iter().take(MOST_VALUES).map(|value| {
        format!(
            "{} = {}",
            shortened(&value.name, 20),
            with_error(value.value, value.error)
        )
    });
    let more = fit.values.len().saturating_sub(MOST_VALUES);
    let more = (more > 0).then(|| format!("and {more} more in the table"));
    let values = values.chain(more);
    for (line, text) in (0..).zip(chi2.into_iter().chain(values)) {
        panel.note_right(
            canvas,
            line,
            if line == 0 { "note" } else { "quiet" },
            &text,
        );
    }
}

/// The data, all components together, and each of those that are drawn.
fn legend(canvas: &mut Canvas, panel: &Panel, fit: &FittedModel) {
    let at = |line: usize| panel.top + 57.0 + 23.0 * line as f64;
    let x = panel.left + 24.0;
    let named = |canvas: &mut Canvas, line: usize, name: &str| {
        canvas.text(
            x + 34.0,
            at(line),
            Anchor::Start,
            "note",
            &shortened(name, 20),
        );
    };
    if fit.curves.is_empty() {
        return;
    }
    canvas.dot((x + 13.0, at(0) - 5.0), 3.5, "point");
    named(canvas, 0, "data");
    for (number, curve) in fit.curves.iter().take(MOST_CURVES).enumerate() {
        let y = at(number + 1) - 5.0;
        canvas.line((x, y), (x + 26.0, y), &format!("curve s{number}"));
        let name = if number == 0 { "total" } else { &curve.name };
        named(canvas, number + 1, name);
    }
    let more = fit.curves.len().saturating_sub(MOST_CURVES);
    if more > 0 {
        let said = format!("and {more} more, not drawn");
        named(canvas, MOST_CURVES + 1, &said);
    }
}
