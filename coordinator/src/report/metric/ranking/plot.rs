//! ROC, precision-recall and reliability pictures of a ranking.

use super::frame::{Series, corner, figure, frame};
use super::roc::{logarithmic_roc, roc};
use crate::report::figure::{
    BOTTOM, Canvas, Figure, HEIGHT, Heading, Panel, Scale, TOP, Ticks, shortened,
};
use crate::report::metric::label_words::LabelWords;
use crate::report::number::{grouped, percent, share};
use crate::report::summary::StageReport;
use lumimill_common::metric::{RankingResult, ReliabilityBin, ScoreBin};

/// The pictures that the ranking has numbers for.
pub(in crate::report::metric) fn ranking_plots(
    heading: &Heading,
    stage: &StageReport,
    ranking: &RankingResult,
) -> Vec<Figure> {
    let rows = |curve, bar| Series {
        noun: stage.noun(ranking.over.as_deref()),
        result: &ranking.rows,
        curve,
        bar,
    };
    let series = match &ranking.events {
        Some(events) => vec![
            Series {
                noun: "events".to_owned(),
                result: events,
                curve: "curve s0",
                bar: "f0",
            },
            rows("curve dashed s1", "f1"),
        ],
        None => vec![rows("curve s0", "f0")],
    };
    let draw = [
        roc,
        logarithmic_roc,
        precision_recall,
        reliability,
        distribution,
    ];
    draw.iter()
        .filter_map(|draw| draw(heading, stage, ranking, &series))
        .collect()
}

fn precision_recall(
    heading: &Heading,
    stage: &StageReport,
    ranking: &RankingResult,
    series: &[Series<'_>],
) -> Option<Figure> {
    let drawn = || {
        series
            .iter()
            .filter(|one| !one.result.precision_recall.is_empty())
    };
    let points = || drawn().flat_map(|one| &one.result.precision_recall);
    let highest = points().filter(|point| point.recall > 0.02);
    let highest = highest.map(|point| point.precision).fold(0.0, f64::max);
    let early = points().filter(|point| point.recall < 0.55);
    let lowest = early.map(|point| point.precision).fold(1.0, f64::min);
    let low_curve = highest <= 0.5;
    let top = if low_curve {
        (1.7 * highest).clamp(1e-3, 1.0)
    } else {
        1.0
    };
    let panel = frame(
        "Recall (efficiency)",
        "Precision (purity)",
        Scale::linear(0.0, top),
    );
    let mut canvas = Canvas::default();
    let mut legend = Vec::new();
    for one in drawn() {
        if let Some(prevalence) = one.result.prevalence {
            panel.guide(&mut canvas, prevalence);
        }
        let points = one
            .result
            .precision_recall
            .iter()
            .map(|p| panel.at(p.recall, p.precision));
        canvas.polyline(&points.collect::<Vec<_>>(), one.curve);
        let value = one.result.average_precision.unwrap_or_default();
        let prevalence = one.result.prevalence.map(percent).unwrap_or_default();
        legend.push((
            one.curve,
            format!(
                "{}: AP = {} (prevalence {prevalence})",
                one.noun,
                share(value)
            ),
        ));
    }
    if legend.is_empty() {
        return None;
    }
    panel.draw(&mut canvas);
    let (x, y) = empty_corner(&panel, lowest / top > 0.5, legend.len());
    corner(&mut canvas, x, y, ranking, &legend);
    Some(figure(heading, stage, ranking, "pr", canvas))
}

/// Where the legend of a precision-recall curve begins: below a high curve, above a low one.
fn empty_corner(panel: &Panel, high: bool, lines: usize) -> (f64, f64) {
    if high {
        let height = 25.0 * (lines as f64 + 1.0);
        return (panel.left + 28.0, panel.bottom - 30.0 - height);
    }
    (
        panel.left + 0.3 * (panel.right - panel.left),
        panel.top + 36.0,
    )
}

fn reliability(
    heading: &Heading,
    stage: &StageReport,
    ranking: &RankingResult,
    series: &[Series<'_>],
) -> Option<Figure> {
    let axis = LabelWords::of(&ranking.label).axis;
    let mut upper = frame("", axis, Scale::linear(0.0, 1.0));
    upper.bottom = TOP + 0.70 * (HEIGHT - TOP - BOTTOM);
    upper.ticks = Ticks::Silent;
    let bins = |one: &Series<'_>| -> Vec<ReliabilityBin> {
        one.result
            .probability
            .iter()
            .flat_map(|p| p.reliability.clone())
            .collect()
    };
    let most = series.iter().flat_map(bins).map(|bin| bin.count).max()? as f64;
    let mut lower = frame("Mean score", "Entries", Scale::log(0.5, 4.0 * most));
    lower.top = upper.bottom + 10.0;
    let mut canvas = Canvas::default();
    canvas.line(upper.at(0.0, 0.0), upper.at(1.0, 1.0), "guide");
    let mut legend = Vec::new();
    for (position, one) in series.iter().enumerate().rev() {
        let bins = bins(one);
        let thin = if position == 0 { "curve s0" } else { "thin s1" };
        let errors = bins
            .iter()
            .map(|bin| bin.interval.map(|end| upper.at(bin.mean_score, end)));
        canvas.strokes(&errors.collect::<Vec<_>>(), thin);
        for bin in &bins {
            canvas.dot(
                upper.at(bin.mean_score, bin.fired),
                if position == 0 { 5.0 } else { 3.5 },
                one.bar,
            );
        }
        let steps: Vec<_> = steps(&bins).iter().map(|(x, y)| lower.at(*x, *y)).collect();
        canvas.polyline(&steps, one.curve);
        let brier = one
            .result
            .probability
            .as_ref()
            .map_or(f64::NAN, |p| p.brier);
        legend.insert(0, (one.curve, format!("{}: Brier {brier:.4}", one.noun)));
    }
    upper.draw(&mut canvas);
    lower.draw(&mut canvas);
    corner(
        &mut canvas,
        upper.left + 28.0,
        upper.top + 36.0,
        ranking,
        &legend,
    );
    Some(figure(heading, stage, ranking, "calibration", canvas))
}

/// The outline of the counts; between bins that are apart it falls below the axis.
fn steps(bins: &[ReliabilityBin]) -> Vec<(f64, f64)> {
    let mut steps: Vec<(f64, f64)> = Vec::new();
    for bin in bins {
        if let Some((end, _)) = steps.last().filter(|(end, _)| *end < bin.low).copied() {
            steps.extend([(end, 0.0), (bin.low, 0.0)]);
        }
        steps.extend([(bin.low, bin.count as f64), (bin.high, bin.count as f64)]);
    }
    steps
}

/// Scores of both classes, of the population that counts, on a logarithmic scale.
fn distribution(
    heading: &Heading,
    stage: &StageReport,
    ranking: &RankingResult,
    series: &[Series<'_>],
) -> Option<Figure> {
    let one = series.first()?;
    let bins = &one.result.distribution;
    let (first, last) = (bins.first()?, bins.last()?);
    let values = |bin: &ScoreBin| {
        let counts = [bin.positives as f64, bin.negatives as f64];
        bin.weights.unwrap_or(counts)
    };
    let filled = || bins.iter().flat_map(values).filter(|value| *value > 0.0);
    let most = filled().max_by(f64::total_cmp)?;
    // Counts begin at one; weights wherever they do, of which six decades are shown.
    let lowest = match &ranking.weight {
        Some(_) => filled().fold(most, f64::min).max(1e-6 * most) / 2.0,
        None => 0.5,
    };
    let high = most * 10f64.powf(0.5 * (most / lowest).log10());
    let noun = one.noun.get(..1).map(str::to_uppercase).unwrap_or_default()
        + one.noun.get(1..).unwrap_or_default();
    let mut panel = frame(
        &shortened(&ranking.score, 50),
        &match &ranking.weight {
            Some(weight) => format!("Sum of {} / bin", shortened(weight, 20)),
            None => format!("{noun} / bin"),
        },
        Scale::log(lowest, high),
    );
    panel.x = Scale::linear(first.low, last.high);
    let mut canvas = Canvas::default();
    let mut legend = Vec::new();
    let words = LabelWords::of(&ranking.label);
    for (fired, curve, word) in [
        (false, "curve dashed s3", words.did_not),
        (true, "curve solid s2", words.fired),
    ] {
        let count = |bin: &ScoreBin| {
            let [positives, negatives] = values(bin);
            let value = if fired { positives } else { negatives };
            // What sums to less than nothing is below the axis.
            if ranking.weight.is_some() {
                value.max(lowest)
            } else {
                value
            }
        };
        let steps = bins.iter().flat_map(|bin| {
            [
                panel.at(bin.low, count(bin)),
                panel.at(bin.high, count(bin)),
            ]
        });
        let mut steps: Vec<_> = steps.collect();
        steps.insert(0, panel.at(first.low, lowest));
        steps.push(panel.at(last.high, lowest));
        canvas.polyline(&steps, curve);
        let total = if fired {
            one.result.positives
        } else {
            one.result.total.saturating_sub(one.result.positives)
        };
        legend.insert(
            0,
            (curve, format!("{} {} {word}", grouped(total), one.noun)),
        );
    }
    panel.draw(&mut canvas);
    corner(
        &mut canvas,
        panel.left + 28.0,
        panel.top + 36.0,
        ranking,
        &legend,
    );
    Some(figure(heading, stage, ranking, "scores", canvas))
}
