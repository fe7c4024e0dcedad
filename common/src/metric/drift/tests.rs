use super::super::list::{MetricResult, RawMetric};
use super::super::partial::Partial;
use super::shape::shape_bin;
use super::*;
use arrow_array::{ArrayRef, BooleanArray, Float32Array, RecordBatch, UInt32Array, UInt64Array};
use std::sync::Arc;

const SPEC: &str = r#"drift = { by = "run", columns = ["x"], labels = ["y"] }"#;

fn drift(rows: &[(Option<u32>, u64, f32, Option<bool>)]) -> DriftResult {
    drift_by(SPEC, rows)
}

fn drift_by(spec: &str, rows: &[(Option<u32>, u64, f32, Option<bool>)]) -> DriftResult {
    let spec = toml::from_str::<RawMetric>(spec)
        .unwrap()
        .validate()
        .unwrap();
    let batch = RecordBatch::try_from_iter([
        (
            "run",
            Arc::new(UInt32Array::from_iter(rows.iter().map(|r| r.0))) as ArrayRef,
        ),
        (
            "event",
            Arc::new(UInt64Array::from_iter_values(rows.iter().map(|r| r.1))),
        ),
        (
            "x",
            Arc::new(Float32Array::from_iter_values(rows.iter().map(|r| r.2))),
        ),
        (
            "y",
            Arc::new(BooleanArray::from_iter(rows.iter().map(|r| r.3))),
        ),
    ])
    .unwrap();
    let mut partial = Partial::new(&spec);
    partial
        .fill(&RowBatch::try_new(&batch, Some(["run", "run", "event"])).unwrap())
        .unwrap();
    match partial.finalise() {
        MetricResult::Drift(result) => result,
        other => panic!("{other:?}"),
    }
}

#[test]
fn means_errors_and_fired_fractions_for_each_run() {
    let result = drift(&[
        (Some(7), 1, 1.0, Some(true)),
        (Some(7), 1, 2.0, Some(true)),
        (Some(7), 2, 6.0, Some(false)),
        (Some(5), 3, 4.0, None),
        (Some(5), 4, f32::NAN, Some(true)),
        (None, 5, 1.0, Some(true)),
    ]);
    assert_eq!(
        result.keys.iter().map(|key| key.key).collect::<Vec<_>>(),
        [5, 7]
    );
    assert_eq!(result.without_key, 1);
    let seven = &result.keys[1];
    assert!((seven.columns[0].mean.unwrap() - 3.0).abs() < 1e-12);
    // variance (4 + 1 + 9) / 2 = 7 over 3 rows
    assert!((seven.columns[0].mean_error.unwrap() - (7f64 / 3.0).sqrt()).abs() < 1e-12);
    assert_eq!((seven.labels[0].events, seven.labels[0].fired), (2, 1));
    let five = &result.keys[0];
    assert_eq!((five.columns[0].count, five.columns[0].missing), (1, 1));
    assert!(five.columns[0].mean_error.is_none());
    assert_eq!(
        (
            five.labels[0].events,
            five.labels[0].fired,
            five.labels[0].unlabelled
        ),
        (1, 1, 1)
    );
}

#[test]
fn a_shifted_run_stands_out_and_a_still_one_does_not() {
    let mut rows = Vec::new();
    for event in 0..6000u64 {
        // A van der Corput sequence: the same even cover of [0, 1) in every run.
        let x = f32::from((event % 2000) as u16)
            .mul_add(0.618_034, 0.0)
            .fract();
        let run = 1 + (event / 2000) as u32;
        let moved = if run == 3 { 0.2 } else { 0.0 };
        rows.push((Some(run), event, x + moved, Some(true)));
    }
    let result = drift(&rows);
    let shift = |key: usize| result.keys[key].columns[0].shift.unwrap();
    assert!(shift(2).ks > 0.19 && shift(2).ks < 0.21, "{:?}", shift(2));
    assert!(shift(2).psi > 0.2 && shift(2).ks_p_value < 1e-6);
    assert!(shift(0).ks < 0.11 && (shift(0).ks - shift(1).ks).abs() < 0.01);
}

#[test]
fn shape_bins_keep_the_order_of_values() {
    let values = [
        -1e30, -2.0, -1.0, -1e-30, 0.0, 1e-30, 0.5, 1.0, 1.01, 2.0, 1e30,
    ];
    let bins: Vec<u64> = values.iter().map(|value| shape_bin(*value)).collect();
    assert!(bins.is_sorted_by(|a, b| a < b), "{bins:?}");
    assert_eq!(shape_bin(-0.0), shape_bin(0.0));
    assert!(bins.iter().all(|bin| *bin < u64::from(SHAPE_BINS)));
}

/// Runs 1 and 2 alike, the reference; run 3 another one, run 4 like the reference.
fn four_runs() -> Vec<(Option<u32>, u64, f32, Option<bool>)> {
    let value = |run: u32, n: u32| match run {
        3 => 5.0 + (n % 100) as f32,
        _ => (n % 100) as f32,
    };
    let row = |n: u32| {
        let run = 1 + n / 1000;
        (Some(run), u64::from(n), value(run, n), None)
    };
    (0..4000).map(row).collect()
}

#[test]
fn runs_are_compared_with_a_reference_and_what_moved_is_an_alarm() {
    let spec = r#"drift = { by = "run", columns = ["x"], labels = ["y"], reference = "1-2", alarm = 0.03 }"#;
    let result = drift_by(spec, &four_runs());
    let shift = |run: usize| result.keys[run - 1].columns[0].shift.unwrap();
    // Computed with numpy from the definitions.
    assert!((shift(3).ks - 0.05).abs() < 1e-12, "{:?}", shift(3));
    assert!((shift(3).psi - 0.050_806_184_401_880_45).abs() < 1e-12);
    assert!((shift(3).psi_expected - 0.0135).abs() < 1e-12);
    assert!(shift(4).psi < 1e-6 && shift(1).psi < 1e-6);
    let named: Vec<(i64, &str)> = (result.alarms.iter())
        .map(|alarm| (alarm.key, alarm.column.as_str()))
        .collect();
    assert_eq!(named, [(3, "x")]);
    let said = result.warnings();
    assert!(
        said[0].starts_with("drift by run: ALARM, moved by more than 0.03: x at 3 (PSI 0."),
        "{said:?}"
    );
    // Without the reference a run is compared with what moved, too.
    let all = drift_by(SPEC, &four_runs());
    assert!(all.alarms.is_empty() && all.warnings().is_empty());
    assert!(all.keys[3].columns[0].shift.unwrap().psi > 1e-3);
    let nowhere = spec.replace("1-2", "70-80");
    let said = drift_by(&nowhere, &four_runs()).warnings();
    assert!(
        said[0].contains("reference = \"70-80\", which has no rows"),
        "{said:?}"
    );
}

#[test]
fn a_reference_that_is_none_is_said() {
    let spec = r#"drift = { by = "run", columns = ["x"], reference = "9-2", alarm = -1.0 }"#;
    let raw = toml::from_str::<RawMetric>(spec).unwrap();
    let said = format!("{:?}", raw.validate().unwrap_err());
    assert!(
        said.contains("drift.reference: ") && said.contains("9-2 is inverted"),
        "{said}"
    );
    assert!(
        said.contains("drift.alarm: expected more than 0, found -1"),
        "{said}"
    );
}

/// By hand: weights 1, 2 and −1 of 1, 2 and 6.
#[test]
fn weighted_means_have_the_errors_of_their_weights() {
    let spec = SPEC.replace("labels", "weight = \"w\", labels");
    let spec = toml::from_str::<RawMetric>(&spec).unwrap();
    let spec = spec.validate().unwrap();
    let filled = |rows: &[(u32, u64, f64, bool, f64)]| {
        let column = |of: fn(&(u32, u64, f64, bool, f64)) -> f64| {
            let values = arrow_array::Float64Array::from_iter_values(rows.iter().map(of));
            Arc::new(values) as ArrayRef
        };
        let runs = UInt32Array::from_iter_values(rows.iter().map(|row| row.0));
        let events = UInt64Array::from_iter_values(rows.iter().map(|row| row.1));
        let labels = BooleanArray::from_iter(rows.iter().map(|row| Some(row.3)));
        let batch = RecordBatch::try_from_iter([
            ("run", Arc::new(runs) as ArrayRef),
            ("event", Arc::new(events)),
            ("x", column(|row| row.2)),
            ("y", Arc::new(labels)),
            ("w", column(|row| row.4)),
        ])
        .unwrap();
        let mut partial = Partial::new(&spec);
        let rows = RowBatch::try_new(&batch, Some(["run", "run", "event"])).unwrap();
        partial.fill(&rows).unwrap();
        match partial.finalise() {
            MetricResult::Drift(result) => result,
            other => panic!("{other:?}"),
        }
    };
    let result = filled(&[
        (1, 1, 1.0, true, 1.0),
        (1, 1, 2.0, true, 2.0),
        (1, 2, 6.0, false, -1.0),
        (1, 3, f64::NAN, true, 1.0),
        (1, 4, 1.0, true, f64::NAN),
        (2, 5, 4.0, true, -1.0),
    ]);
    let column = &result.keys[0].columns[0];
    assert_eq!((column.count, column.missing), (3, 2));
    let mean: f64 = (1.0 + 4.0 - 6.0) / 2.0;
    assert!((column.mean.unwrap() - mean).abs() < 1e-12);
    // (Σw)² − Σw² = 4 − 6: no error can be said.
    assert!(column.mean_error.is_none());
    let fired = &result.keys[0].labels[0];
    assert_eq!((fired.events, fired.fired, fired.unlabelled), (3, 2, 1));
    assert!(
        (fired.fraction.unwrap() - 2.0).abs() < 1e-12,
        "1 + 1 of 1 - 1 + 1"
    );
    assert!(result.keys[1].columns[0].mean.is_none());
    let said = result.warnings();
    assert!(
        said[0].contains(
            "of x: the sum of the weights is not positive at 1 value, the first of which is 2"
        ),
        "{said:?}"
    );
    let result = filled(&[(1, 1, 1.0, true, 3.0), (1, 2, 2.0, true, 2.0)]);
    let column = &result.keys[0].columns[0];
    let mean = 7.0 / 5.0;
    let spread: f64 = 9.0 * (1.0f64 - mean).powi(2) + 4.0 * (2.0f64 - mean).powi(2);
    let error = (spread / (25.0 - 13.0)).sqrt();
    assert!((column.mean_error.unwrap() - error).abs() < 1e-12);
}
