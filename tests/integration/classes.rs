//! Models that are no trees, of several inputs and outputs, and metrics of several classes.

use std::fs;

use lumimill_tests::{CampaignFolder, python};

use crate::lumimill;

fn values(folder: &CampaignFolder) -> String {
    fs::read_to_string(folder.join("out/pid/report/tracks_multiclass.csv")).unwrap()
}

fn value(csv: &str, bin: &str, class: &str, metric: &str) -> f64 {
    let start = format!("species,{bin},{class},{metric},");
    let line = csv.lines().find_map(|line| line.strip_prefix(&start));
    let value = line
        .unwrap_or_else(|| panic!("no line {start}"))
        .split(',')
        .next();
    value.unwrap().parse().unwrap()
}

/// Names and bytes of the tables.
fn tables(folder: &CampaignFolder) -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<(String, Vec<u8>)> = fs::read_dir(folder.join("out/pid/tracks"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().extension().is_some_and(|end| end == "parquet"))
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect();
    found.sort();
    found
}

#[test]
fn masked_detectors_are_scored_and_measured_as_scikit_learn_does() {
    let folder = CampaignFolder::pid(6_000);
    folder.change("events = 10_000", "events = 700");
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let csv = values(&folder);
    assert!(value(&csv, "all", "macro", "auc") > 0.9, "{csv}");
    assert!(value(&csv, "0.7..1.5", "", "accuracy") > 0.75, "{csv}");
    let tof = value(&csv, "all", "", "available has_tof");
    assert!((0.1..0.4).contains(&tof), "{tof}");
    let page = fs::read_to_string(folder.join("out/pid/report/index.html")).unwrap();
    assert!(page.contains("Confusion matrix of species") && page.contains("Classes of species"));
    let stage = folder.join("out/pid/tracks");
    let file = folder.join("out/pid/report/tracks_multiclass.csv");
    let args = [stage.to_str().unwrap(), file.to_str().unwrap(), "p"];
    let scores = ["p_pion", "p_kaon", "p_proton", "p_electron"];
    if let Some(ended) = python("multiclass.py", &[&args[..], &scores[..]].concat()) {
        let ended = ended.expect_code(0);
        assert!(ended.out.contains("values agree"), "{}", ended.out);
    }
}

#[test]
fn the_same_bytes_by_one_slot_and_by_four() {
    let bytes = |slots: &str| {
        let folder = CampaignFolder::pid(3_000);
        folder.change("events = 10_000", "events = 500");
        let file = folder.file();
        let args = ["run", file.to_str().unwrap(), "--slots", slots];
        let _ = lumimill().run(&args).expect_code(0);
        (tables(&folder), values(&folder))
    };
    assert!(bytes("1") == bytes("4"));
}

#[test]
fn a_model_that_does_not_fit_is_said_with_its_place_and_what_it_has() {
    let folder = CampaignFolder::pid(500);
    folder.change(
        "mask = [\"has_tpc\", \"has_tof\", \"1\", \"1\"]",
        "masks = [\"has_tpc\"]",
    );
    folder.change(
        "p_kaon = \"probabilities[1]\"",
        "p_kaon = \"probabilities[4]\"",
    );
    folder.change(
        "p_pion = \"probabilities[0]\"",
        "p_pion = \"probability[0]\"",
    );
    let ended = lumimill().on("check", &folder.file()).expect_code(2);
    ended.says(&[
        "stage[0].model[0].outputs.p_kaon: model models/attention.onnx: output \"probabilities\" \
         has 4 values a row, numbered from 0: there is no 4",
        "stage[0].model[0].outputs.p_pion: model models/attention.onnx: the model has no output \
         \"probability\"",
    ]);
    folder.change("probabilities[4]", "probabilities[1]");
    folder.change("probability[0]", "probabilities[0]");
    let ended = lumimill().on("check", &folder.file()).expect_code(2);
    ended.says(&[
        "stage[0].model[0].inputs.masks: model models/attention.onnx: the model has no input \
         \"masks\"; did you mean mask? (it has features: float [rows, 21]; mask: float [rows, 4])",
        "stage[0].model[0].inputs: model models/attention.onnx: gives nothing to the input mask",
    ]);
    folder.change("masks = [\"has_tpc\"]", "mask = [\"has_tpc\"]");
    folder.change("nan = \"error\"", "nan = \"never\"");
    folder.change("\"bayes_pi\"", "\"bayes_pj\"");
    let ended = lumimill().on("check", &folder.file()).expect_code(2);
    ended.says(&["stage[0].model[0].nan: expected \"error\" or \"drop\" or \"keep\""]);
    folder.change("nan = \"never\"", "nan = \"error\"");
    let ended = lumimill().on("check", &folder.file()).expect_code(2);
    ended.says(&[
        "stage[0].model[0].inputs.mask: model models/attention.onnx: the model's input is mask: \
         float [rows, 4] and takes 4 columns, found 1",
        "stage[0].model[0].inputs.features[10]: no branch \"bayes_pj\"; nearest: bayes_pi",
    ]);
}

#[test]
fn what_becomes_of_nan_is_as_the_campaign_says() {
    let folder = CampaignFolder::pid(2_000);
    folder.change("\"has_tpc ? tpc_signal : 0.0\"", "\"tpc_signal\"");
    let ended = lumimill().on("run", &folder.file()).expect_code(3);
    ended.says(&[
        "model pid: its input tpc_signal is NaN; nan = \"drop\" leaves such rows out",
        "event ",
    ]);
    folder.change("nan = \"error\"", "nan = \"drop\"");
    let file = folder.file();
    let args = ["run", file.to_str().unwrap(), "--replace"];
    let _ = lumimill().run(&args).expect_code(0);
    let dropped = value(&values(&folder), "all", "", "count");
    assert!((1_700.0..1_850.0).contains(&dropped), "{dropped}");
    let page = fs::read_to_string(folder.join("out/pid/report/index.html")).unwrap();
    assert!(page.contains("numbers for pid"));
    folder.change("nan = \"drop\"", "nan = \"keep\"");
    let _ = lumimill().run(&args).expect_code(0);
    let kept = value(&values(&folder), "all", "", "count");
    // A score that is NaN is counted and left out.
    assert!((dropped - kept).abs() < 0.5);
    let page = fs::read_to_string(folder.join("out/pid/report/index.html")).unwrap();
    assert!(page.contains("left out, with a score or weight that is no finite number"));
}

#[test]
fn a_truth_that_is_none_of_the_classes_names_what_it_holds() {
    let folder = CampaignFolder::pid(500);
    folder.change("truth = \"species\"", "truth = \"p\"");
    let ended = lumimill().on("check", &folder.file()).expect_code(2);
    ended.says(&["stage[0].metric[0]: metric column `p` is Float32, expected an integer"]);
    folder.change("truth = \"p\"", "truth = \"species\"");
    folder.change(", \"p_electron\"], names", "], names");
    folder.change(", \"electron\"], bins", "], bins");
    let ended = lumimill().on("run", &folder.file()).expect_code(3);
    ended.says(&["metric column `species` holds 3, and there are 3 classes, numbered from 0"]);
}
