//! Whether weights may be used: what is said where they may not, and what the truth says.

use std::fs;

use lumimill_tests::python;

use super::{run, sample, text};
use crate::lumimill;
use crate::pool::assert_same;

/// A fit in two categories, and weights that are used for three columns and held against the truth.
const STAGES: &str = r#"
[[stage]]
name = "massfit"
from = "dstar"
[stage.fit]
variable = "M_D0"
range = [1.80, 1.95]
bins = 150
by = [{ column = "p", edges = [0.5, 2.5, 4.5] }]
nominal = { signal = "gauss(mean, width1) + gauss(mean, width2)", background = "chebychev(1)" }
[[stage]]
name = "sweights"
from = "dstar"
weigh = { fit = "massfit", control = ["kpi", "twist"], truth = "is_signal" }
"#;

/// The line of a category and a control variable.
fn line<'a>(csv: &'a str, category: &str, control: &str) -> Vec<&'a str> {
    let start = format!("{category},{control},");
    let line = csv.lines().find(|line| line.starts_with(&start));
    let line = line.unwrap_or_else(|| panic!("no line {start}\n{csv}"));
    line.split(',').collect()
}

#[test]
fn a_background_that_does_not_factorise_is_invalid_in_report_files_and_status() {
    let folder = sample::folder(24_000, STAGES);
    let _ = run(&folder, "2");
    let report =
        |name: &str| fs::read_to_string(folder.output().join(format!("report/{name}"))).unwrap();
    let validity = report("massfit_validity.csv");
    let verdict = |category: &str, control: &str| line(&validity, category, control)[2].to_owned();
    assert_eq!(verdict("p_0", "twist"), "invalid", "{validity}");
    for (category, control) in [("p_0", "kpi"), ("p_1", "kpi"), ("p_1", "twist")] {
        assert_eq!(verdict(category, control), "valid", "{validity}");
    }
    // The truth says the same.
    let truth = |category: &str, control: &str| -> (f64, f64) {
        let line = line(&validity, category, control);
        (line[13].parse().unwrap(), line[14].parse().unwrap())
    };
    let (p_value, distance) = truth("p_0", "twist");
    assert!(p_value < 1e-6 && distance > 0.02, "{p_value} {distance}");
    for (category, control) in [("p_0", "kpi"), ("p_1", "kpi"), ("p_1", "twist")] {
        let (p_value, distance) = truth(category, control);
        assert!(p_value > 1e-4 && distance < 0.03, "{p_value} {distance}");
    }
    let sums = report("massfit_sums.csv");
    assert_eq!(sums.lines().count(), 5, "{sums}");
    assert!(
        sums.lines().skip(1).all(|line| line.contains(",valid,")),
        "{sums}"
    );
    let page = report("index.html");
    assert!(page.contains("What weights by these fits add up to") && page.contains("invalid"));
    let file = folder.file();
    let status = lumimill().run(&["status", text(&file)]).expect_code(0).out;
    let expected = "weights by massfit, category p_0, twist: invalid: ";
    assert!(status.contains(expected), "{status}");
}

/// Rows with weights of their own, negative ones too, were refused.
#[test]
fn control_variables_of_weighted_rows_are_tested_by_their_weights() {
    let weighted = STAGES.replace("bins = 150", "bins = 150\nweight = \"w\"");
    let folder = sample::folder(24_000, &weighted);
    let first = run(&folder, "2");
    let validity = fs::read_to_string(folder.output().join("report/massfit_validity.csv")).unwrap();
    let verdict = |category: &str, control: &str| line(&validity, category, control)[2].to_owned();
    assert_eq!(verdict("p_0", "twist"), "invalid", "{validity}");
    for (category, control) in [("p_0", "kpi"), ("p_1", "kpi"), ("p_1", "twist")] {
        let line = line(&validity, category, control);
        assert_eq!(verdict(category, control), "valid", "{validity}");
        // Every test has its numbers: both correlations, the shapes, and the truth.
        assert!(
            line[4..15].iter().all(|cell| !cell.is_empty()),
            "{validity}"
        );
        assert!(line[15].is_empty(), "{validity}");
    }
    if let Some(ended) = python("weighted_controls.py", &[text(&folder.output())]) {
        let ended = ended.expect_code(0);
        assert!(ended.out.contains("controls agree"), "{}", ended.out);
    }
    assert_same(&first, &run(&sample::folder(24_000, &weighted), "1"));
}
