//! Fits of merged counts, and what cannot be one.

mod control;
mod templates;

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch};

use super::counts::MassFitCounts;
use super::places::NOWHERE;
use super::{MassFitSpec, RawComponent, RawMassFit, RawNumbers};
use crate::metric::bins::RawBins;
use crate::metric::kind::{Counting, Kind};
use crate::metric::row_batch::RowBatch;

fn component(name: &str, density: &str) -> RawComponent {
    RawComponent {
        name: name.into(),
        density: density.into(),
    }
}

fn raw() -> RawMassFit {
    RawMassFit {
        unbinned: false,
        variable: "m".into(),
        range: [1.8, 1.95],
        condition: None,
        bins: Some(60),
        by: vec![RawBins {
            column: "p".into(),
            edges: vec![0.5, 2.5, 4.5],
        }],
        nominal: vec![
            component("signal", "gauss(mean, width)"),
            component("background", "chebychev(1)"),
        ],
        systematic: vec![
            component("signal", "student(mean, width, nu)"),
            component("background", "exponential"),
        ],
        weight: None,
        control: Vec::new(),
        truth: None,
        keeps_counts: false,
        histograms: Vec::new(),
        cows: Vec::new(),
        functions: Vec::new(),
        start: Vec::new(),
        fix: vec![RawNumbers {
            name: "nu".into(),
            numbers: vec![50.0],
        }],
        constrain: Vec::new(),
    }
}

/// Rows of a peak at 1.865 over a falling background, all in the first category but some.
fn rows(count: u32) -> RecordBatch {
    let unit = |row: u32, step: f64| (f64::from(row) * step).fract();
    let mass = |row: u32| {
        let (u, v) = (
            unit(row, 0.754_877_666_246_693),
            unit(row, 0.569_840_290_998_053),
        );
        match row % 2 {
            0 => 1.865 + 0.006 * (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos(),
            _ => 1.8 + 0.15 * (1.0 - (1.0 - 0.7 * u).sqrt()) / (1.0 - 0.3_f64.sqrt()),
        }
    };
    let masses = (0..count).map(|row| if row % 97 == 0 { f64::NAN } else { mass(row) });
    let momenta = (0..count).map(|row| match row % 11 {
        0 => 9.0,
        1 => f64::NAN,
        _ => 1.0,
    });
    let weights = (0..count).map(|row| if row % 5 == 0 { -0.5 } else { 1.5 });
    RecordBatch::try_from_iter([
        (
            "m",
            Arc::new(Float64Array::from_iter_values(masses)) as ArrayRef,
        ),
        ("p", Arc::new(Float64Array::from_iter_values(momenta))),
        ("w", Arc::new(Float64Array::from_iter_values(weights))),
    ])
    .unwrap()
}

fn filled(spec: &MassFitSpec, batch: &RecordBatch) -> MassFitCounts {
    let mut counts = MassFitCounts::new(spec);
    counts
        .fill(spec, &RowBatch::try_new(batch, None).unwrap())
        .unwrap();
    counts
}

#[test]
fn each_category_is_fitted_by_each_model() {
    let spec = MassFitSpec::try_new(&raw()).unwrap();
    let found = filled(&spec, &rows(20_000)).finalise(&spec);
    let names: Vec<&str> = found
        .categories
        .iter()
        .map(|category| category.name.as_str())
        .collect();
    assert_eq!(names, ["p_0", "p_1"]);
    assert_eq!(found.categories[1].edges, [[2.5, 4.5]]);
    // One row in 97 has no mass; of the others two in eleven are of no category.
    assert_eq!(found.missing, 207);
    assert!((3_550..3_650).contains(&found.outside), "{}", found.outside);
    let first = &found.categories[0];
    assert_eq!(
        first.entries + found.out_of_range + found.outside + found.missing,
        20_000
    );
    for fit in &first.fits {
        assert_eq!(
            (fit.failure.as_deref(), fit.status),
            (None, 0),
            "{}",
            fit.variation
        );
        let value = |name: &str| fit.values.iter().find(|value| value.name == name).unwrap();
        assert!((value("mean").value - 1.865).abs() < 5.0 * value("mean").error.unwrap());
        assert!(
            (value("signal").value - 8_100.0).abs() < 300.0,
            "{}",
            value("signal").value
        );
        let all: f64 = fit.curves[0].contents.iter().sum();
        let entries: f64 = first.contents.iter().sum();
        assert!((all - entries).abs() < 0.1, "{all} {entries}");
        assert_eq!((fit.curves.len(), fit.pulls.len()), (3, 60));
    }
    let empty = &found.categories[1];
    assert!(empty.fits.iter().all(|fit| fit.is_empty()));
    assert_eq!(
        (empty.verdicts.len(), empty.verdicts[0].verdict),
        (1, "empty")
    );
    let said = found.warnings();
    assert_eq!(said.len(), 1, "{said:?}");
    let expected = "fit of m, category p_1, is empty: no row is in this category and in the range [1.8, \
                    1.95]: nothing is fitted, and weights are null; take wider categories";
    assert!(said[0].starts_with(expected), "{said:?}");
    // A range without any row is a mistake.
    let elsewhere = MassFitSpec::try_new(&RawMassFit {
        range: [3.0, 3.5],
        ..raw()
    })
    .unwrap();
    let found = filled(&elsewhere, &rows(2_000)).finalise(&elsewhere);
    let said = found.warnings();
    assert_eq!(said.len(), 4, "{said:?}");
    assert!(
        said[0].starts_with("fit of m, category p_0, nominal: no entry in the range [3, 3.5]"),
        "{said:?}"
    );
}

#[test]
fn shards_merge_to_the_bits_of_all_rows_together() {
    for weight in [None, Some("w".to_owned())] {
        let spec = MassFitSpec::try_new(&RawMassFit { weight, ..raw() }).unwrap();
        let batch = rows(2_000);
        let whole = filled(&spec, &batch);
        let mut merged = filled(&spec, &batch.slice(700, 1_300));
        merged.merge(&spec, &filled(&spec, &batch.slice(0, 700)));
        assert_eq!(merged, whole);
        let text = serde_json::to_string(&merged).unwrap();
        let back: MassFitCounts = serde_json::from_str(&text).unwrap();
        assert!(back.fits(&spec));
        assert_eq!(back.finalise(&spec), whole.finalise(&spec));
    }
}

#[test]
fn mistakes_are_all_reported_with_the_place_in_the_model() {
    let mut wrong = raw();
    wrong.nominal[0].density = "gaus(mean, width)".into();
    wrong.systematic[1].density = "exponential(a, b)".into();
    wrong.by[0].edges = vec![1.0];
    wrong.weight = Some("m".into());
    wrong.start = vec![RawNumbers {
        name: "mean".into(),
        numbers: vec![1.0, 2.0],
    }];
    let errors = MassFitSpec::try_new(&wrong).unwrap_err().join("\n");
    for part in [
        "fit.nominal: component \"signal\": there is no density \"gaus\"; nearest: gauss\n  gaus(mean, width)\n  ^^^^",
        "fit.systematic: component \"background\": exponential has 1 argument, this has 2: exponential(slope)",
        "fit.by[1].edges: [1.0]; expected two or more",
        "fit.weight: `m` is the variable of the fit",
        "fit.start.mean: expected a value, or [value, low, high]",
    ] {
        assert!(errors.contains(part), "{part}\n{errors}");
    }
    let mut unknown = raw();
    unknown.fix[0].name = "meen".into();
    let errors = MassFitSpec::try_new(&unknown).unwrap_err();
    assert_eq!(
        errors,
        ["fit.fix.meen: the model has no parameter \"meen\"; nearest: mean"]
    );
    let narrow = RawMassFit {
        range: [2.0, 1.0],
        ..raw()
    };
    assert!(
        MassFitSpec::try_new(&narrow).unwrap_err()[0]
            .starts_with("fit.range: the range [2, 1] is none")
    );
}

#[test]
fn categories_are_closed_below_and_open_above() {
    let mut two = raw();
    two.by.push(RawBins {
        column: "cosTheta".into(),
        edges: vec![-1.0, 0.0, 0.5, 1.0],
    });
    let spec = MassFitSpec::try_new(&two).unwrap();
    let category = |p: f64, c: f64| {
        let found = spec.categories_of(&[vec![p], vec![c]], 1)[0];
        (found != NOWHERE).then_some(found)
    };
    assert_eq!(category(0.5, -1.0), Some(0));
    assert_eq!(category(2.5, 0.4), Some(4));
    assert_eq!(category(4.5, 0.0), None);
    assert_eq!(category(1.0, f64::NAN), None);
    assert_eq!(
        spec.named(4),
        ("p_1_cosTheta_1".to_owned(), vec![[2.5, 4.5], [0.0, 0.5]])
    );
    let none = MassFitSpec::try_new(&RawMassFit {
        by: Vec::new(),
        ..raw()
    })
    .unwrap();
    assert_eq!((none.categories(), none.named(0).0), (1, "all".to_owned()));
}

#[test]
fn a_control_variable_that_depends_on_the_mass_is_invalid_and_another_is_not() {
    let axis = |column: &str, edges: [f64; 6]| RawBins {
        column: column.into(),
        edges: edges.to_vec(),
    };
    let spec = MassFitSpec::try_new(&RawMassFit {
        by: Vec::new(),
        systematic: Vec::new(),
        fix: Vec::new(),
        control: vec![
            axis("bound", [-0.1, 0.02, 0.05, 0.08, 0.11, 0.3]),
            axis("free", [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        ],
        ..raw()
    })
    .unwrap();
    let batch = rows(20_000);
    let masses: &Float64Array = batch.column(0).as_any().downcast_ref().unwrap();
    let unit = |row: usize| (row as f64 * 0.449_502_1).fract();
    let bound = (0..20_000).map(|row| masses.value(row) - 1.8 + 0.02 * unit(row));
    let free = (0..20_000).map(unit);
    let batch = RecordBatch::try_from_iter([
        ("m", batch.column(0).clone()),
        (
            "bound",
            Arc::new(Float64Array::from_iter_values(bound)) as ArrayRef,
        ),
        ("free", Arc::new(Float64Array::from_iter_values(free))),
    ])
    .unwrap();
    let found = filled(&spec, &batch).finalise(&spec);
    let verdicts = &found.categories[0].verdicts;
    let words: Vec<&str> = verdicts.iter().map(|verdict| verdict.verdict).collect();
    assert_eq!(words, ["invalid", "valid"], "{verdicts:?}");
    assert!(
        found.warnings()[0].contains("are invalid for bound: "),
        "{:?}",
        found.warnings()
    );
}

#[test]
fn rows_beside_the_condition_are_counted_and_not_fitted() {
    let functions = [("heavy".to_owned(), "(w) => w > 0".to_owned())];
    let raw = RawMassFit {
        condition: Some("heavy(w) && p < 5".into()),
        ..raw()
    };
    let raw = MassFitSpec::with_functions(raw, &functions).unwrap();
    let spec = MassFitSpec::try_new(&raw).unwrap();
    assert_eq!(spec.columns_read(), ["m", "p", "w"]);
    assert_ne!(Kind::hash(&spec).to_string(), {
        let without = MassFitSpec::try_new(&self::raw()).unwrap();
        Kind::hash(&without).to_string()
    });
    let found = filled(&spec, &rows(20_000)).finalise(&spec);
    // One row in five has a negative weight; of the others two in eleven have no momentum below 5.
    let cut = 20_000 - (16_000 - 16_000 * 2 / 11);
    assert!(found.cut.abs_diff(cut) < 20, "{} {cut}", found.cut);
    let first = &found.categories[0];
    let all = first.entries + found.out_of_range + found.outside + found.missing + found.cut;
    assert_eq!(all, 20_000);
    let wrong = |condition: &str| {
        let condition = Some(condition.to_owned());
        let raw = RawMassFit {
            condition,
            ..self::raw()
        };
        MassFitSpec::try_new(&raw).unwrap_err().join("\n")
    };
    assert!(wrong("m > 1.85").starts_with("fit.where: m is what is fitted"));
    assert!(wrong(" ").starts_with("fit.where: an empty condition"));
    assert!(wrong("p >").starts_with("fit.where: "));
}

#[test]
fn weights_that_cannot_be_squared_are_left_out_and_warned_of() {
    let batch = rows(2_000);
    let spec = MassFitSpec::try_new(&RawMassFit {
        weight: Some("w".into()),
        by: Vec::new(),
        ..raw()
    });
    let spec = spec.unwrap();
    let weighted = |weight: fn(usize) -> f64| {
        let weights = Float64Array::from_iter_values((0..2_000).map(weight));
        let columns = [
            ("m", batch.column(0).clone()),
            ("w", Arc::new(weights) as ArrayRef),
        ];
        filled(&spec, &RecordBatch::try_from_iter(columns).unwrap()).finalise(&spec)
    };
    let told = |found: &super::MassFitResult| found.warnings().join("\n");
    let half = weighted(|row| if row % 2 == 0 { f64::NAN } else { 1.0 });
    let expected = "rows are left out, as m or w is null, NaN, or too large or small to be squared";
    assert!(told(&half).contains(expected), "{}", told(&half));
    // Squares of these are 0, and so would be all errors.
    let tiny = weighted(|_| 1e-300);
    assert_eq!(tiny.missing, 2_000);
    assert!(told(&tiny).contains(expected), "{}", told(&tiny));
    assert!(!told(&weighted(|_| 1.5)).contains(expected));
}
