//! Small odd tree ensembles against the scores that ONNX Runtime gave for them.
//!
//! `make_tree_models.py` makes the models and the scores.

#![expect(
    clippy::unwrap_used,
    reason = "a test may stop at whatever it did not expect"
)]

use std::path::PathBuf;

use lumimill_worker::score::{Features, Model};
use serde_json::Value;

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models"))
}

/// Rows of f32 numbers, written as their bits.
fn rows(value: &Value) -> Vec<Vec<f32>> {
    let number = |bits: &Value| f32::from_bits(u32::try_from(bits.as_u64().unwrap()).unwrap());
    let row = |row: &Value| row.as_array().unwrap().iter().map(number).collect();
    value.as_array().unwrap().iter().map(row).collect()
}

fn agrees(found: f32, expected: f32) -> bool {
    let tolerance = 1e-6 * expected.abs().max(1.0);
    (found.is_nan() && expected.is_nan())
        || found.to_bits() == expected.to_bits()
        || (found - expected).abs() <= tolerance
}

#[test]
fn every_model_scores_as_onnx_runtime_does() {
    let text = std::fs::read_to_string(folder().join("expected.json")).unwrap();
    let expected: Value = serde_json::from_str(&text).unwrap();
    let features = rows(&expected["features"]);
    let columns: Vec<Vec<f32>> = (0..4)
        .map(|column| features.iter().map(|row| row[column]).collect())
        .collect();
    let features =
        Features::from_columns(&columns.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
    let mut wrong = Vec::new();
    let models = expected["scores"].as_object().unwrap();
    assert!(models.len() > 100, "only {} models", models.len());
    for (name, scores) in models {
        let bytes = std::fs::read(folder().join(format!("{name}.onnx"))).unwrap();
        let model = match Model::from_bytes(name, &bytes) {
            Ok(model) => model,
            Err(error) => {
                wrong.push(error.to_string());
                continue;
            }
        };
        let expected = rows(scores);
        let mut found = Vec::new();
        model.score_all(&features, &mut found).unwrap();
        assert_eq!(model.classes(), expected[0].len(), "{name}");
        for (row, expected) in expected.iter().enumerate() {
            let found = &found[row * model.classes()..][..model.classes()];
            if !found
                .iter()
                .zip(expected)
                .all(|(found, expected)| agrees(*found, *expected))
            {
                wrong.push(format!(
                    "{name}, row {row}: {found:?}, expected {expected:?}"
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn inputs_that_are_columns_name_the_features() {
    for name in ["around_named_inputs", "around_batch1"] {
        let bytes = std::fs::read(folder().join(format!("{name}.onnx"))).unwrap();
        let model = Model::from_bytes(name, &bytes).unwrap();
        assert_eq!(
            model.feature_names().unwrap(),
            ["pt", "eta", "phi", "charge"],
            "{name}"
        );
        assert_eq!(model.width(), Some(4), "{name}");
    }
}
