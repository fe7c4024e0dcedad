//! Distributions that are known, met by draws from the density that was estimated of them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use lumimill_kde::{Approximation, Axis, Density, KdeError, Scale};
use proptest::prelude::*;

/// A uniform number of (0, 1) that depends on the counter alone (splitmix64).
fn unit(counter: u64) -> f64 {
    let mut x = counter
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .wrapping_add(0xD1B5_4A32_D192_ED03);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((x ^ (x >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

fn normal(counter: u64) -> f64 {
    let radius = (-2.0 * unit(counter).max(1e-300).ln()).sqrt();
    radius * (std::f64::consts::TAU * unit(counter ^ 0x5555_5555_5555)).cos()
}

fn axis(name: &str, [low, high]: [f64; 2], bins: usize, scale: Scale, width: f64) -> Axis {
    Axis {
        name: name.to_owned(),
        low,
        high,
        bins,
        scale,
        width,
    }
}

const RANGE: [f64; 2] = [0.001, 0.999];
const MOMENTA: [f64; 2] = [0.5, 4.5];

/// The identification of kaons of momentum p: a peak next to 1 that grows wider.
fn identification(p: f64, pull: f64) -> f64 {
    let ratio = (3.3 - 0.62 * p) + 1.7 * pull;
    (1.0 / (1.0 + (-ratio).exp())).clamp(RANGE[0], RANGE[1])
}

/// The share below a value.
fn truth(p: f64, x: f64) -> f64 {
    let pull = ((x / (1.0 - x)).ln() - (3.3 - 0.62 * p)) / 1.7;
    let below = 0.5 * libm::erfc(-pull / std::f64::consts::SQRT_2);
    match x {
        _ if x <= RANGE[0] => 0.0,
        _ if x >= RANGE[1] => 1.0,
        _ => below,
    }
}

fn axes(width: f64) -> Vec<Axis> {
    vec![
        axis("kpi", RANGE, 200, Scale::Logit, width),
        axis("p", MOMENTA, 20, Scale::Linear, 1.0),
        axis("cosTheta", [-1.0, 1.0], 5, Scale::Linear, 1.0),
    ]
}

/// Sums of weights of so many entries, and of some of a background whose weights cancel.
fn sums(axes: &[Axis], entries: u64, background: u64) -> Vec<f64> {
    let mut sums = vec![0.0; Density::cells(axes).unwrap()];
    let mut fill = |values: [f64; 3], weight: f64| {
        let (mut cell, mut stride) = (0, 1);
        for (axis, value) in axes.iter().zip(values) {
            let Some(bin) = axis.bin(value) else { return };
            cell += stride * bin;
            stride *= axis.bins;
        }
        sums[cell] += weight;
    };
    for number in 0..entries {
        let p = MOMENTA[0] + 4.0 * unit(5 * number).powf(1.5);
        let x = identification(p, normal(5 * number + 1));
        fill([x, p, 2.0 * unit(5 * number + 3) - 1.0], 1.0);
    }
    for number in 0..background {
        let seed = 7_000_000_000 + 5 * number;
        let values = [
            unit(seed),
            0.5 + 4.0 * unit(seed + 1),
            2.0 * unit(seed + 2) - 1.0,
        ];
        fill(values, if number % 2 == 0 { 1.3 } else { -1.3 });
    }
    sums
}

/// The largest distance of the distribution at a momentum from the true one.
fn distance(density: &Density, p: f64) -> f64 {
    let given = density.given(&[p, 0.1]).unwrap();
    let steps = (1..4000).map(|step| f64::from(step) / 4000.0);
    let distance = |share: f64| {
        let x = given.quantile(share);
        (truth(p, x) - share).abs()
    };
    steps.map(distance).fold(0.0, f64::max)
}

#[test]
fn draws_follow_what_was_measured() {
    let axes = axes(2.0);
    let density = Density::estimate(
        axes.clone(),
        &sums(&axes, 200_000, 0),
        Approximation::Product,
    );
    let density = density.unwrap();
    // Next to an edge a kernel reaches to one side only.
    for (p, within) in [
        (0.6, 0.02),
        (1.0, 0.012),
        (1.7, 0.012),
        (2.5, 0.012),
        (3.3, 0.012),
        (4.4, 0.02),
    ] {
        let distance = distance(&density, p);
        assert!(distance < within, "{distance} at p = {p}");
    }
}

#[test]
fn weights_that_cancel_leave_the_signal() {
    let axes = axes(3.0);
    let sums = sums(&axes, 200_000, 40_000);
    let density = Density::estimate(axes, &sums, Approximation::Product).unwrap();
    for p in [1.0, 2.5] {
        let distance = distance(&density, p);
        assert!(distance < 0.03, "{distance} at p = {p}");
    }
}

/// Without the correction half of the kernel's content would be missing there.
#[test]
fn the_edges_of_the_grid_are_corrected_for() {
    let line = axis("x", [0.0, 5.0], 50, Scale::Linear, 2.0);
    let mut sums = vec![0.0; 50];
    for number in 0..400_000 {
        let x = -unit(number).max(1e-300).ln();
        if let Some(bin) = line.bin(x) {
            sums[bin] += 1.0;
        }
    }
    for (approximation, within) in [
        (Approximation::Constant, 0.12),
        (Approximation::Product, 0.05),
    ] {
        let density = Density::estimate(vec![line.clone()], &sums, approximation).unwrap();
        let given = density.given(&[]).unwrap();
        let inside = 1.0 - (-5.0_f64).exp();
        let share = given.share(0.1).unwrap();
        let expected = (1.0 - (-0.1_f64).exp()) / inside;
        assert!(
            (share / expected - 1.0).abs() < within,
            "{share}, expected {expected}"
        );
    }
}

/// x' = F⁻¹(G(x)) has the distribution of F and the order of x.
#[test]
fn a_quantile_of_one_density_becomes_that_of_another() {
    let line = axis("x", [-4.0, 6.0], 200, Scale::Linear, 2.0);
    let estimate = |shift: f64, width: f64, seed: u64| {
        let mut sums = vec![0.0; 200];
        for number in 0..200_000 {
            if let Some(bin) = line.bin(shift + width * normal(seed + 3 * number)) {
                sums[bin] += 1.0;
            }
        }
        Density::estimate(vec![line.clone()], &sums, Approximation::Product).unwrap()
    };
    let (data, simulation) = (estimate(1.0, 0.8, 1), estimate(0.0, 1.0, 900_000_000));
    let (data, simulation) = (data.given(&[]).unwrap(), simulation.given(&[]).unwrap());
    let mut last = f64::NEG_INFINITY;
    for step in -20..=20 {
        let x = 0.1 * f64::from(step);
        let moved = data.quantile(simulation.share(x).unwrap());
        assert!((moved - (1.0 + 0.8 * x)).abs() < 0.06, "{x}: {moved}");
        assert!(moved > last);
        last = moved;
    }
}

/// The quantile of all was the end of the axis, where there was nothing.
#[test]
fn no_quantile_lies_where_there_is_nothing() {
    let line = axis("x", [0.0, 10.0], 100, Scale::Linear, 1.0);
    let sums: Vec<f64> = (0..100)
        .map(|bin| f64::from(u8::from((40..60).contains(&bin))))
        .collect();
    let density = Density::estimate(vec![line], &sums, Approximation::Product).unwrap();
    let given = density.given(&[]).unwrap();
    let ends = [0.0, 1.0].map(|share| given.quantile(share));
    assert!(ends[0] > 1.0 && ends[1] < 9.0, "{ends:?}");
    assert!((ends[0] + ends[1] - 10.0).abs() < 0.2, "{ends:?}");
}

#[test]
fn frozen_densities_come_back_to_the_bit_and_others_are_told() {
    let axes = axes(2.0);
    let density = Density::estimate(
        axes.clone(),
        &sums(&axes, 20_000, 3_000),
        Approximation::Constant,
    );
    let density = density.unwrap();
    let json = density.to_json();
    assert_eq!(Density::parse(&json).unwrap(), density);
    let told = |json: &str| Density::parse(json.as_bytes()).unwrap_err().to_string();
    assert!(told("{}").starts_with("this is no density: missing field"));
    let small = r#"{"form":1,"axes":[{"name":"x","low":0.0,"high":1.0,"bins":2,"width":1.0}],"negative":0,"below":[1.0,2.0]}"#;
    assert!(Density::parse(small.as_bytes()).is_ok());
    assert_eq!(
        told(&small.replace("\"form\":1", "\"form\":2")),
        "this is no density: its form is 2, this reads 1"
    );
    assert_eq!(
        told(&small.replace("[1.0,2.0]", "[1.0]")),
        "this is no density: 1 values for 2 cells"
    );
    assert_eq!(
        told(&small.replace("[1.0,2.0]", "[2.0,1.0]")),
        "this is no density: its values do not rise from 0"
    );
    assert_eq!(
        told(&small.replace("\"bins\":2", "\"bins\":0")),
        "axis x: 0 bins"
    );
}

#[test]
fn what_has_no_density_says_why() {
    let line = |low, high, scale| axis("x", [low, high], 4, scale, 1.0);
    let told = |axes: Vec<Axis>, sums: &[f64]| {
        let found = Density::estimate(axes, sums, Approximation::Product);
        found.unwrap_err().to_string()
    };
    let good = || line(0.0, 1.0, Scale::Linear);
    assert!(told(vec![], &[]).contains("one axis or more"));
    assert!(told(vec![line(1.0, 0.0, Scale::Linear)], &[]).contains("[1, 0] is no range"));
    assert!(told(vec![line(0.0, 1.0, Scale::Logit)], &[]).contains("0 < low < high < 1"));
    assert!(told(vec![line(0.0, 1.0, Scale::Log)], &[]).contains("0 < low < high"));
    assert!(told(vec![good(), good()], &[]).contains("axis x: is there twice"));
    assert_eq!(told(vec![good()], &[1.0]), "1 sums for 4 cells");
    assert!(told(vec![good()], &[0.0; 4]).contains("add up to 0"));
    assert!(told(vec![good()], &[1.0, -2.0, 0.0, 0.0]).contains("add up to -1"));
    assert!(told(vec![good()], &[f64::NAN; 4]).contains("no number"));
    let mut wide = good();
    wide.width = 100.0;
    assert!(told(vec![wide], &[1.0; 4]).contains("a kernel of 100 bins"));
    let mut large = good();
    large.bins = 2_000_000;
    assert!(told(vec![large], &[]).contains("2000000 bins"));
    let found = Density::cells(&[
        axis("x", [0.0, 1.0], 2000, Scale::Linear, 1.0),
        axis("y", [0.0, 1.0], 2000, Scale::Linear, 1.0),
    ]);
    assert!(matches!(found, Err(KdeError::Cells { .. })));
    let density = Density::estimate(vec![good()], &[1.0, 0.0, 2.0, 1.0], Approximation::Product);
    let density = density.unwrap();
    assert!(density.given(&[1.0]).is_none());
    let given = density.given(&[]).unwrap();
    assert!(given.share(f64::NAN).is_none() && given.share(1.1).is_none());
    let axes = axes(2.0);
    let density = Density::estimate(axes.clone(), &sums(&axes, 2_000, 0), Approximation::Product);
    let density = density.unwrap();
    assert!(density.given(&[5.0, 0.0]).is_none() && density.given(&[f64::NAN, 0.0]).is_none());
    assert!(density.given(&[4.5, 1.0]).is_some() && density.given(&[0.5, -1.0]).is_some());
}

proptest! {
    /// Whatever the sums are, a quantile is in the range, rises with the share, and is undone by it.
    #[test]
    fn quantiles_rise_and_are_undone_by_shares(
        sums in prop::collection::vec(-1.0_f64..5.0, 60),
        p in 0.0_f64..1.0,
        one in 0.001_f64..0.999,
        other in 0.001_f64..0.999,
    ) {
        let axes = vec![
            axis("x", [0.1, 0.9], 12, Scale::Logit, 1.0),
            axis("p", [0.0, 1.0], 5, Scale::Linear, 0.7),
        ];
        if let Ok(density) = Density::estimate(axes, &sums, Approximation::Product)
            && let Some(given) = density.given(&[p])
        {
            let (low, high) = (given.quantile(one.min(other)), given.quantile(one.max(other)));
            prop_assert!((0.1..=0.9).contains(&low) && low <= high && high <= 0.9);
            let back = given.share(given.quantile(one)).unwrap();
            prop_assert!((back - one).abs() < 1e-9, "{back} {one}");
        }
    }
}
