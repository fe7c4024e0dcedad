//! Whole numbers and their bits, as in C++.

use super::*;

#[test]
fn whole_numbers_divide_as_in_cpp() {
    same(&events("7 / 2"), &[3.0; 3]);
    same(&events("-7 / 2"), &[-3.0; 3]);
    same(&events("PV_npvs / 2"), &[3.0, -3.0, 0.0]);
    same(&events("PV_npvs / 2."), &[3.5, -3.5, 0.0]);
    same(&events("double(PV_npvs) / 2"), &[3.5, -3.5, 0.0]);
    same(&events("PV_npvs % 4"), &[3.0, -3.0, 0.0]);
    same(&events("7.5 % 2"), &[1.5; 3]);
    same(&events("HLT_a / 2"), &[0.0; 3]);
}

#[test]
fn bits_are_those_of_cpp_types() {
    same(&events("PV_npvs & 3"), &[3.0, 1.0, 0.0]);
    same(&events("PV_npvs | 8"), &[15.0, -7.0, 8.0]);
    same(&events("PV_npvs ^ 1"), &[6.0, -8.0, 1.0]);
    same(&events("~PV_npvs"), &[-8.0, 6.0, -1.0]);
    same(
        &events("~nMuon"),
        &[4_294_967_293.0, 4_294_967_295.0, 4_294_967_294.0],
    );
    same(&events("PV_npvs << 2"), &[28.0, -28.0, 0.0]);
    same(&events("PV_npvs >> 1"), &[3.0, -4.0, 0.0]);
    same(&events("nMuon << 31"), &[0.0, 0.0, 2_147_483_648.0]);
    same(&events("1 << 31"), &[-2_147_483_648.0; 3]);
    same(&events("1ul << 40"), &[1_099_511_627_776.0; 3]);
    same(&events("event >> 63"), &[0.0, 0.0, 1.0]);
    same(&events("HLT_a & HLT_b"), &[1.0, 0.0, 0.0]);
    same(&events("HLT_a | HLT_b << 1"), &[3.0, 2.0, 1.0]);
    same(&events("(run & 0x2) >> 1 == 1"), &[0.0, 0.0, 1.0]);
}

#[test]
fn operators_of_bits_bind_as_in_cpp() {
    same(&events("1 | 2 ^ 2 & 3"), &[1.0; 3]);
    same(&events("1 << 1 + 1"), &[4.0; 3]);
    same(&events("(PV_npvs & 1) == 1 && HLT_a"), &[1.0, 0.0, 0.0]);
    same(&events("MET_pt > 3 & PV_npvs > 3"), &[1.0, 0.0, 0.0]);
    same(&events("~PV_npvs & 1"), &[0.0, 0.0, 1.0]);
}

#[test]
fn unsigned_numbers_are_never_negative() {
    same(&events("nMuon - 1"), &[1.0, 4_294_967_295.0, 0.0]);
    same(&events("nMuon - 1 < 0"), &[0.0; 3]);
    same(&events("-nMuon"), &[4_294_967_294.0, 0.0, 4_294_967_295.0]);
    same(&events("PV_npvs < nMuon"), &[0.0, 0.0, 1.0]);
    same(&events("nMuon - 1.0"), &[1.0, -1.0, 0.0]);
    same(&events("event > 7"), &[0.0, 1.0, 1.0]);
    same(
        &events("event + 0.0"),
        &[7.0, 8.0, 18_446_744_073_709_551_615.0],
    );
}

#[test]
fn overflow_wraps_around_at_the_width_of_the_type() {
    same(&events("2147483647 + 1"), &[-2_147_483_648.0; 3]);
    same(&events("2147483648 + 1"), &[2_147_483_649.0; 3]);
    same(&events("nMuon * 2147483648u"), &[0.0, 0.0, 2_147_483_648.0]);
    same(&events("abs(-2147483647 - 1)"), &[-2_147_483_648.0; 3]);
}

#[test]
fn what_cpp_leaves_undefined_is_an_error_where_it_is_asked_for() {
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
        refused("7 % PV_npvs"),
        (
            "7 % PV_npvs divides a whole number by zero; ask for PV_npvs != 0 before it: in where, \
             or before && or ?"
                .to_owned(),
            Some(2)
        )
    );
    assert_eq!(
        refused("1 << PV_npvs").0,
        "1 << PV_npvs shifts by less than 0 or by 32 bits or more; ask for PV_npvs >= 0 && PV_npvs \
         < 32 before it: in where, or before && or ?"
    );
    assert_eq!(
        refused("int(MET_pt)"),
        (
            "int(MET_pt) is of a number that no int holds".to_owned(),
            Some(1)
        )
    );
    same(
        &events("PV_npvs != 0 ? 14 / PV_npvs : 1"),
        &[2.0, -2.0, 1.0],
    );
    same(
        &events("PV_npvs != 0 && 14 / PV_npvs == 2"),
        &[1.0, 0.0, 0.0],
    );
    same(
        &events("PV_npvs == 0 || 14 / PV_npvs == 2"),
        &[1.0, 0.0, 1.0],
    );
    same(
        &events("PV_npvs >= 0 && PV_npvs < 32 && (1 << PV_npvs) > 4"),
        &[1.0, 0.0, 0.0],
    );
    same(&events("int(-1.5) + 7.0 / 0"), &[f64::INFINITY; 3]);
}
