//! Weights by fits that are not valid everywhere, and what is made of them.

use lumimill_common::campaign::{Campaign, Stage};
use lumimill_common::count::counted;
use lumimill_common::metric::{FittedCategory, MassFitResult, MetricResult};

use super::summary::{Report, StageReport};

/// Categories that are named; of more there is the number.
const NAMED: usize = 4;

/// The fits whose weights the rows of a stage have, from it or from a stage before it.
pub(crate) fn weighed_by(campaign: &Campaign, stage: &Stage) -> Vec<String> {
    let own = stage.weigh.iter().map(|weigh| weigh.fit.to_string());
    let mut fits: Vec<String> = own.collect();
    if let Some(parent) = parent_of(campaign, stage) {
        fits.extend(weighed_by(campaign, parent));
    }
    distinct(fits)
}

/// The fits by whose weights columns of a stage were made, or a density that it draws from.
pub(crate) fn made_by(campaign: &Campaign, stage: &Stage) -> Vec<String> {
    let is_weighed = |stage: &&Stage| stage.kde.as_ref().is_some_and(|kde| kde.weight().is_some());
    let densities = stage.wholes().into_iter();
    let densities = densities.filter_map(|name| campaign.stages.iter().find(|of| of.name == name));
    let densities = densities.chain([stage]).filter(is_weighed);
    let mut fits: Vec<String> = densities
        .flat_map(|density| weighed_by(campaign, density))
        .collect();
    if let Some(parent) = parent_of(campaign, stage) {
        fits.extend(made_by(campaign, parent));
    }
    distinct(fits)
}

fn parent_of<'a>(campaign: &'a Campaign, stage: &Stage) -> Option<&'a Stage> {
    campaign.stage(stage.from.as_ref()?)
}

fn distinct(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names.dedup();
    names
}

/// What is wrong with the weights that numbers of a stage are made of, which are sums of weights or are
/// not; empty where nothing is.
pub(super) fn doubt(report: &Report, stage: &StageReport, are_weighed: bool) -> String {
    let weighed = stage.weighed_by.iter().filter(|_| are_weighed);
    let fits = distinct(weighed.chain(&stage.made_by).cloned().collect());
    let said = fits.iter().filter_map(|fit| {
        let mut stages = report.stages.iter();
        not_valid(stages.find(|stage| stage.name == *fit)?)
    });
    said.collect::<Vec<_>>().join("; ")
}

/// Which weights by the fits of a stage are not valid: `massfit: p_0 invalid for p, kpi`.
pub(super) fn not_valid(stage: &StageReport) -> Option<String> {
    let fits = stage.metrics.iter().filter_map(|metric| match metric {
        MetricResult::MassFit(found) => Some(found),
        _ => None,
    });
    let said: Vec<String> = fits.filter_map(of_fit).collect();
    (!said.is_empty()).then(|| format!("{}: {}", stage.name, said.join(", ")))
}

fn of_fit(found: &MassFitResult) -> Option<String> {
    let said = found.categories.iter().filter_map(|category| {
        let said = of_category(category)?;
        Some(format!("{} {said}", category.name))
    });
    let said: Vec<String> = said.collect();
    match said.len() {
        0 => None,
        bad if bad > NAMED => Some(format!(
            "{} of {} not valid",
            bad,
            counted(found.categories.len(), "category")
        )),
        _ => Some(said.join(", ")),
    }
}

/// The verdicts of a category that are not valid, with their control variables: `invalid for p, kpi`.
pub(super) fn of_category(category: &FittedCategory) -> Option<String> {
    let mut said: Vec<String> = Vec::new();
    for word in ["invalid", "doubtful"] {
        let of_word = category.verdicts.iter();
        let of_word = of_word.filter(|verdict| verdict.verdict == word);
        let of_word: Vec<&str> = of_word.map(|verdict| verdict.control.as_str()).collect();
        let controls: Vec<&str> = of_word
            .iter()
            .copied()
            .filter(|of| !of.is_empty())
            .collect();
        match (of_word.is_empty(), controls.is_empty()) {
            (true, _) => {}
            (_, true) => said.push(word.to_owned()),
            (_, false) => said.push(format!("{word} for {}", controls.join(", "))),
        }
    }
    let mut sums = category.sums.iter();
    let is_off = sums.any(|sum| sum.variation == "nominal" && sum.verdict != "valid");
    if said.is_empty() && is_off {
        said.push("whose weights do not add up to the yield".to_owned());
    }
    (!said.is_empty()).then(|| said.join(" and "))
}

/// Whether a metric is of sums of weights.
pub(super) fn has_weight(metric: &MetricResult) -> bool {
    match metric {
        MetricResult::Ranking(found) => found.weight.is_some(),
        MetricResult::Drift(found) => found.weight.is_some(),
        MetricResult::Histogram(found) => found.weight.is_some(),
        MetricResult::Efficiency(found) => found.weight.is_some(),
        MetricResult::MassFit(found) => found.weight.is_some(),
        MetricResult::Multiclass(found) => found.weight.is_some(),
        MetricResult::Significance(found) => found.weight.is_some(),
        MetricResult::Importance(_)
        | MetricResult::Kde(_)
        | MetricResult::Multilabel(_)
        | MetricResult::Clustering(_)
        | MetricResult::Regression(_)
        | MetricResult::Display(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(verdicts: &str) -> StageReport {
        let categories = format!("[{verdicts}]");
        let verdicts: Vec<(String, String)> = serde_json::from_str(&categories).unwrap();
        let mut sample = crate::report::tests::sample::more_metrics(400);
        let MetricResult::MassFit(mut found) = sample.remove(0) else {
            panic!("a fit is the first one")
        };
        let verdict = found.categories[0].verdicts[0].clone();
        found.categories[0].sums.clear();
        found.categories[0].verdicts = verdicts
            .into_iter()
            .map(|(control, word)| {
                let mut one = verdict.clone();
                one.verdict = match word.as_str() {
                    "invalid" => "invalid",
                    "doubtful" => "doubtful",
                    _ => "valid",
                };
                one.control = control;
                one
            })
            .collect();
        StageReport {
            name: "massfit".into(),
            metrics: vec![MetricResult::MassFit(found)],
            ..StageReport::default()
        }
    }

    #[test]
    fn tables_of_invalid_weights_did_not_say_so() {
        let fit = stage(r#"["p", "invalid"], ["kpi", "invalid"], ["charge", "valid"]"#);
        let said = "massfit: all invalid for p, kpi";
        assert_eq!(not_valid(&fit).as_deref(), Some(said));
        let mut report = crate::report::tests::sample::complete(400);
        let weighed = report.stages.remove(0);
        let weighed = StageReport {
            metrics: crate::report::tests::sample::more_metrics(400),
            weighed_by: vec!["massfit".into()],
            ..weighed
        };
        report.stages = vec![fit, weighed];
        let doubts = report.stages[1].metrics.iter();
        let doubts = doubts.map(|metric| doubt(&report, &report.stages[1], has_weight(metric)));
        let doubts: Vec<String> = doubts.collect();
        // Of these the efficiency is weighed.
        assert_eq!(doubts[1], said);
        assert!(doubts[0].is_empty() && doubts[2].is_empty());
        let files = crate::report::render(&report).unwrap();
        let page = files.iter().find(|(name, _)| name == "index.html").unwrap();
        let page = std::str::from_utf8(&page.1).unwrap();
        assert!(
            !page.contains("<p class=\"verdict good\">"),
            "no plain green"
        );
        assert!(page.contains("weights not valid, massfit: all invalid for p, kpi"));
        assert!(page.matches("Weights are not valid everywhere").count() >= 2);
        report.stages[0] = stage(r#"["p", "valid"]"#);
        assert_eq!(not_valid(&report.stages[0]), None);
    }
}
