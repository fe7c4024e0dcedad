use super::super::list::{MetricResult, RawMetric};
use super::super::partial::Partial;
use super::super::row_batch::RowBatch;
use super::*;
use arrow_array::{ArrayRef, BooleanArray, Float64Array, RecordBatch, UInt64Array};
use serde_json::Value;
use std::sync::Arc;

const ORACLE: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/testdata/ranking_oracle.json"
));

fn rank(
    events: &[u64],
    scores: &[Option<f64>],
    labels: &[Option<bool>],
    range: Option<[f64; 2]>,
    bins: Option<u32>,
) -> RankingResult {
    let raw = RawRanking {
        label: "y".into(),
        score: "s".into(),
        per: Per::Event,
        bins,
        range,
        targets: None,
        weight: None,
        over: None,
    };
    let spec = RawMetric {
        ranking: Some(raw),
        ..RawMetric::default()
    }
    .validate()
    .unwrap();
    let batch = RecordBatch::try_from_iter([
        (
            "event",
            Arc::new(UInt64Array::from(events.to_vec())) as ArrayRef,
        ),
        ("s", Arc::new(Float64Array::from(scores.to_vec()))),
        ("y", Arc::new(BooleanArray::from(labels.to_vec()))),
    ])
    .unwrap();
    let mut partial = Partial::new(&spec);
    partial
        .fill(&RowBatch::try_new(&batch, Some(["event"; 3])).unwrap())
        .unwrap();
    match partial.finalise() {
        MetricResult::Ranking(result) => *result,
        other => panic!("{other:?}"),
    }
}

fn check(name: &str, found: &PopulationResult, expected: &Value) {
    let number = |key: &str| expected[key].as_f64().unwrap();
    let within = |key: &str, found: f64, error: f64| {
        let off = (found - number(key)).abs();
        assert!(
            off <= error + 1e-9,
            "{name}: {key} is {found}, scikit-learn {}, bound {error}",
            number(key)
        );
    };
    within("auc", found.auc.unwrap(), found.auc_binning_error.unwrap());
    let error = found.average_precision_binning_error.unwrap();
    within("average_precision", found.average_precision.unwrap(), error);
    let probability = found.probability.as_ref().unwrap();
    within("brier", probability.brier, 0.0);
    within("log_loss", probability.log_loss, 0.0);
}

#[test]
fn agrees_with_scikit_learn_within_its_own_bounds() {
    let oracle: Value = serde_json::from_str(ORACLE).unwrap();
    for case in oracle["cases"].as_array().unwrap() {
        let list = |key: &str| case[key].as_array().unwrap().clone();
        let events: Vec<u64> = list("events").iter().map(|v| v.as_u64().unwrap()).collect();
        let scores: Vec<Option<f64>> = list("scores").iter().map(Value::as_f64).collect();
        let labels: Vec<_> = list("labels")
            .iter()
            .map(|v| v.as_u64().map(|v| v == 1))
            .collect();
        let name = case["name"].as_str().unwrap();
        for bins in [None, Some(100), Some(7)] {
            let result = rank(&events, &scores, &labels, None, bins);
            check(name, &result.rows, &case["rows"]);
            check(name, result.events.as_ref().unwrap(), &case["best"]);
        }
        let fine = rank(&events, &scores, &labels, None, None).rows;
        assert!(
            fine.auc_binning_error.unwrap() < 0.04 || name == "ends",
            "{name}"
        );
    }
}

#[test]
fn four_scores_by_hand() {
    let scores = [Some(0.1), Some(0.4), Some(0.35), Some(0.8)];
    let labels = [Some(false), Some(false), Some(true), Some(true)];
    let rows = rank(&[1, 2, 3, 4], &scores, &labels, None, None).rows;
    let near = |found: Option<f64>, expected: f64| {
        assert!((found.unwrap() - expected).abs() < 1e-12, "{found:?}")
    };
    near(rows.auc, 0.75);
    near(rows.auc_binning_error, 0.0);
    near(rows.average_precision, 0.5 + 0.5 * 2.0 / 3.0);
    near(rows.prevalence, 0.5);
    // DeLong: V10 = (0.5, 1), V01 = (0.5, 1), variances 1/8 each, over 2 entries each.
    near(rows.auc_statistical_error, (0.125f64 / 2.0 * 2.0).sqrt());
    let half = rows
        .operating_points
        .iter()
        .find(|point| point.goal == Goal::Efficiency(0.5))
        .unwrap();
    assert!(half.threshold.unwrap() <= 0.8 && half.threshold.unwrap() > 0.8 - 1.0 / 65_536.0);
    near(half.precision, 1.0);
    let all = rows
        .operating_points
        .iter()
        .find(|point| point.goal == Goal::Efficiency(0.99))
        .unwrap();
    assert_eq!(all.selected, 3);
    near(all.false_positive_rate, 0.5);
    let pure = rows
        .operating_points
        .iter()
        .find(|point| point.goal == Goal::Precision(0.99))
        .unwrap();
    assert_eq!(pure.selected, 1);
    let rate = rows
        .operating_points
        .iter()
        .find(|point| point.goal == Goal::Rate(0.2))
        .unwrap();
    assert!(!rate.reached && rate.threshold.is_none());
}

#[test]
fn an_event_is_its_best_labelled_candidate() {
    let scores = [
        Some(0.9),
        Some(0.2),
        None,
        Some(f64::NAN),
        Some(0.7),
        Some(0.3),
        None,
    ];
    let labels = [
        Some(false),
        Some(true),
        Some(true),
        Some(true),
        None,
        Some(false),
        None,
    ];
    let result = rank(&[1, 1, 2, 2, 3, 3, 4], &scores, &labels, None, Some(10));
    let events = result.events.unwrap();
    // event 1: 0.9 and true; event 2 has no score; event 3: 0.3 and false; event 4 has no label.
    assert_eq!(
        (
            events.total,
            events.positives,
            events.dropped,
            events.unlabelled
        ),
        (2, 1, 1, 1)
    );
    assert!((events.auc.unwrap() - 1.0).abs() < 1e-12);
    assert_eq!(
        (
            result.rows.total,
            result.rows.dropped,
            result.rows.unlabelled
        ),
        (3, 2, 2)
    );
}

#[test]
fn scores_out_of_range_are_counted_and_are_no_probabilities() {
    let scores = [Some(-0.5), Some(1.5), Some(0.5), Some(f64::INFINITY)];
    let labels = [Some(false), Some(true), Some(true), Some(true)];
    let unit = Some([0.0, 1.0]);
    let rows = rank(&[1, 2, 3, 4], &scores, &labels, unit, Some(10)).rows;
    assert_eq!(
        (rows.below_range, rows.above_range, rows.dropped, rows.total),
        (1, 2, 0, 4)
    );
    assert!(rows.probability.is_none());
    assert!((rows.auc.unwrap() - 1.0).abs() < 1e-12);
    for (range, above) in [(Some([-1.0, 2.0]), 1), (None, 0)] {
        let rows = rank(&[1, 2, 3, 4], &scores, &labels, range, Some(10)).rows;
        assert_eq!((rows.below_range, rows.above_range), (0, above));
        assert!(rows.probability.is_none());
    }
}

/// Scores and labels of which higher scores are more often true, and their area by comparing all
/// pairs.
fn sample(score: impl Fn(f64) -> f64) -> (Vec<Option<f64>>, Vec<Option<bool>>, f64) {
    let mut state = 1u64;
    let mut random = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let entries: Vec<(f64, bool)> = (0..900)
        .map(|_| {
            let truth = random();
            (score(truth), random() < truth)
        })
        .collect();
    let of = |class: bool| entries.iter().filter(move |entry| entry.1 == class);
    let pairs = of(true).flat_map(|(p, _)| of(false).map(move |(n, _)| (p, n)));
    let (mut won, mut all) = (0.0, 0.0);
    for (p, n) in pairs {
        all += 1.0;
        won += match p.total_cmp(n) {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        };
    }
    let scores = entries.iter().map(|entry| Some(entry.0)).collect();
    let labels = entries.iter().map(|entry| Some(entry.1)).collect();
    (scores, labels, won / all)
}

/// The area was 0.78 for 0.83 when raw scores of a model were ranked in the range of probabilities.
#[test]
fn without_a_range_any_score_is_ranked() {
    type Kind = (&'static str, fn(f64) -> f64);
    let kinds: [Kind; 8] = [
        ("probabilities", |t| t),
        ("raw scores", |t| (t / (1.0 - t)).ln() * 3.0),
        ("near one", |t| 1.0 - (1.0 - t) * 1e-9),
        ("negative", |t| -1e6 * (1.1 - t)),
        ("huge", |t| (t - 0.5) * 1e300),
        ("denormal", |t| (t * 1000.0).floor() * 2f64.powi(-149)),
        ("few values", |t| (t * 5.0).floor()),
        ("constant", |_| -7.5),
    ];
    let events: Vec<u64> = (0..900).collect();
    for (name, score) in kinds {
        let (scores, labels, expected) = sample(score);
        for bins in [None, Some(300), Some(40), Some(1)] {
            let rows = rank(&events, &scores, &labels, None, bins).rows;
            let (auc, error) = (rows.auc.unwrap(), rows.auc_binning_error.unwrap());
            assert!(
                (auc - expected).abs() <= error + 1e-12,
                "{name}, {bins:?}: {auc} ± {error}, expected {expected}"
            );
            let selected =
                |threshold: f64| scores.iter().flatten().filter(|s| **s >= threshold).count();
            for point in rows.operating_points.iter().filter(|point| point.reached) {
                // Without one, everything is selected.
                let threshold = point.threshold.unwrap_or(f64::NEG_INFINITY);
                assert_eq!(
                    point.selected,
                    selected(threshold) as u64,
                    "{name}, {bins:?}"
                );
            }
            let counts = rows
                .distribution
                .iter()
                .map(|bin| bin.positives + bin.negatives);
            assert_eq!(counts.sum::<u64>(), 900, "{name}, {bins:?}");
            assert!(
                rows.distribution.iter().all(|bin| bin.low < bin.high),
                "{name}"
            );
            if bins.is_none() {
                assert!((auc - expected).abs() < 1e-5, "{name}: {auc}, {expected}");
            }
        }
    }
}

#[test]
fn scores_that_are_all_told_apart_have_no_binning_error() {
    let (scores, labels, expected) = sample(|t| f64::from(t as f32));
    let events: Vec<u64> = (0..900).collect();
    let rows = rank(&events, &scores, &labels, None, None).rows;
    assert!((rows.auc.unwrap() - expected).abs() < 1e-12);
    assert_eq!(
        [rows.auc_binning_error, rows.average_precision_binning_error],
        [Some(0.0); 2]
    );
}

#[test]
fn what_lies_outside_a_range_is_warned_of_where_it_matters() {
    let (scores, labels, expected) = sample(|t| 4.0 * t - 1.0);
    let events: Vec<u64> = (0..900).collect();
    let narrow = rank(&events, &scores, &labels, Some([0.0, 1.0]), None);
    let (found, off) = (
        narrow.rows.auc.unwrap(),
        narrow.rows.auc_binning_error.unwrap(),
    );
    assert!(
        (found - expected).abs() <= off && off > 0.01,
        "{found} ± {off}, {expected}"
    );
    assert!(narrow.rows.outside_matters());
    let warnings = narrow.warnings();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    let outside = narrow.rows.below_range + narrow.rows.above_range;
    let says = format!(
        "ranking of y by s: {outside} of 900 rows have a score outside of range = [0, 1] ({} below",
        narrow.rows.below_range
    );
    assert!(warnings[1].starts_with(&says), "{warnings:?}");
    for range in [Some([-1.0, 3.0]), None] {
        let wide = rank(&events, &scores, &labels, range, None);
        assert_eq!(wide.warnings(), Vec::<String>::new());
    }
    let nothing = [Some(f64::NAN), None];
    let none = rank(&[1, 2], &nothing, &[Some(true), Some(false)], None, None);
    assert_eq!(
        none.warnings(),
        ["events", "rows"].map(|noun| format!(
            "ranking of y by s: none of 2 {noun} has a score that is a number"
        ))
    );
}

#[test]
fn infinite_scores_are_ranked_and_only_nan_is_dropped() {
    let (low, high) = (Some(f64::NEG_INFINITY), Some(f64::INFINITY));
    let scores = [low, Some(-1.0), Some(2.0), high, high, Some(f64::NAN)];
    let labels = [false, false, true, true, false, true].map(Some);
    // Of the six pairs of classes four are in order, one is not and one is a tie.
    let expected = 4.5 / 6.0;
    for range in [None, Some([-3.0, 3.0])] {
        let found = rank(&[1, 2, 3, 4, 5, 6], &scores, &labels, range, None);
        let rows = &found.rows;
        assert_eq!((rows.total, rows.dropped), (5, 1), "{range:?}");
        assert!((rows.auc.unwrap() - expected).abs() < 1e-12, "{rows:?}");
        let events = found.events.unwrap();
        assert_eq!((events.total, events.dropped), (5, 1), "{range:?}");
        let counts = rows.distribution.iter();
        let counted: u64 = counts.map(|bin| bin.positives + bin.negatives).sum();
        assert_eq!(counted, if range.is_some() { 2 } else { 5 }, "{range:?}");
        let edges = rows.distribution.iter().flat_map(|bin| [bin.low, bin.high]);
        assert!(edges.into_iter().all(|edge| edge.abs() < 4.0), "{range:?}");
    }
}

#[test]
fn zeros_of_either_sign_are_one_score() {
    let scores = [Some(0.0), Some(-0.0), Some(-0.0), Some(0.0)];
    let labels = [Some(true), Some(false), Some(true), Some(false)];
    let rows = rank(&[1, 2, 3, 4], &scores, &labels, None, None).rows;
    assert!((rows.auc.unwrap() - 0.5).abs() < 1e-12);
    let point = &rows.operating_points[0];
    assert_eq!((point.threshold, point.selected), (Some(0.0), 4));
}

#[test]
fn one_class_has_no_ranking() {
    for label in [true, false] {
        let rows = rank(
            &[1, 2],
            &[Some(0.2), Some(0.4)],
            &[Some(label); 2],
            None,
            None,
        )
        .rows;
        assert!(rows.auc.is_none() && rows.auc_statistical_error.is_none() && rows.roc.is_empty());
        assert_eq!(rows.average_precision.is_some(), label);
    }
    let none = rank(&[], &[], &[], None, None).rows;
    assert!(
        none.prevalence.is_none() && none.probability.is_none() && none.precision_recall.is_empty()
    );
}

#[test]
fn curves_begin_and_end_where_they_must() {
    let scores: Vec<_> = (0..5000).map(|i| Some(f64::from(i) / 5000.0)).collect();
    let labels: Vec<_> = (0..5000).map(|i| Some(i * 7 % 5000 < i)).collect();
    let events: Vec<u64> = (0..5000).collect();
    let rows = rank(&events, &scores, &labels, None, None).rows;
    let (first, last) = (rows.roc[0], rows.roc[rows.roc.len() - 1]);
    assert!(first.efficiency.abs() < 1e-12 && (last.efficiency - 1.0).abs() < 1e-12);
    assert!((last.false_positive_rate - 1.0).abs() < 1e-12);
    let counts: u64 = rows
        .distribution
        .iter()
        .map(|bin| bin.positives + bin.negatives)
        .sum();
    assert_eq!((rows.distribution.len(), counts), (64, 5000));
    assert!((rows.distribution[63].high - 1.0).abs() < 1e-12);
    assert!(rows.roc.len() <= 802 && rows.precision_recall.len() <= 402);
    assert!((rows.precision_recall.last().unwrap().recall - 1.0).abs() < 1e-12);
}
