//! Fits at the edge of what there is: no background, backgrounds that vanish somewhere, and limits that
//! were guessed too narrow.

#![expect(
    clippy::unwrap_used,
    reason = "a test may panic, in its fixtures as well"
)]

use std::collections::BTreeMap;

use lumimill_fit::{
    Fit, FitRange, Histogram, Model, Reference, Sample, Setup, StartValue, Status, Weights, fit,
};

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

    fn normal(&mut self) -> f64 {
        let (u, v) = (self.unit().max(1e-300), self.unit());
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }
}

fn range() -> FitRange {
    FitRange::new(1.8, 1.95).unwrap()
}

fn model(signal: &str, background: &str) -> Model {
    let components = [("signal", signal), ("background", background)];
    Model::new(range(), &components, &BTreeMap::new()).unwrap()
}

/// A peak over a background that rises from 0 at the lower end.
fn sample(seed: u64, signal: usize, background: usize) -> Histogram {
    let mut draws = Draws(seed * 7919 + 1);
    let mut histogram = Histogram::new(range(), 100).unwrap();
    for _ in 0..signal {
        histogram.fill(1.865 + 0.005 * draws.normal(), 1.0);
    }
    for _ in 0..background {
        histogram.fill(1.8 + 0.15 * draws.unit().sqrt(), 1.0);
    }
    histogram
}

fn fitted(model: &Model, sample: &Histogram) -> Fit {
    fit(model, Sample::Binned(sample), &Setup::default()).unwrap()
}

fn value(fit: &Fit, name: &str) -> f64 {
    fit.parameter(name).unwrap().value
}

/// The shape of a background without entries was one that data do not tell, or a series that is negative
/// somewhere, and no weights could be made.
#[test]
fn a_category_without_background_failed() {
    for background in [
        "chebychev(1)",
        "chebychev(2)",
        "chebychev(3)",
        "bernstein(1)",
        "bernstein(2)",
        "exponential",
    ] {
        let model = model("gauss(mean, width)", background);
        for (seed, strays) in (0..10).flat_map(|seed| [0, 3, 30].map(|strays| (seed, strays))) {
            let found = fitted(&model, &sample(seed, 2000, strays));
            let of = format!("{background} {seed} {strays}");
            assert_eq!(found.status, Status::Converged, "{of}");
            let signal = found.parameter("signal").unwrap();
            assert!(
                (signal.value - 2000.0).abs() < 1.5 * f64::from(strays as u32) + 1.0,
                "{of}: {}",
                signal.value
            );
            let error = signal.error.unwrap();
            assert!((error / 2000_f64.sqrt() - 1.0).abs() < 0.03, "{of}");
            let weights = Weights::of_fit(&model, &found, &Reference::Density).unwrap();
            let here = weights.at(1.865).unwrap();
            assert!((here[0] + here[1] - 1.0).abs() < 1e-9, "{of}: {here:?}");
            assert!((here[0] - 1.0).abs() < 0.01, "{of}: {here:?}");
            if value(&found, "background") < 1e-4 {
                let shape = found.parameters.iter().skip(4);
                assert!(
                    shape.clone().all(|it| it.idle && it.error.is_none()),
                    "{of}"
                );
            }
        }
    }
}

/// A line that is nowhere negative is the same in both notations, and so is a parabola that touches 0 at
/// an end.
#[test]
fn series_that_vanish_at_an_end_agree() {
    for (degree, seed) in (1..=2).flat_map(|degree| (0..10).map(move |seed| (degree, seed))) {
        let sample = sample(seed, 500, 4000);
        let [one, other] = ["chebychev", "bernstein"]
            .map(|name| model("gauss(mean, width)", &format!("{name}({degree})")))
            .map(|model| fitted(&model, &sample));
        let of = format!("{degree} {seed}: {one:?} {other:?}");
        assert_eq!(
            (one.status, other.status),
            (Status::Converged, Status::Converged),
            "{of}"
        );
        // Those of Bernstein's are a part of all.
        assert!(one.nll < other.nll + 1e-3, "{of}");
        if degree == 1 || other.nll < one.nll + 1e-2 {
            for name in ["signal", "background", "mean", "width"] {
                let error = other.parameter(name).unwrap().error.unwrap();
                let off = (value(&one, name) - value(&other, name)) / error;
                assert!(off.abs() < 0.02, "{name} {off} {of}");
            }
        }
    }
}

/// The first coefficient of Bernstein's was 1, and the others at most 100.
#[test]
fn a_background_that_rises_from_0_was_at_a_limit() {
    let model = model("gauss(mean, width)", "bernstein(2)");
    let mut pulls = (0.0, 0.0);
    for seed in 0..30 {
        let found = fitted(&model, &sample(seed, 2000, 40_000));
        assert_eq!(found.status, Status::Converged);
        assert!(found.parameters.iter().all(|parameter| !parameter.held));
        let signal = found.parameter("signal").unwrap();
        let pull = (signal.value - 2000.0) / signal.error.unwrap();
        pulls = (pulls.0 + pull, pulls.1 + pull * pull);
        // 2t is one half of B_1 and B_2 each.
        let parts = (
            value(&found, "background_c1"),
            value(&found, "background_c2"),
        );
        assert!(
            parts.0 > 0.25 && parts.0 < 0.42 && parts.1 > 0.9,
            "{parts:?}"
        );
    }
    let mean = pulls.0 / 30.0;
    let width = (pulls.1 / 30.0 - mean * mean).sqrt();
    assert!(
        mean.abs() < 0.6 && (0.6..1.4).contains(&width),
        "{mean} {width}"
    );
}

/// A limit that was a guess was a note, whatever it did to the yields.
#[test]
fn a_guessed_limit_biased_a_fit() {
    let mut draws = Draws(1);
    let mut histogram = Histogram::new(range(), 300).unwrap();
    for _ in 0..20_000 {
        // Steeper than the limit of the slope, 50 over the width of the range.
        histogram.fill(1.8 - 0.15 / 90.0 * draws.unit().max(1e-12).ln(), 1.0);
        histogram.fill(1.8 + 0.15 * draws.unit(), 1.0);
    }
    let model = model("exponential", "chebychev(0)".replace("(0)", "(1)").as_str());
    let found = fitted(&model, &histogram);
    let slope = found.parameter("signal_slope").unwrap();
    let off = (slope.value + 600.0) / slope.error.unwrap();
    assert!(off.abs() < 4.0, "{slope:?}");
    assert!(!slope.at_limit && slope.low < -1000.0, "{slope:?}");
    assert!(found.calls > 100);
}

#[test]
fn a_peak_at_the_end_of_the_range_is_held_there() {
    let mut draws = Draws(5);
    let mut histogram = Histogram::new(range(), 100).unwrap();
    for _ in 0..20_000 {
        histogram.fill(1.79 + 0.01 * draws.normal(), 1.0);
        histogram.fill(1.8 + 0.15 * draws.unit(), 1.0);
    }
    let found = fitted(&model("gauss(mean, 0.01)", "chebychev(1)"), &histogram);
    let mean = found.parameter("mean").unwrap();
    assert!(mean.at_limit && mean.held, "{mean:?}");
    // Who knows better says so.
    let mut setup = Setup::default();
    setup.start.insert("mean".into(), StartValue::Value(1.78));
    let model = model("gauss(mean, 0.01)", "chebychev(1)");
    let found = fit(&model, Sample::Binned(&histogram), &setup).unwrap();
    let mean = found.parameter("mean").unwrap();
    assert!(!mean.at_limit, "{mean:?}");
    assert!(
        (mean.value - 1.79).abs() < 4.0 * mean.error.unwrap(),
        "{mean:?}"
    );
}

#[test]
fn starting_values_that_no_density_has_are_refused() {
    let told = |signal: &str, background: &str, name: &str, start: f64| {
        let mut setup = Setup::default();
        setup.start.insert(name.into(), StartValue::Value(start));
        let model = model(signal, background);
        let refused = fit(&model, Sample::Binned(&sample(1, 500, 500)), &setup);
        refused.unwrap_err().to_string()
    };
    let peak = "gauss(mean, width)";
    for (told, expected) in [
        (
            told(peak, "exponential", "width", -0.01),
            "start.width: a starting value above 0 is needed",
        ),
        (
            told(peak, "bernstein(1)", "background_c1", 1.5),
            "start.background_c1: the starting value lies beyond what the parameter can be",
        ),
        (
            told(peak, "chebychev(2, 1.5, -0.2)", "mean", 1.865),
            "the density of \"background\" is negative near 1.8 at all starting values",
        ),
    ] {
        assert!(told.contains(expected), "{told}");
    }
}
