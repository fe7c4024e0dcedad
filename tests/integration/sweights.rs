//! One fit over all shards, weights by it on every row, and efficiencies from them.

mod sample;

use std::fs;
use std::path::Path;

use lumimill_tests::{CampaignFolder, python, snapshot};

use crate::lumimill;
use crate::pool::assert_same;

/// Fit, weights and efficiencies, as in the campaign that the README shows.
const STAGES: &str = r#"
[[stage]]
name = "massfit"
from = "dstar"
[stage.fit]
variable = "M_D0"
range = [1.80, 1.95]
bins = 300
by = [{ column = "p", edges = [0.5, 2.5, 4.5] }]
nominal = { signal = "gauss(mean, width1) + gauss(mean, width2)", background = "chebychev(2)" }
systematic = { signal = "crystal_ball(mean, width, alpha, n)", background = "exponential" }
start = { mean = 1.865, width1 = [0.004, 0.001, 0.05] }
[[stage]]
name = "sweights"
from = "dstar"
weigh = { fit = "massfit", control = ["p", "cosTheta", "kpi"] }
[[stage.metric]]
efficiency = { cuts = ["kpi > 0.2", "kpi > 0.8"], precuts = ["", "charge > 0", "charge < 0"], weight = "sweight", axes = [{ column = "p", edges = [0.5, 2.5, 4.5] }, { column = "cosTheta", edges = [-0.8, 0.2, 0.9563] }] }
"#;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn run(folder: &CampaignFolder, slots: &str) -> lumimill_tests::Snapshot {
    let file = folder.file();
    let _ = lumimill()
        .run(&["run", text(&file), "--slots", slots])
        .expect_code(0);
    snapshot(&folder.output())
}

#[test]
fn weights_by_one_fit_are_those_of_iminuit_and_sweights() {
    let folder = sample::folder(40_000, STAGES);
    let first = run(&folder, "2");
    let fits = fs::read_to_string(folder.output().join("report/massfit_fits.csv")).unwrap();
    assert!(
        fits.starts_with("category,variation,name,value,error\n"),
        "{fits}"
    );
    let output = folder.output();
    if let Some(ended) = python("weights_by_fit.py", &[text(&output)]) {
        let ended = ended.expect_code(0);
        assert!(ended.out.contains("weights agree"), "{}", ended.out);
    }
    assert_same(&first, &run(&sample::folder(40_000, STAGES), "1"));
    for command in ["verify", "status", "report"] {
        let _ = lumimill().on(command, &folder.file()).expect_code(0);
    }
}
