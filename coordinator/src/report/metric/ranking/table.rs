//! Rankings on the page: numbers, pictures and working points of each.

use crate::report::figure::escape;
use crate::report::number::{exact, grouped, limit, percent, share, significant, with_error};
use crate::report::page::markup::{Align, Table, card, figures, note_line};
use crate::report::pictures::StagePictures;
use crate::report::summary::StageReport;
use lumimill_common::metric::{
    Goal, MetricResult, OperatingPoint, PopulationResult, RankingResult, said_of_scores,
};

const WEIGHTED_NOTE: &str = "<p class=\"note-line\">With a weight, total and selected are entries, and all else is of the sums of weights: errors count each entry with the square of its weight, and where some weights are negative the binning of the average precision is not known.</p>\n";

const WORKING_NOTE: &str = "<p class=\"note-line\">Suppression: 1 / false positives, and in brackets its lower limit at 95 %. Rate: the share of all that is selected.</p>\n";

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
    let note = "<p class=\"note-line\">ROC-AUC ± its statistical error (DeLong, independent entries). The value from unbinned scores is within “binning” of the one shown: the bins follow the scores unless a range is given, and are exact while they are few. Brier score and log loss are exact, and of scores without a given range. Left out: no score, or no label.</p>\n";
    let is_weighted = all.iter().any(|(ranking, _)| ranking.weight.is_some());
    let note = note.to_owned() + if is_weighted { WEIGHTED_NOTE } else { "" };
    let without = all
        .iter()
        .flat_map(|(ranking, _)| without_probabilities(stage, ranking));
    let without: String = without.collect();
    let mut html = card("Ranking", &(table.html() + &note + &without));
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

/// Why scores have no Brier score, log loss and calibration.
fn without_probabilities(stage: &StageReport, ranking: &RankingResult) -> Vec<String> {
    let said = |(noun, found): (String, &PopulationResult)| {
        let quantities = format!(
            "Brier score, log loss and calibration of {} for {}, per {}",
            ranking.score,
            ranking.label,
            noun.trim_end_matches('s')
        );
        said_of_scores(&quantities, found.no_probability)
    };
    let said = populations(stage, ranking).into_iter().filter_map(said);
    said.map(|said| note_line(&said)).collect()
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
        or_dash(found.average_precision.map(share)),
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
    for points in population.operating_points.chunk_by(are_one) {
        let Some(point) = points.first() else {
            continue;
        };
        let goals = points.iter().map(goal).collect::<Vec<_>>().join(", ");
        let part = |part: Option<f64>| part.map_or_else(|| "–".to_owned(), percent);
        if !point.reached {
            table.aside(&[goals, "not reached".to_owned()]);
            continue;
        }
        let threshold = point.threshold.map_or_else(|| "all".to_owned(), exact);
        table.row(&[
            goals,
            threshold,
            part(point.efficiency),
            part(point.precision),
            part(point.false_positive_rate),
            suppression(point),
            part(point.rate),
            grouped(point.selected),
        ]);
    }
    let title = format!(
        "Working points of {} for {}, per {}",
        ranking.score,
        ranking.label,
        noun.trim_end_matches('s')
    );
    card(&title, &(table.html() + WORKING_NOTE))
}

/// Whether two goals are reached, or are not, by the same selection.
fn are_one(one: &OperatingPoint, other: &OperatingPoint) -> bool {
    let threshold = |point: &OperatingPoint| point.threshold.map(f64::to_bits);
    one.reached == other.reached && threshold(one) == threshold(other)
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
