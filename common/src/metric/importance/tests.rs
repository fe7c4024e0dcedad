use super::super::list::{MetricResult, RawMetric};
use super::super::partial::Partial;
use super::super::{MetricSpec, ModelNames, StageNames};
use super::*;
use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch};
use std::sync::Arc;

fn names() -> StageNames {
    let model = |name: &str, inputs: &[&str], columns: &[&str], is_of_rows| ModelNames {
        name: name.to_owned(),
        inputs: inputs.iter().map(|name| (*name).to_owned()).collect(),
        columns: columns.iter().map(|name| (*name).to_owned()).collect(),
        is_of_rows,
    };
    StageNames {
        labels: vec![String::from("y")],
        models: vec![
            model("s", &["a", "b", "a"], &["s"], true),
            model("two", &["a"], &["p0", "p1"], true),
            model("graph", &[], &["Hit_s"], false),
        ],
    }
}

fn spec(text: &str) -> MetricSpec {
    let raw = toml::from_str::<RawMetric>(text).unwrap();
    raw.validate().unwrap().in_stage(&names())
}

const SPEC: &str = r#"importance = { model = "s", label = "y" }"#;

/// Rows of which score and truth go together; shuffling `a` leaves nothing of that, and `b` all.
fn rows(first: u64, count: u64) -> RecordBatch {
    let value = |row: u64, of: u64| ((first + row) * of % 1_009) as f64 / 1_009.0;
    let truth = |row: u64| value(row, 104_729) < value(row, 7_919);
    let column = |of: &dyn Fn(u64) -> f64| -> ArrayRef {
        Arc::new(Float64Array::from_iter_values((0..count).map(of)))
    };
    let labels = BooleanArray::from_iter((0..count).map(|row| Some(truth(row))));
    let groups = Int64Array::from_iter_values((0..count).map(|row| (first + row) as i64 - 7));
    RecordBatch::try_from_iter([
        ("y", Arc::new(labels) as ArrayRef),
        ("s", column(&|row| value(row, 7_919))),
        (GROUP_COLUMN, Arc::new(groups)),
        ("score with a shuffled", column(&|row| value(row, 31))),
        ("score with b shuffled", column(&|row| value(row, 7_919))),
    ])
    .unwrap()
}

fn filled(spec: &MetricSpec, rows: &RecordBatch) -> Partial {
    let mut partial = Partial::new(spec);
    partial
        .fill(&RowBatch::try_new(rows, None).unwrap())
        .unwrap();
    partial
}

#[test]
fn what_a_model_ignores_has_no_importance_and_no_error() {
    let spec = spec(SPEC);
    let whole = filled(&spec, &rows(0, 3_000));
    let MetricResult::Importance(found) = whole.finalise() else {
        panic!("no importance")
    };
    assert_eq!((found.entries, found.left_out), (3_000, 0));
    let [a, b] = found.features.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!((a.feature.as_str(), b.feature.as_str()), ("a", "b"));
    let zero = 0.0f64.to_bits();
    assert_eq!(b.auc_drop.map(f64::to_bits), Some(zero));
    assert_eq!(b.auc_drop_error.map(f64::to_bits), Some(zero));
    assert_eq!(b.log_loss_rise.map(f64::to_bits), Some(zero));
    let (drop, error) = (a.auc_drop.unwrap(), a.auc_drop_error.unwrap());
    let left = a.auc.unwrap();
    assert!((drop - (found.auc.unwrap() - left)).abs() < 1e-12 && (left - 0.5).abs() < 0.05);
    assert!(
        drop > 10.0 * error && error > 0.0 && error < 0.02,
        "{drop} {error}"
    );
    assert!(a.log_loss_rise.unwrap() > 5.0 * a.log_loss_rise_error.unwrap());
    // However rows are cut into shards, and in any order.
    let (one, two) = (
        filled(&spec, &rows(0, 1_100)),
        filled(&spec, &rows(1_100, 1_900)),
    );
    let mut merged = two.clone();
    merged.merge(&one).unwrap();
    let text = serde_json::to_string(&merged).unwrap();
    assert_eq!(text, serde_json::to_string(&whole).unwrap());
    assert_eq!(serde_json::from_str::<Partial>(&text).unwrap(), whole);
}

#[test]
fn what_is_wrong_with_it_is_said() {
    let wrong = |text: &str| -> String {
        let raw = toml::from_str::<RawMetric>(text).unwrap();
        match raw.validate() {
            Err(errors) => errors.join("; "),
            Ok(spec) => spec.wrong_in(&names()).join("; "),
        }
    };
    for (text, says) in [
        (SPEC.to_owned(), ""),
        (
            SPEC.replace("\"s\"", "\"two\""),
            "importance.score: the model has p0, p1: name the one that ranks y",
        ),
        (
            SPEC.replace("\"s\"", "\"too\""),
            "importance.model: \"too\" is no model of this stage; did you mean two?",
        ),
        (
            SPEC.replace("\"s\"", "\"graph\""),
            "importance.model: features of graphs and of BDT configurations are not shuffled in this \
             version: name a model of rows",
        ),
        (
            SPEC.replace("\"y\"", "\"y\", score = \"z\", features = [\"c\"]"),
            "importance.score: \"z\" is no column of the model, which has s; importance.features: \
             \"c\" is no input of the model, which has a, b, a",
        ),
        (
            SPEC.replace("\"y\"", "\"y\", sample = 9"),
            "importance.sample: 9 rows of a shard, expected 100 to 100000",
        ),
    ] {
        assert_eq!(wrong(&text), says, "{text}");
    }
}
