//! Counts on a grid against sums by hand, and what cannot be one.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch};
use lumimill_kde::{Approximation, Scale};

use super::{KdeCounts, KdeSpec, RawAxis, RawKde};
use crate::metric::kind::{Counting, Kind};
use crate::metric::row_batch::RowBatch;

fn axis(column: &str, range: [f64; 2], bins: u32) -> RawAxis {
    RawAxis {
        column: column.to_owned(),
        range,
        bins: Some(bins),
        scale: Scale::Linear,
        width: Some(1.0),
    }
}

fn raw() -> RawKde {
    RawKde {
        axes: vec![axis("x", [0.0, 1.0], 10), axis("p", [0.0, 4.0], 2)],
        weight: Some("w".to_owned()),
        systematic: Some("v".to_owned()),
        approximation: Approximation::Product,
    }
}

fn spec() -> KdeSpec {
    KdeSpec::try_new(&raw()).unwrap()
}

fn filled(rows: &[[f64; 4]]) -> KdeCounts {
    let column = |at: usize| {
        Arc::new(Float64Array::from_iter_values(
            rows.iter().map(|row| row[at]),
        )) as ArrayRef
    };
    let names = ["x", "p", "w", "v"].into_iter().enumerate();
    let batch = RecordBatch::try_from_iter(names.map(|(at, name)| (name, column(at)))).unwrap();
    let mut counts = KdeCounts::new(&spec());
    counts
        .fill(&spec(), &RowBatch::try_new(&batch, None).unwrap())
        .unwrap();
    counts
}

const ROWS: [[f64; 4]; 6] = [
    [0.05, 1.0, 1.5, 1.0],
    [0.05, 1.0, -0.5, 2.0],
    [1.0, 3.0, 1.0, 1.0],
    [0.5, 5.0, 1.0, 1.0],
    [0.5, f64::NAN, 1.0, 1.0],
    [0.5, 1.0, f64::NAN, 1.0],
];

#[test]
fn rows_are_in_cells_beside_the_grid_or_missing() {
    let counts = filled(&ROWS);
    assert_eq!((counts.rows, counts.outside, counts.missing), (3, 1, 2));
    assert_eq!(counts.cells.keys().copied().collect::<Vec<_>>(), [0, 19]);
    let result = counts.finalise(&spec());
    assert_eq!(
        (
            result.nominal.sumw,
            result.systematic.as_ref().unwrap().sumw
        ),
        (2.0, 4.0)
    );
    assert!(result.nominal.density.is_some() && result.nominal.error.is_none());
    assert_eq!(result.title, "x given p");
    assert!(
        result.warnings()[0].contains("1 row of 4 outside"),
        "{:?}",
        result.warnings()
    );
}

#[test]
fn parts_merge_to_the_whole_and_come_back_from_a_marker() {
    let whole = filled(&ROWS);
    for cut in 0..=ROWS.len() {
        let mut merged = filled(&ROWS[cut..]);
        merged.merge(&spec(), &filled(&ROWS[..cut]));
        assert_eq!(merged, whole);
    }
    let text = serde_json::to_string(&whole).unwrap();
    let back: KdeCounts = serde_json::from_str(&text).unwrap();
    assert!(back.fits(&spec()) && back == whole);
    let mut other = raw();
    other.axes[1].bins = Some(1);
    assert!(!back.fits(&KdeSpec::try_new(&other).unwrap()));
    other = raw();
    other.systematic = None;
    assert!(!back.fits(&KdeSpec::try_new(&other).unwrap()));
}

#[test]
fn weights_that_add_up_to_nothing_are_told() {
    let result = filled(&[[0.05, 1.0, -1.0, 1.0]]).finalise(&spec());
    let warnings = result.warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0].contains("kde of x given p: there is no density: its weights add up to -1")
    );
}

#[test]
fn mistakes_are_all_reported() {
    let mut wrong = raw();
    wrong.weight = None;
    wrong.axes[0].range = [1.0, 0.0];
    let errors = KdeSpec::try_new(&wrong).unwrap_err().join("\n");
    assert!(
        errors.contains("kde.systematic: it is the alternative of `weight`"),
        "{errors}"
    );
    assert!(
        errors.contains("kde.axes: axis x: [1, 0] is no range"),
        "{errors}"
    );
    let mut large = raw();
    large.axes[0].bins = Some(60_000);
    let errors = KdeSpec::try_new(&large).unwrap_err().join("\n");
    assert!(
        errors.contains("120000 cells together, at most 65536"),
        "{errors}"
    );
    let none = RawKde {
        axes: Vec::new(),
        ..raw()
    };
    assert!(KdeSpec::try_new(&none).unwrap_err()[0].contains("one axis or more"));
    assert_eq!(spec().columns(), ["x", "p", "w", "v"]);
}
