//! ROC curves of a ranking with bands of their errors, and its working points in them; of one that hardly
//! errs, the false-positive rate on a logarithmic scale, too.

use lumimill_common::metric::{Goal, OperatingPoint, PopulationResult, RankingResult, RocPoint};

use super::frame::{Series, corner, figure_with, frame};
use crate::report::figure::{
    Anchor, Canvas, Figure, HEIGHT, Heading, Lines, Panel, RIGHT, Scale, UncertainPoint, band,
};
use crate::report::number::{exact, grouped, with_error};
use crate::report::summary::StageReport;

/// From this area on a curve lies on the frame.
const ON_THE_FRAME: f64 = 0.95;
/// Places of the diagonal on a logarithmic scale.
const STEPS: u32 = 60;
/// Working points that are marked where the campaign states none: these efficiencies.
const USUAL: [f64; 3] = [0.5, 0.9, 0.99];
/// Working points that a picture has room for.
const MOST_POINTS: usize = 6;

/// Curves from 0 to 1.
pub(super) fn roc(
    heading: &Heading,
    stage: &StageReport,
    ranking: &RankingResult,
    series: &[Series<'_>],
) -> Option<Figure> {
    let unit = Scale::linear(0.0, 1.0);
    let (canvas, more) = drawn(ranking, series, ("False-positive rate", unit))?;
    Some(figure_with(heading, stage, ranking, ("roc", more), canvas))
}

/// The same from one negative on, where an area is large.
pub(super) fn logarithmic_roc(
    heading: &Heading,
    stage: &StageReport,
    ranking: &RankingResult,
    series: &[Series<'_>],
) -> Option<Figure> {
    let areas = series.iter().filter_map(|one| one.result.auc);
    let negatives = series
        .iter()
        .map(|one| one.result.total.saturating_sub(one.result.positives));
    let scale = logarithmic(areas, negatives.max()?)?;
    let (canvas, more) = drawn(ranking, series, (LOGARITHMIC, scale))?;
    let kind = ("roc-log", more);
    Some(figure_with(heading, stage, ranking, kind, canvas))
}

/// The title of the axis on a logarithmic scale.
pub(in crate::report::metric) const LOGARITHMIC: &str = "False-positive rate, logarithmic";

/// A logarithmic scale of the false-positive rate from half of one of so many negatives on, where an area
/// is so large that the curve lies on the frame of a linear one.
pub(in crate::report::metric) fn logarithmic(
    mut areas: impl Iterator<Item = f64>,
    negatives: u64,
) -> Option<Scale> {
    let is_worth_it = areas.any(|area| area > ON_THE_FRAME);
    is_worth_it.then(|| Scale::log(0.5 / negatives.max(2) as f64, 1.0))
}

/// The curve of guessing.
pub(in crate::report::metric) fn diagonal(canvas: &mut Canvas, panel: &Panel) {
    let places = (0..=STEPS).map(|step| {
        let share = f64::from(step) / f64::from(STEPS);
        let rate = match panel.x {
            Scale::Linear { .. } => share,
            Scale::Log { low, .. } => low.powf(1.0 - share),
        };
        panel.at(rate, rate)
    });
    canvas.polyline(&places.collect::<Vec<_>>(), "guide");
}

/// A curve and its band, with what is said of it under a pointer.
pub(in crate::report::metric) fn curve(
    canvas: &mut Canvas,
    panel: &Panel,
    points: &[RocPoint],
    (class, fill, title): (&str, &str, &str),
) {
    let low = match panel.x {
        Scale::Linear { .. } => 0.0,
        Scale::Log { low, .. } => low,
    };
    // Below the axis a band would be a wall.
    let uncertain = points
        .iter()
        .filter(|point| point.false_positive_rate >= low);
    let uncertain = uncertain.map(|point| UncertainPoint {
        x: point.false_positive_rate,
        x_error: point.false_positive_rate_error,
        y: point.efficiency,
        y_error: point.efficiency_error,
    });
    let uncertain: Vec<UncertainPoint> = uncertain.collect();
    let places = points.iter();
    let places = places.map(|p| panel.at(p.false_positive_rate.max(low), p.efficiency));
    let places: Vec<(f64, f64)> = places.collect();
    canvas.titled(title, |canvas| {
        canvas.polyline(&band(panel, &uncertain), &format!("area {fill}"));
        canvas.polyline(&places, class);
    });
}

/// The working points that are marked: those that the campaign states, else those of a few efficiencies;
/// of several that are one selection, one.
fn marked(population: &PopulationResult) -> Vec<(String, &OperatingPoint)> {
    let all = || population.operating_points.iter();
    let any_stated = all().any(|point| point.stated);
    let is_usual = |point: &OperatingPoint| match point.goal {
        Goal::Efficiency(value) => USUAL.iter().any(|usual| (usual - value).abs() < 1e-9),
        _ => false,
    };
    let wanted = all().filter(|point| match any_stated {
        true => point.stated,
        false => is_usual(point),
    });
    let mut marked: Vec<(String, &OperatingPoint)> = Vec::new();
    for point in wanted.filter(|point| point.reached) {
        let goal = match point.goal {
            Goal::Efficiency(value) => format!("efficiency ≥ {}", exact(value)),
            Goal::Precision(value) => format!("precision ≥ {}", exact(value)),
            Goal::Rate(value) => format!("rate ≤ {}", exact(value)),
        };
        let is_same = |known: &OperatingPoint| {
            known.threshold.map(f64::to_bits) == point.threshold.map(f64::to_bits)
        };
        let has_room = marked.len() < MOST_POINTS;
        match marked.iter_mut().find(|(_, known)| is_same(known)) {
            Some((goals, _)) => *goals += &format!(", {goal}"),
            None if has_room => marked.push((goal, point)),
            None => {}
        }
    }
    marked
}

/// Marks working points, each with a number, and says in a small table what they are.
fn working_points(canvas: &mut Canvas, panel: &Panel, one: &Series<'_>) -> Lines {
    let mut lines = Lines::new(&[
        (20.0, Anchor::Start, ""),
        (44.0, Anchor::Start, "working point"),
        (388.0, Anchor::End, "score ≥"),
        (536.0, Anchor::End, "efficiency"),
        (RIGHT, Anchor::End, "false-positive rate"),
    ]);
    for (number, (goal, point)) in marked(one.result).into_iter().enumerate() {
        let known = point.efficiency.zip(point.false_positive_rate);
        let Some((efficiency, rate)) = known else {
            continue;
        };
        let threshold = point.threshold.map_or_else(|| "all".to_owned(), exact);
        let efficiency_said = with_error(efficiency, point.efficiency_error);
        let rate_said = with_error(rate, point.false_positive_rate_error);
        let title = format!(
            "{}: {goal}; score ≥ {threshold}: efficiency {efficiency_said}, false-positive rate {rate_said}, \
             {} {} selected",
            number + 1,
            grouped(point.selected),
            one.noun
        );
        let at = panel.at(rate, efficiency);
        let name = (number + 1).to_string();
        canvas.titled(&title, |canvas| {
            canvas.dot(at, 13.0, "touch");
            canvas.dot(at, 4.6, "point");
            // Beside the curve, on the side where it is not.
            let (x, anchor) = match at.0 > panel.right - 40.0 {
                true => (at.0 - 9.0, Anchor::End),
                false => (at.0 + 9.0, Anchor::Start),
            };
            canvas.text(x, at.1 + 17.0, anchor, "note", &name);
        });
        lines.row(vec![name, goal, threshold, efficiency_said, rate_said]);
    }
    lines
}

fn drawn(
    ranking: &RankingResult,
    series: &[Series<'_>],
    (title, x): (&str, Scale),
) -> Option<(Canvas, f64)> {
    let mut panel = frame(title, "Efficiency", Scale::linear(0.0, 1.0));
    panel.x = x;
    let mut canvas = Canvas::default();
    diagonal(&mut canvas, &panel);
    let mut legend = Vec::new();
    let there = || series.iter().filter(|one| !one.result.roc.is_empty());
    for one in there() {
        let auc = one.result.auc;
        let auc = auc.map(|auc| with_error(auc, one.result.auc_statistical_error));
        let text = format!("{}: AUC = {}", one.noun, auc.unwrap_or_default());
        let classes = (one.curve, one.bar, text.as_str());
        curve(&mut canvas, &panel, &one.result.roc, classes);
        legend.push((one.curve, text));
    }
    let first = there().next()?;
    let lines = working_points(&mut canvas, &panel, first);
    panel.draw(&mut canvas);
    let names = legend.iter().map(|(_, text)| text.as_str());
    let x = panel.legend_left(0.36, names.chain([ranking.label.as_str()]));
    let y = panel.bottom - 30.0 - 25.0 * (legend.len() as f64 + 1.0);
    corner(&mut canvas, x, y, ranking, &legend);
    lines.draw(&mut canvas, HEIGHT);
    Some((canvas, lines.height()))
}
