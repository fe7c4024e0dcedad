//! What a message tells to write is right: following it word by word ends in the cut that was
//! meant. (Following those for `PV_npvs & 2` once ended in `PV_npvs != 0 && 2 != 0`, accepted.)

use super::*;

/// `source` is refused with a message that says to write `advice`; `followed` is what the
/// expression becomes by that, and holds for these events.
#[track_caller]
fn leads(source: &str, advice: &str, followed: &str, expected: [f64; 3]) {
    let refused = Expression::parse(source).and_then(|e| e.check(&scope(), Some(Kind::Bool)));
    let message = refused.unwrap_err().message().to_owned();
    assert!(message.contains(advice), "{source}: {message}");
    assert!(
        followed.contains(advice),
        "{followed} does not follow {advice}"
    );
    let parsed = Expression::parse(followed).unwrap_or_else(|error| panic!("{error}"));
    let checked = parsed.check(&scope(), Some(Kind::Bool));
    let checked = checked.unwrap_or_else(|error| panic!("{error}"));
    let batch = batch();
    let inputs = Inputs::events(&batch);
    let found = checked.evaluate(&inputs).unwrap();
    same(&found.into_floats().into_vec(3), &expected);
}

#[test]
fn what_a_message_says_to_write_is_the_cut_that_was_meant() {
    let bit = "(PV_npvs & 2) != 0";
    leads("PV_npvs & 2", bit, bit, [1.0, 0.0, 0.0]);
    leads(
        "HLT_a && PV_npvs & 2",
        "",
        "HLT_a && (PV_npvs & 2) != 0",
        [1.0, 0.0, 0.0],
    );
    leads("PV_npvs & 2 != 0", bit, bit, [1.0, 0.0, 0.0]);
    leads(
        "0 != PV_npvs & 2",
        "0 != (PV_npvs & 2)",
        "0 != (PV_npvs & 2)",
        [1.0, 0.0, 0.0],
    );
    leads(
        "PV_npvs & nMuon == nMuon",
        "(PV_npvs & nMuon) == nMuon",
        "(PV_npvs & nMuon) == nMuon",
        [1.0, 1.0, 0.0],
    );
    leads(
        "HLT_a && nMuon",
        "nMuon != 0",
        "HLT_a && nMuon != 0",
        [1.0, 0.0, 1.0],
    );
    leads(
        "HLT_a && nMuon - 2",
        "(nMuon - 2) != 0",
        "HLT_a && (nMuon - 2) != 0",
        [0.0, 0.0, 1.0],
    );
    leads("!nMuon", "nMuon == 0", "nMuon == 0", [0.0, 1.0, 0.0]);
    leads(
        "!(nMuon + PV_npvs)",
        "(nMuon + PV_npvs) == 0",
        "(nMuon + PV_npvs) == 0",
        [0.0; 3],
    );
    leads("~HLT_a", "!HLT_a", "!HLT_a", [0.0, 1.0, 0.0]);
    leads(
        "(MET_pt & 2) != 0",
        "int(MET_pt)",
        "!isnan(MET_pt) && (int(MET_pt) & 2) != 0",
        [1.0, 0.0, 1.0],
    );
    leads(
        "MET_pt^2 > 200",
        "pow(MET_pt, 2)",
        "pow(MET_pt, 2) > 200",
        [0.0, 0.0, 1.0],
    );
    leads(
        "1 < PV_npvs < 8",
        "1 < PV_npvs && PV_npvs < 8",
        "1 < PV_npvs && PV_npvs < 8",
        [1.0, 0.0, 0.0],
    );
    leads(
        "Muon_pt > 30",
        "any(Muon_pt > 30)",
        "any(Muon_pt > 30)",
        [1.0, 0.0, 0.0],
    );
    leads(
        "any(Muon_charge)",
        "Muon_charge != 0",
        "any(Muon_charge != 0)",
        [1.0, 0.0, 1.0],
    );
    leads(
        "max(Muon_pt[Muon_charge]) > 6",
        "Muon_pt[Muon_charge != 0]",
        "max(Muon_pt[Muon_charge != 0]) > 6",
        [1.0, 0.0, 0.0],
    );
    leads("nMuon => 2", ">=", "nMuon >= 2", [1.0, 0.0, 0.0]);
    leads("nMuon = 2", "==", "nMuon == 2", [1.0, 0.0, 0.0]);
    leads("HLT_a and HLT_b", "&&", "HLT_a && HLT_b", [1.0, 0.0, 0.0]);
    leads("HLT_a or HLT_b", "||", "HLT_a || HLT_b", [1.0; 3]);
    leads("not HLT_a", "!", "!HLT_a", [0.0, 1.0, 0.0]);
}

#[test]
fn a_constant_is_no_condition() {
    let refused = |source: &str, says: &str| {
        let refused = Expression::parse(source).and_then(|e| e.check(&scope(), Some(Kind::Bool)));
        let message = refused.unwrap_err().message().to_owned();
        assert!(message.contains(says), "{source}: {message}");
    };
    refused(
        "PV_npvs != 0 && 2 != 0",
        "\"&&\" needs a bool, but 2 != 0 is always true",
    );
    refused("HLT_a || 1 > 2", "1 > 2 is always false");
    refused("true", "a condition is needed, but true is always true");
    refused(
        "!(7 / 2 == 3)",
        "\"!\" needs a bool, but (7 / 2 == 3) is always true",
    );
    refused(
        "PV_npvs != 0 && 2",
        "this is a constant; for bits of a number, write (number & 2) != 0",
    );
    refused("2", "this is a constant");
    refused("(1 < 2 ? HLT_a : HLT_b)", "1 < 2 is always true");
    refused("ratio(1, 1) > 0 && HLT_a", "always");
    let functions = Functions::parse([("cut", "(tight) => tight ? MET_pt > 20 : MET_pt > 10")]);
    let scope = Scope::events(&batch().schema(), &functions.unwrap());
    let chosen = Expression::parse("cut(true)").unwrap();
    assert!(
        chosen.check(&scope, Some(Kind::Bool)).is_ok(),
        "the caller chose"
    );
}

#[test]
fn what_has_no_meaning_in_cpp_is_refused() {
    let refused = |source: &str, says: &str| {
        let refused = Expression::parse(source).and_then(|e| e.check(&scope(), None));
        let message = refused.unwrap_err().message().to_owned();
        assert!(message.contains(says), "{source}: {message}");
    };
    refused(
        "1 << 40",
        "\"<<\" by 40 of 32 bits has no meaning in C++; by 0 to 31 has; a number of 64 bits is written 1ul",
    );
    refused("event >> 64", "by 0 to 63 has");
    refused("PV_npvs >> -1", "by -1 of 32 bits");
    refused("PV_npvs / 0", "division of a whole number by zero");
    refused("Muon_pt[-1]", "counted from 0");
    refused("MET_pt[0]", "needs a list");
    refused(
        "Muon_pt[1.5]",
        "the number of a member is needed, but this is a float",
    );
    refused("sum(Muon_pt[Jet_pt > 3])", "different collections");
    refused(
        "sum(Muon_pt[Muon_eta > 0] * Muon_pt)",
        "chosen by different conditions",
    );
    refused(
        "sum(Muon_pt[HLT_a])",
        "a value per member, but this is one value",
    );
    refused(
        "mass(Muon[0])",
        "vector(Muon_pt[0], Muon_eta[0], Muon_phi[0], Muon_mass[0])",
    );
    refused("Muon_pt.length()", "size(), empty() and at(n)");
    refused("MET_pt.size()", "needs a list or a vector");
    refused(
        "InvariantMass(Muon_pt, Muon_eta, Muon_phi, Muon_mass)",
        "write rows = { pairs = … } and mass(pair)",
    );
    refused("ROOT::VecOps::Take(Muon_pt, 2)", "is Muon_pt[0]");
    refused(
        "sum(Take(Muon_pt, Muon_eta))",
        "needs a list of whole numbers",
    );
    refused(
        "sum(Take(Muon_pt[Muon_pt > 1], Muon_charge))",
        "all of its members",
    );
    refused("sum(Take(MET_pt, Muon_charge))", "all of its members");
    refused("sum(Take(Muon, Muon_charge))", "all of its members");
    refused(
        "sum(Take(Muon_charge, Muon_charge, 0.5))",
        "in the place of a member",
    );
    refused("sum(Take(Muon_pt))", "takes 2 or 3");
    refused("010 + PV_npvs", "octal");
    refused("PV_npvs & Muon", "a vector");
    refused("sum(Muon_pt * int(1e99))", "no int holds");
}

#[test]
fn abs_of_what_is_unsigned_says_what_to_write() {
    let refused = |source: &str| {
        let checked = Expression::parse(source).and_then(|e| e.check(&scope(), None));
        checked.unwrap_err().message().to_owned()
    };
    for (source, advice) in [
        ("abs(run - 5)", "abs(int(run) - 5)"),
        ("std::abs(run - 5)", "std::abs(int(run) - 5)"),
        (
            "TMath::Abs(5 - 2 * (run + 1))",
            "TMath::Abs(5 - 2 * (int(run) + 1))",
        ),
        ("abs(-run)", "abs(-int(run))"),
        ("abs(Muon_pt.size() - 2)", "abs(int(Muon_pt.size()) - 2)"),
        ("abs(event - 7)", "abs(double(event) - 7)"),
        ("abs(run)", "write run without \"abs\""),
    ] {
        let message = refused(source);
        assert!(message.contains(advice), "{source}: {message}");
    }
}

#[test]
fn casts_of_cpp_say_which_function_to_write() {
    for (source, advice) in [
        ("static_cast<int>(MET_pt)", "int(…)"),
        ("static_cast<unsigned int>(MET_pt) > 2", "int(…)"),
        ("static_cast<double>(nMuon) / 2", "double(…)"),
        ("(int)MET_pt", "int(…)"),
        ("2 * (int) (MET_pt + 1)", "int(…)"),
        ("(unsigned int)MET_pt", "int(…)"),
        ("(float)nMuon / 2", "float(…)"),
        ("(Double_t)nMuon", "double(…)"),
        ("Int_t(MET_pt)", "int(…)"),
        ("long(MET_pt)", "trunc(…)"),
        ("(ULong64_t)MET_pt", "trunc(…)"),
        ("bool(nMuon)", "… != 0"),
        ("static_cast<bool>(nMuon)", "… != 0"),
    ] {
        let checked = Expression::parse(source).and_then(|e| e.check(&scope(), None));
        let message = checked.unwrap_err().message().to_owned();
        assert!(message.contains(advice), "{source}: {message}");
    }
}
