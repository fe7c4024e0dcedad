//! ROC curves of a ranking; of one that hardly errs, the false-positive rate on a logarithmic scale, too.

use lumimill_common::metric::RankingResult;

use super::frame::{Series, corner, figure, frame};
use crate::report::figure::{Canvas, Figure, Heading, Scale};
use crate::report::number::with_error;
use crate::report::summary::StageReport;

/// From this area on a curve lies on the frame.
const ON_THE_FRAME: f64 = 0.95;
/// Places of the diagonal on a logarithmic scale.
const STEPS: u32 = 60;

/// Curves from 0 to 1.
pub(super) fn roc(
    heading: &Heading,
    stage: &StageReport,
    ranking: &RankingResult,
    series: &[Series<'_>],
) -> Option<Figure> {
    let unit = Scale::linear(0.0, 1.0);
    let canvas = drawn(ranking, series, ("False-positive rate", unit))?;
    Some(figure(heading, stage, ranking, "roc", canvas))
}

/// The same from one negative on, where an area is large.
pub(super) fn logarithmic_roc(
    heading: &Heading,
    stage: &StageReport,
    ranking: &RankingResult,
    series: &[Series<'_>],
) -> Option<Figure> {
    let mut areas = series.iter().filter_map(|one| one.result.auc);
    if !areas.any(|area| area > ON_THE_FRAME) {
        return None;
    }
    let negatives = series
        .iter()
        .map(|one| one.result.total.saturating_sub(one.result.positives));
    let lowest = 0.5 / negatives.max()?.max(2) as f64;
    let title = "False-positive rate, logarithmic";
    let canvas = drawn(ranking, series, (title, Scale::log(lowest, 1.0)))?;
    Some(figure(heading, stage, ranking, "roc-log", canvas))
}

fn drawn(
    ranking: &RankingResult,
    series: &[Series<'_>],
    (title, x): (&str, Scale),
) -> Option<Canvas> {
    let mut panel = frame(title, "Efficiency", Scale::linear(0.0, 1.0));
    panel.x = x;
    let mut canvas = Canvas::default();
    let low = match x {
        Scale::Linear { .. } => 0.0,
        Scale::Log { low, .. } => low,
    };
    let diagonal = (0..=STEPS).map(|step| {
        let share = f64::from(step) / f64::from(STEPS);
        let rate = match x {
            Scale::Linear { .. } => share,
            Scale::Log { .. } => low.powf(1.0 - share),
        };
        panel.at(rate, rate)
    });
    canvas.polyline(&diagonal.collect::<Vec<_>>(), "guide");
    let mut legend = Vec::new();
    for one in series.iter().filter(|one| !one.result.roc.is_empty()) {
        let points = one.result.roc.iter();
        let points = points.map(|p| panel.at(p.false_positive_rate.max(low), p.efficiency));
        canvas.polyline(&points.collect::<Vec<_>>(), one.curve);
        let auc = one.result.auc;
        let auc = auc.map(|auc| with_error(auc, one.result.auc_statistical_error));
        let text = format!("{}: AUC = {}", one.noun, auc.unwrap_or_default());
        legend.push((one.curve, text));
    }
    if legend.is_empty() {
        return None;
    }
    panel.draw(&mut canvas);
    let names = legend.iter().map(|(_, text)| text.as_str());
    let x = panel.legend_left(0.36, names.chain([ranking.label.as_str()]));
    let y = panel.bottom - 30.0 - 25.0 * (legend.len() as f64 + 1.0);
    corner(&mut canvas, x, y, ranking, &legend);
    Some(canvas)
}
