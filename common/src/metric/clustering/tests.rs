//! Groups against scikit-learn 1.9.1 on the same members, and against themselves.

use std::sync::Arc;

use arrow_array::types::{Float64Type, Int32Type};
use arrow_array::{ArrayRef, ListArray, RecordBatch};

use super::event::{Compared, compared, linked, links};
use crate::metric::{ClusteringResult, MetricResult, MetricSpec, Partial, RawMetric, RowBatch};

fn parsed(more: &str) -> Result<MetricSpec, Vec<String>> {
    let text = format!("clustering = {{ truth = \"Hit_event\"{more} }}");
    toml::from_str::<RawMetric>(&text).unwrap().validate()
}

fn of(truth: &[i64], groups: &[i64]) -> Compared {
    let truth: Vec<f64> = truth.iter().map(|group| *group as f64).collect();
    compared(&truth, groups)
}

#[test]
fn the_adjusted_rand_index_is_that_of_scikit_learn() {
    // sklearn.metrics.adjusted_rand_score of the same lists.
    for (truth, groups, rand, pure, whole) in [
        (
            &[0, 0, 1, 1][..],
            &[0, 0, 1, 2][..],
            0.571_428_571_428_571_4,
            4,
            3,
        ),
        (&[0, 0, 1, 1], &[0, 1, 0, 1], -0.5, 2, 2),
        (
            &[0, 0, 0, 1, 1, 2],
            &[5, 5, 9, 9, 9, 9],
            0.036_697_247_706_422_02,
            4,
            5,
        ),
        (&[0, 0, 0], &[1, 2, 3], 0.0, 3, 1),
        (&[0, 1, 2], &[7, 8, 9], 1.0, 3, 3),
        (&[3, 3], &[0, 0], 1.0, 2, 2),
    ] {
        let found = of(truth, groups);
        assert!(
            (found.rand.unwrap() - rand).abs() < 1e-12,
            "{found:?} {rand}"
        );
        assert_eq!((found.pure, found.whole), (pure, whole), "{truth:?}");
        assert_eq!(found.is_exact, (rand - 1.0).abs() < 1e-12);
    }
    assert_eq!(of(&[1], &[0]).rand, None);
    let left_out = of(&[0, -1, 0], &[0, 0, 1]);
    assert_eq!((left_out.members, left_out.true_groups), (2, 1));
}

#[test]
fn members_are_linked_by_the_mean_of_both_directions() {
    let found = links(
        4,
        &[0.9, 0.3, 0.8, f64::NAN],
        &[0.0, 1.0, 2.0, 0.0],
        &[1.0, 0.0, 3.0, 3.0],
    );
    let found = found.unwrap();
    assert_eq!(linked(4, &found, 0.55), [0, 0, 2, 2]);
    assert_eq!(linked(4, &found, 0.65), [0, 1, 2, 2]);
    assert_eq!(links(2, &[0.5], &[0.0], &[2.0]), Err(2));
    assert_eq!(links(2, &[0.5], &[-1.0], &[1.0]), Err(-1));
    let chain = links(5, &[1.0; 4], &[4.0, 3.0, 2.0, 1.0], &[3.0, 2.0, 1.0, 0.0]).unwrap();
    assert_eq!(linked(5, &chain, 1.0), [0; 5]);
}

fn batch() -> RecordBatch {
    let whole = |rows: &[&[i32]]| -> ArrayRef {
        let rows = rows
            .iter()
            .map(|row| Some(row.iter().copied().map(Some).collect::<Vec<_>>()));
        Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(rows))
    };
    let floats = |rows: &[&[f64]]| -> ArrayRef {
        let rows = rows
            .iter()
            .map(|row| Some(row.iter().copied().map(Some).collect::<Vec<_>>()));
        Arc::new(ListArray::from_iter_primitive::<Float64Type, _, _>(rows))
    };
    RecordBatch::try_from_iter([
        ("Hit_event", whole(&[&[0, 0, 1, 1], &[], &[2], &[0, 1, -1]])),
        ("Hit_group", whole(&[&[0, 0, 0, -1], &[], &[0], &[0, 0, 0]])),
        (
            "HitEdge_same",
            floats(&[&[0.9, 0.6, 0.2], &[], &[], &[0.7]]),
        ),
        ("HitEdge_i", whole(&[&[0, 2, 1], &[], &[], &[0]])),
        ("HitEdge_j", whole(&[&[1, 3, 2], &[], &[], &[2]])),
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

fn result(partial: &Partial) -> ClusteringResult {
    match partial.finalise() {
        MetricResult::Clustering(found) => found,
        other => panic!("{other:?}"),
    }
}

#[test]
fn events_are_counted_at_each_threshold() {
    let spec = parsed(", affinity = \"HitEdge_same\", thresholds = [0.1, 0.5, 0.95]").unwrap();
    let found = result(&filled(&spec, &batch()));
    assert_eq!(found.unlabelled, 1);
    let groups: Vec<u64> = found.points.iter().map(|point| point.groups).collect();
    assert_eq!(groups, [1 + 1 + 2, 2 + 1 + 2, 4 + 1 + 2]);
    let exact = found.points.iter().map(|point| point.exact.unwrap().value);
    let of_two: Vec<u64> = exact.map(|share| (2.0 * share).round() as u64).collect();
    assert_eq!(of_two, [1, 2, 1]);
    let first = &found.points[0];
    assert_eq!((first.events, first.members, first.true_groups), (2, 7, 5));
    assert!((first.purity.unwrap() - 5.0 / 7.0).abs() < 1e-12);
    assert!((found.points[2].efficiency.unwrap() - 5.0 / 7.0).abs() < 1e-12);
    let given = parsed(", groups = \"Hit_group\"").unwrap();
    let found = result(&filled(&given, &batch()));
    assert_eq!(found.points[0].groups, 2 + 1 + 1);
}

#[test]
fn parts_in_any_order_are_the_whole() {
    let spec = parsed(", affinity = \"HitEdge_same\", thresholds = [0.5]").unwrap();
    let rows = batch();
    let whole = filled(&spec, &rows);
    let mut merged = filled(&spec, &rows.slice(2, 2));
    merged.merge(&filled(&spec, &rows.slice(0, 2))).unwrap();
    assert_eq!(merged, whole);
    let text = serde_json::to_string(&whole).unwrap();
    assert_eq!(serde_json::from_str::<Partial>(&text).unwrap(), whole);
}

#[test]
fn mistakes_are_told_with_their_keys() {
    let told = |more: &str| parsed(more).unwrap_err().join("; ");
    assert!(told("").contains("expected either affinity and its thresholds, or groups"));
    let nodes = told(", affinity = \"Hit_same\", thresholds = [0.5]");
    assert!(nodes.contains("`Hit_same` is no list of edges"), "{nodes}");
    let none = told(", affinity = \"HitEdge_same\"");
    assert!(
        none.contains("clustering.thresholds: 0, expected 1 to 100"),
        "{none}"
    );
    let order = told(", affinity = \"HitEdge_same\", thresholds = [0.5, 0.4]");
    assert!(order.contains("do not ascend"), "{order}");
    let spec = parsed(", affinity = \"HitEdge_same\", thresholds = [0.5]").unwrap();
    let rows = batch();
    let short = rows.column_by_name("HitEdge_i").unwrap().slice(0, 1);
    let rows = RecordBatch::try_from_iter([
        (
            "Hit_event",
            rows.column_by_name("Hit_event").unwrap().slice(0, 1),
        ),
        (
            "HitEdge_same",
            rows.column_by_name("HitEdge_same").unwrap().slice(3, 1),
        ),
        ("HitEdge_i", short.clone()),
        ("HitEdge_j", short),
    ])
    .unwrap();
    let rows = RowBatch::try_new(&rows, None).unwrap();
    let told = Partial::new(&spec).fill(&rows).unwrap_err().to_string();
    assert!(
        told.contains("`HitEdge_i` has 3 values where `HitEdge_same` has 1"),
        "{told}"
    );
}
