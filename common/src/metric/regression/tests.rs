//! Estimates against numpy 2.4 on the same rows, and against themselves.

use std::sync::Arc;

use arrow_array::types::Float64Type;
use arrow_array::{ArrayRef, Float64Array, ListArray, RecordBatch};

use crate::metric::{MetricResult, MetricSpec, Partial, RawMetric, RegressionResult, RowBatch};

const ROWS: usize = 2_000;

fn parsed(more: &str) -> Result<MetricSpec, Vec<String>> {
    let text = format!("regression = {{ truth = \"t\", estimate = \"e\"{more} }}");
    toml::from_str::<RawMetric>(&text).unwrap().validate()
}

fn spec(more: &str) -> MetricSpec {
    parsed(more).unwrap_or_else(|errors| panic!("{errors:?}"))
}

const ALL: &str =
    ", interval = [\"low\", \"high\"], bins = { column = \"p\", edges = [0.0, 1.0, 2.0] }";

fn fraction(row: usize, step: f64) -> f64 {
    (row as f64 * step).fract()
}

/// The rows of the reference: truth, estimate, both ends of its interval, and a column of bins.
fn values(row: usize) -> [f64; 5] {
    let truth = 10.0 * fraction(row, 0.754_877_666_246_692_7);
    let u = fraction(row, 0.618_033_988_749_895) - 0.5;
    let estimate = truth + 0.1 + 2.0 * u * u * u + 0.5 * u;
    let (below, above) = (0.2 + 0.1 * fraction(row, 0.1), 0.3);
    let p = 2.5 * fraction(row, 0.569_840_290_998_053_2);
    [truth, estimate, estimate - below, estimate + above, p]
}

fn rows() -> RecordBatch {
    let column = |at: usize| -> ArrayRef {
        let of = |row: usize| match (at, row) {
            (0, 5) => f64::NAN,
            (1, 6) => f64::INFINITY,
            (3, 7) => values(row)[1] - 0.01,
            _ => values(row)[at],
        };
        Arc::new(Float64Array::from_iter_values((0..ROWS).map(of)))
    };
    let names = ["t", "e", "low", "high", "p"];
    RecordBatch::try_from_iter(names.into_iter().zip((0..5).map(column))).unwrap()
}

fn filled(spec: &MetricSpec, rows: &RecordBatch) -> Partial {
    let mut partial = Partial::new(spec);
    partial
        .fill(&RowBatch::try_new(rows, None).unwrap())
        .unwrap();
    partial
}

fn result(partial: &Partial) -> RegressionResult {
    match partial.finalise() {
        MetricResult::Regression(found) => found,
        other => panic!("{other:?}"),
    }
}

#[test]
fn residuals_are_those_that_numpy_sorts() {
    let found = result(&filled(&spec(ALL), &rows()));
    assert_eq!((found.unlabelled, found.dropped), (1, 1));
    assert_eq!(found.bins.len(), 3);
    for (number, bin) in found.bins.iter().enumerate() {
        let bounds = [(0.0, 9.0), (0.0, 1.0), (1.0, 2.0)][number];
        let inside = (0..ROWS).filter(|row| ![5, 6].contains(row));
        let inside: Vec<[f64; 5]> = inside
            .map(|row| {
                let mut of = values(row);
                if row == 7 {
                    of[3] = of[1] - 0.01;
                }
                of
            })
            .filter(|of| of[4] >= bounds.0 && of[4] < bounds.1)
            .collect();
        let count = inside.len() as f64;
        let mut residuals: Vec<f64> = inside.iter().map(|of| of[1] - of[0]).collect();
        residuals.sort_by(f64::total_cmp);
        let at = |fraction: f64| {
            let rank = fraction * (count - 1.0);
            let (low, high) = (
                residuals[rank.floor() as usize],
                residuals[rank.ceil() as usize],
            );
            low + (high - low) * rank.fract()
        };
        let close = |value: f64, expected: f64, within: f64| {
            assert!(
                (value - expected).abs() <= within,
                "{value} {expected} in bin {number}"
            );
        };
        let mean = residuals.iter().sum::<f64>() / count;
        close(bin.bias.unwrap().value, mean, 1e-12);
        let squares: f64 = residuals.iter().map(|of| (of - mean) * (of - mean)).sum();
        let deviation = (squares / (count - 1.0)).sqrt();
        close(bin.deviation.unwrap(), deviation, 1e-12);
        close(
            bin.bias.unwrap().error.unwrap(),
            deviation / count.sqrt(),
            1e-12,
        );
        let sizes: f64 = residuals.iter().map(|of| of.abs()).sum();
        close(bin.mae.unwrap().value, sizes / count, 1e-12);
        let root = (residuals.iter().map(|of| of * of).sum::<f64>() / count).sqrt();
        close(bin.rmse.unwrap(), root, 1e-12);
        let binning = bin.resolution_binning.unwrap();
        close(
            bin.resolution.unwrap().value,
            (at(0.84) - at(0.16)) / 2.0,
            binning,
        );
        close(bin.median.unwrap().value, at(0.5), binning);
        assert!(binning < 2e-3, "{binning}");
        let covered = inside.iter().filter(|of| of[2] <= of[0] && of[0] <= of[3]);
        close(
            bin.coverage.unwrap().value,
            covered.count() as f64 / count,
            1e-12,
        );
        let pulls = inside.iter().filter_map(|of| {
            let width = if of[0] > of[1] {
                of[3] - of[1]
            } else {
                of[1] - of[2]
            };
            (width > 0.0).then(|| (of[1] - of[0]) / width)
        });
        let pulls: Vec<f64> = pulls.collect();
        let mean = pulls.iter().sum::<f64>() / pulls.len() as f64;
        close(bin.pull_mean.unwrap().value, mean, 1e-12);
        let drawn: f64 = bin.shape.iter().map(|bin| bin.content).sum();
        close(drawn, count, 1e-6 * count);
    }
    assert_eq!(found.bins[0].crossed, Some(1));
    let told = found.warnings();
    assert!(
        told[0].contains("not in order for 1 of 1998 rows"),
        "{told:?}"
    );
}

#[test]
fn parts_in_any_order_are_the_whole() {
    let (spec, rows) = (spec(ALL), rows());
    let whole = filled(&spec, &rows);
    let mut merged = Partial::new(&spec);
    for (start, stop) in [(1_500, ROWS), (0, 700), (700, 1_500)] {
        let part = filled(&spec, &rows.slice(start, stop - start));
        merged.merge(&part).unwrap();
    }
    assert_eq!(merged, whole);
    let text = serde_json::to_string(&whole).unwrap();
    let back: Partial = serde_json::from_str(&text).unwrap();
    assert_eq!(back, whole);
}

#[test]
fn members_of_lists_are_measured_as_rows_are() {
    let all = rows();
    let lists = |name: &str| -> ArrayRef {
        let values = all.column_by_name(name).unwrap();
        let values = values.as_any().downcast_ref::<Float64Array>().unwrap();
        let values: Vec<Option<f64>> = values.iter().collect();
        let lists = values.chunks(7).map(|chunk| Some(chunk.to_vec()));
        Arc::new(ListArray::from_iter_primitive::<Float64Type, _, _>(lists))
    };
    let names = ["t", "e", "low", "high", "p"];
    let listed = names.map(|name| (format!("Hit_{name}"), lists(name)));
    let listed = RecordBatch::try_from_iter(listed).unwrap();
    let text = "regression = { truth = \"Hit_t\", estimate = \"Hit_e\", over = \"Hit\", \
                interval = [\"Hit_low\", \"Hit_high\"], \
                bins = { column = \"Hit_p\", edges = [0.0, 1.0, 2.0] } }";
    let of_members = toml::from_str::<RawMetric>(text).unwrap().validate();
    let found = result(&filled(&of_members.unwrap(), &listed));
    assert_eq!(found.bins, result(&filled(&spec(ALL), &all)).bins);
    let rows = RowBatch::try_new(&listed, None).unwrap();
    let without = text.replace("over = \"Hit\", ", "");
    let without = toml::from_str::<RawMetric>(&without).unwrap().validate();
    let told = Partial::new(&without.unwrap()).fill(&rows).unwrap_err();
    assert!(told.to_string().contains("over = \"Hit\""), "{told}");
}

/// Their pulls are infinite, and were left out without a word.
#[test]
fn intervals_without_width_that_miss_the_truth_are_counted() {
    let rows = rows();
    let column = |name: &str| rows.column_by_name(name).unwrap().clone();
    let ends = ["t", "e", "p"].map(|name| (name, column(name)));
    let batch = RecordBatch::try_from_iter(
        ends.into_iter()
            .chain([("low", column("e")), ("high", column("high"))]),
    );
    let found = result(&filled(&spec(ALL), &batch.unwrap()));
    let all = &found.bins[0];
    let above = (0..ROWS).filter(|row| ![5, 6].contains(row));
    let above = above
        .filter(|row| values(*row)[0] > values(*row)[1])
        .count() as u64;
    assert_eq!(all.pulls, Some(above));
    assert!(above > 0 && above < all.rows);
    let told = found.warnings();
    let said = format!("pulls are of {above} of 1998 rows");
    assert!(told.iter().any(|told| told.contains(&said)), "{told:?}");
}

#[test]
fn nothing_is_known_of_no_rows() {
    let found = result(&Partial::new(&spec(ALL)));
    for bin in &found.bins {
        let known = bin.values().into_iter().filter(|of| of.value.is_some());
        let known: Vec<&str> = known.map(|of| of.metric).collect();
        assert_eq!(known, ["count", "pulls", "crossed"]);
    }
}

#[test]
fn mistakes_are_told_with_their_keys() {
    let told = |more: &str| parsed(more).unwrap_err().join("; ");
    assert!(told(", coverage = 0.9").contains("regression.coverage: it is of the interval"));
    let same = told(", interval = [\"a\", \"a\"], coverage = 68.0");
    assert!(
        same.contains("`a` is both of its ends") && same.contains("found 68"),
        "{same}"
    );
    let edges = told(", bins = { column = \"p\", edges = [1.0, 0.0] }");
    assert!(
        edges.contains("regression.bins.edges: [1.0, 0.0] do not ascend"),
        "{edges}"
    );
    let over = told(", over = \"Hit x\"");
    assert!(over.contains("regression.over: \"Hit x\""), "{over}");
}
