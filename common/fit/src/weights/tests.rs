//! Weights against closed forms, identities, and what cannot be weighted.

use std::collections::BTreeMap;

use super::{BinnedWeights, Reference, SumRule, Verdict, WeightError, Weights};
use crate::draws::Draws;
use crate::fit::fit;
use crate::model::Model;
use crate::quadrature;
use crate::range::FitRange;
use crate::sample::{Histogram, Sample, Values};
use crate::setup::Setup;

fn model(components: &[(&str, &str)]) -> Model {
    let range = FitRange::new(0.0, 1.0).unwrap();
    Model::new(range, components, &BTreeMap::new()).unwrap()
}

/// A normal distribution (0.5, 0.1) and an exponential one of the scale 0.5, both cut to [0, 1].
fn textbook() -> Model {
    model(&[("s", "gauss(0.5, 0.1)"), ("b", "exponential(-2)")])
}

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-6, "{found} {expected}");
}

#[test]
fn closed_forms_of_cows_hold() {
    let model = textbook();
    let one = Weights::new(&model, &[1.0, 1.0], &Reference::One).unwrap();
    near(one.matrix().at(0, 0), 0.445_036_71);
    near(one.matrix().at(0, 1), -0.294_234_07);
    near(one.matrix().at(1, 1), 0.956_125_73);
    for (x, expected) in [(0.1, -0.556_611), (0.5, 1.525_072), (0.9, -0.111_902)] {
        near(one.at(x).unwrap()[0], expected);
    }
    let classic = Weights::new(&model, &[700.0, 700.0], &Reference::Density).unwrap();
    near(classic.matrix().at(0, 0), 0.796_165_52);
    near(classic.matrix().at(0, 1), -0.296_165_52);
    for (x, expected) in [(0.1, -0.590_788), (0.5, 1.208_274), (0.9, -0.584_711)] {
        near(classic.at(x).unwrap()[0], expected);
    }
}

/// Values from three components, by the inverse of a crude sum.
fn sample(model: &Model, truth: &[f64], seed: u64) -> Values {
    let densities = model.densities(truth).unwrap();
    let mut draws = Draws(seed);
    let mut values = Values::new(model.range());
    for (k, n) in truth.iter().take(model.component_names().len()).enumerate() {
        let mut left = *n as usize;
        while left > 0 {
            let (x, y) = (draws.unit(), 12.0 * draws.unit());
            if y < densities.height(k, x) {
                values.push(x, 1.0);
                left -= 1;
            }
        }
    }
    values
}

#[test]
fn identities_hold_for_any_number_of_components_and_every_reference() {
    let model = model(&[
        ("s", "gauss(mean, 0.05)"),
        ("other", "gauss(0.7, 0.06)"),
        ("b", "chebychev(2)"),
    ]);
    let values = sample(&model, &[400.0, 300.0, 900.0, 0.4, -0.2, 0.1], 7);
    let fit = fit(&model, Sample::Unbinned(&values), &Setup::default()).unwrap();
    let histogram = values.histogram(25).unwrap();
    for reference in [
        Reference::One,
        Reference::Density,
        Reference::histogram(&histogram).unwrap(),
    ] {
        let weights = Weights::of_fit(&model, &fit, &reference).unwrap();
        let densities = model.densities(&fit.values()).unwrap();
        let mut breaks = densities.breaks();
        breaks.extend((0..=25).map(|i| f64::from(i) / 25.0));
        breaks.sort_by(f64::total_cmp);
        for i in 0..3 {
            for j in 0..3 {
                let mut sum = 0.0;
                for pair in breaks.windows(2) {
                    for (x, weight) in quadrature::nodes(pair[0], pair[1]) {
                        sum += weight * weights.at(x).unwrap()[i] * densities.height(j, x);
                    }
                }
                let unit = if i == j { 1.0 } else { 0.0 };
                assert!((sum - unit).abs() < 1e-9, "{reference:?} {i} {j} {sum}");
            }
        }
        if reference == Reference::Density {
            let mut sums = [0.0; 3];
            for x in values.x() {
                let all = weights.at(*x).unwrap();
                assert!((all.iter().sum::<f64>() - 1.0).abs() < 1e-9);
                for (sum, weight) in sums.iter_mut().zip(all) {
                    *sum += weight;
                }
            }
            for (sum, parameter) in sums.iter().zip(&fit.parameters) {
                assert!(
                    (sum / parameter.value - 1.0).abs() < 1e-9,
                    "{sum} {}",
                    parameter.value
                );
            }
        }
    }
}

#[test]
fn components_of_one_shape_are_refused_by_their_names() {
    let same = model(&[
        ("s", "gauss(0.5, 0.1)"),
        ("b", "exponential(-2)"),
        ("t", "gauss(0.5, 0.1)"),
    ]);
    let refused = Weights::new(&same, &[1.0, 1.0, 1.0], &Reference::Density).unwrap_err();
    let expected = WeightError::Singular {
        one: "s".into(),
        other: "t".into(),
    };
    assert_eq!(refused, expected);
    assert!(refused.to_string().contains("\"s\" and \"t\""));
    let negative = Weights::new(&textbook(), &[-5.0, 1.0], &Reference::Density).unwrap_err();
    assert!(negative.to_string().contains("not positive"), "{negative}");
}

#[test]
fn weights_of_many_entries_are_those_of_each_to_the_last_bit() {
    let model = model(&[
        ("s", "gauss(0.45, 0.05) + crystal_ball(0.5, 0.06, 1.2, 3)"),
        ("other", "voigt(0.7, 0.06, 0.01)"),
        ("b", "chebychev(3)"),
        ("c", "bernstein(2)"),
    ]);
    let count = model.parameter_names().len();
    let mut values: Vec<f64> = [400.0, 300.0, 900.0, 50.0, 0.4].to_vec();
    values.resize(count, 0.2);
    let x: Vec<f64> = (-3..1_003).map(|i| f64::from(i) / 1_000.0).collect();
    let x: Vec<f64> = x.into_iter().chain([f64::NAN]).collect();
    let histogram = sample(&textbook(), &[500.0, 500.0], 3)
        .histogram(25)
        .unwrap();
    for reference in [
        Reference::One,
        Reference::Density,
        Reference::histogram(&histogram).unwrap(),
    ] {
        let weights = Weights::new(&model, &values, &reference).unwrap();
        let columns = weights.columns(&x, &[2, 0]);
        for (row, x) in x.iter().enumerate() {
            for (column, component) in columns.iter().zip([2, 0]) {
                let one = weights.at(*x).map_or(f64::NAN, |all| all[component]);
                assert_eq!(column[row].to_bits(), one.to_bits(), "{reference:?} {x}");
            }
        }
    }
}

#[test]
fn entries_outside_have_no_weight() {
    let model = textbook();
    let weights = Weights::new(&model, &[1.0, 1.0], &Reference::One).unwrap();
    for x in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
        assert!(weights.at(x).is_none(), "{x}");
    }
    assert!(weights.at(0.0).is_some() && weights.at(1.0).is_some());
}

#[test]
fn stray_entries_are_warned_of_and_many_are_an_error() {
    let model = textbook();
    let values = sample(&model, &[5000.0, 5000.0], 3);
    let fit = fit(&model, Sample::Unbinned(&values), &Setup::default()).unwrap();
    let weights = Weights::of_fit(&model, &fit, &Reference::Density).unwrap();
    let worst = |stray: usize| {
        let (mut sums, mut squares) = ([0.0; 2], [0.0; 2]);
        for x in values.x().iter().copied().chain((0..stray).map(|_| 0.95)) {
            for (k, weight) in weights.at(x).unwrap().into_iter().enumerate() {
                sums[k] += weight;
                squares[k] += weight * weight;
            }
        }
        let rules = (0..2).map(|k| SumRule::new(sums[k], squares[k], fit.parameters[k].value));
        rules.map(|rule| rule.verdict()).max().unwrap()
    };
    assert_eq!(worst(0), Verdict::Valid);
    assert_eq!(worst(100), Verdict::Doubtful);
    assert_eq!(worst(1000), Verdict::Invalid);
}

#[test]
fn a_component_of_a_fifth_of_a_percent_is_no_error_by_itself() {
    // Its sum is off by 8 %, which is a fifth of its statistical error.
    let rule = SumRule::new(21.6, 64.0, 20.0);
    assert_eq!(rule.verdict(), Verdict::Doubtful);
    assert_eq!(SumRule::new(20.5, 64.0, 20.0).verdict(), Verdict::Valid);
    assert_eq!(SumRule::new(40.0, 64.0, 20.0).verdict(), Verdict::Invalid);
}

#[test]
fn the_sandwich_of_the_sum_of_all_weights_is_the_error_of_the_yield() {
    let model = model(&[("s", "gauss(mean, width)"), ("b", "exponential")]);
    let values = sample(&model, &[20_000.0, 20_000.0, 0.5, 0.08, -2.0], 11);
    let fit = fit(&model, Sample::Unbinned(&values), &Setup::default()).unwrap();
    let all = values.histogram(400).unwrap();
    let weights = BinnedWeights::new(&model, &fit, &Reference::Density, &all).unwrap();
    let found = weights.sums(0, std::slice::from_ref(&all));
    let rule = SumRule::new(found.sumw[0], found.sumw2[0], fit.parameters[0].value);
    assert!((rule.sum / rule.expected - 1.0).abs() < 1e-4, "{rule:?}");
    let covariance = found.covariance;
    let error = covariance.at(0, 0).sqrt();
    let ratio = error / fit.parameters[0].error.unwrap();
    assert!((ratio - 1.0).abs() < 0.02, "{ratio}");
    // In halves by chance the errors of both, and what they have in common, add up to it.
    let mut halves = [
        Histogram::new(model.range(), 400).unwrap(),
        Histogram::new(model.range(), 400).unwrap(),
    ];
    for (index, x) in values.x().iter().enumerate() {
        halves[usize::from(index % 3 == 0)].fill(*x, 1.0);
    }
    let parts = weights.sums(0, &halves).covariance;
    let sum = parts.at(0, 0) + 2.0 * parts.at(0, 1) + parts.at(1, 1);
    assert!((sum / covariance.at(0, 0) - 1.0).abs() < 1e-9);
}

/// A peak on a falling background with a weight for each entry, which is negative for some; and the
/// sums of weights of the peak below and above 0.3 of a second number, which is other in both.
fn weighted_toy(seed: u64) -> ([f64; 2], [f64; 2], f64) {
    let model = model(&[("s", "gauss(0.5, width)"), ("b", "exponential")]);
    let mut draws = Draws(seed);
    let empty = || Histogram::new(model.range(), 40).unwrap();
    let (mut groups, mut truth) = ([empty(), empty()], [empty(), empty()]);
    // Nearly a Poisson number of entries.
    let entries = 4000.0 + 4000.0_f64.sqrt() * draws.normal();
    for _ in 0..entries as usize {
        let is_signal = draws.unit() < 0.4;
        let x = match is_signal {
            true => 0.5 + 0.08 * draws.normal(),
            false => -(1.0 - 0.8 * draws.unit()).ln() / 1.61,
        };
        let weight = if draws.unit() < 0.15 { -1.0 } else { 2.0 };
        let part = usize::from(draws.unit() < if is_signal { 0.3 } else { 0.7 });
        groups[part].fill(x, weight);
        if is_signal {
            truth[part].fill(x, weight);
        }
    }
    let mut all = groups[0].clone();
    all.merge(&groups[1]).unwrap();
    let fit = fit(&model, Sample::Binned(&all), &Setup::default()).unwrap();
    let weights = BinnedWeights::new(&model, &fit, &Reference::Density, &all).unwrap();
    let found = weights.sums(0, &groups);
    let errors = [0, 1].map(|i| found.covariance.at(i, i).sqrt());
    let held = weights.closure(0, &groups, &truth).unwrap();
    assert_eq!(held.ndf, 2);
    ([found.sumw[0], found.sumw[1]], errors, held.p_value)
}

#[test]
fn errors_of_weighted_sums_are_those_of_toys_also_with_negative_input_weights() {
    let toys: Vec<_> = (1..=120).map(|seed| weighted_toy(seed * 104_729)).collect();
    // 4000 · 0.4 · (0.85 · 2 − 0.15) of the signal; entries of it beyond the range are one in 10⁹.
    for (part, expected) in [(0, 2480.0 * 0.7), (1, 2480.0 * 0.3)] {
        let pulls = toys
            .iter()
            .map(|(sums, errors, _)| (sums[part] - expected) / errors[part]);
        let pulls: Vec<f64> = pulls.collect();
        let mean = pulls.iter().sum::<f64>() / 120.0;
        let width =
            (pulls.iter().map(|pull| pull * pull).sum::<f64>() / 120.0 - mean * mean).sqrt();
        assert!(mean.abs() < 0.3, "part {part}: mean {mean}");
        assert!((width - 1.0).abs() < 0.2, "part {part}: width {width}");
    }
    // Beside the truth, probabilities are those of χ².
    let unlikely = toys.iter().filter(|(.., p_value)| *p_value < 0.1).count();
    assert!((3..=24).contains(&unlikely), "{unlikely} of 120 below 0.1");
}

/// How often sums of weights by a function that is no density of the fit are valid and invalid, of 200 toys
/// of `truth` that are fitted by `model`.
fn verdicts_of_toys(model: &Model, truth: &Model, by_histogram: bool) -> (usize, usize) {
    let (mut valid, mut invalid) = (0, 0);
    for seed in 0..200 {
        let values = sample(truth, &[1000.0, 3000.0], 1000 + seed);
        let data = values.histogram(60).unwrap();
        let found = fit(model, Sample::Binned(&data), &Setup::default()).unwrap();
        let reference = match by_histogram {
            true => Reference::histogram(&data).unwrap(),
            false => Reference::One,
        };
        let weights = BinnedWeights::new(model, &found, &reference, &data).unwrap();
        let verdicts = (0..2).map(|k| {
            let sums = weights.sums(k, std::slice::from_ref(&data));
            let yielded = found.parameters[k].value;
            SumRule::of_another(sums.sumw[0], sums.sumw2[0], yielded).verdict()
        });
        match verdicts.max().unwrap() {
            Verdict::Valid => valid += 1,
            Verdict::Doubtful => {}
            Verdict::Invalid => invalid += 1,
        }
    }
    (valid, invalid)
}

/// The thresholds of the rule for other functions: one standard deviation of the sum to be noted, three of
/// them and 5 % to be refused. The maximum-likelihood yield is of the same entries, so that both differ by
/// much less than each varies. Of clean toys none is refused; of a background that falls more steeply than
/// fitted nearly all are, and of a peak that is wider most are noted.
#[test]
fn sums_by_another_function_are_judged_by_toys() {
    let right = textbook();
    let tail = model(&[("s", "gauss(0.5, 0.1)"), ("b", "exponential(-3)")]);
    let wide = model(&[("s", "gauss(0.5, 0.17)"), ("b", "exponential(-2)")]);
    for by_histogram in [false, true] {
        let clean = verdicts_of_toys(&right, &right, by_histogram);
        let wrong = [&tail, &wide].map(|truth| verdicts_of_toys(&right, truth, by_histogram));
        // A histogram of the rows themselves is low where few are, and so is the sum: by about a row a bin.
        let least = if by_histogram { 140 } else { 195 };
        assert!(clean.0 >= least && clean.1 == 0, "{by_histogram} {clean:?}");
        let [tail, wide] = wrong;
        assert!(tail.1 >= 180, "{by_histogram} {tail:?}");
        assert!(wide.0 <= 60, "{by_histogram} {wide:?}");
    }
}
