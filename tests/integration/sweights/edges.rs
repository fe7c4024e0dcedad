//! Fits at the edge of what there is: a category that is all signal, and a limit that nobody gave.

use std::fs;

use super::{run, sample, text};
use crate::lumimill;

const STAGES: &str = r#"
[[stage]]
name = "clean"
from = "dstar"
[stage.fit]
variable = "M_D0"
range = [1.80, 1.95]
bins = 150
where = "is_signal == 1"
nominal = { signal = "gauss(mean, width1) + gauss(mean, width2)", background = "chebychev(2)" }
[[stage]]
name = "weights"
from = "dstar"
weigh = { fit = "clean", background = true }
[[stage.metric]]
histogram = { column = "kpi", bins = 20, range = [0.0, 1.0], weight = "sweight" }
[[stage]]
name = "cut"
from = "dstar"
[stage.fit]
variable = "M_D0"
range = [1.87, 1.95]
bins = 150
nominal = { signal = "gauss(mean, 0.006)", background = "chebychev(1)" }
[[stage]]
name = "more"
from = "dstar"
weigh = { fit = "cut" }
"#;

#[test]
fn a_category_without_background_had_no_weights_and_a_guessed_limit_was_a_note() {
    let folder = sample::folder(12_000, STAGES);
    let _ = run(&folder, "2");
    let report =
        |name: &str| fs::read_to_string(folder.output().join(format!("report/{name}"))).unwrap();
    let fits = report("clean_fits.csv");
    assert!(fits.contains("all,nominal,status,0"), "{fits}");
    let sums = report("clean_sums.csv");
    let signal = sums.lines().find(|line| line.contains(",signal,valid,"));
    assert!(signal.is_some(), "{sums}");
    let page = report("index.html");
    assert!(page.contains("(without influence)") || page.contains("background_c1"));
    // The peak lies below the range.
    let validity = report("cut_validity.csv");
    let expected =
        "held by a limit that was guessed: mean at 1.870000; a better fit may lie beyond it";
    assert!(
        validity.contains("all,,doubtful,") && validity.contains(expected),
        "{validity}"
    );
    let file = folder.file();
    let status = lumimill().run(&["status", text(&file)]).expect_code(0).out;
    let said = format!("weights by cut, category all: doubtful: {expected}");
    assert!(status.contains(&said), "{status}");
    assert!(page.contains(expected), "{page}");
    // Whoever gives the limits takes them on.
    folder.change(
        "nominal = { signal = \"gauss(mean, 0.006)\", background = \"chebychev(1)\" }",
        "nominal = { signal = \"gauss(mean, 0.006)\", background = \"chebychev(1)\" }\nstart = { mean = [1.865, \
         1.86, 1.95] }",
    );
    let replaced = ["run", text(&file), "--replace"];
    let _ = lumimill().run(&replaced).expect_code(0);
    let status = lumimill().run(&["status", text(&file)]).expect_code(0).out;
    assert!(!status.contains("held by a limit"), "{status}");
}
