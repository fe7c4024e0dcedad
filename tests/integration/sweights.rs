//! One fit over all shards, weights by it on every row, and efficiencies from them.

mod chosen;
mod edges;
mod empty;
mod messages;
mod pool;
mod sample;
mod templates;
mod verdicts;

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

#[test]
fn a_changed_model_fits_and_weighs_again_and_leaves_the_skim() {
    let folder = sample::folder(12_000, STAGES);
    let _ = run(&folder, "2");
    let written = |stage: &str| {
        let entries = fs::read_dir(folder.output().join(stage)).unwrap();
        let files = entries.map(|entry| entry.unwrap());
        let files = files.filter(|entry| entry.path().extension().is_some());
        files
            .map(|entry| (entry.path(), entry.metadata().unwrap().modified().unwrap()))
            .collect::<std::collections::BTreeMap<_, _>>()
    };
    let (skim, weights) = (written("dstar"), written("sweights"));
    let done = written("dstar/_done");
    folder.change("chebychev(2)", "exponential");
    let file = folder.file();
    let replaced = ["run", text(&file), "--replace"];
    let _ = lumimill().run(&replaced).expect_code(0);
    assert_eq!(written("dstar"), skim);
    assert_eq!(written("dstar/_done"), done);
    let after = written("sweights");
    assert_eq!(after.len(), weights.len());
    assert!(weights.keys().all(|path| !after.contains_key(path)));
    // Other bins are counted on the tables that are there.
    folder.change("bins = 300", "bins = 150");
    let _ = lumimill().run(&replaced).expect_code(0);
    assert_eq!(written("dstar"), skim);
    let _ = lumimill().on("verify", &file).expect_code(0);
}

#[test]
fn a_fit_is_tried_without_a_trace() {
    let folder = sample::folder(12_000, STAGES);
    let before = run(&folder, "2");
    let file = folder.file();
    let tried = |component: &str| {
        let fit = [
            "fit",
            text(&file),
            "--stage",
            "massfit",
            "--category",
            "p_0",
        ];
        let tried = [&fit[..], &["--try", component]].concat();
        lumimill().run(&tried)
    };
    let ended = tried("signal = \"voigt(mean, width, gamma)\"").expect_code(0);
    for part in [
        "category p_0: ",
        "as it is",
        "tried",
        "gamma",
        "chi2",
        "expected (|)",
    ] {
        assert!(ended.out.contains(part), "{part}\n{}", ended.out);
    }
    let told = tried("signal = \"vogt(mean, width, gamma)\"")
        .expect_code(2)
        .err;
    assert!(
        told.contains("there is no density \"vogt\"; nearest: voigt"),
        "{told}"
    );
    let told = tried("signal").expect_code(2).err;
    assert!(
        told.contains("expected a component and its density"),
        "{told}"
    );
    let none = ["fit", text(&file), "--category", "p_7"];
    let told = lumimill().run(&none).expect_code(2).err;
    assert!(
        told.contains("there is no category \"p_7\": there are p_0, p_1"),
        "{told}"
    );
    assert_same(&before, &snapshot(&folder.output()));
}

#[test]
fn a_fit_that_somebody_changed_is_not_weighed_by() {
    let folder = sample::folder(12_000, STAGES);
    let before = run(&folder, "2");
    let fit = folder.output().join("massfit/_fit/p_0.json");
    let bytes = fs::read_to_string(&fit).unwrap();
    fs::write(&fit, bytes.replacen("\"value\": ", "\"value\": 1", 1)).unwrap();
    let weights = fs::read_dir(folder.output().join("sweights/_done")).unwrap();
    let one = weights.last().unwrap().unwrap();
    fs::remove_file(one.path()).unwrap();
    let ended = lumimill().on("run", &folder.file()).expect_code(3);
    let file = folder.file();
    let failed = ["status", text(&file), "--failed"];
    let told = lumimill().run(&failed).expect_code(0).out;
    let expected = "massfit/_fit/p_0.json is gone, or is not what its marker says";
    assert!(told.contains(expected), "{told}\n{}", ended.err);
    let _ = lumimill().on("verify", &file).expect_code(3);
    let _ = lumimill().run(&["verify", text(&file), "--mend"]);
    let _ = lumimill().run(&["resubmit", text(&file), "--failed"]);
    let _ = lumimill().on("run", &file).expect_code(0);
    let _ = lumimill().on("verify", &file).expect_code(0);
    assert_same(&before, &snapshot(&folder.output()));
}

/// A value of a fit, and its error.
fn value(csv: &str, of: &str) -> (f64, f64) {
    let line = csv.lines().find_map(|line| line.strip_prefix(of));
    let line = line.unwrap_or_else(|| panic!("no line {of}\n{csv}"));
    let (value, error) = line.split_once(',').unwrap();
    (value.parse().unwrap(), error.parse().unwrap_or(f64::NAN))
}

#[test]
fn a_fit_to_values_is_that_to_fine_bins() {
    let folder = sample::folder(8_000, STAGES);
    let fits = |folder: &CampaignFolder| {
        let _ = run(folder, "2");
        fs::read_to_string(folder.output().join("report/massfit_fits.csv")).unwrap()
    };
    let binned = fits(&folder);
    let folder = sample::folder(8_000, &STAGES.replace("bins = 300", "unbinned = true"));
    let unbinned = fits(&folder);
    for category in ["p_0", "p_1"] {
        for name in ["signal", "background", "mean"] {
            let of = format!("{category},nominal,{name},");
            let (one, other) = (value(&binned, &of), value(&unbinned, &of));
            assert!(
                (one.0 - other.0).abs() < 0.1 * one.1,
                "{of} {one:?} {other:?}"
            );
            assert!(
                (one.1 / other.1 - 1.0).abs() < 0.05,
                "{of} {one:?} {other:?}"
            );
        }
    }
}
