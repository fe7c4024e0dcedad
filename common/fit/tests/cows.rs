//! Weight functions against those of PyPI's sweights (`data/cows.py`).

#![expect(
    clippy::unwrap_used,
    reason = "a test may panic, in its fixtures as well"
)]

use std::collections::BTreeMap;

use lumimill_fit::{FitRange, Histogram, Model, Reference, Weights};
use serde_json::Value;

fn numbers(value: &Value) -> Vec<f64> {
    let numbers = value.as_array().unwrap().iter();
    numbers.map(|number| number.as_f64().unwrap()).collect()
}

#[test]
fn weights_of_three_components_are_those_of_sweights() {
    let all: Value = serde_json::from_str(include_str!("data/cows.json")).unwrap();
    let range = FitRange::new(1.80, 1.95).unwrap();
    let components = [
        ("signal", "gauss(1.865, 0.006)"),
        ("other", "gauss(1.90, 0.012)"),
        ("falling", "exponential(-12)"),
    ];
    let model = Model::new(range, &components, &BTreeMap::new()).unwrap();
    for case in all["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let reference = match name {
            "one" => Reference::One,
            "density" => Reference::Density,
            _ => {
                let counts = numbers(&case["histogram"]);
                let histogram = Histogram::of_sums(range, counts.clone(), counts, 10_500);
                Reference::histogram(&histogram.unwrap()).unwrap()
            }
        };
        let weights = Weights::new(&model, &numbers(&all["yields"]), &reference).unwrap();
        for (k, expected) in case["weights"].as_array().unwrap().iter().enumerate() {
            for (x, expected) in numbers(&all["at"]).iter().zip(numbers(expected)) {
                let found = weights.at(*x).unwrap()[k];
                let off = (found - expected).abs() / expected.abs().max(1.0);
                assert!(off < 1e-6, "{name} {k} {x}: {found} {expected}");
            }
        }
    }
}
