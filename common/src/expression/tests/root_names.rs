//! Names that ROOT, TMath and the standard library have for our functions.

use super::*;

#[test]
fn functions_of_root_are_known_by_their_names() {
    same(&events("TMath::Pi()"), &[std::f64::consts::PI; 3]);
    same(&events("M_PI - ROOT::Math::Pi()"), &[0.0; 3]);
    same(
        &events("TMath::Abs(PV_npvs) + TMath::Power(2, 3)"),
        &[15.0, 15.0, 8.0],
    );
    same(
        &events("std::max(PV_npvs, 3) + std::abs(-1.5)"),
        &[8.5, 4.5, 4.5],
    );
    same(
        &events("ROOT::VecOps::Sum(Muon_pt) + VecOps::Max(Muon_pt)"),
        &[100.0, NAN, 10.0],
    );
    same(
        &events("Any(Muon_pt > 10) && All(Muon_pt > 10)"),
        &[1.0, 0.0, 0.0],
    );
    same(
        &events("Sum(Where(Muon_pt > 10, Muon_pt, 1))"),
        &[60.0, 0.0, 1.0],
    );
    same(
        &events("std::fmod(7.5, 2) + std::trunc(-1.5) + fabs(-2)"),
        &[2.5; 3],
    );
    same(&events("float(0.1) == 0.1f"), &[1.0; 3]);
    same(
        &[pair("pair.M() - mass(pair) + first.Pt() - first.pt")],
        &[0.0],
    );
}

#[test]
fn angles_have_the_order_and_the_sign_of_their_spelling() {
    let ours = pair("deltaR(first.eta, first.phi, second.eta, second.phi)");
    same(
        &[pair("DeltaR(first.eta, second.eta, first.phi, second.phi)")],
        &[ours],
    );
    same(
        &[pair(
            "ROOT::VecOps::DeltaR(first.eta, second.eta, first.phi, second.phi)",
        )],
        &[ours],
    );
    let ours = pair("deltaPhi(first.phi, second.phi)");
    same(&[pair("DeltaPhi(first.phi, second.phi)")], &[-ours]);
    same(
        &[pair("ROOT::Math::VectorUtil::DeltaPhi(first, second)")],
        &[-ours],
    );
}
