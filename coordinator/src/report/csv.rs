//! Tables as CSV, quoted after RFC 4180, with text that a spreadsheet would run made harmless.

use super::number::exact;
use super::summary::Report;
use lumimill_common::metric::{Goal, MetricResult, PopulationResult, RankingResult};
use lumimill_common::printable::printable;

const METRIC_COLUMNS: [&str; 18] = [
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
];

const THRESHOLD_COLUMNS: [&str; 13] = [
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
];

const LABEL_COLUMNS: [&str; 7] = [
    "stage",
    "label",
    "branch",
    "files",
    "events",
    "files_without",
    "events_without",
];

/// Every label, and how many files and certified events lack it.
pub(super) fn labels(report: &Report) -> Vec<u8> {
    let mut table = Table::new(&LABEL_COLUMNS);
    for stage in &report.stages {
        for label in &stage.labels {
            table.text(&[&stage.name, &label.label, &label.branch]);
            let counts = [
                label.files,
                label.events,
                label.files_without,
                label.events_without,
            ];
            table.cells(&counts.map(|count| count.to_string()));
            table.end();
        }
    }
    table.bytes()
}

/// Every ranking, each row counted once.
pub(super) fn metrics_per_label(report: &Report) -> Vec<u8> {
    metrics(report, |ranking| Some(&ranking.rows))
}

/// Every ranking per event, each event counted once.
pub(super) fn event_metrics(report: &Report) -> Vec<u8> {
    metrics(report, |ranking| ranking.events.as_ref())
}

/// Every operating point of every ranking.
pub(super) fn thresholds(report: &Report) -> Vec<u8> {
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

/// What a file is called that is named after a stage.
pub(super) fn file_stem(stage: &str) -> String {
    let safe = |c: char| {
        if c.is_ascii_alphanumeric() || c == '_' || c == '-' {
            c
        } else {
            '-'
        }
    };
    stage.chars().take(120).map(safe).collect()
}

/// A CSV file as it grows.
pub(super) struct Table {
    text: String,
    line: Vec<String>,
}

impl Table {
    pub(super) fn new(columns: &[&str]) -> Self {
        Self {
            text: columns.join(",") + "\n",
            line: Vec::new(),
        }
    }

    pub(super) fn text(&mut self, cells: &[&str]) {
        self.line.extend(cells.iter().map(|cell| field(cell)));
    }

    fn cells(&mut self, cells: &[String]) {
        self.line.extend_from_slice(cells);
    }

    pub(super) fn numbers(&mut self, cells: &[Option<f64>]) {
        self.line
            .extend(cells.iter().map(|cell| cell.map(exact).unwrap_or_default()));
    }

    pub(super) fn end(&mut self) {
        self.text += &self.line.join(",");
        self.text.push('\n');
        self.line.clear();
    }

    pub(super) fn bytes(self) -> Vec<u8> {
        self.text.into_bytes()
    }
}

/// One field of text, in one line. A spreadsheet takes `=`, `+`, `-` or `@` at its start for a
/// formula; an apostrophe before it makes it text.
fn field(text: &str) -> String {
    let text = printable(text).into_owned();
    let formula = text.starts_with(['=', '+', '-', '@']);
    let text = if formula { format!("'{text}") } else { text };
    if text.contains([',', '"']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::field;

    #[test]
    fn fields_are_quoted_and_harmless() {
        assert_eq!(field("plain name"), "plain name");
        assert_eq!(field("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(field("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!(field("@x,y"), "\"'@x,y\"");
        assert_eq!(field("a\nb\u{1b}[2J"), "a\\nb\\u001b[2J");
    }
}
