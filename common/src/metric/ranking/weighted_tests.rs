//! Rankings with weights.

use super::super::list::{MetricResult, RawMetric};
use super::super::partial::Partial;
use super::super::row_batch::RowBatch;
use super::*;
use arrow_array::{ArrayRef, BooleanArray, Float64Array, RecordBatch, UInt64Array};
use std::sync::Arc;

/// A row: event, score, label, weight.
type Row = (u64, f64, bool, f64);

fn ranked(spec: &str, rows: &[Row]) -> RankingResult {
    let spec = toml::from_str::<RawMetric>(spec).unwrap();
    let spec = spec.validate().unwrap();
    let column = |of: fn(&Row) -> f64| {
        Arc::new(Float64Array::from_iter_values(rows.iter().map(of))) as ArrayRef
    };
    let events = UInt64Array::from_iter_values(rows.iter().map(|row| row.0));
    let labels = BooleanArray::from_iter(rows.iter().map(|row| Some(row.2)));
    let batch = RecordBatch::try_from_iter([
        ("event", Arc::new(events) as ArrayRef),
        ("s", column(|row| row.1)),
        ("y", Arc::new(labels)),
        ("w", column(|row| row.3)),
    ])
    .unwrap();
    let mut partial = Partial::new(&spec);
    let rows = RowBatch::try_new(&batch, Some(["event"; 3])).unwrap();
    partial.fill(&rows).unwrap();
    match partial.finalise() {
        MetricResult::Ranking(result) => *result,
        other => panic!("{other:?}"),
    }
}

const WEIGHTED: &str = r#"ranking = { label = "y", score = "s", per = "event", weight = "w" }"#;

fn near(found: Option<f64>, expected: f64) {
    let found = found.unwrap();
    assert!((found - expected).abs() < 1e-12, "{found} {expected}");
}

/// Rows of which higher scores are more often true.
fn rows(count: u64, weight: impl Fn(u64) -> f64) -> Vec<Row> {
    let row = |number: u64| {
        let score = (number * 7_919 % 1_009) as f64 / 1_009.0;
        let luck = (number * 104_729 % 997) as f64 / 997.0;
        (number / 2, score, luck < score, weight(number))
    };
    (0..count).map(row).collect()
}

/// The area by comparing all pairs, and its error by the placements of all entries.
fn by_pairs(rows: &[Row]) -> (f64, f64) {
    let of = |class: bool| rows.iter().filter(move |row| row.2 == class);
    let sum = |class: bool| of(class).map(|row| row.3).sum::<f64>();
    let beats = |p: &Row, n: &Row| match p.1.total_cmp(&n.1) {
        std::cmp::Ordering::Greater => 1.0,
        std::cmp::Ordering::Equal => 0.5,
        std::cmp::Ordering::Less => 0.0,
    };
    let above = |p: &Row| of(false).map(|n| n.3 * beats(p, n)).sum::<f64>() / sum(false);
    let below = |n: &Row| of(true).map(|p| p.3 * beats(p, n)).sum::<f64>() / sum(true);
    let auc = of(true).map(|p| p.3 * above(p)).sum::<f64>() / sum(true);
    let squares = |class: bool| of(class).map(|row| row.3 * row.3).sum::<f64>();
    let pairs = |class: bool| sum(class).powi(2) - squares(class);
    let spread = |class: bool, place: &dyn Fn(&Row) -> f64| {
        let spread = of(class).map(|row| row.3.powi(2) * (place(row) - auc).powi(2));
        spread.sum::<f64>() / pairs(class)
    };
    (auc, (spread(true, &above) + spread(false, &below)).sqrt())
}

#[test]
fn weights_of_one_change_nothing() {
    let rows = rows(900, |_| 1.0);
    let plain = WEIGHTED.replace(", weight = \"w\"", ", bins = 8192");
    let (plain, weighted) = (ranked(&plain, &rows), ranked(WEIGHTED, &rows));
    for (one, other) in [
        (&plain.rows, &weighted.rows),
        (
            plain.events.as_ref().unwrap(),
            weighted.events.as_ref().unwrap(),
        ),
    ] {
        near(one.auc, other.auc.unwrap());
        near(
            one.auc_statistical_error,
            other.auc_statistical_error.unwrap(),
        );
        near(one.auc_binning_error, other.auc_binning_error.unwrap());
        near(one.average_precision, other.average_precision.unwrap());
        near(one.prevalence, other.prevalence.unwrap());
        // A limit at a confidence level is one of counts.
        let mut points = one.operating_points.clone();
        points
            .iter_mut()
            .for_each(|point| point.false_positive_limit = None);
        assert_eq!(points, other.operating_points);
        assert_eq!(
            (&one.roc, &one.precision_recall),
            (&other.roc, &other.precision_recall)
        );
        let (one, two) = (one.probability.as_ref(), other.probability.as_ref());
        assert_eq!(one, two);
        let weights = other.weights.unwrap();
        near(Some(weights.effective_positives), weights.positives);
    }
}

#[test]
fn areas_and_errors_are_those_of_all_pairs() {
    for (name, weight) in [
        ("positive", (|n| 0.1 + (n % 7) as f64) as fn(u64) -> f64),
        ("negative, too", |n| if n % 5 == 0 { -0.7 } else { 1.3 }),
        ("small", |n| 1e-9 * (1 + n % 3) as f64),
    ] {
        let rows = rows(700, weight);
        let (auc, error) = by_pairs(&rows);
        let found = ranked(WEIGHTED, &rows).rows;
        let (value, bound) = (found.auc.unwrap(), found.auc_binning_error.unwrap());
        assert!(
            (value - auc).abs() < bound + 1e-12 && bound < 1e-3,
            "{name}: {value} {auc} {bound}"
        );
        let off = found.auc_statistical_error.unwrap() / error - 1.0;
        assert!(off.abs() < 0.01, "{name}: {off}");
        let is_negative = name.starts_with("negative");
        assert_eq!(found.average_precision_binning_error.is_none(), is_negative);
        let coarse = WEIGHTED.replace("weight", "bins = 20, weight");
        let found = ranked(&coarse, &rows).rows;
        let (value, bound) = (found.auc.unwrap(), found.auc_binning_error.unwrap());
        assert!(
            (value - auc).abs() < bound && bound > 1e-3,
            "{name}: {value} {auc} {bound}"
        );
    }
}

/// A weight of 3 is three entries.
#[test]
fn whole_weights_are_entries_told_often() {
    let weighted = rows(300, |n| (n % 4) as f64);
    let told: Vec<Row> = weighted
        .iter()
        .flat_map(|row| std::iter::repeat_n((row.0, row.1, row.2, 1.0), row.3 as usize))
        .collect();
    let (found, told) = (
        ranked(WEIGHTED, &weighted).rows,
        ranked(WEIGHTED, &told).rows,
    );
    near(found.auc, told.auc.unwrap());
    near(found.average_precision, told.average_precision.unwrap());
    let both = [&found, &told].map(|of| of.probability.as_ref().unwrap());
    near(Some(both[0].brier), both[1].brier);
    near(Some(both[0].log_loss), both[1].log_loss);
    assert!(found.auc_statistical_error.unwrap() > told.auc_statistical_error.unwrap());
    assert!(found.weights.unwrap().effective_positives < told.weights.unwrap().effective_positives);
}

#[test]
fn a_class_whose_weights_do_not_sum_to_more_than_nothing_has_no_area() {
    let rows = rows(100, |n| if n % 2 == 0 { 1.0 } else { -1.5 });
    let found = ranked(WEIGHTED, &rows);
    let of = &found.rows;
    assert!(of.auc.is_none() && of.auc_statistical_error.is_none() && of.roc.is_empty());
    assert!(of.average_precision.is_none() && of.probability.is_none());
    assert!(of.operating_points.iter().all(|point| !point.reached));
    let said = found.warnings();
    let says = "rows whose label is true sum to -";
    assert!(said.iter().any(|text| text.contains(says)), "{said:?}");
}

#[test]
fn an_event_has_the_weight_of_its_best_row() {
    let rows = [
        (1, 0.9, true, 2.0),
        (1, 0.2, true, 5.0),
        (2, 0.5, false, f64::NAN),
        (2, 0.4, false, 3.0),
        (3, 0.7, false, 4.0),
    ];
    let found = ranked(WEIGHTED, &rows);
    let events = found.events.unwrap();
    let weights = events.weights.unwrap();
    near(Some(weights.positives), 2.0);
    near(Some(weights.negatives), 4.0);
    assert_eq!((events.total, events.dropped), (2, 1));
    assert_eq!((found.rows.total, found.rows.dropped), (4, 1));
}
