//! Fits of chosen rows, weights of components by other names, and rows with weights of their own.

use lumimill_tests::python;

use super::{run, sample, text};
use crate::lumimill;
use crate::pool::assert_same;

/// A fit of rows with a good kaon and their own weights, of three components.
const STAGES: &str = r#"
[functions]
isKaon = "(a, b) => a / (a + b) > 0.3"
[[stage]]
name = "massfit"
from = "dstar"
[stage.fit]
variable = "M_D0"
range = [1.80, 1.95]
bins = 150
where = "isKaon(kaonID, pionID) && charge > 0"
weight = "w"
nominal = { signal = "gauss(mean, 0.0045)", wide = "gauss(mean, 0.0095)", background = "chebychev(1)" }
[[stage]]
name = "sweights"
from = "dstar"
weigh = { fit = "massfit", background = true, components = ["wide"] }
[[stage.metric]]
histogram = { column = "kpi", bins = 20, range = [0.0, 1.0], weight = "sweight_wide" }
[[stage]]
name = "cows"
from = "dstar"
weigh = { fit = "massfit", cow = { histogram = "dstar" } }
"#;

#[test]
fn weights_are_of_rows_that_were_fitted_and_have_their_own_in_them() {
    let folder = sample::folder(16_000, STAGES);
    let _ = run(&folder, "2");
    if let Some(ended) = python("weights_of_chosen.py", &[text(&folder.output())]) {
        let ended = ended.expect_code(0);
        assert!(ended.out.contains("weights agree"), "{}", ended.out);
    }
}

/// Fits without bins took no weights.
#[test]
fn a_fit_to_values_with_weights_is_that_of_iminuit() {
    let stages = STAGES.replace("bins = 150", "unbinned = true");
    let folder = sample::folder(16_000, &stages);
    let first = run(&folder, "2");
    if let Some(ended) = python("weighted_values.py", &[text(&folder.output())]) {
        let ended = ended.expect_code(0);
        assert!(
            ended.out.contains("values with weights agree"),
            "{}",
            ended.out
        );
    }
    assert_same(&first, &run(&sample::folder(16_000, &stages), "1"));
}

#[test]
fn rows_are_not_chosen_by_what_is_fitted() {
    let told = |from: &str, to: &str| {
        let folder = sample::folder(2_000, STAGES);
        let kpi = "kpi = \"kaonID / (kaonID + pionID)\"";
        folder.change(kpi, &format!("{kpi}\nshifted = \"M_D0 - 1.865\""));
        folder.change(from, to);
        lumimill().on("check", &folder.file()).expect_code(2).err
    };
    for (from, to, expected) in [
        (
            "charge > 0\"",
            "M_D0 > 1.85\"",
            "stage[1].fit.where: M_D0 is what is fitted: take another range in place of a cut on it",
        ),
        (
            "charge > 0\"",
            "shifted > 0\"",
            "stage[1].fit.where: shifted is computed from M_D0, which is fitted",
        ),
        (
            "weight = \"w\"",
            "weight = \"w\"\nby = [{ column = \"shifted\", edges = [0.0, 1.0] }]",
            "stage[1].fit.by: shifted is computed from M_D0, which is fitted",
        ),
        (
            "charge > 0\"",
            "chrge > 0\"",
            "stage[1].fit: \"chrge\" is not a column of stage \"dstar\"; did you mean charge?",
        ),
        ("charge > 0\"", "charge >\"", "stage[1].fit.where: "),
        (
            "components = [\"wide\"]",
            "components = [\"wider\"]",
            "stage[2].weigh.fit: the nominal model of \"massfit\" has no component wider: it has \
             signal, wide, background",
        ),
        (
            "background = true",
            "truth = \"charge\"",
            "stage[2].weigh.truth: is held against weights in columns that are used: name them in \
             control",
        ),
        (
            "histogram = \"dstar\"",
            "histogram = \"massfit\"",
            "stage[3].weigh.cow.histogram: \"massfit\" has no rows: name a stage with rows",
        ),
        (
            "histogram = \"dstar\"",
            "histogram = \"dstr\"",
            "stage[3].weigh.cow.histogram: \"dstr\" is not an earlier stage; did you mean dstar?",
        ),
        (
            "histogram = \"dstar\"",
            "histogram = \"sweights\"",
            "stage[3].weigh.cow.histogram: \"sweights\" is counted for the fit \"massfit\", which comes \
             before it: write \"sweights\" before the fit",
        ),
        (
            "cow = { histogram = \"dstar\" }",
            "cow = \"two\"",
            "stage[3].weigh.cow: expected \"density\" or \"one\", found \"two\"",
        ),
    ] {
        let told = told(from, to);
        assert!(told.contains(expected), "{to}\n{told}");
    }
}
