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
