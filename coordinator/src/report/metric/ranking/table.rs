//! Rankings on the page: numbers, pictures and working points of each.

use crate::report::figure::escape;
use crate::report::number::{grouped, limit, percent, significant, with_error};
use crate::report::page::markup::{Align, Table, card, figures};
use crate::report::pictures::StagePictures;
use crate::report::summary::StageReport;
use lumimill_common::metric::{
    Goal, MetricResult, OperatingPoint, PopulationResult, RankingResult,
};

const WEIGHTED_NOTE: &str = "<p class=\"note-line\">With a weight, total and selected are entries, and all else is of the sums of weights: errors count each entry with the square of its weight, and where some weights are negative the binning of the average precision is not known.</p>\n";

/// The table of all rankings, then pictures and thresholds of each.
pub(in crate::report::metric) fn page(stage: &StageReport, pictures: &StagePictures) -> String {
    let all = stage.metrics.iter().zip(&pictures.metrics);
    let all: Vec<_> = all
        .filter_map(|(metric, drawn)| match metric {
            MetricResult::Ranking(ranking) => Some((ranking.as_ref(), drawn)),
            _ => None,
        })
        .collect();
    if all.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&[
        ("label", Align::Left),
        ("score", Align::Left),
        ("per", Align::Left),
        ("total", Align::Right),
        ("prevalence", Align::Right),
        ("ROC-AUC", Align::Right),
        ("binning", Align::Right),
        ("average precision", Align::Right),
        ("binning", Align::Right),
        ("Brier", Align::Right),
        ("log loss", Align::Right),
        ("left out", Align::Right),
    ]);
    for (ranking, _) in &all {
        for (noun, population) in populations(stage, ranking) {
            table.row(&numbers(ranking, &noun, population));
        }
    }
    let note = "<p class=\"note-line\">ROC-AUC ± its statistical error (DeLong, independent entries). The value from unbinned scores is within “binning” of the one shown: the bins follow the scores unless a range is given, and are exact while they are few. Brier score and log loss are exact. Left out: no score, or no label.</p>\n";
    let is_weighted = all.iter().any(|(ranking, _)| ranking.weight.is_some());
    let note = note.to_owned() + if is_weighted { WEIGHTED_NOTE } else { "" };
    let mut html = card("Ranking", &(table.html() + &note));
    for (ranking, drawn) in &all {
        html += &format!(
            "<h3>{} <small>by {}</small></h3>\n",
            escape(&ranking.label),
            escape(&ranking.score)
        );
        html += &figures(drawn);
        html += &thresholds(stage, ranking);
    }
    html
}

/// Events first, as they are what counts.
fn populations<'a>(
    stage: &StageReport,
    ranking: &'a RankingResult,
) -> Vec<(String, &'a PopulationResult)> {
    let events = ranking
        .events
        .iter()
        .map(|events| ("events".to_owned(), events));
    events
        .chain([(stage.noun(ranking.over.as_deref()), &ranking.rows)])
        .collect()
}

fn numbers(ranking: &RankingResult, noun: &str, found: &PopulationResult) -> Vec<String> {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    let bound = |error: Option<f64>| or_dash(error.map(limit));
    let probability = found.probability.as_ref();
    vec![
        ranking.label.clone(),
        match &ranking.weight {
            Some(weight) => format!("{}, weight {weight}", ranking.score),
            None => ranking.score.clone(),
        },
        noun.to_owned(),
        grouped(found.total),
        or_dash(found.prevalence.map(percent)),
        or_dash(
            found
                .auc
                .map(|auc| with_error(auc, found.auc_statistical_error)),
        ),
        bound(found.auc_binning_error),
        or_dash(found.average_precision.map(|value| format!("{value:.4}"))),
        bound(found.average_precision_binning_error),
        or_dash(probability.map(|p| format!("{:.4}", p.brier))),
        or_dash(probability.map(|p| format!("{:.4}", p.log_loss))),
        grouped(found.dropped.saturating_add(found.unlabelled)),
    ]
}

/// Operating points of the population that counts.
fn thresholds(stage: &StageReport, ranking: &RankingResult) -> String {
    let Some((noun, population)) = populations(stage, ranking).into_iter().next() else {
        return String::new();
    };
    let mut table = Table::new(&[
        ("working point", Align::Left),
        ("select score ≥", Align::Right),
        ("efficiency", Align::Right),
        ("precision", Align::Right),
        ("false positives", Align::Right),
        ("suppression", Align::Right),
        ("rate", Align::Right),
        ("selected", Align::Right),
    ]);
    for point in &population.operating_points {
        let share = |share: Option<f64>| share.map_or_else(|| "–".to_owned(), percent);
        if !point.reached {
            table.aside(&[goal(point), "not reached".to_owned()]);
            continue;
        }
        let threshold = point
            .threshold
            .map_or_else(|| "all".to_owned(), |value| significant(value, 6));
        table.row(&[
            goal(point),
            threshold,
            share(point.efficiency),
            share(point.precision),
            share(point.false_positive_rate),
            suppression(point),
            share(point.rate),
            grouped(point.selected),
        ]);
    }
    let title = format!(
        "Working points of {} for {}, per {}",
        ranking.score,
        ranking.label,
        noun.trim_end_matches('s')
    );
    card(&title, &table.html())
}

/// How many negatives there are for one that is selected, and how many at least, at 95 % confidence.
fn suppression(point: &OperatingPoint) -> String {
    let over = |rate: Option<f64>| rate.filter(|rate| *rate > 0.0).map(|rate| 1.0 / rate);
    let (found, least) = (
        over(point.false_positive_rate),
        over(point.false_positive_limit),
    );
    let told =
        |value: Option<f64>| value.map_or_else(|| "∞".to_owned(), |value| significant(value, 3));
    match least {
        Some(least) => format!("{} (> {})", told(found), significant(least, 3)),
        None => "–".to_owned(),
    }
}

fn goal(point: &OperatingPoint) -> String {
    let stated = if point.stated { ", target" } else { "" };
    let goal = match point.goal {
        Goal::Efficiency(value) => format!("efficiency ≥ {}", percent(value)),
        Goal::Precision(value) => format!("precision ≥ {}", percent(value)),
        Goal::Rate(value) => format!("rate ≤ {}", percent(value)),
    };
    goal + stated
}
