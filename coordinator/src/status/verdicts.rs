//! Whether weights by the fits of a campaign may be used, as its report has it.

use std::collections::BTreeMap;

use lumimill_common::store::Key;
use serde::Serialize;

use crate::output::{Output, Planned};
use crate::report::validity_file;

/// What is said of the weights of a category for one column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct WeightVerdict {
    /// The stage that fits.
    pub stage: String,
    /// The category.
    pub category: String,
    /// The column that weights are to be used for; empty where it is said of the fit, whatever they are
    /// used for.
    pub control: String,
    /// `valid`, `doubtful`, `invalid`, or `empty` where there is no row.
    pub verdict: String,
    /// Why.
    pub reason: String,
}

/// What the report says, where it is there.
pub(super) async fn verdicts(output: &Output, planned: &Planned) -> Vec<WeightVerdict> {
    let mut found = Vec::new();
    for stage in planned
        .campaign
        .stages
        .iter()
        .filter(|stage| stage.is_fit())
    {
        let file = validity_file(stage.name.as_str());
        let Ok(key) = format!("report/{file}").parse::<Key>() else {
            continue;
        };
        // One that cannot be read is the report's trouble, which is told elsewhere.
        let Ok(Some(bytes)) = output.store().get(&key).await else {
            continue;
        };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        for line in text.lines().skip(1) {
            if let [category, control, verdict, reason, ..] = fields(line).as_slice() {
                found.push(WeightVerdict {
                    stage: stage.name.to_string(),
                    category: category.clone(),
                    control: control.clone(),
                    verdict: verdict.clone(),
                    reason: reason.clone(),
                });
            }
        }
    }
    found
}

/// The fields of a line of CSV.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let (mut is_quoted, mut letters) = (false, line.chars().peekable());
    while let Some(letter) = letters.next() {
        match letter {
            '"' if is_quoted && letters.next_if_eq(&'"').is_some() => {
                fields
                    .iter_mut()
                    .last()
                    .into_iter()
                    .for_each(|it| it.push('"'));
            }
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => fields.push(String::new()),
            letter => fields
                .iter_mut()
                .last()
                .into_iter()
                .for_each(|it| it.push(letter)),
        }
    }
    fields
}

/// For a person: how many of the verdicts of each stage are good, then those that are not.
#[must_use]
pub(crate) fn said(verdicts: &[WeightVerdict]) -> Vec<String> {
    let mut stages: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let of_columns = verdicts.iter().filter(|verdict| !verdict.is_of_fit());
    for verdict in of_columns {
        let (valid, all) = stages.entry(&verdict.stage).or_default();
        *valid += usize::from(verdict.verdict == "valid");
        *all += 1;
    }
    let sums = stages.iter().map(|(stage, (valid, all))| {
        format!("weights by {stage}: valid for {valid} of {all} columns in categories")
    });
    let wrong = verdicts.iter().filter(|verdict| verdict.verdict != "valid");
    let wrong = wrong.map(|it| {
        let of = match it.is_of_fit() {
            true => format!("category {}", it.category),
            false => format!("category {}, {}", it.category, it.control),
        };
        format!(
            "weights by {}, {of}: {}: {}",
            it.stage, it.verdict, it.reason
        )
    });
    let mut said: Vec<String> = sums.chain(wrong).collect();
    // What is of the fit itself is the same for all of its columns.
    said.dedup();
    said
}

impl WeightVerdict {
    /// Whether it is of the fit itself, and so of all columns.
    fn is_of_fit(&self) -> bool {
        self.control.is_empty() || self.verdict == "empty"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_with_commas_and_quotes_is_read() {
        let line = r#"p_0,kpi,invalid,"a, ""b"" and c",0.1,,"#;
        assert_eq!(
            fields(line)[..4],
            ["p_0", "kpi", "invalid", "a, \"b\" and c"]
        );
        assert_eq!(fields(line).len(), 7);
    }

    #[test]
    fn what_is_not_valid_is_named() {
        let verdict = |category: &str, verdict: &str| WeightVerdict {
            stage: String::from("massfit"),
            category: category.to_owned(),
            control: String::from("kpi"),
            verdict: verdict.to_owned(),
            reason: String::from("because"),
        };
        let said = said(&[verdict("p_0", "valid"), verdict("p_1", "invalid")]);
        assert_eq!(
            said,
            [
                "weights by massfit: valid for 1 of 2 columns in categories",
                "weights by massfit, category p_1, kpi: invalid: because"
            ]
        );
    }
}
