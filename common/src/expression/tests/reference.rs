//! Kinematics against numbers computed with 120 digits (`fixtures/pair_mass.py`).

use super::*;
use crate::expression::kinematics::{Transverse, delta_phi};

#[derive(serde::Deserialize)]
struct Case {
    first: [f64; 4],
    second: [f64; 4],
    mass: f64,
    pt: f64,
    eta: f64,
    rapidity: f64,
}

/// The rows of `cases` as one event of two muons each.
fn evaluate(cases: &[Case], source: &str) -> Vec<f64> {
    let columns = ["pt", "eta", "phi", "mass"]
        .iter()
        .enumerate()
        .map(|(at, name)| {
            let lists = cases
                .iter()
                .map(|case| Some([Some(case.first[at] as f32), Some(case.second[at] as f32)]));
            let list = ListArray::from_iter_primitive::<Float32Type, _, _>(lists);
            (format!("Muon_{name}"), Arc::new(list) as ArrayRef)
        });
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let scope = Scope::events(&batch.schema(), &Functions::default()).pairs("Muon");
    let checked = Expression::parse(source)
        .unwrap()
        .check(&scope, None)
        .unwrap();
    let len = cases.len() as u32;
    let slots = vec![
        Index::Chosen((0..len).map(|i| 2 * i).collect()),
        Index::Chosen((0..len).map(|i| 2 * i + 1).collect()),
    ];
    let rows = RowIndex::members(Index::All(cases.len()), Index::All(2 * cases.len()), slots);
    let inputs = Inputs::rows(&batch, rows.unwrap()).unwrap();
    checked
        .evaluate(&inputs)
        .unwrap()
        .into_floats()
        .into_vec(cases.len())
}

fn worst(cases: &[Case], source: &str, expected: impl Fn(&Case) -> f64) -> f64 {
    let errors = evaluate(cases, source)
        .into_iter()
        .zip(cases)
        .map(|(found, case)| {
            (found - expected(case)).abs() / expected(case).abs().max(f64::MIN_POSITIVE)
        });
    errors.fold(0.0, f64::max)
}

#[test]
fn pairs_keep_their_digits_at_every_boost() {
    let text = include_str!("../../../fixtures/pair_mass.json");
    let cases: Vec<Case> = serde_json::from_str(text).unwrap();
    assert!(cases.len() > 100);
    let mass = worst(&cases, "mass(pair)", |case| case.mass);
    assert!(mass < 1e-14, "mass: {mass:e}");
    let pt = worst(&cases, "pt(pair)", |case| case.pt);
    assert!(pt < 1e-14, "pt: {pt:e}");
    let eta = worst(&cases, "eta(pair)", |case| case.eta);
    assert!(eta < 1e-14, "eta: {eta:e}");
    let rapidity = worst(&cases, "rapidity(pair)", |case| case.rapidity);
    assert!(rapidity < 1e-14, "rapidity: {rapidity:e}");
    // By way of Cartesian components, as sums of more than two are computed.
    let none = "mass(first + (second + vector(0 * first.pt, 0, 0, 0)))";
    let cartesian = worst(&cases, none, |case| case.mass);
    assert!(cartesian < 1e-9, "mass from components: {cartesian:e}");
}

#[test]
fn the_textbook_formula_would_fail_here() {
    let text = include_str!("../../../fixtures/pair_mass.json");
    let cases: Vec<Case> = serde_json::from_str(text).unwrap();
    let naive =
        "sqrt(pow(energy(pair), 2) - pow(px(pair), 2) - pow(py(pair), 2) - pow(pz(pair), 2))";
    let errors = evaluate(&cases, naive).into_iter().zip(&cases);
    let worst = errors
        .map(|(found, case)| (found / case.mass - 1.0).abs())
        .fold(0.0, |a: f64, b| if b > a || b.is_nan() { b } else { a });
    assert!(worst.is_nan() || worst > 1e-3, "{worst:e}");
}

#[test]
fn nothing_moving_has_no_mass() {
    let rest = Transverse {
        pt: 0.0,
        mass2: 0.0,
    };
    let mass = Transverse::pair_mass(rest, rest, 0.0, 0.0);
    assert_eq!(mass.to_bits(), 0.0_f64.to_bits());
    let still = Transverse {
        mass2: 1.5 * 1.5,
        ..rest
    };
    assert!((Transverse::pair_mass(still, still, 0.0, 0.0) - 3.0).abs() < 1e-15);
    assert!((delta_phi(3.0, -3.0) - (6.0 - std::f64::consts::TAU)).abs() < 1e-15);
    assert!(delta_phi(f64::NAN, 0.0).is_nan());
}

#[test]
fn hyperbolic_functions_are_those_of_the_library() {
    let close = |found: f64, expected: f64| {
        let same = found.total_cmp(&expected).is_eq()
            || (found - expected).abs() <= 2e-15 * expected.abs();
        assert!(same, "{found} != {expected}");
    };
    let mut x = 1e-30_f64;
    while x < 900.0 {
        for x in [x, -x] {
            if x.abs() < 709.0 {
                close(kinematics::sinh(x), x.sinh());
            }
            close(kinematics::asinh(x), x.asinh());
            close(kinematics::asinh(x.exp()), x.exp().asinh());
        }
        x *= 1.07;
    }
    for x in [0.0, f64::INFINITY, f64::NEG_INFINITY] {
        close(kinematics::sinh(x), x);
        close(kinematics::asinh(x), x);
    }
    assert!(kinematics::sinh(f64::NAN).is_nan() && kinematics::asinh(f64::NAN).is_nan());
}

/// A pair with a muon without a direction had an infinite rapidity, which passes or fails cuts.
#[test]
fn a_pair_with_something_that_is_no_number_has_no_rapidity() {
    let whole = [29.7276, 2.22386, 0.2, 0.10566];
    let case = |first, second| Case {
        first,
        second,
        mass: 0.0,
        pt: 0.0,
        eta: 0.0,
        rapidity: 0.0,
    };
    for at in 0..4 {
        let mut spoilt = [18.4898, -2.74441, -1.77827, 0.10566];
        spoilt[at] = f64::NAN;
        let cases = [case(whole, spoilt), case(spoilt, whole)];
        for of in ["rapidity", "mass"] {
            let found = evaluate(&cases, &format!("{of}(pair)"));
            assert!(
                found.iter().all(|found| found.is_nan()),
                "{of}, {at}: {found:?}"
            );
        }
    }
}
