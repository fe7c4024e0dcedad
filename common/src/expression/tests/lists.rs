//! Members by their number, and those for which a condition holds.

use super::*;

#[test]
fn chosen_members_are_reduced() {
    same(&events("sum(Muon_pt[Muon_pt > 10])"), &[60.0, 0.0, 0.0]);
    same(
        &events("Sum(Muon_pt[Muon_charge > 0] * 2)"),
        &[80.0, 0.0, 10.0],
    );
    same(&events("Muon_pt[Muon_charge < 0].size()"), &[1.0, 0.0, 0.0]);
    same(
        &events("max(Muon_eta[Muon_pt > 10 && Muon_pt < 30])"),
        &[-0.5, NAN, NAN],
    );
    same(&events("any(Muon_charge[Muon_pt > 30] < 0)"), &[0.0; 3]);
    same(
        &events("all(Muon_charge[Muon_pt > 30] < 0)"),
        &[0.0, 1.0, 1.0],
    );
    same(
        &events("count(Muon_pt[Muon_pt > MET_pt])"),
        &[2.0, 0.0, 0.0],
    );
    same(
        &events("sum(Muon_pt[Muon_pt > 10][Muon_charge[Muon_pt > 10] > 0])"),
        &[40.0, 0.0, 0.0],
    );
    same(&events("sum(pt(Muon[Muon_charge < 0]))"), &[20.0, 0.0, 0.0]);
    same(&events("mean(Muon_pt)"), &[30.0, 0.0, 5.0]);
    same(&events("Mean(Muon_charge)"), &[0.0, 0.0, 1.0]);
    same(&events("Muon_pt.size() - 1 > 5"), &[0.0, 1.0, 0.0]);
    same(&events("Muon_pt.empty()"), &[0.0, 1.0, 0.0]);
}

#[test]
fn members_have_numbers() {
    same(&events("nMuon > 0 ? Muon_pt[0] : -1"), &[40.0, -1.0, 5.0]);
    same(
        &events("nMuon > 1 && Muon_charge[0] != Muon_charge[1]"),
        &[1.0, 0.0, 0.0],
    );
    same(
        &events("Muon_pt.size() > 1 && Muon_pt.at(1) == 20"),
        &[1.0, 0.0, 0.0],
    );
    same(
        &events("any(Muon_pt < 6) ? Muon_pt[Muon_pt < 6][0] : 0"),
        &[0.0, 0.0, 5.0],
    );
    same(
        &events("nMuon == 2 ? Muon_charge[nMuon - 1] & 3 : 0"),
        &[3.0, 0.0, 0.0],
    );
    same(&events("Muon_pt.at(0, -1)"), &[40.0, -1.0, 5.0]);
    same(&events("Muon_charge.at(1, 7)"), &[-1.0, 7.0, 7.0]);
    same(
        &events("Muon_pt[Muon_pt < 30].at(nMuon - 2, -3)"),
        &[20.0, -3.0, -3.0],
    );
    same(&each("Muon_pt.at(1, pt)"), &[20.0, 20.0, 5.0]);
    same(&events("sum(Muon_pt / Muon_pt[0])"), &[1.5, 0.0, 1.0]);
    same(&each("pt / Muon_pt[0]"), &[1.0, 0.5, 1.0]);
    same(&[pair("Jet_pt[0] + first.pt")], &[140.0]);
    same(&[pair("Muon_pt[second.charge + 2]")], &[20.0]);
}

/// As the truth of an edge follows from those of the nodes that it joins.
#[test]
fn members_are_taken_by_a_list_of_their_numbers() {
    same(
        &events("sum(Take(Jet_pt, Muon_charge - 1, -5))"),
        &[95.0, 0.0, 30.0],
    );
    same(
        &events("sum(Take(Muon_charge, abs(Muon_charge) - 1) == Muon_charge)"),
        &[1.0, 0.0, 1.0],
    );
    same(
        &events("any(ROOT::VecOps::Take(Jet_pt, Muon_charge[Muon_charge > 0] - 1) > 40)"),
        &[1.0, 0.0, 0.0],
    );
    same(
        &events("count(Take(HLT_a ? Jet_pt : -1, Muon_charge - 1, 0) > 9)"),
        &[1.0, 0.0, 1.0],
    );
}

#[test]
fn a_member_that_is_not_there_is_an_error_where_it_is_asked_for() {
    let refused = |source: &str| {
        let batch = batch();
        let checked = Expression::parse(source)
            .unwrap()
            .check(&scope(), None)
            .unwrap();
        let error = checked.evaluate(&Inputs::events(&batch)).unwrap_err();
        (error.to_string(), error.entry())
    };
    assert_eq!(
        refused("Muon_pt[1] > 20"),
        (
            "Muon_pt[1] is of a member that is not there; ask for Muon_pt.size() > 1 before it: \
             in where, or before && or ?"
                .to_owned(),
            Some(1)
        )
    );
    assert_eq!(refused("Muon_charge[0] != Muon_charge[1]").1, Some(1));
    assert_eq!(refused("nMuon > 0 ? Muon_pt[1] : 0").1, Some(2));
    assert_eq!(refused("Muon_pt[Muon_pt > 10][0] * 2").1, Some(1));
    assert_eq!(refused("sum(Jet_pt > Muon_pt[1])").1, Some(2));
    assert_eq!(refused("sum(Muon_pt[Muon_pt > 7 / PV_npvs])").1, Some(2));
    assert_eq!(refused("Muon_pt[Muon_pt > 7 / PV_npvs].size()").1, Some(2));
    assert_eq!(refused("Jet_pt[PV_npvs]").1, Some(0));
    assert_eq!(
        refused("sum(Take(Jet_pt, Muon_charge - 1))"),
        (
            "Take(Jet_pt, Muon_charge - 1) is of a member that is not there; say what stands in its \
             place: Take(list, numbers, otherwise)"
                .to_owned(),
            Some(0)
        )
    );
    assert_eq!(
        refused("sum(Take(Muon_pt[1] + Jet_pt, Jet_pt > 0 ? 0 : 0))").1,
        Some(2)
    );
}
