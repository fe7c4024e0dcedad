//! Efficiencies against sums by hand, and what cannot be one.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int32Array, RecordBatch};

use super::{EfficiencyCounts, EfficiencyResult, EfficiencySpec, RawEfficiency};
use crate::metric::bins::RawBins;
use crate::metric::kind::{Counting, Kind};
use crate::metric::row_batch::{FillError, RowBatch};

fn raw() -> RawEfficiency {
    RawEfficiency {
        name: None,
        cuts: vec!["score > 0.5".into(), "score > 0.9".into()],
        precuts: vec![String::new(), "charge > 0".into()],
        weight: Some("w".into()),
        systematic: Some("v".into()),
        axes: vec![RawBins {
            column: "p".into(),
            edges: vec![1.0, 2.0, 4.0],
        }],
        functions: Vec::new(),
    }
}

fn spec() -> EfficiencySpec {
    EfficiencySpec::try_new(&raw()).unwrap()
}

fn batch(rows: &[(f64, i32, f64, f64, f64)]) -> RecordBatch {
    let floats = |of: fn(&(f64, i32, f64, f64, f64)) -> f64| {
        Arc::new(Float64Array::from_iter_values(rows.iter().map(of))) as ArrayRef
    };
    let charge = Int32Array::from_iter_values(rows.iter().map(|row| row.1));
    RecordBatch::try_from_iter([
        ("p", floats(|row| row.0)),
        ("charge", Arc::new(charge) as ArrayRef),
        ("score", floats(|row| row.2)),
        ("w", floats(|row| row.3)),
        ("v", floats(|row| row.4)),
    ])
    .unwrap()
}

fn filled(rows: &[(f64, i32, f64, f64, f64)]) -> EfficiencyCounts {
    let mut counts = EfficiencyCounts::new(&spec());
    let batch = batch(rows);
    let rows = RowBatch::try_new(&batch, None).unwrap();
    counts.fill(&spec(), &rows).unwrap();
    counts
}

const ROWS: [(f64, i32, f64, f64, f64); 7] = [
    (1.0, 1, 0.6, 1.5, 1.0),
    (1.9, -1, 0.2, 1.0, 1.0),
    (1.5, 1, 0.95, -0.5, 1.0),
    (3.0, 1, 0.7, 2.0, 2.0),
    (9.0, 1, 0.99, 1.0, 1.0),
    (f64::NAN, 1, 0.99, 1.0, 1.0),
    (1.5, 1, 0.6, f64::NAN, 1.0),
];

#[test]
fn efficiencies_are_quotients_of_sums_of_weights() {
    let found = filled(&ROWS).finalise(&spec());
    assert_eq!(found.missing, 2);
    let of = |cut: usize, precut: usize, low: f64| {
        let bins = found.bins.iter();
        let mut of = bins.filter(|bin| bin.cut == cut && bin.precut == precut);
        of.find(|bin| (bin.edges[0][0] - low).abs() < 1e-12)
            .unwrap()
    };
    let first = of(0, 0, 1.0);
    assert_eq!(
        (first.sumw_pass, first.sumw_total, first.rows),
        (1.0, 2.0, 3)
    );
    assert_eq!(first.efficiency, Some(0.5));
    // (1 − 2p) Σw²_pass + p² Σw²_total over N²
    let expected = (0.25 * (1.5_f64 * 1.5 + 1.0 + 0.25)).sqrt() / 2.0;
    assert!((first.error.unwrap() - expected).abs() < 1e-12);
    assert!((first.error_syst.unwrap() - (0.5_f64 - 2.0 / 3.0).abs()).abs() < 1e-12);
    assert_eq!(of(1, 1, 1.0).efficiency, Some(-0.5));
    assert_eq!(of(0, 0, 2.0).efficiency, Some(1.0));
    assert_eq!(of(1, 0, 2.0).efficiency, Some(0.0));
    // Above the edges there is a row, below there is none.
    let outside: Vec<[f64; 2]> = found
        .bins
        .iter()
        .filter(|bin| !bin.is_inside)
        .map(|bin| bin.edges[0])
        .collect();
    assert_eq!(outside, [[4.0, f64::INFINITY]; 4]);
    assert!(
        found.warnings()[1].contains("2 bins are outside of 0 and 1"),
        "{:?}",
        found.warnings()
    );
}

/// They were left out of the efficiency, too, which moved by that.
#[test]
fn rows_without_the_other_weight_are_in_the_efficiency() {
    let mut rows = ROWS.to_vec();
    let whole = filled(&rows).finalise(&spec());
    rows[0].4 = f64::NAN;
    let found = filled(&rows).finalise(&spec());
    assert_eq!(
        (found.missing, found.without_systematic),
        (whole.missing, 1)
    );
    for (bin, of_whole) in found.bins.iter().zip(&whole.bins) {
        assert_eq!(bin.efficiency, of_whole.efficiency);
        assert_eq!(bin.error, of_whole.error);
        assert_eq!(bin.rows, of_whole.rows);
    }
    assert!(
        found
            .warnings()
            .iter()
            .any(|it| it.contains("not in its systematic error"))
    );
}

#[test]
fn an_empty_bin_has_no_efficiency() {
    let found = filled(&ROWS[..1]).finalise(&spec());
    let empty = found.bins.iter().find(|bin| bin.edges[0][0] > 1.5).unwrap();
    assert_eq!(
        (empty.rows, empty.efficiency, empty.error, empty.error_syst),
        (0, None, None, None)
    );
}

#[test]
fn shards_merge_to_the_bits_of_all_rows_together() {
    let whole = filled(&ROWS);
    for cut in 0..ROWS.len() {
        let (left, right) = ROWS.split_at(cut);
        let mut merged = filled(right);
        merged.merge(&spec(), &filled(left));
        assert_eq!(merged, whole);
        let text = serde_json::to_string(&merged).unwrap();
        let back: EfficiencyCounts = serde_json::from_str(&text).unwrap();
        assert!(back.fits(&spec()) && back == whole);
    }
}

#[test]
fn without_axes_and_weights_it_is_the_share_of_rows() {
    let raw = RawEfficiency {
        name: None,
        cuts: vec!["score > 0.5".into()],
        precuts: Vec::new(),
        weight: None,
        systematic: None,
        axes: Vec::new(),
        functions: Vec::new(),
    };
    let spec = EfficiencySpec::try_new(&raw).unwrap();
    let mut counts = EfficiencyCounts::new(&spec);
    let batch = batch(&ROWS);
    counts
        .fill(&spec, &RowBatch::try_new(&batch, None).unwrap())
        .unwrap();
    let EfficiencyResult { bins, .. } = counts.finalise(&spec);
    assert_eq!((bins.len(), bins[0].rows, bins[0].sumw_pass), (1, 7, 6.0));
}

#[test]
fn mistakes_are_all_reported() {
    let mut wrong = raw();
    wrong.cuts = vec![
        "score >".into(),
        "1 > 0".into(),
        "p > 1".into(),
        "p > 1".into(),
        " ".into(),
    ];
    wrong.weight = None;
    wrong.axes.push(RawBins {
        column: "p".into(),
        edges: vec![2.0, 1.0],
    });
    wrong.axes.push(RawBins {
        column: "systematic".into(),
        edges: vec![1.0, 2.0],
    });
    let errors = EfficiencySpec::try_new(&wrong).unwrap_err().join("\n");
    for part in [
        "efficiency.cuts: expected",
        "\"1 > 0\" reads no column",
        "\"p > 1\" is there twice",
        "an empty cut is passed by all",
        "efficiency.systematic: it is compared with `weight`",
        "efficiency.axes[2].column: `p` is another axis already",
        "efficiency.axes[3].column: `systematic` is the input of a correction",
        "efficiency.axes[2].edges: [2.0, 1.0]; expected two or more finite ones that ascend",
    ] {
        assert!(errors.contains(part), "{part}\n{errors}");
    }
    let mut large = raw();
    large.axes[0].edges = (0..40_000).map(f64::from).collect();
    assert!(EfficiencySpec::try_new(&large).unwrap_err()[0].contains("at most 65536"));
}

/// Weights whose squares overflow were told as rows beside the edges.
#[test]
fn rows_that_are_all_left_out_are_told_with_the_reason() {
    let found = EfficiencyResult {
        missing: 3,
        without_systematic: 0,
        ..filled(&[]).finalise(&spec())
    };
    let said = found.warnings();
    assert!(
        said[0].ends_with("3 rows with a weight or a value that is null, NaN or beyond 1e150"),
        "{said:?}"
    );
}

/// Half of the rows had no weight, and nobody was told; weights whose squares underflow had no error.
#[test]
fn weights_that_are_no_numbers_are_told_and_those_without_squares_left_out() {
    let some = [
        (1.0, 1, 0.6, 1.0, 1.0),
        (1.0, 1, 0.2, f64::NAN, 1.0),
        (1.0, 1, 0.6, 1e-300, 1.0),
        (1.0, 1, 0.2, 0.0, 1.0),
    ];
    let found = filled(&some).finalise(&spec());
    assert_eq!((found.missing, found.totals[0].rows), (2, 2));
    let said = found.warnings();
    assert!(
        said[0].contains("50.0 % of 4 rows are left out"),
        "{said:?}"
    );
    assert!(filled(&ROWS[..1]).finalise(&spec()).warnings().is_empty());
}

#[test]
fn all_bins_together_are_told_beside_them() {
    let found = filled(&ROWS).finalise(&spec());
    // Of the first cut, without pre-cut: rows within the edges, of which one weighs -0.5.
    let all = &found.totals[0];
    assert_eq!((all.rows, all.edges.as_slice()), (4, &[[1.0, 4.0]][..]));
    assert!((all.sumw_total - 4.0).abs() < 1e-12 && (all.sumw_pass - 3.0).abs() < 1e-12);
    let (p, pass, total): (f64, f64, f64) = (0.75, 2.25 + 0.25 + 4.0, 2.25 + 1.0 + 0.25 + 4.0);
    let error = ((1.0 - 2.0 * p) * pass + p * p * total).abs().sqrt() / 4.0;
    assert!((all.error.unwrap() - error).abs() < 1e-12);
    assert_eq!(found.totals.len(), 4);
}

#[test]
fn columns_are_those_of_conditions_axes_and_weights() {
    assert_eq!(spec().columns(), ["charge", "score", "p", "w", "v"]);
}

#[test]
fn a_condition_that_does_not_fit_the_table_is_named() {
    let mut other = raw();
    other.cuts = vec!["score".into()];
    let spec = EfficiencySpec::try_new(&other).unwrap();
    let batch = batch(&[]);
    let rows = RowBatch::try_new(&batch, None).unwrap();
    let error = EfficiencyCounts::new(&spec).fill(&spec, &rows).unwrap_err();
    assert!(matches!(error, FillError::Condition { .. }));
    assert!(
        error.to_string().starts_with("metric condition `score`: "),
        "{error}"
    );
}

#[test]
fn conditions_call_functions_of_the_campaign() {
    let mut raw = raw();
    raw.cuts = vec!["ratio(score, p) > 0.5".into()];
    let functions = [
        ("ratio", "(a, b) => share(a, b) * w"),
        ("share", "(a, b) => a / (a + b)"),
        ("other", "(a) => a"),
    ];
    let functions = functions.map(|(name, source)| (name.to_owned(), source.to_owned()));
    let before = EfficiencySpec::try_new(&self::raw())
        .unwrap()
        .hash()
        .to_string();
    let same = EfficiencySpec::with_functions(self::raw(), &functions).unwrap();
    let same = EfficiencySpec::try_new(&same).unwrap();
    assert_eq!(same.hash().to_string(), before);
    let raw = EfficiencySpec::with_functions(raw, &functions).unwrap();
    assert_eq!(raw.functions, functions[..2]);
    let spec = EfficiencySpec::try_new(&raw).unwrap();
    assert_eq!(spec.columns(), ["charge", "p", "score", "w", "p", "w", "v"]);
    let mut counts = EfficiencyCounts::new(&spec);
    let batch = batch(&[(1.0, 1, 3.0, 1.0, 1.0), (1.0, 1, 3.0, 0.5, 1.0)]);
    let rows = RowBatch::try_new(&batch, None).unwrap();
    counts.fill(&spec, &rows).unwrap();
    let passed: Vec<f64> = counts
        .finalise(&spec)
        .bins
        .iter()
        .map(|bin| bin.sumw_pass)
        .collect();
    assert!(
        passed.contains(&1.0) && !passed.contains(&1.5),
        "{passed:?}"
    );
}

#[test]
fn an_efficiency_of_none_or_all_had_no_error() {
    let found = filled(&ROWS).finalise(&spec());
    let of = |cut: usize| {
        let bins = found
            .bins
            .iter()
            .filter(|bin| bin.cut == cut && bin.precut == 0);
        let mut of = bins.filter(|bin| (bin.edges[0][0] - 2.0).abs() < 1e-12);
        of.next().unwrap()
    };
    // One row, which passes the first cut and not the second.
    assert_eq!((of(0).efficiency, of(1).efficiency), (Some(1.0), Some(0.0)));
    assert_eq!(of(0).interval, Some([0.5, 1.0]));
    assert_eq!(of(1).ends(), Some([0.0, 0.5]));
    let some = found
        .bins
        .iter()
        .find(|bin| bin.efficiency == Some(0.5))
        .unwrap();
    assert!(some.interval.is_none() && some.ends().is_some());
}
