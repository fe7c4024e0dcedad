//! What is on the page, with links: its stages and tables, and the files beside it.

use super::warnings;
use crate::report::csv::file_stem;
use crate::report::figure::escape;
use crate::report::ratio;
use crate::report::summary::{Report, StageReport};
use lumimill_common::metric::MetricResult;

/// Links to all sections, with what stages measure.
pub(super) fn contents(report: &Report) -> String {
    let mut entries = Vec::new();
    if warnings::count(report) > 0 {
        entries.push(entry(warnings::PLACE, "Warnings", ""));
    }
    entries.push(entry("failures", "What failed", ""));
    for stage in &report.stages {
        let place = format!("stage-{}", stage.name);
        let title = format!("Stage {}", stage.name);
        entries.push(entry(&place, &title, &kinds(stage).join(", ")));
    }
    for found in ratio::all(report) {
        let name = &found.table.name;
        entries.push(entry(
            &format!("table-{name}"),
            &format!("Table {name}"),
            "",
        ));
    }
    if report.lumis.is_some() {
        entries.push(entry("lumis", "Lumi sections", ""));
    }
    entries.push(entry("files", "Input files", ""));
    entries.push(entry("numbers", "Files of numbers", ""));
    format!(
        "<nav aria-label=\"Contents\"><ul>\n{}</ul></nav>\n",
        entries.concat()
    )
}

fn entry(place: &str, title: &str, kinds: &str) -> String {
    let [place, title, kinds] = [place, title, kinds].map(escape);
    let kinds = match kinds.is_empty() {
        true => kinds,
        false => format!(" <small>{kinds}</small>"),
    };
    format!("<li><a href=\"#{place}\">{title}</a>{kinds}</li>\n")
}

/// The kinds of what a stage measures, each once.
fn kinds(stage: &StageReport) -> Vec<&'static str> {
    let mut kinds = Vec::new();
    for metric in &stage.metrics {
        let kind = match metric {
            MetricResult::Ranking(_) => "rankings",
            MetricResult::Drift(_) => "stability",
            MetricResult::Histogram(_) => "distributions",
            MetricResult::Efficiency(_) => "efficiencies",
            MetricResult::MassFit(_) => "fits",
            MetricResult::Importance(_) => "importance",
            MetricResult::Kde(_) => "densities",
            MetricResult::Multiclass(_) => "classes",
            MetricResult::Multilabel(_) => "labels",
            MetricResult::Clustering(_) => "groups",
            MetricResult::Regression(_) => "regression",
            MetricResult::Display(_) => "single entries",
            MetricResult::Significance(_) => "significance",
        };
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds
}

/// The files of numbers of a stage: those that are named after it, and after no stage of a longer name.
pub(super) fn of_stage<'a>(
    report: &Report,
    stage: &StageReport,
    names: &'a [String],
) -> Vec<&'a str> {
    let stems = report.stages.iter().map(|stage| file_stem(&stage.name));
    let mut stems: Vec<String> = stems.collect();
    let tables = report.tables.iter();
    stems.extend(tables.map(|table| file_stem(table.name.as_str()) + "_table"));
    let own = file_stem(&stage.name);
    let is_named = |name: &str, stem: &str| {
        let rest = name.strip_prefix(stem);
        rest.is_some_and(|rest| rest.starts_with(['_', '.']))
    };
    let is_own = |name: &&String| {
        let longer = stems.iter().filter(|stem| stem.len() > own.len());
        is_named(name, &own) && !longer.into_iter().any(|stem| is_named(name, stem))
    };
    let mut found: Vec<&str> = names.iter().filter(is_own).map(String::as_str).collect();
    let has_rankings = stage
        .metrics
        .iter()
        .any(|of| matches!(of, MetricResult::Ranking(_)));
    if has_rankings {
        let all = [
            "metrics_per_label.csv",
            "event_metrics.csv",
            "thresholds.csv",
        ];
        found.extend(
            all.into_iter()
                .filter(|all| names.iter().any(|name| name == all)),
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_has_the_files_of_its_own_name() {
        let stage = |name: &str| StageReport {
            name: name.into(),
            ..StageReport::default()
        };
        let report = Report {
            stages: vec![stage("fit"), stage("fit_late")],
            ..Report::default()
        };
        let names = [
            "fit_efficiency.csv",
            "fit_late_efficiency.csv",
            "fitter.csv",
        ];
        let names = names.map(str::to_owned);
        assert_eq!(
            of_stage(&report, &report.stages[0], &names),
            ["fit_efficiency.csv"]
        );
        let late = of_stage(&report, &report.stages[1], &names);
        assert_eq!(late, ["fit_late_efficiency.csv"]);
    }
}
