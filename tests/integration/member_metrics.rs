//! What is measured per member of a collection, held against scikit-learn and numpy on the written
//! tables; and what wrong lists are answered with.

use std::fs;
use std::sync::Arc;

use arrow_array::types::Float32Type;
use arrow_array::{ArrayRef, UInt64Array};
use lumimill_tests::{CampaignFolder, python, sample, skipped, snapshot};

use crate::hit_files::{lists, write};
use crate::lumimill;

const STAGE: &str = r#"
[[stage]]
name = "s"
keep = ["run", "luminosityBlock", "event", "MET_pt", "Jet_pt", "Jet_eta"]
[stage.columns]
Jet_hard = "Jet_pt > 50"
Jet_central = "abs(Jet_eta) < 0.9"
Jet_score = "Jet_pt / (Jet_pt + 40 + 30 * abs(Jet_eta))"
Jet_estimate = "Jet_pt * 1.02 + 2 * Jet_eta"
Jet_low = "Jet_estimate - 2 - abs(Jet_eta)"
Jet_high = "Jet_estimate + 3"
Jet_class = { value = "abs(Jet_eta) < 0.7 ? 0 : (Jet_pt > 60 ? 1 : 2)", type = "i32" }
Jet_a = "exp(-Jet_eta * Jet_eta)"
Jet_b = "(1 - Jet_a) * Jet_pt / (Jet_pt + 60)"
Jet_c = "1 - Jet_a - Jet_b"
MET_estimate = "MET_pt * 0.9 + 4"
Jet_group = "time_group(Jet_phi, 0.5)"
Group_pt = "sum(Jet_pt, by = Jet_group)"
[[stage.metric]]
ranking = { label = "Jet_hard", score = "Jet_score", per = "event", over = "Jet" }
[[stage.metric]]
multiclass = { truth = "Jet_class", scores = ["Jet_a", "Jet_b", "Jet_c"], names = ["a", "b", "c"], bins = { column = "MET_pt", edges = [0.0, 40.0, 1000.0] }, over = "Jet" }
[[stage.metric]]
regression = { truth = "Jet_pt", estimate = "Jet_estimate", interval = ["Jet_low", "Jet_high"], bins = { column = "Jet_eta", edges = [-5.0, 0.0, 5.0] }, over = "Jet" }
[[stage.metric]]
regression = { truth = "MET_pt", estimate = "MET_estimate" }
[[stage.metric]]
multilabel = { truths = ["Jet_hard", "Jet_central"], scores = ["Jet_score", "Jet_a"], names = ["hard", "central"], thresholds = [0.5, 0.4], bins = { column = "MET_pt", edges = [0.0, 40.0, 1000.0] }, over = "Jet" }
[[stage.metric]]
clustering = { truth = "Jet_class", groups = "Jet_group" }
[[stage.metric]]
histogram = { column = "Jet_eta", bins = 20, range = [-5.0, 5.0], over = "Jet" }
"#;

fn folder(test: &str, stage: &str) -> Option<CampaignFolder> {
    let Some(file) = sample("nanoaod/nano_tt_v12.root") else {
        skipped(test, "no sample files");
        return None;
    };
    Some(CampaignFolder::with_text(&format!(
        "name = \"members\"\noutput = \"out\"\n[shards]\nevents = 16\n[[dataset]]\nname = \"TT\"\n\
         kind = \"mc\"\nfiles = [{:?}]\n{stage}",
        file.to_str().unwrap()
    )))
}

#[test]
fn members_are_measured_as_scikit_learn_and_numpy_do() {
    let test = "members_are_measured_as_scikit_learn_and_numpy_do";
    let Some(folder) = folder(test, STAGE) else {
        return;
    };
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let out = folder.join("out/members");
    let paths = [out.join("s"), out.join("report")];
    let paths = paths.each_ref().map(|path| path.to_str().unwrap());
    if let Some(ended) = python("member_metrics.py", &paths) {
        let ended = ended.expect_code(0);
        assert!(ended.out.contains("values agree"), "{}", ended.out);
    }
    let page = fs::read_to_string(out.join("report/index.html")).unwrap();
    for expected in [
        "members of Jet",
        "Residuals of Jet_pt by Jet_estimate",
        "Coverage of Jet_pt by Jet_estimate",
        "Bias and resolution of Jet_pt by Jet_estimate",
    ] {
        assert!(page.contains(expected), "{expected}");
    }
    let before = snapshot(&folder.join("out"));
    fs::remove_dir_all(folder.join("out")).unwrap();
    let file = folder.file();
    let args = ["run", file.to_str().unwrap(), "--slots", "8"];
    let _ = lumimill().run(&args).expect_code(0);
    assert!(
        snapshot(&folder.join("out")) == before,
        "the same with 8 slots"
    );
    // What is measured otherwise is measured on the tables that there are.
    folder.change("bins = 20, range", "bins = 30, range");
    let ended = lumimill().on("run", &folder.file()).expect_code(0);
    ended.says(&["to measure again"]);
}

#[test]
fn lists_that_cannot_be_measured_are_told() {
    let test = "lists_that_cannot_be_measured_are_told";
    let Some(folder) = folder(test, STAGE) else {
        return;
    };
    folder.change(
        ", range = [-5.0, 5.0], over = \"Jet\"",
        ", range = [-5.0, 5.0]",
    );
    folder.change(
        "label = \"Jet_hard\", score = \"Jet_score\"",
        "label = \"Jet_hard\", score = \"Group_pt\"",
    );
    folder.change(
        "estimate = \"MET_estimate\"",
        "estimate = \"MET_estimate\", over = \"Jet\"",
    );
    let ended = lumimill().on("check", &folder.file()).expect_code(2);
    ended.says(&[
        "stage[0].metric[0]: metric column `Group_pt` is no list of Jet_…",
        "stage[0].metric[3]: over = \"Jet\": none of the columns of the metric is a list Jet_…",
        "stage[0].metric[6]: metric column `Jet_eta` has a list of values in each row: over = \"Jet\" \
         measures its members",
    ]);
}

#[test]
fn lists_of_different_length_name_the_event() {
    let folder = CampaignFolder::with_text(
        "name = \"members\"\noutput = \"out\"\n[[dataset]]\nname = \"D\"\nkind = \"mc\"\n\
         files = [\"hits.root\"]\n[[stage]]\nname = \"s\"\nkeep = [\"event\", \"Hit_*\"]\n\
         [[stage.metric]]\nhistogram = { column = \"Hit_x\", weight = \"Hit_w\", bins = 2, range = \
         [0.0, 9.0], over = \"Hit\" }\n",
    );
    let events: ArrayRef = Arc::new(UInt64Array::from(vec![11, 12, 13]));
    let x = lists::<Float32Type>(&[&[1.0, 2.0], &[], &[3.0, 4.0]]);
    let w = lists::<Float32Type>(&[&[1.0, 2.0], &[], &[3.0]]);
    write(
        &folder.join("hits.root"),
        &[("event", events), ("Hit_x", x), ("Hit_w", w)],
    );
    let ended = lumimill().on("run", &folder.file()).expect_code(3);
    ended.says(&[
        "event 13 (entry 2): metric column `Hit_x` has 2 values where `Hit_w` has 1: what is measured \
                  together has one value for each member",
    ]);
}
