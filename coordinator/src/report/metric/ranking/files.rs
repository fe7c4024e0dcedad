//! Rankings as CSV: every number of rows and of events, and every working point.

use lumimill_common::metric::{Goal, MetricResult, PopulationResult, RankingResult};

use crate::report::csv::Table;
use crate::report::number::exact;
use crate::report::summary::Report;

const METRIC_COLUMNS: [&str; 24] = [
    "stage",
    "label",
    "score",
    "total",
    "positives",
    "prevalence",
    "roc_auc",
    "roc_auc_binning_error",
    "roc_auc_statistical_error",
    "average_precision",
    "average_precision_binning_error",
    "brier",
    "log_loss",
    "dropped",
    "unlabelled",
    "below_range",
    "above_range",
    "score_bins",
    "weight",
    "sum_positives",
    "sum_negatives",
    "effective_positives",
    "effective_negatives",
    "no_probability",
];

const THRESHOLD_COLUMNS: [&str; 17] = [
    "stage",
    "label",
    "score",
    "population",
    "goal",
    "goal_value",
    "reached",
    "threshold",
    "efficiency",
    "precision",
    "false_positive_rate",
    "rate",
    "selected",
    "false_positive_limit",
    "weight",
    "efficiency_error",
    "false_positive_rate_error",
];

/// Files that every report has.
pub(in crate::report::metric) fn csv_files(report: &Report) -> Vec<(String, Vec<u8>)> {
    vec![
        (
            "metrics_per_label.csv".to_owned(),
            metrics_per_label(report),
        ),
        ("event_metrics.csv".to_owned(), event_metrics(report)),
        ("thresholds.csv".to_owned(), thresholds(report)),
    ]
}

/// Every ranking, each row counted once.
fn metrics_per_label(report: &Report) -> Vec<u8> {
    metrics(report, |ranking| Some(&ranking.rows))
}

/// Every ranking per event, each event counted once.
fn event_metrics(report: &Report) -> Vec<u8> {
    metrics(report, |ranking| ranking.events.as_ref())
}

/// Every operating point of every ranking.
fn thresholds(report: &Report) -> Vec<u8> {
    let mut table = Table::new(&THRESHOLD_COLUMNS);
    for (stage, ranking) in rankings(report) {
        let events = ranking.events.iter().map(|events| ("events", events));
        for (population, result) in events.chain([("rows", &ranking.rows)]) {
            for point in &result.operating_points {
                let (goal, value) = match point.goal {
                    Goal::Efficiency(value) => ("efficiency", value),
                    Goal::Precision(value) => ("precision", value),
                    Goal::Rate(value) => ("rate", value),
                };
                table.text(&[stage, &ranking.label, &ranking.score, population, goal]);
                table.cells(&[exact(value), point.reached.to_string()]);
                table.numbers(&[
                    point.threshold,
                    point.efficiency,
                    point.precision,
                    point.false_positive_rate,
                    point.rate,
                ]);
                table.cells(&[if point.reached {
                    point.selected.to_string()
                } else {
                    String::new()
                }]);
                table.numbers(&[point.false_positive_limit]);
                table.text(&[ranking.weight.as_deref().unwrap_or_default()]);
                table.numbers(&[
                    point.efficiency.and(point.efficiency_error),
                    point
                        .false_positive_rate
                        .and(point.false_positive_rate_error),
                ]);
                table.end();
            }
        }
    }
    table.bytes()
}

fn metrics(
    report: &Report,
    population: impl Fn(&RankingResult) -> Option<&PopulationResult>,
) -> Vec<u8> {
    let mut table = Table::new(&METRIC_COLUMNS);
    for (stage, ranking) in rankings(report) {
        let Some(found) = population(ranking) else {
            continue;
        };
        let probability = found.probability.as_ref();
        table.text(&[stage, &ranking.label, &ranking.score]);
        table.cells(&[found.total.to_string(), found.positives.to_string()]);
        table.numbers(&[
            found.prevalence,
            found.auc,
            found.auc_binning_error,
            found.auc_statistical_error,
            found.average_precision,
            found.average_precision_binning_error,
            probability.map(|p| p.brier),
            probability.map(|p| p.log_loss),
        ]);
        let left_out = [
            found.dropped,
            found.unlabelled,
            found.below_range,
            found.above_range,
        ];
        table.cells(&left_out.map(|count| count.to_string()));
        table.cells(&[ranking.bins.to_string()]);
        table.text(&[ranking.weight.as_deref().unwrap_or_default()]);
        let weights = found.weights.as_ref();
        table.numbers(&[
            weights.map(|of| of.positives),
            weights.map(|of| of.negatives),
            weights.map(|of| of.effective_positives),
            weights.map(|of| of.effective_negatives),
        ]);
        table.cells(&[found.no_probability.to_string()]);
        table.end();
    }
    table.bytes()
}

fn rankings(report: &Report) -> impl Iterator<Item = (&str, &RankingResult)> {
    report.stages.iter().flat_map(|stage| {
        stage.metrics.iter().filter_map(|metric| match metric {
            MetricResult::Ranking(ranking) => Some((stage.name.as_str(), ranking.as_ref())),
            _ => None,
        })
    })
}
