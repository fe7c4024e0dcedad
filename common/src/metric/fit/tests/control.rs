//! Control variables of rows that have weights.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch};

use super::{filled, raw, rows};
use crate::metric::bins::RawBins;
use crate::metric::fit::counts::MassFitCounts;
use crate::metric::fit::{MassFitSpec, RawMassFit};
use crate::metric::kind::{Counting, Kind};

/// Weights that are all 1 say what numbers of rows do, to the last bit.
#[test]
fn control_variables_of_weighted_rows_merge_and_weights_of_1_change_nothing() {
    let stepped = |column: &str| RawBins {
        column: column.into(),
        edges: Vec::new(),
    };
    let of = |weight: &str| {
        let said = RawBins {
            column: "p".into(),
            edges: vec![0.5, 1.5, 9.5],
        };
        let raw = RawMassFit {
            by: Vec::new(),
            weight: Some(weight.to_owned()),
            control: vec![stepped("free"), said],
            truth: Some("truth".into()),
            ..raw()
        };
        MassFitSpec::try_new(&raw).unwrap()
    };
    let batch = rows(20_000);
    let number = |value: fn(f64) -> f64| -> ArrayRef {
        let values = (0..20_000).map(|row| value(f64::from(row)));
        Arc::new(Float64Array::from_iter_values(values))
    };
    let batch = RecordBatch::try_from_iter([
        ("m", batch.column(0).clone()),
        ("p", batch.column(1).clone()),
        ("w", batch.column(2).clone()),
        ("one", number(|_| 1.0)),
        ("free", number(|row| (row * 0.449_502_1).fract())),
        ("truth", number(|row| (row % 2.0 - 1.0).abs())),
    ])
    .unwrap();
    let spec = of("w");
    let whole = filled(&spec, &batch);
    let mut merged = filled(&spec, &batch.slice(7_000, 13_000));
    merged.merge(&spec, &filled(&spec, &batch.slice(0, 7_000)));
    assert_eq!(merged, whole);
    let text = serde_json::to_string(&merged).unwrap();
    let back: MassFitCounts = serde_json::from_str(&text).unwrap();
    assert!(back.fits(&spec) && !back.fits(&raw_of_counts(&spec)));
    let found = whole.finalise(&spec);
    assert_eq!(back.finalise(&spec), found);
    let verdicts = &found.categories[0].verdicts;
    assert_eq!(verdicts.len(), 2);
    assert!(verdicts[0].truth.is_some() && verdicts[0].chi2.is_some());
    // Each part of a control variable has the sum of weights of its rows.
    let of_signal = |it: &&crate::metric::WeightedControl| it.variation == "nominal";
    let all: f64 = (found.categories[0].weighted.iter())
        .filter(of_signal)
        .filter(|it| it.control == "free")
        .flat_map(|it| &it.sumw)
        .sum();
    let expected: f64 = found.categories[0].contents.iter().sum();
    assert!((all / expected - 1.0).abs() < 1e-3, "{all} {expected}");
    // Of a fit to values one by one likewise.
    let unbinned = RawMassFit {
        unbinned: true,
        ..spec.raw()
    };
    let unbinned = MassFitSpec::try_new(&unbinned).unwrap();
    let by_value = filled(&unbinned, &batch).finalise(&unbinned);
    for (one, other) in verdicts.iter().zip(&by_value.categories[0].verdicts) {
        let off = one.chi2.unwrap() - other.chi2.unwrap();
        assert!(off.abs() < 0.5, "{one:?} {other:?}");
        assert_eq!(one.verdict, other.verdict);
    }
    let ones = filled(&of("one"), &batch).finalise(&of("one"));
    let none = MassFitSpec::try_new(&RawMassFit {
        weight: None,
        ..of("w").raw()
    })
    .unwrap();
    let none = filled(&none, &batch).finalise(&none);
    assert_eq!(ones.categories[0].verdicts, none.categories[0].verdicts);
    assert_eq!(ones.categories[0].weighted, none.categories[0].weighted);
}

/// The same fit without control variables.
fn raw_of_counts(spec: &MassFitSpec) -> MassFitSpec {
    let raw = RawMassFit {
        control: Vec::new(),
        ..spec.raw()
    };
    MassFitSpec::try_new(&raw).unwrap()
}
