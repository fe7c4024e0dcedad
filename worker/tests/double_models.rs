//! Models with inputs in double precision or whole numbers against the scores that ONNX Runtime
//! gave, for values at their thresholds, one unit in the last place beside them, and odd ones.
//!
//! `make_double_models.py` makes models, values and scores.

#![expect(
    clippy::unwrap_used,
    reason = "a test may stop at whatever it did not expect"
)]

use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array};
use lumimill_worker::score::{Features, Model};
use serde_json::Value;

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/double_models"))
}

/// Rows of numbers that are written as their bits.
fn rows<T>(value: &Value, number: impl Fn(u64) -> T) -> Vec<Vec<T>> {
    let row = |row: &Value| -> Vec<T> {
        let bits = row.as_array().unwrap().iter();
        bits.map(|bits| number(bits.as_u64().unwrap())).collect()
    };
    value.as_array().unwrap().iter().map(row).collect()
}

fn agrees(found: f32, expected: f32) -> bool {
    let tolerance = 1e-6 * expected.abs().max(1.0);
    (found.is_nan() && expected.is_nan()) || (found - expected).abs() <= tolerance
}

#[test]
fn doubles_are_compared_in_the_type_that_the_model_declares() {
    let text = std::fs::read_to_string(folder().join("expected.json")).unwrap();
    let expected: Value = serde_json::from_str(&text).unwrap();
    let models = expected.as_object().unwrap();
    assert!(models.len() >= 10, "only {} models", models.len());
    let mut wrong = Vec::new();
    for (name, case) in models {
        let bytes = std::fs::read(folder().join(format!("{name}.onnx"))).unwrap();
        let model = Model::from_bytes(name, &bytes).unwrap();
        let values = rows(&case["features"], f64::from_bits);
        let scores = rows(&case["scores"], |bits| {
            f32::from_bits(u32::try_from(bits).unwrap())
        });
        let column = |column: usize| -> ArrayRef {
            let values = values.iter().map(|row| row[column]);
            match name == "whole_numbers" {
                true => Arc::new(Int64Array::from_iter_values(values.map(|v| v as i64))),
                false => Arc::new(Float64Array::from_iter_values(values)),
            }
        };
        let columns: Vec<ArrayRef> = (0..values[0].len()).map(column).collect();
        let wide = !["whole_numbers", "joined_single", "raw_regressor"].contains(&name.as_str());
        assert_eq!(model.reads_doubles(), wide, "{name}");
        let features = match wide {
            true => Features::gather_doubles(&columns),
            false => Features::gather(&columns),
        };
        let mut found = Vec::new();
        model.score_all(&features.unwrap(), &mut found).unwrap();
        let found: Vec<&[f32]> = found.chunks(model.classes()).collect();
        assert_eq!(found.len(), scores.len(), "{name}");
        for (row, (found, expected)) in found.iter().zip(&scores).enumerate() {
            let mut pairs = found.iter().zip(expected);
            if !pairs.all(|(found, expected)| agrees(*found, *expected)) {
                let values = &values[row];
                wrong.push(format!(
                    "{name}, {values:?}: {found:?}, expected {expected:?}"
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

/// Scores were computed with in single precision where the model says double: infinite here.
#[test]
fn what_computes_with_scores_in_double_precision_is_not_evaluated_in_single() {
    let bytes = std::fs::read(folder().join("computed_double.onnx")).unwrap();
    let refused = Model::from_bytes("computed", &bytes)
        .unwrap_err()
        .to_string();
    let why = "operator Mul computes with scores in double precision";
    assert!(refused.contains(why), "{refused}");
}

#[test]
fn a_score_in_double_precision_does_not_depend_on_the_batch() {
    let bytes = std::fs::read(folder().join("lightgbm.onnx")).unwrap();
    let model = Model::from_bytes("lightgbm", &bytes).unwrap();
    let score = |from: usize, to: usize| {
        let column = |step: f64| -> ArrayRef {
            let values = (from..to).map(|row| row as f64 * step - 1.0);
            Arc::new(Float64Array::from_iter_values(values))
        };
        let columns = [column(0.007), column(0.003), column(1e5)];
        let mut scores = Vec::new();
        let features = Features::gather_doubles(&columns).unwrap();
        model.score(&features, 0, &mut scores).unwrap();
        scores
    };
    let whole = score(0, 700);
    let parts: Vec<f32> = [(0, 1), (1, 34), (34, 300), (300, 700)]
        .into_iter()
        .flat_map(|(from, to)| score(from, to))
        .collect();
    assert!(
        whole
            .iter()
            .zip(&parts)
            .all(|(a, b)| a.to_bits() == b.to_bits())
    );
    assert_eq!(whole.len(), parts.len());
}
