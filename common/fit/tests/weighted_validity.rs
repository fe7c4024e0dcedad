//! Tests of control variables of entries that have weights, negative ones too, against what numpy and scipy
//! make of the same toys (`data/weighted_validity.py`).

#![expect(
    clippy::unwrap_used,
    reason = "a test may panic, in its fixtures as well"
)]

use std::collections::BTreeMap;

use lumimill_fit::{
    BinnedWeights, FitRange, Histogram, Kendall, Model, Reference, Sample, Setup, factorisation,
    fit,
};
use serde_json::Value;

fn numbers(value: &Value) -> Vec<f64> {
    let numbers = value.as_array().unwrap().iter();
    numbers.map(|number| number.as_f64().unwrap()).collect()
}

/// The histograms of the fit variable in the bins of the control variable.
fn columns(cells: &Value, range: FitRange, [n, w, w2]: [&str; 3]) -> Vec<Histogram> {
    let rows = |name: &str| -> Vec<Vec<f64>> {
        cells[name]
            .as_array()
            .unwrap()
            .iter()
            .map(numbers)
            .collect()
    };
    let all = rows(n).into_iter().zip(rows(w)).zip(rows(w2));
    let of = all.map(|((n, w), w2)| {
        let entries = n.iter().sum::<f64>() as u64;
        Histogram::of_sums(range, w, w2, entries).unwrap()
    });
    of.collect()
}

#[test]
fn weighted_tests_are_those_of_numpy_and_scipy() {
    let all: Value = serde_json::from_str(include_str!("data/weighted_validity.json")).unwrap();
    let range = FitRange::new(0.0, 1.0).unwrap();
    let components = [
        ("signal", "gauss(mean, width)"),
        ("background", "exponential"),
    ];
    let model = Model::new(range, &components, &BTreeMap::new()).unwrap();
    for case in all["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let parts = columns(&case["cells"], range, ["entries", "sumw", "sumw2"]);
        let truth = columns(&case["cells"], range, ["true_entries", "true_w", "true_w2"]);
        let mut data = Histogram::new(range, 60).unwrap();
        parts.iter().for_each(|part| data.merge(part).unwrap());
        assert!(data.sumw().iter().sum::<f64>() < data.entries() as f64);
        let fit = fit(&model, Sample::Binned(&data), &Setup::default()).unwrap();
        let near = |what: &str, found: f64, expected: &Value, tolerance: f64| {
            let expected = expected.as_f64().unwrap();
            let off = (found - expected).abs() / expected.abs().max(1e-3);
            assert!(off < tolerance, "{name} {what}: {found} {expected}");
        };
        for (parameter, expected) in fit
            .parameters
            .iter()
            .zip(case["values"].as_array().unwrap())
        {
            near(&parameter.name, parameter.value, expected, 1e-5);
        }
        let found = factorisation(&model, &fit, 0, "t", &parts);
        let taus = [
            ("tau_background", found.background),
            ("tau_signal", found.signal),
        ];
        for (what, tau) in taus {
            let Kendall { tau, error } = tau.unwrap();
            near(what, tau, &case[what][0], 1e-4);
            near(what, error, &case[what][1], 1e-4);
        }
        let (split, expected) = (found.split.unwrap(), &case["split"]);
        near("chi2", split.chi2, &expected["chi2"], 1e-3);
        near("entries", split.entries, &expected["entries"], 1e-9);
        assert_eq!(split.ndf as u64, expected["ndf"].as_f64().unwrap() as u64);
        let logarithm = expected["p_value"].as_f64().unwrap().ln();
        assert!((split.p_value.ln() - logarithm).abs() < 0.05, "{name}");
        let expected = match name {
            "clean" => "valid",
            _ => "invalid",
        };
        assert_eq!(found.verdict.word(), expected, "{}", found.reason);
        // The weights of the signal add up to its yield, and are held against the truth.
        let weights = BinnedWeights::new(&model, &fit, &Reference::Density, &data).unwrap();
        let closure = weights.closure(0, &parts, &truth).unwrap();
        let sums = weights.sums(0, std::slice::from_ref(&data));
        let expected = &case["closure"];
        near("sumw", sums.sumw[0], &expected["sumw"], 1e-5);
        near("sumw2", sums.sumw2[0], &expected["sumw2"], 1e-5);
        near("closure chi2", closure.chi2, &expected["chi2"], 1e-2);
        near("distance", closure.distance, &expected["distance"], 1e-3);
    }
}
