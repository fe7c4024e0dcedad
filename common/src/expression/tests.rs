//! What expressions mean, and what their mistakes are answered with.

mod advice;
mod int_oracle;
mod integers;
mod lists;
mod messages;
mod oracle;
mod reference;
mod root_names;

use std::sync::Arc;

use arrow_array::types::{Float32Type, Int32Type};
use arrow_array::{
    ArrayRef, BooleanArray, Float32Array, Int32Array, ListArray, RecordBatch, UInt32Array,
    UInt64Array,
};

use super::*;

/// Three events with 2, 0 and 1 muons, and 1, 0 and 3 jets.
fn batch() -> RecordBatch {
    let floats = |lists: [&[f32]; 3]| -> ArrayRef {
        let lists = lists.map(|list| Some(list.iter().map(|x| Some(*x)).collect::<Vec<_>>()));
        Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>(lists))
    };
    let charges = [
        Some(vec![Some(1), Some(-1)]),
        Some(vec![]),
        Some(vec![Some(1)]),
    ];
    let charges = ListArray::from_iter_primitive::<Int32Type, _, _>(charges);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("run", Arc::new(UInt32Array::from(vec![1, 1, 2]))),
        ("event", Arc::new(UInt64Array::from(vec![7, 8, u64::MAX]))),
        ("nMuon", Arc::new(UInt32Array::from(vec![2, 0, 1]))),
        (
            "MET_pt",
            Arc::new(Float32Array::from(vec![10.5, f32::NAN, 30.0])),
        ),
        ("PV_npvs", Arc::new(Int32Array::from(vec![7, -7, 0]))),
        (
            "HLT_a",
            Arc::new(BooleanArray::from(vec![true, false, true])),
        ),
        (
            "HLT_b",
            Arc::new(BooleanArray::from(vec![true, true, false])),
        ),
        ("Muon_pt", floats([&[40.0, 20.0], &[], &[5.0]])),
        ("Muon_eta", floats([&[0.5, -0.5], &[], &[2.5]])),
        ("Muon_phi", floats([&[3.0, -3.0], &[], &[0.0]])),
        ("Muon_mass", floats([&[0.10566, 0.10566], &[], &[0.10566]])),
        ("Muon_charge", Arc::new(charges)),
        ("Jet_pt", floats([&[100.0], &[], &[30.0, f32::NAN, 50.0]])),
        ("Photon_pt", floats([&[9.0], &[1.0], &[]])),
        ("Photon_eta", floats([&[0.0], &[1.0], &[]])),
        ("Photon_phi", floats([&[0.0], &[1.0], &[]])),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn scope() -> Scope {
    let functions = Functions::parse([
        ("ratio", "(a, b) => a / (a + b)"),
        ("lead", "(x) => max(x)"),
        ("bad", "(a) => a + Muon_ptt"),
    ]);
    Scope::events(&batch().schema(), &functions.unwrap())
}

/// The values per event, as floats.
fn events(source: &str) -> Vec<f64> {
    let batch = batch();
    let checked = Expression::parse(source).unwrap().check(&scope(), None);
    let checked = checked.unwrap_or_else(|error| panic!("{error}"));
    let inputs = Inputs::events(&batch);
    checked.evaluate(&inputs).unwrap().into_floats().into_vec(3)
}

/// Rows: the pair of the first event, and its members, in that order.
fn pair(source: &str) -> f64 {
    let batch = batch();
    let expression = Expression::parse(source).unwrap();
    let checked = expression
        .check(&scope().pairs("Muon"), None)
        .unwrap_or_else(|e| panic!("{e}"));
    let rows = RowIndex::members(
        Index::Chosen(vec![0]),
        Index::Chosen(vec![0, 1]),
        vec![Index::Chosen(vec![0]), Index::Chosen(vec![1])],
    );
    let inputs = Inputs::rows(&batch, rows.unwrap()).unwrap();
    checked
        .evaluate(&inputs)
        .unwrap()
        .into_floats()
        .get(0)
        .unwrap()
}

/// The values per muon.
fn each(source: &str) -> Vec<f64> {
    let batch = batch();
    let expression = Expression::parse(source).unwrap();
    let checked = expression
        .check(&scope().each("Muon"), None)
        .unwrap_or_else(|e| panic!("{e}"));
    let rows = RowIndex::members(
        Index::Chosen(vec![0, 0, 2]),
        Index::All(3),
        vec![Index::All(3)],
    )
    .unwrap();
    let inputs = Inputs::rows(&batch, rows).unwrap();
    checked.evaluate(&inputs).unwrap().into_floats().into_vec(3)
}

fn same(found: &[f64], expected: &[f64]) {
    let equal = |a: &f64, b: &f64| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
    assert!(
        found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| equal(a, b)),
        "{found:?} != {expected:?}"
    );
}

const NAN: f64 = f64::NAN;

#[test]
fn operators_bind_as_in_cpp() {
    same(&events("1 + 2 * 3 - 4"), &[3.0; 3]);
    same(&events("-2 * -3"), &[6.0; 3]);
    same(&events("1 - 2 - 3"), &[-4.0; 3]);
    same(&events("HLT_a || HLT_b && HLT_a"), &[1.0, 0.0, 1.0]);
    same(&events("1 + 1 == nMuon && 3 > nMuon"), &[1.0, 0.0, 0.0]);
    same(&events("!HLT_a || HLT_b"), &[1.0, 1.0, 0.0]);
    same(&events("HLT_a ? 1 : HLT_b ? 2 : 3"), &[1.0, 2.0, 1.0]);
    same(&events(".5 + 1. + 1e-3 + 2E2"), &[201.501; 3]);
}

#[test]
fn bools_count_in_arithmetic_and_ints_compare_exactly() {
    same(&events("HLT_a + HLT_b"), &[2.0, 1.0, 1.0]);
    same(&events("HLT_a == 1"), &[1.0, 0.0, 1.0]);
    same(&events("9007199254740993 == 9007199254740992"), &[0.0; 3]);
    same(&events("9007199254740993 == 9007199254740992.0"), &[1.0; 3]);
}

#[test]
fn nan_compares_false_and_survives_max() {
    same(&events("MET_pt > 0"), &[1.0, 0.0, 1.0]);
    same(&events("MET_pt != MET_pt"), &[0.0, 1.0, 0.0]);
    same(&events("isnan(MET_pt)"), &[0.0, 1.0, 0.0]);
    same(&events("max(MET_pt, 20, 15)"), &[20.0, NAN, 30.0]);
    same(&events("min(20, MET_pt)"), &[10.5, NAN, 20.0]);
    same(&events("min(PV_npvs, 3)"), &[3.0, -7.0, 0.0]);
}

#[test]
fn reductions_give_one_value_per_event() {
    same(&events("sum(Muon_pt)"), &[60.0, 0.0, 5.0]);
    same(&events("sum(Jet_pt > 40)"), &[1.0, 0.0, 1.0]);
    same(
        &events("count(Muon_pt > 20 && abs(Muon_eta) < 2.4)"),
        &[1.0, 0.0, 0.0],
    );
    same(&events("count(Muon_pt)"), &[2.0, 0.0, 1.0]);
    same(&events("any(Muon_charge > 0)"), &[1.0, 0.0, 1.0]);
    same(&events("all(Muon_charge > 0)"), &[0.0, 1.0, 1.0]);
    same(&events("max(Muon_pt)"), &[40.0, NAN, 5.0]);
    same(&events("min(Muon_charge)"), &[-1.0, NAN, 1.0]);
    same(&events("max(Jet_pt)"), &[100.0, NAN, NAN]);
    same(&events("max(Muon_pt) > 10"), &[1.0, 0.0, 0.0]);
}

#[test]
fn event_values_are_repeated_for_members() {
    same(&events("count(Muon_pt > MET_pt)"), &[2.0, 0.0, 0.0]);
    same(&events("count(Muon_pt == max(Muon_pt))"), &[1.0, 0.0, 1.0]);
    same(&events("sum(HLT_a ? Muon_pt : 1)"), &[60.0, 0.0, 5.0]);
    same(&events("max(pt(Muon) * 2)"), &[80.0, NAN, 10.0]);
}

#[test]
fn members_and_pairs_have_their_names() {
    same(&each("pt"), &[40.0, 20.0, 5.0]);
    same(&each("pt > 10 && charge > 0"), &[1.0, 0.0, 0.0]);
    same(&each("pt / max(Muon_pt)"), &[1.0, 0.5, 1.0]);
    same(&each("MET_pt"), &[10.5, 10.5, 30.0]);
    same(&each("pt(Muon)"), &[40.0, 20.0, 5.0]);
    same(&[pair("first.pt - second.pt")], &[20.0]);
    same(&[pair("first.charge + second.charge")], &[0.0]);
    same(&[pair("sum(Jet_pt) + run")], &[101.0]);
    same(&[pair("mass(first + second) - mass(pair)")], &[0.0]);
    same(&[pair("pair.mass - mass(pair)")], &[0.0]);
}

#[test]
fn kinematics_are_those_of_the_sum() {
    let close = |source: &str, expected: f64| {
        let found = pair(source);
        assert!(
            (found - expected).abs() < 1e-12 * expected.abs().max(1.0),
            "{source}: {found}"
        );
    };
    close("px(pair)", 60.0 * 3.0_f64.cos());
    close("py(pair)", 20.0 * 3.0_f64.sin());
    close("pz(pair)", 20.0 * 0.5_f64.sinh());
    close(
        "eta(pair)",
        (20.0 * 0.5_f64.sinh() / pair("pt(pair)")).asinh(),
    );
    close(
        "phi(pair)",
        (20.0 * 3.0_f64.sin()).atan2(60.0 * 3.0_f64.cos()),
    );
    close("deltaPhi(first, second)", 6.0 - std::f64::consts::TAU);
    close(
        "deltaPhi(first.phi, second.phi)",
        6.0 - std::f64::consts::TAU,
    );
    close(
        "deltaR(first, second)",
        (6.0 - std::f64::consts::TAU).hypot(1.0),
    );
    close("deltaR(0.5, 0, -0.5, 0)", 1.0);
    close("energy(pair)", pair("energy(first) + energy(second)"));
    close(
        "mass(vector(first.pt, first.eta, first.phi, first.mass) + second)",
        pair("mass(pair)"),
    );
    close(
        "mass(pair + vector(0 * first.pt, 0, 0, 0))",
        pair("mass(pair)"),
    );
}

#[test]
fn only_the_columns_that_are_needed_are_read() {
    let columns = |source: &str| -> Vec<String> {
        let checked = Expression::parse(source)
            .unwrap()
            .check(&scope().pairs("Muon"), None);
        checked.unwrap().columns().iter().cloned().collect()
    };
    assert_eq!(columns("deltaR(first, second)"), ["Muon_eta", "Muon_phi"]);
    assert_eq!(columns("pt(pair)"), ["Muon_phi", "Muon_pt"]);
    assert_eq!(
        columns("mass(pair)"),
        ["Muon_eta", "Muon_mass", "Muon_phi", "Muon_pt"]
    );
    assert_eq!(columns("MET_pt + count(Jet_pt > 1)"), ["Jet_pt", "MET_pt"]);
    let photons = Expression::parse("mass(pair)")
        .unwrap()
        .check(&scope().pairs("Photon"), None);
    assert_eq!(photons.unwrap().columns().len(), 3);
}

#[test]
fn functions_are_expanded_where_they_are_called() {
    same(&events("ratio(PV_npvs, 7.0)"), &[0.5, -7.0 / 0.0, 0.0]);
    same(&events("lead(Muon_pt) * 2"), &[80.0, NAN, 10.0]);
}

#[test]
fn columns_of_one_collection_must_agree_in_length() {
    let list = |lists: [usize; 2]| -> ArrayRef {
        let lists = lists.map(|len| Some(vec![Some(1.0_f32); len]));
        Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>(lists))
    };
    let columns = [("Jet_pt", list([1, 2])), ("Jet_eta", list([2, 1]))];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let scope = Scope::events(&batch.schema(), &Functions::default());
    let checked = Expression::parse("count(Jet_pt > Jet_eta)")
        .unwrap()
        .check(&scope, None)
        .unwrap();
    let error = checked
        .evaluate(&Inputs::events(&batch))
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "column \"Jet_pt\" has 1 value and \"Jet_eta\" has 2: columns of one collection whose members do \
         not belong together; filter both alike when the file is made, or use one of them"
    );
}

#[test]
fn a_slice_of_a_batch_gives_the_same_values() {
    let whole = batch();
    let slice = whole.slice(2, 1);
    let checked = Expression::parse("sum(Muon_pt * MET_pt)")
        .unwrap()
        .check(&scope(), None)
        .unwrap();
    let inputs = Inputs::events(&slice);
    same(
        &checked.evaluate(&inputs).unwrap().into_floats().into_vec(1),
        &[150.0],
    );
}
