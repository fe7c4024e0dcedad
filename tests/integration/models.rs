//! Models that are not what they seem: in double precision, with raw scores, forgetful of where
//! missing values go.

use std::fs;
use std::path::Path;

use lumimill_tests::{CampaignFolder, python, sample, skipped};

use crate::lumimill;

/// Numbers around a threshold that single precision does not have.
#[test]
fn a_model_with_double_inputs_compares_doubles() {
    let test = "a_model_with_double_inputs_compares_doubles";
    let Some(model) = sample("cases/double-model/f64.onnx") else {
        return skipped(test, "the samples are not here");
    };
    let text = fs::read_to_string(model.with_file_name("c.toml")).unwrap();
    let folder = CampaignFolder::with_text(&text);
    folder.copy(&model, "f64.onnx");
    folder.copy(&model.with_file_name("f64.root"), "f64.root");
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let stage = folder.join("out/c/s");
    if let Some(ended) = python("double_model.py", &[stage.to_str().unwrap()]) {
        let ended = ended.expect_code(0);
        assert!(ended.out.contains("scores 1000"), "{}", ended.out);
    }
}

#[test]
fn what_a_model_does_not_say_is_said() {
    let folder = CampaignFolder::demo(2_000);
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../worker/tests/double_models");
    for name in ["sklearn_boosted", "raw_regressor", "xgboost"] {
        let file = format!("models/{name}.onnx");
        folder.copy(&models.join(format!("{name}.onnx")), &file);
        let mut text = fs::read_to_string(folder.file()).unwrap();
        text = text.replacen(
            "[[stage.metric]]",
            &format!(
                "[[stage.model]]\nname = \"{name}\"\nonnx = \"{file}\"\n\
                 inputs = [\"m_mumu\", \"pt_mumu\", \"lead_pt\"]\n\n[[stage.metric]]"
            ),
            1,
        );
        folder.write("campaign.toml", text);
    }
    for verb in ["check", "run"] {
        let ended = lumimill().on(verb, &folder.file()).expect_code(0);
        ended.says(&[
            "model sklearn_boosted: it was written by skl2onnx, which leaves out where missing",
            "model raw_regressor: its TreeEnsembleRegressor says post_transform LOGISTIC, which",
        ]);
        assert!(!ended.err.contains("model xgboost"), "{}", ended.err);
    }
}

/// To train with folds, one needs them before there is a model that has any.
#[test]
fn folds_are_in_the_table_before_there_is_a_model() {
    let folder = CampaignFolder::demo(2_000);
    let text = fs::read_to_string(folder.file()).unwrap();
    let stage = text.get(..text.find("[[stage.model]]").unwrap()).unwrap();
    let stage = stage.replace(
        "missing_labels = \"error\"",
        "missing_labels = \"error\"\nfolds = 5",
    );
    let stage = stage.replace("\"MET_pt\"]", "\"MET_pt\", \"fold\"]");
    let metric = "[[stage.metric]]\nhistogram = { column = \"fold\", bins = 5, range = [0, 5] }\n";
    folder.write("campaign.toml", format!("{stage}{metric}"));
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let report = fs::read(folder.output().join("report/metrics.json")).unwrap();
    let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
    let stage = &report["stages"][0];
    let bins = stage["metrics"][0]["histogram"]["bins"].as_array().unwrap();
    let entries: Vec<u64> = bins
        .iter()
        .map(|bin| bin["entries"].as_u64().unwrap())
        .collect();
    assert_eq!(entries.len(), 5);
    assert!(entries.iter().all(|entries| *entries > 100), "{entries:?}");
    assert_eq!(Some(entries.iter().sum()), stage["rows"].as_u64());
}
