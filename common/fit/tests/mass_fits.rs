//! Fits against those of iminuit on the same samples (`data/mass_fits.py`).

#![expect(
    clippy::unwrap_used,
    reason = "a test may panic, in its fixtures as well"
)]

use std::collections::BTreeMap;

use lumimill_fit::{
    Fit, FitRange, Histogram, Model, Sample, Setup, Start, StartValue, Status, Values, fit,
};
use serde_json::Value;

struct Case {
    name: String,
    model: Model,
    histogram: Histogram,
    values: Option<Values>,
    expected: Vec<(String, f64, f64, Vec<f64>)>,
}

impl Case {
    fn sample(&self) -> Sample<'_> {
        match &self.values {
            Some(values) => Sample::Unbinned(values),
            None => Sample::Binned(&self.histogram),
        }
    }

    fn fit(&self, setup: &Setup) -> Fit {
        fit(&self.model, self.sample(), setup)
            .unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    let numbers = value.as_array().unwrap().iter();
    numbers.map(|number| number.as_f64().unwrap()).collect()
}

fn cases() -> Vec<Case> {
    let text = include_str!("data/mass_fits.json");
    let all: Value = serde_json::from_str(text).unwrap();
    let cases = all["cases"].as_array().unwrap().iter();
    cases.map(case).collect()
}

fn case(case: &Value) -> Case {
    let ends = numbers(&case["range"]);
    let range = FitRange::new(ends[0], ends[1]).unwrap();
    let components: Vec<(&str, &str)> = case["components"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap()))
        .collect();
    let values = case.get("values").map(|values| {
        let mut sample = Values::new(range);
        for x in numbers(values) {
            assert!(sample.push(x, 1.0));
        }
        sample
    });
    let histogram = match case.get("counts") {
        Some(counts) => {
            let counts: Vec<u64> = counts
                .as_array()
                .unwrap()
                .iter()
                .map(|n| n.as_u64().unwrap())
                .collect();
            Histogram::of_counts(range, &counts).unwrap()
        }
        None => Histogram::new(range, 1).unwrap(),
    };
    let model = Model::new(range, &components, &BTreeMap::new()).unwrap();
    let expected = model.parameter_names().map(|name| {
        let found = &case["parameters"][name];
        let number = |key: &str| found[key].as_f64().unwrap_or_else(|| panic!("{name}"));
        (
            name.to_owned(),
            number("value"),
            number("error"),
            numbers(&found["covariance"]),
        )
    });
    Case {
        name: case["name"].as_str().unwrap().to_owned(),
        expected: expected.collect(),
        model,
        histogram,
        values,
    }
}

#[test]
fn values_and_errors_are_those_of_iminuit() {
    for case in cases() {
        let fit = case.fit(&Setup::default());
        let name = &case.name;
        assert_eq!(fit.status, Status::Converged, "{name}");
        assert_eq!(fit.at_limit().count(), 0, "{name}");
        assert!(fit.edm < 1e-9, "{name}: {}", fit.edm);
        for (found, (parameter, value, error, _)) in fit.parameters.iter().zip(&case.expected) {
            let off = (found.value - value) / error;
            assert!(off.abs() < 1e-3, "{name}, {parameter}: {off} errors off");
            let ratio = found.error.unwrap() / error;
            assert!(
                (ratio - 1.0).abs() < 0.01,
                "{name}, error of {parameter}: {ratio}"
            );
        }
    }
}

#[test]
fn correlations_are_those_of_iminuit() {
    for case in cases() {
        let fit = case.fit(&Setup::default());
        for (i, (_, _, error, row)) in case.expected.iter().enumerate() {
            for (j, (_, _, other, _)) in case.expected.iter().enumerate() {
                let expected = row[j] / (error * other);
                let found = fit.correlation(i, j).unwrap();
                assert!(
                    (found - expected).abs() < 0.01,
                    "{} {i} {j}: {found} {expected}",
                    case.name
                );
            }
        }
    }
}

/// Numbers that any machine draws alike.
struct Draws(u64);

impl Draws {
    fn unit(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[test]
fn of_40_random_starts_38_reach_the_minimum() {
    for case in cases().iter().take(3) {
        let guessed = case.fit(&Setup::default());
        let best = guessed.nll;
        let mut draws = Draws(1);
        let reached = (0..40).filter(|_| {
            let start = guessed.parameters.iter().map(|parameter| {
                let mut start = Start {
                    value: 0.0,
                    low: parameter.low,
                    high: parameter.high,
                };
                (start.low, start.high) =
                    limits(&parameter.name).unwrap_or((start.low, start.high));
                start.value = start.low + (start.high - start.low) * (0.02 + 0.96 * draws.unit());
                (parameter.name.clone(), StartValue::Limited(start))
            });
            let setup = Setup {
                start: start.collect(),
                ..Setup::default()
            };
            fit(&case.model, case.sample(), &setup).is_ok_and(|fit| fit.nll < best + 0.005)
        });
        let reached = reached.count();
        assert!(reached >= 38, "{}: {reached} of 40", case.name);
    }
}

/// Limits as a user might give them.
fn limits(name: &str) -> Option<(f64, f64)> {
    match name {
        "signal" | "background" => Some((0.0, 150_000.0)),
        "mean" => Some((1.84, 1.89)),
        "width" | "width1" | "width2" => Some((0.001, 0.03)),
        "background_c1" | "background_c2" => Some((-1.0, 1.0)),
        "background_slope" => Some((-20.0, 20.0)),
        "alpha" => Some((0.3, 4.0)),
        "n" => Some((1.05, 20.0)),
        _ => None,
    }
}

#[test]
fn a_fit_of_the_same_sample_gives_the_same_bits() {
    let case = &cases()[0];
    assert_eq!(case.fit(&Setup::default()), case.fit(&Setup::default()));
}

#[test]
fn weights_of_two_double_the_yields_and_their_errors_and_nothing_else() {
    for case in [&cases()[0], cases().last().unwrap()] {
        let plain = case.fit(&Setup::default());
        let doubled = match &case.values {
            Some(values) => {
                let mut weighted = Values::new(values.range());
                for x in values.x() {
                    weighted.push(*x, 2.0);
                }
                fit(&case.model, Sample::Unbinned(&weighted), &Setup::default()).unwrap()
            }
            None => {
                let times =
                    |factor: f64| case.histogram.sumw().iter().map(|n| n * factor).collect();
                let weighted = Histogram::of_sums(
                    case.histogram.range(),
                    times(2.0),
                    times(4.0),
                    case.histogram.entries(),
                );
                fit(
                    &case.model,
                    Sample::Binned(&weighted.unwrap()),
                    &Setup::default(),
                )
                .unwrap()
            }
        };
        assert_eq!(doubled.status, Status::Converged);
        for (index, (one, two)) in plain.parameters.iter().zip(&doubled.parameters).enumerate() {
            let factor = if index < 2 { 2.0 } else { 1.0 };
            let (error, doubled_error) = (one.error.unwrap(), two.error.unwrap());
            assert!(
                (two.value - factor * one.value).abs() < 1e-3 * factor * error,
                "{}",
                one.name
            );
            // The sandwich of an unweighted fit differs from the inverse alone by statistics.
            let ratio = doubled_error / (factor * error);
            assert!((ratio - 1.0).abs() < 0.1, "{}: {ratio}", one.name);
        }
    }
}
