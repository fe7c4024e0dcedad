//! Which entries are shown, and what of them.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Float32Array, Int64Array, RecordBatch};

use super::*;
use crate::metric::kind::Kind;

fn spec(entries: u32) -> DisplaySpec {
    let texts = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    DisplaySpec::try_new(&RawDisplay {
        x: "Hit_z".into(),
        y: "Hit_x".into(),
        panel: Some("Hit_view".into()),
        size: None,
        truth: texts(&["Hit_a", "Hit_b"]),
        scores: texts(&["Hit_p", "Hit_q"]),
        names: texts(&["a", "b"]),
        key: texts(&["event"]),
        entries: Some(entries),
    })
    .unwrap()
}

/// Two members of each of these events, as rows.
fn members(events: &[i64]) -> RecordBatch {
    let rows: Vec<i64> = events.iter().flat_map(|event| [*event, *event]).collect();
    let floats = |of: fn(i64, usize) -> f32| -> ArrayRef {
        let values = rows
            .iter()
            .enumerate()
            .map(|(row, event)| of(*event, row % 2));
        Arc::new(Float32Array::from_iter_values(values))
    };
    let first: BooleanArray = rows
        .iter()
        .enumerate()
        .map(|(row, _)| Some(row % 2 == 0))
        .collect();
    let columns: [(&str, ArrayRef); 8] = [
        ("event", Arc::new(Int64Array::from(rows.clone()))),
        ("Hit_z", floats(|event, at| event as f32 + at as f32)),
        (
            "Hit_x",
            floats(|event, at| if event == 7 && at == 1 { f32::NAN } else { 1.0 }),
        ),
        (
            "Hit_view",
            Arc::new(Int64Array::from_iter_values(
                rows.iter().map(|event| event % 2),
            )),
        ),
        ("Hit_a", Arc::new(first.clone())),
        ("Hit_b", Arc::new(first)),
        ("Hit_p", floats(|_, at| if at == 0 { 0.9 } else { 0.2 })),
        ("Hit_q", floats(|_, _| 0.3)),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn counted(spec: &DisplaySpec, events: &[i64]) -> DisplayCounts {
    let mut counts = DisplayCounts::new(spec);
    let batch = members(events);
    counts
        .fill(spec, &RowBatch::try_new(&batch, None).unwrap())
        .unwrap();
    assert!(counts.fits(spec));
    counts
}

#[test]
fn the_same_entries_are_shown_however_rows_are_cut_and_merged() {
    let spec = spec(3);
    let events: Vec<i64> = (0..40).collect();
    let whole = counted(&spec, &events);
    let mut keys: Vec<Vec<i64>> = events.iter().map(|event| vec![*event]).collect();
    keys.sort_by_key(|key| shown::rank(key));
    let found: Vec<&Vec<i64>> = whole.entries.iter().map(|shown| &shown.key).collect();
    assert_eq!(found, keys.iter().take(3).collect::<Vec<_>>());
    for cut in [1, 7, 20] {
        let (a, b) = events.split_at(cut);
        let (a, b) = (counted(&spec, a), counted(&spec, b));
        let (mut ab, mut ba) = (a.clone(), b.clone());
        ab.merge(&spec, &b);
        ba.merge(&spec, &a);
        assert!(ab == whole && ba == whole);
        ab.merge(&spec, &DisplayCounts::new(&spec));
        assert!(ab == whole);
    }
    let text = serde_json::to_string(&whole).unwrap();
    assert_eq!(serde_json::from_str::<DisplayCounts>(&text).unwrap(), whole);
}

#[test]
fn members_have_what_is_true_and_what_is_likely() {
    let spec = spec(1);
    let shown = counted(&spec, &[4]).entries.remove(0);
    assert_eq!((shown.members, &shown.panels[..]), (2, &[0, 0][..]));
    assert_eq!(shown.at, [[4.0, 1.0], [5.0, 1.0]]);
    // Both are true of the first; of the second no class has more than a half, and b has most.
    assert_eq!((shown.truth, shown.found), (vec![3, 0], vec![1, 2]));
    let without_place = counted(&spec, &[7]).entries.remove(0);
    assert_eq!((without_place.members, without_place.at.len()), (2, 1));
}

#[test]
fn counts_that_cannot_be_of_the_metric_are_refused() {
    let spec = spec(2);
    let good = counted(&spec, &[1, 2, 3]);
    let change = |change: fn(&mut DisplayCounts)| {
        let mut counts = good.clone();
        change(&mut counts);
        counts.fits(&spec)
    };
    assert!(change(|_| {}));
    assert!(!change(|counts| counts.entries.swap(0, 1)));
    assert!(!change(|counts| counts.entries[0].truth.push(0)));
    assert!(!change(|counts| counts.entries[0].panels.clear()));
    assert!(!change(|counts| counts.entries[0].key.push(0)));
    assert!(!change(|counts| counts.entries[1].at[0] = [f32::NAN, 0.0]));
}

#[test]
fn every_mistake_is_told() {
    let raw = RawDisplay {
        y: "Jet_x".into(),
        names: vec!["a".into()],
        key: Vec::new(),
        entries: Some(0),
        ..spec(2).to_raw()
    };
    let errors = DisplaySpec::try_new(&raw).unwrap_err().join("; ");
    for said in [
        "display.truth: 2 lists for 1 names",
        "display.scores: 2 lists for 1 names",
        "display.key: name the columns",
        "display.entries: 0 is not between 1 and 24",
        "display: Jet_x is not of Hit",
    ] {
        assert!(errors.contains(said), "{errors}");
    }
}
