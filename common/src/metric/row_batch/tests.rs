//! Columns as numbers, labels and keys, and where events begin.

use super::*;
use arrow_array::{BooleanArray, Float32Array, Int16Array, StringArray, UInt32Array, UInt64Array};
use std::sync::Arc;

fn batch() -> RecordBatch {
    RecordBatch::try_from_iter([
        (
            "run",
            Arc::new(UInt32Array::from(vec![1, 1, 1, 1])) as ArrayRef,
        ),
        ("lumi", Arc::new(UInt32Array::from(vec![1, 1, 2, 2]))),
        (
            "event",
            Arc::new(UInt64Array::from(vec![u64::MAX, u64::MAX, u64::MAX, 4])),
        ),
        (
            "x",
            Arc::new(Float32Array::from(vec![
                Some(0.5),
                None,
                Some(f32::NAN),
                Some(2.0),
            ])),
        ),
        (
            "fired",
            Arc::new(BooleanArray::from(vec![
                Some(true),
                None,
                Some(false),
                Some(true),
            ])),
        ),
        ("charge", Arc::new(Int16Array::from(vec![-1, 0, 1, 2]))),
        (
            "word",
            Arc::new(StringArray::from(vec!["a", "b", "c", "d"])),
        ),
    ])
    .unwrap()
}

#[test]
fn columns_and_events() {
    let batch = batch();
    let rows = RowBatch::try_new(&batch, Some(["run", "lumi", "event"])).unwrap();
    assert_eq!(rows.events("fired").unwrap(), [(0, 2), (2, 3), (3, 4)]);
    let numbered = RowBatch::of_events(&batch, &[7u32, 7, 3, 4]).unwrap();
    assert_eq!(numbered.events("fired").unwrap(), [(0, 2), (2, 3), (3, 4)]);
    let numbers = rows.numbers("x").unwrap();
    assert!(numbers[1].is_nan() && numbers[2].is_nan());
    assert_eq!(rows.numbers("charge").unwrap(), [-1.0, 0.0, 1.0, 2.0]);
    assert_eq!(
        rows.labels("fired").unwrap(),
        [Some(true), None, Some(false), Some(true)]
    );
    assert_eq!(rows.integers("lumi").unwrap()[2], Some(2));
}

#[test]
fn mistakes_name_the_column() {
    let batch = batch();
    let rows = RowBatch::try_new(&batch, None).unwrap();
    let told = rows.numbers("word").unwrap_err().to_string();
    assert_eq!(told, "metric column `word` is Utf8, expected a number");
    // Charges and targets of −1 and 1 would all be positives.
    let told = rows.labels("charge").unwrap_err().to_string();
    assert!(
        told.contains("holds -1 where a label is expected"),
        "{told}"
    );
    assert!(told.contains("`charge > 0`"), "{told}");
    let told = rows.labels("x").unwrap_err().to_string();
    assert_eq!(
        told,
        "metric column `x` is Float32, expected a Boolean or an integer label"
    );
    assert!(
        rows.numbers("y")
            .unwrap_err()
            .to_string()
            .contains("run, lumi, event, x")
    );
    assert!(
        rows.events("fired")
            .unwrap_err()
            .to_string()
            .contains("`fired` counts events")
    );
}

#[test]
fn an_empty_batch_has_no_events() {
    let batch = batch().slice(0, 0);
    let rows = RowBatch::try_new(&batch, Some(["run", "lumi", "event"])).unwrap();
    assert!(rows.is_empty());
    assert!(rows.events("fired").unwrap().is_empty());
    assert!(
        RowBatch::of_events::<u64>(&batch, &[])
            .unwrap()
            .events("fired")
            .unwrap()
            .is_empty()
    );
    let told = RowBatch::of_events(&batch, &[1]).unwrap_err().to_string();
    assert_eq!(told, "0 rows come with 1 event numbers; expected one a row");
}
