//! Alarms of a campaign's drifts, as its report has them.

use lumimill_common::metric::MetricSpec;
use lumimill_common::store::Key;

use crate::output::{Output, Planned};
use crate::report::drift_alarms_file;

/// What moved, a line each, where the campaign states a level and the report is there.
pub(super) async fn alarms(output: &Output, planned: &Planned) -> Vec<String> {
    let mut found = Vec::new();
    for stage in &planned.campaign.stages {
        let has_level = |metric: &MetricSpec| match metric {
            MetricSpec::Drift(drift) => drift.alarm().is_some(),
            _ => false,
        };
        if !stage.measured().iter().any(has_level) {
            continue;
        }
        let file = drift_alarms_file(stage.name.as_str());
        let Ok(key) = format!("report/{file}").parse::<Key>() else {
            continue;
        };
        // One that cannot be read is the report's trouble, which is told elsewhere.
        let Ok(Some(bytes)) = output.store().get(&key).await else {
            continue;
        };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        found.extend(text.lines().skip(1).map(|line| of_line(&stage.name, line)));
    }
    found
}

fn of_line(stage: impl std::fmt::Display, line: &str) -> String {
    match line.split(',').collect::<Vec<_>>().as_slice() {
        [by, key, column, psi, _, ks, alarm] => {
            let short = |number: &str| number.parse::<f64>().map_or(f64::NAN, |number| number);
            format!(
                "stage {stage}: {column} moved at {by} {key}: PSI {:.3}, KS {:.3}, alarm {alarm}",
                short(psi),
                short(ks)
            )
        }
        _ => format!("stage {stage}: {line}"),
    }
}
