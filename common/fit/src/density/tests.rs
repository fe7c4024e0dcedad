//! Areas against sums of heights, and derivatives of every kind against differences.

use super::{Density, FORMS, NoTemplate, Parameters, Shape, Template};
use crate::number::{Curvature, Gradient, LOCAL, Number};
use crate::range::FitRange;
use crate::sample::Histogram;
use crate::start::Landmarks;

/// Each kind with its starting values on a range that fits it.
fn every_kind() -> Vec<(&'static str, Density, [f64; LOCAL], usize)> {
    let range = FitRange::new(1.8, 1.95).unwrap();
    let counts: Vec<f64> = (0..100)
        .map(|i| {
            30.0 - 0.1 * f64::from(i) + 500.0 * (-0.5 * ((f64::from(i) - 44.5) / 4.0).powi(2)).exp()
        })
        .collect();
    let landmarks = Landmarks::of(range, &counts);
    let mut kinds = Vec::new();
    for form in FORMS {
        let mut p = [0.0; LOCAL];
        let (density, guesses) = match form.parameters {
            Parameters::Fixed(parameters) => (
                (form.make)(0),
                parameters.iter().map(|(_, guess)| *guess).collect(),
            ),
            Parameters::Series(guess) => ((form.make)(5), vec![guess; 5]),
            Parameters::Histogram => {
                let edges = vec![1.7, 1.82, 1.86, 1.9, 2.0];
                let template = Template::new(edges, &[1.0, 5.0, 0.0, 2.0]).unwrap();
                (Density::Template(template), Vec::new())
            }
        };
        for (i, guess) in guesses.iter().enumerate() {
            p[i] = (guess.start)(&landmarks, 0).value;
        }
        if form.name == "chebychev" {
            p[..5].copy_from_slice(&[-0.3, 0.2, 0.05, -0.02, 0.01]);
        }
        kinds.push((form.name, density, p, guesses.len()));
    }
    kinds
}

#[test]
fn areas_are_the_integrals_of_the_heights() {
    let range = FitRange::new(1.8, 1.95).unwrap();
    for (name, density, p, _) in every_kind() {
        let steps = 200_000;
        let (low, high) = (1.8, 1.9);
        let width = (high - low) / f64::from(steps);
        let middle = |i: i32| low + (f64::from(i) + 0.5) * width;
        let sum: f64 = (0..steps)
            .map(|i| density.height(middle(i), &p, range) * width)
            .sum();
        let area = density.area(low, high, &p, range);
        assert!(area > 0.0, "{name}");
        assert!((sum / area - 1.0).abs() < 2e-6, "{name}: {sum} {area}");
    }
}

#[test]
fn areas_of_bins_add_up_to_the_area_of_the_range() {
    let range = FitRange::new(1.8, 1.95).unwrap();
    for (name, density, p, _) in every_kind() {
        let edge = |i: i32| 1.8 + 0.15 * f64::from(i) / 300.0;
        let sum: f64 = (0..300)
            .map(|i| density.area(edge(i), edge(i + 1), &p, range))
            .sum();
        let area = density.area(1.8, 1.95, &p, range);
        assert!((sum / area - 1.0).abs() < 1e-9, "{name}: {sum} {area}");
    }
}

#[test]
fn derivatives_of_heights_and_areas_are_those_of_differences() {
    let range = FitRange::new(1.8, 1.95).unwrap();
    for (name, density, p, count) in every_kind() {
        let mut gradients = [Gradient::<LOCAL>::constant(0.0); LOCAL];
        let mut curvatures = [Curvature::constant(0.0); LOCAL];
        for i in 0..LOCAL {
            gradients[i] = Gradient::variable(p[i], i);
            curvatures[i] = Curvature::variable(p[i], i);
        }
        for of_area in [false, true] {
            let value = |p: &[f64; LOCAL]| match of_area {
                true => density.area(1.81, 1.88, p, range),
                false => density.height(1.853, p, range),
            };
            let slope = |p: &[Gradient<LOCAL>; LOCAL]| match of_area {
                true => density.area(1.81, 1.88, p, range),
                false => density.height(1.853, p, range),
            };
            let bend = match of_area {
                true => density.area(1.81, 1.88, &curvatures, range),
                false => density.height(1.853, &curvatures, range),
            };
            let here = slope(&gradients);
            for i in 0..count {
                let step = 1e-6 * p[i].abs().max(0.01);
                let (mut up, mut down) = (p, p);
                up[i] += step;
                down[i] -= step;
                let difference = (value(&up) - value(&down)) / (2.0 * step);
                let scale = here.value.abs() / p[i].abs().max(0.01);
                assert!(
                    (here.slope[i] - difference).abs() < 1e-5 * (difference.abs() + scale),
                    "{name} {i} {of_area}: {} {difference}",
                    here.slope[i]
                );
                let (mut above, mut below) = (gradients, gradients);
                above[i].value += step;
                below[i].value -= step;
                let (above, below) = (slope(&above), slope(&below));
                for (j, other) in p.iter().enumerate().take(count) {
                    let difference = (above.slope[j] - below.slope[j]) / (2.0 * step);
                    let scale = scale / other.abs().max(0.01);
                    assert!(
                        (bend.bend[i][j] - difference).abs() < 1e-4 * (difference.abs() + scale),
                        "{name} {i} {j} {of_area}: {} {difference}",
                        bend.bend[i][j]
                    );
                }
            }
        }
    }
}

#[test]
fn a_template_has_the_content_of_each_bin_up_to_the_end_of_the_range() {
    let range = FitRange::new(1.8, 1.95).unwrap();
    let counts: Vec<u64> = (0..300).map(|bin| bin % 7).collect();
    let total: u64 = counts.iter().sum();
    let histogram = Histogram::of_counts(range, &counts).unwrap();
    let template = Template::of_histogram(&histogram).unwrap();
    for (bin, count) in counts.iter().enumerate() {
        let (low, high) = histogram.edges(bin);
        let area = template.area(low, high, &[0.0; LOCAL], range);
        let part = *count as f64 / total as f64;
        assert!((area - part).abs() < 1e-14, "{bin}: {area} {part}");
    }
    assert!(template.height_at(range.high()) > 0.0);
    let none = Histogram::of_counts(range, &[0; 300]).unwrap();
    assert_eq!(Template::of_histogram(&none), Err(NoTemplate::Empty));
    let flat = Template::flat(range);
    assert!((flat.area(1.85, 1.9, &[0.0; LOCAL], range) - 1.0 / 3.0).abs() < 1e-12);
}
