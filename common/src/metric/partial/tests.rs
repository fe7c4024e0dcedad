use super::*;
use crate::metric::list::RawMetric;
use arrow_array::{
    ArrayRef, BooleanArray, Float32Array, Float64Array, RecordBatch, UInt32Array, UInt64Array,
};
use proptest::prelude::*;
use std::sync::Arc;

const SPECS: [&str; 8] = [
    r#"ranking = { label = "y", score = "s", per = "event", bins = 6 }"#,
    r#"ranking = { label = "y", score = "x", bins = 16, range = [-2.0, 2.0] }"#,
    r#"drift = { by = "run", columns = ["s", "x"], labels = ["y"] }"#,
    r#"histogram = { column = "x", bins = 12, range = [-3.0, 3.0] }"#,
    r#"histogram = { column = "x", bins = 5, range = [-1.0, 1.0], weight = "s" }"#,
    r#"ranking = { label = "y", score = "s", per = "event", bins = 6, weight = "x" }"#,
    r#"ranking = { label = "y", score = "s", bins = 16, range = [0.0, 1.0], weight = "x" }"#,
    r#"drift = { by = "run", columns = ["s", "x"], labels = ["y"], weight = "x" }"#,
];

fn specs() -> Vec<MetricSpec> {
    SPECS
        .iter()
        .map(|text| {
            toml::from_str::<RawMetric>(text)
                .unwrap()
                .validate()
                .unwrap()
        })
        .collect()
}

type Row = (Option<f32>, f64, Option<bool>);
type Event = (u32, Vec<Row>);

fn events() -> impl Strategy<Value = Vec<Event>> {
    let score = prop_oneof![8 => (0.0..1.0f32).prop_map(Some), 1 => Just(None), 1 => Just(Some(f32::NAN)), 1 => Just(Some(1.5))];
    let value = prop_oneof![8 => -4.0..4.0f64, 1 => Just(f64::NAN), 1 => Just(1e200), 1 => Just(f64::INFINITY)];
    let row = (
        score,
        value,
        prop_oneof![4 => any::<bool>().prop_map(Some), 1 => Just(None)],
    );
    prop::collection::vec((1u32..4, prop::collection::vec(row, 1..4)), 0..25)
}

/// A table of events numbered from `first`.
fn table(events: &[Event], first: usize) -> RecordBatch {
    let rows: Vec<(u32, u64, Row)> = events
        .iter()
        .zip(first as u64..)
        .flat_map(|((run, rows), number)| rows.iter().map(move |row| (*run, number, *row)))
        .collect();
    RecordBatch::try_from_iter_with_nullable([
        (
            "run",
            Arc::new(UInt32Array::from_iter_values(rows.iter().map(|r| r.0))) as ArrayRef,
            false,
        ),
        (
            "event",
            Arc::new(UInt64Array::from_iter_values(rows.iter().map(|r| r.1))),
            false,
        ),
        (
            "s",
            Arc::new(Float32Array::from_iter(rows.iter().map(|r| r.2.0))),
            true,
        ),
        (
            "x",
            Arc::new(Float64Array::from_iter_values(rows.iter().map(|r| r.2.1))),
            false,
        ),
        (
            "y",
            Arc::new(BooleanArray::from_iter(rows.iter().map(|r| r.2.2))),
            true,
        ),
    ])
    .unwrap()
}

fn filled(spec: &MetricSpec, events: &[Event], first: usize) -> Partial {
    let batch = table(events, first);
    let mut partial = Partial::new(spec);
    partial
        .fill(&RowBatch::try_new(&batch, Some(["run", "run", "event"])).unwrap())
        .unwrap();
    partial
}

fn merged(parts: &[&Partial]) -> Partial {
    let mut sum = Partial::new(&parts[0].spec);
    for part in parts {
        sum.merge(part).unwrap();
    }
    sum
}

fn bytes(partial: &Partial) -> String {
    serde_json::to_string(partial).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn shards_cut_anywhere_between_events_merge_to_the_whole(events in events(), cuts in (0usize..25, 0usize..25)) {
        let (one, two) = (cuts.0.min(cuts.1).min(events.len()), cuts.0.max(cuts.1).min(events.len()));
        for spec in specs() {
            let whole = filled(&spec, &events, 0);
            let a = filled(&spec, &events[..one], 0);
            let b = filled(&spec, &events[one..two], one);
            let c = filled(&spec, &events[two..], two);
            let left = merged(&[&merged(&[&a, &b]), &c]);
            let right = merged(&[&a, &merged(&[&b, &c])]);
            let swapped = merged(&[&c, &a, &b]);
            for other in [&left, &right, &swapped] {
                prop_assert_eq!(bytes(&whole), bytes(other));
                prop_assert_eq!(&whole, other);
            }
            prop_assert_eq!(whole.finalise(), swapped.finalise());
            let mut in_two = a.clone();
            let rest = table(&events[one..], one);
            in_two.fill(&RowBatch::try_new(&rest, Some(["run", "run", "event"])).unwrap()).unwrap();
            prop_assert_eq!(bytes(&in_two), bytes(&whole));
        }
    }

    #[test]
    fn a_marker_gives_the_same_partial_back(events in events()) {
        for spec in specs() {
            let partial = filled(&spec, &events, 0);
            let text = bytes(&partial);
            let back: Partial = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&bytes(&back), &text);
            prop_assert_eq!(bytes(&merged(&[&back])), text);
            prop_assert_eq!(back.finalise(), partial.finalise());
        }
    }
}

#[test]
fn different_metrics_do_not_merge() {
    let specs = specs();
    let mut mine = Partial::new(&specs[0]);
    let error = mine
        .merge(&Partial::new(&specs[3]))
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("cannot merge metric: expected ranking of y by s, found histogram of x,"),
        "{error}"
    );
    assert_eq!(mine, Partial::new(&specs[0]));
}

#[test]
fn counts_that_do_not_fit_their_specification_are_refused() {
    let specs = specs();
    for (position, spec) in specs.iter().enumerate() {
        let mut value = serde_json::to_value(Partial::new(spec)).unwrap();
        let other =
            serde_json::to_value(Partial::new(&specs[(position + 1) % specs.len()])).unwrap();
        value["counts"] = other["counts"].clone();
        let error = serde_json::from_value::<Partial>(value)
            .unwrap_err()
            .to_string();
        assert!(error.contains("do not fit"), "{error}");
    }
}

#[test]
fn dropped_rows_and_events_are_told() {
    let nan = (Some(f32::NAN), f64::NAN, Some(true));
    let events = [
        (1, vec![nan, (Some(0.5), 1.0, Some(true))]),
        (1, vec![nan]),
        (2, vec![nan, nan]),
    ];
    let specs = specs();
    let dropped = |at: usize| filled(&specs[at], &events, 0).dropped();
    assert_eq!(dropped(0), Dropped { events: 2, rows: 4 });
    assert_eq!(dropped(1), Dropped { events: 0, rows: 4 });
    assert_eq!(dropped(2), Dropped { events: 0, rows: 8 });
    assert_eq!(dropped(3), Dropped { events: 0, rows: 4 });
}
