//! Fits against the L-BFGS-B of `ganesh`, another minimiser in another house: it goes down the same
//! likelihood, written anew from the densities and their areas, with derivatives by differences.

#![expect(
    clippy::unwrap_used,
    reason = "a test may panic, in its fixtures as well"
)]

use std::collections::BTreeMap;
use std::convert::Infallible;

use ganesh::algorithms::gradient::{LBFGSB, LBFGSBConfig, LBFGSBErrorMode};
use ganesh::traits::{Algorithm, CostFunction, Gradient};
use ganesh::{NalgebraProvider, Vector};
use lumimill_fit::{FitRange, Histogram, Model, Sample, Setup, Status, fit};
use serde_json::Value;

/// −ln L of counts, in units of each parameter's error from where it is looked at.
struct Likelihood {
    model: Model,
    counts: Histogram,
    centre: Vec<f64>,
    scale: Vec<f64>,
}

impl Likelihood {
    fn at(&self, x: impl Fn(usize) -> f64) -> Vec<f64> {
        let values = self.centre.iter().zip(&self.scale).enumerate();
        let values = values.map(|(i, (centre, scale))| centre + scale * x(i));
        values.collect()
    }

    fn value(&self, values: &[f64]) -> f64 {
        // What is no density is far up.
        const UP: f64 = 1e9;
        let Some(densities) = self.model.densities(values) else {
            return UP;
        };
        let components = self.model.component_names().len();
        let mut sum = 0.0;
        for (bin, count) in self.counts.sumw().iter().enumerate() {
            let (low, high) = self.counts.edges(bin);
            let rate: f64 = (0..components)
                .map(|k| values[k] * densities.area(k, low, high))
                .sum();
            if rate <= 0.0 || rate.is_nan() {
                return UP;
            }
            sum += rate - count * rate.ln();
        }
        sum
    }
}

impl CostFunction<f64, NalgebraProvider> for Likelihood {
    fn evaluate(&self, x: &Vector, (): &()) -> Result<f64, Infallible> {
        Ok(self.value(&self.at(|i| x.get(i))))
    }
}

impl Gradient<f64, NalgebraProvider> for Likelihood {}

fn numbers(value: &Value) -> Vec<f64> {
    let numbers = value.as_array().unwrap().iter();
    numbers.map(|number| number.as_f64().unwrap()).collect()
}

#[test]
fn ganesh_finds_no_lower_minimum_and_the_same_values() {
    let all: Value = serde_json::from_str(include_str!("data/mass_fits.json")).unwrap();
    let mut seen = 0;
    for case in all["cases"].as_array().unwrap() {
        let Some(counts) = case.get("counts") else {
            continue;
        };
        let ends = numbers(&case["range"]);
        let range = FitRange::new(ends[0], ends[1]).unwrap();
        let components = case["components"].as_array().unwrap().iter();
        let components =
            components.map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap()));
        let components: Vec<(&str, &str)> = components.collect();
        let model = Model::new(range, &components, &BTreeMap::new()).unwrap();
        let counts: Vec<u64> = numbers(counts).into_iter().map(|n| n as u64).collect();
        let counts = Histogram::of_counts(range, &counts).unwrap();
        let ours = fit(&model, Sample::Binned(&counts), &Setup::default()).unwrap();
        let name = &case["name"];
        assert_eq!(ours.status, Status::Converged, "{name}");
        let errors = ours.parameters.iter().map(|it| it.error.unwrap());
        let likelihood = Likelihood {
            model,
            counts,
            centre: ours.values(),
            scale: errors.collect(),
        };
        let size = likelihood.centre.len();
        let start: Vec<f64> = (0..size)
            .map(|i| if i % 2 == 0 { 0.7 } else { -0.7 })
            .collect();
        let config = LBFGSBConfig::default().with_error_mode(LBFGSBErrorMode::Skip);
        let mut minimiser: LBFGSB = LBFGSB::default();
        let found = minimiser
            .process(&likelihood, &(), start, config, LBFGSB::default_callbacks())
            .unwrap();
        let lowest = likelihood.value(&likelihood.centre);
        let there = likelihood.value(&likelihood.at(|i| found.x.get(i)));
        assert!(there > lowest - 1e-6, "{name}: {there} below {lowest}");
        assert!(there < lowest + 5e-5, "{name}: {there} above {lowest}");
        for i in 0..size {
            let off = found.x.get(i);
            let parameter = &ours.parameters[i].name;
            assert!(off.abs() < 0.01, "{name}, {parameter}: {off} errors off");
        }
        seen += 1;
    }
    assert_eq!(seen, 9);
}
