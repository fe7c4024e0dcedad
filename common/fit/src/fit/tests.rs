//! What bad input gets, and that samples which say the same get the same fit.
use super::chi2_probability;

#[test]
fn the_probability_of_chi2_is_that_of_scipy() {
    // scipy.stats.chi2.sf
    for (chi2, ndf, expected) in [
        (1.0, 1, 0.317_310_507_862_911_15),
        (292.0, 292, 0.488_994_021_612_616_97),
        (10.0, 30, 0.999_773_746_323_823_2),
        (0.1, 7, 0.999_997_688_581_201_4),
        (400.0, 292, 2.674_129_448_753_424_6e-5),
    ] {
        let found = chi2_probability(chi2, ndf);
        assert!(
            (found / expected - 1.0).abs() < 1e-10,
            "{chi2} {ndf} {found}"
        );
    }
}

use std::collections::BTreeMap;

use super::{FitError, Status, fit};
use crate::model::Model;
use crate::range::FitRange;
use crate::sample::{Histogram, Sample, Values};
use crate::setup::{Setup, StartValue};
use crate::start::Start;

fn model(components: &[(&str, &str)]) -> Model {
    let range = FitRange::new(0.0, 1.0).unwrap();
    Model::new(range, components, &BTreeMap::new()).unwrap()
}

fn peak() -> Model {
    model(&[
        ("signal", "gauss(mean, width)"),
        ("background", "exponential"),
    ])
}

/// A peak at 0.5 over a flat background.
fn histogram() -> Histogram {
    let counts: Vec<u64> = (0..100)
        .map(|i| 40 + (300.0 * (-0.5 * ((f64::from(i) - 49.5) / 5.0).powi(2)).exp()) as u64)
        .collect();
    Histogram::of_counts(FitRange::new(0.0, 1.0).unwrap(), &counts).unwrap()
}

fn refusal(model: &Model, sample: Sample<'_>, setup: &Setup) -> FitError {
    fit(model, sample, setup).unwrap_err()
}

fn values(x: &[f64]) -> Values {
    let mut values = Values::new(FitRange::new(0.0, 1.0).unwrap());
    for x in x {
        values.push(*x, 1.0);
    }
    values
}

#[test]
fn samples_that_tell_nothing_are_refused() {
    let none = Setup::default();
    let empty = refusal(&peak(), Sample::Unbinned(&values(&[f64::NAN, 2.0])), &none);
    assert!(
        empty
            .to_string()
            .starts_with("no entry in the range [0, 1]"),
        "{empty}"
    );
    let mut weightless = Histogram::new(FitRange::new(0.0, 1.0).unwrap(), 10).unwrap();
    for x in [0.1, 0.4, 0.5] {
        weightless.fill(x, 0.0);
    }
    let weightless = refusal(&peak(), Sample::Binned(&weightless), &none);
    assert!(
        weightless
            .to_string()
            .starts_with("the weights of 3 entries add up to 0: a fit needs"),
        "{weightless}"
    );
    let few = refusal(&peak(), Sample::Unbinned(&values(&[0.1, 0.4])), &none);
    assert!(
        few.to_string()
            .starts_with("2 entries for 5 free parameters"),
        "{few}"
    );
    let same = refusal(&peak(), Sample::Unbinned(&values(&[0.4; 50])), &none);
    assert!(
        same.to_string()
            .starts_with("all 50 entries have one value of the fit variable, near 0.4"),
        "{same}"
    );
    let mut one_bin = Histogram::new(FitRange::new(0.0, 1.0).unwrap(), 10).unwrap();
    for _ in 0..50 {
        one_bin.fill(0.45, 1.0);
    }
    assert!(matches!(
        refusal(&peak(), Sample::Binned(&one_bin), &none),
        FitError::Constant { .. }
    ));
    let mut negative = values(&[0.1, 0.2, 0.3, 0.4, 0.5, 0.6]);
    negative.push(0.7, -10.0);
    let weights = refusal(&peak(), Sample::Unbinned(&negative), &none);
    assert!(weights.to_string().contains("add up to -4"), "{weights}");
}

#[test]
fn wishes_for_parameters_that_are_not_there_are_all_reported() {
    let mut setup = Setup::default();
    setup.start.insert("meen".into(), StartValue::Value(0.5));
    setup.start.insert(
        "width".into(),
        StartValue::Limited(Start {
            value: 3.0,
            low: 1.0,
            high: 2.0,
        }),
    );
    setup.fix.insert("background_slope".into(), f64::NAN);
    setup.constrain.insert("mean".into(), (0.5, 0.0));
    let refused = refusal(&peak(), Sample::Binned(&histogram()), &setup).to_string();
    for part in [
        "start.meen: the model has no parameter \"meen\"; nearest: mean",
        "start.width: give [value, low, high]",
        "fix.background_slope: a constant is a finite number",
        "constrain.mean: a constraint is a mean and a standard deviation above 0",
    ] {
        assert!(refused.contains(part), "{refused}");
    }
}

#[test]
fn constants_stay_and_constraints_pull() {
    let histogram = histogram();
    let free = fit(&peak(), Sample::Binned(&histogram), &Setup::default()).unwrap();
    let mut setup = Setup::default();
    let known = free.parameters[3].value;
    setup.fix.insert("width".into(), known);
    let (value, error) = (free.parameters[2].value, free.parameters[2].error.unwrap());
    setup
        .constrain
        .insert("mean".into(), (value + 2.0 * error, error));
    let bound = fit(&peak(), Sample::Binned(&histogram), &setup).unwrap();
    let width = bound.parameter("width").unwrap();
    assert!(width.fixed && width.error.is_none() && (width.value - known).abs() < 1e-15);
    let mean = bound.parameter("mean").unwrap();
    // Data and constraint are as sure: half way, and √2 surer.
    assert!(
        ((mean.value - value) / error - 1.0).abs() < 0.05,
        "{}",
        (mean.value - value) / error
    );
    assert!((mean.error.unwrap() / error * 2.0_f64.sqrt() - 1.0).abs() < 0.05);
    assert_eq!(bound.status, Status::Converged);
}

#[test]
fn a_parameter_pressed_against_its_limit_is_named() {
    let mut setup = Setup::default();
    let narrow = Start {
        value: 0.02,
        low: 0.01,
        high: 0.03,
    };
    setup
        .start
        .insert("width".into(), StartValue::Limited(narrow));
    let found = fit(&peak(), Sample::Binned(&histogram()), &setup).unwrap();
    assert_eq!(found.at_limit().collect::<Vec<_>>(), ["width"]);
    assert_eq!(found.status, Status::Converged);
    let width = found.parameter("width").unwrap();
    assert!((width.value - 0.03).abs() < 1e-6 && width.error.is_none());
    assert!(found.goodness.unwrap().p_value.unwrap() < 1e-6);
}

#[test]
fn components_that_data_do_not_tell_apart_have_no_covariance() {
    let twice = model(&[
        ("a", "gauss(0.5, 0.05)"),
        ("b", "gauss(0.5, 0.05)"),
        ("c", "exponential"),
    ]);
    let found = fit(&twice, Sample::Binned(&histogram()), &Setup::default()).unwrap();
    assert_eq!(found.status, Status::NoCovariance);
    assert!(found.covariance.is_none() && found.parameters[0].error.is_none());
}

#[test]
fn a_model_that_is_zero_where_entries_are_is_refused() {
    let gap = model(&[("signal", "argus(0.5, -1)")]);
    let refused = refusal(&gap, Sample::Binned(&histogram()), &Setup::default());
    assert_eq!(refused, FitError::NoDensity);
    let other = Model::new(
        FitRange::new(0.0, 2.0).unwrap(),
        &[("s", "gauss")],
        &BTreeMap::new(),
    )
    .unwrap();
    assert_eq!(
        refusal(&other, Sample::Binned(&histogram()), &Setup::default()),
        FitError::Range
    );
}

#[test]
fn the_goodness_of_a_right_model_is_that_of_chi2() {
    let found = fit(&peak(), Sample::Binned(&histogram()), &Setup::default()).unwrap();
    let goodness = found.goodness.unwrap();
    assert_eq!((goodness.ndf, goodness.pulls.len()), (95, 100));
    // The counts are the expectation, rounded down.
    assert!(
        goodness.chi2 < 5.0 && goodness.p_value.unwrap() > 0.999,
        "{}",
        goodness.chi2
    );
}
