//! The messages a person reads.

use super::*;

fn message(scope: &Scope, source: &str, expected: Option<Kind>) -> String {
    match Expression::parse(source) {
        Err(error) => error.to_string(),
        Ok(expression) => expression.check(scope, expected).unwrap_err().to_string(),
    }
}

#[track_caller]
fn says(source: &str, expected: &str) {
    assert_eq!(message(&scope(), source, Some(Kind::Bool)), expected);
}

#[test]
fn syntax() {
    // A table of rows that are put together has no counters.
    let told = message(&scope(), "nJet > 3", Some(Kind::Bool));
    assert!(
        told.starts_with("unknown column \"nJet\"; write Jet_"),
        "{told}"
    );
    says(
        "MET_pt > ",
        "expected a value, found the end\n  MET_pt > \n           ^",
    );
    says(
        "MET_pt > 3)",
        "expected an operator, found \")\"\n  MET_pt > 3)\n            ^",
    );
    says(
        "(MET_pt > 3",
        "expected \")\", found the end\n  (MET_pt > 3\n             ^",
    );
    says(
        "MET_pt = 3",
        "unexpected \"=\"; to compare, write ==\n  MET_pt = 3\n         ^",
    );
    says(
        "HLT_a and HLT_b",
        "expected an operator, found \"and\"; write &&\n  HLT_a and HLT_b\n        ^^^",
    );
    says(
        "1 < MET_pt < 3",
        "comparisons cannot be chained; write 1 < MET_pt && MET_pt < 3\n  1 < MET_pt < 3\n             ^",
    );
    says(
        "3pt > 1",
        "malformed number \"3pt\"; a name that begins with a digit stands in backticks\n  3pt > 1\n  ^^^",
    );
    says(
        "1_000 > 1",
        "malformed number \"1_000\"; a name that begins with a digit stands in backticks\n  1_000 > 1\n  ^^^^^",
    );
    says("1e999 > 1", "number out of range\n  1e999 > 1\n  ^^^^^");
    says(
        "9223372036854775808 > 1",
        "number out of range; an unsigned one ends in u: 9223372036854775808u\n  9223372036854775808 > 1\n  ^^^^^^^^^^^^^^^^^^^",
    );
    says(
        "µ > 1",
        "unexpected character 'µ'; a name of other characters than letters, digits and _ stands in \
         backticks: `a-b`\n  µ > 1\n  ^",
    );
    says("", "expected a value, found the end\n  \n  ^");
}

#[test]
fn unknown_names() {
    says(
        "Muon_ptt > 3",
        "unknown column \"Muon_ptt\"; nearest: Muon_pt\n  Muon_ptt > 3\n  ^^^^^^^^",
    );
    says(
        "HLT_a &&\n  MET_p > 3",
        "unknown column \"MET_p\"; nearest: MET_pt\n    MET_p > 3\n    ^^^^^",
    );
    says(
        "sqr(4) > 1",
        "unknown function \"sqr\"; nearest: sqrt\n  sqr(4) > 1\n  ^^^",
    );
    let pairs = scope().pairs("Muon");
    assert_eq!(
        message(&pairs, "pt > 3", None),
        "unknown column \"pt\"; rows are pairs of Muon: write first.pt or second.pt\n  pt > 3\n  ^^"
    );
    assert_eq!(
        message(&pairs, "first.ptt", None),
        "Muon has no member \"ptt\"; nearest: pt\n  first.ptt\n        ^^^"
    );
    assert_eq!(
        message(&scope(), "sum(mass(Jet))", None),
        "no column \"Jet_mass\", which this is computed from\n  sum(mass(Jet))\n      ^^^^^^^^^"
    );
}

#[test]
fn kinds() {
    says(
        "nMuon",
        "a condition is needed, but this is an int; write nMuon != 0, or another comparison\n  nMuon\n  ^^^^^",
    );
    says(
        "HLT_a && nMuon",
        "\"&&\" needs a bool, but this is an int; write nMuon != 0, or another comparison\n  HLT_a && nMuon\n           ^^^^^",
    );
    says(
        "!MET_pt",
        "\"!\" needs a bool, but this is a float; write MET_pt == 0\n  !MET_pt\n  ^^^^^^^",
    );
    says(
        "abs(1, 2) > 1",
        "\"abs\" takes 1 argument, but 2 are given\n  abs(1, 2) > 1\n  ^^^^^^^^^",
    );
    says(
        "sum(MET_pt) > 1",
        "\"sum\" needs a list, with a value per member; this is one value\n  sum(MET_pt) > 1\n      ^^^^^^",
    );
    says(
        "mass(MET_pt) > 1",
        "\"mass\" needs a vector, such as first, second or pair, but this is a float\n  mass(MET_pt) > 1\n       ^^^^^^",
    );
    says(
        "PV_npvs % 0 == 1",
        "remainder of a division by zero\n  PV_npvs % 0 == 1\n            ^",
    );
    let pairs = scope().pairs("Muon");
    assert_eq!(
        message(&pairs, "pair > 3", None),
        "\">\" needs numbers, but this is a vector; take its mass, pt, eta or phi\n  pair > 3\n  ^^^^"
    );
    assert_eq!(
        message(&pairs, "pair.charge", None),
        "a sum of vectors has no member \"charge\"; it has mass, pt, eta, phi, rapidity, px, py, pz, energy\n  pair.charge\n       ^^^^^^"
    );
}

#[test]
fn shapes() {
    says(
        "Muon_pt > 3",
        "one value per row is needed, but this has one per member of Muon; write any(Muon_pt > 3) or all(Muon_pt > 3)\n  Muon_pt > 3\n  ^^^^^^^^^^^",
    );
    says(
        "any(Muon_pt > Jet_pt)",
        "cannot combine members of Muon with members of Jet: they are different collections\n  any(Muon_pt > Jet_pt)\n      ^^^^^^^^^^^^^^^^",
    );
    assert_eq!(
        message(&scope().pairs("Muon"), "count(Jet_pt > first.pt)", None),
        "cannot combine a value of the row with each member of Jet; reduce the list first\n  count(Jet_pt > first.pt)\n        ^^^^^^^^^^^^^^^^^"
    );
}

#[test]
fn functions() {
    says(
        "bad(MET_pt) > 1",
        "in function \"bad\": unknown column \"Muon_ptt\"; nearest: Muon_pt\n  (a) => a + Muon_ptt\n             ^^^^^^^^\ncalled here\n  bad(MET_pt) > 1\n  ^^^^^^^^^^^",
    );
    says(
        "ratio(1) > 1",
        "\"ratio\" takes 2 arguments, but 1 are given\n  ratio(1) > 1\n  ^^^^^^^^",
    );
    let errors = Functions::parse([
        ("f", "(a) => g(a)"),
        ("g", "(a) => f(a) + 1"),
        ("sqrt", "(a) => a"),
        ("h", "a + 1"),
    ]);
    let errors: Vec<String> = errors
        .unwrap_err()
        .iter()
        .map(|(name, error)| format!("{name}: {}", error.message()))
        .collect();
    assert_eq!(
        errors,
        [
            "sqrt: \"sqrt\" is a built-in function; choose another name",
            "h: expected \"(\", found \"a\"",
            "f: function \"f\" calls itself, by g",
            "g: function \"g\" calls itself, by f",
        ]
    );
}

#[test]
fn what_is_wrong_with_a_call_in_a_function_is_told_where_it_is_written() {
    let errors = Functions::parse([
        ("ratio", "(a, b) => a / (a + b)"),
        ("one", "(a) => ratio(a) + ratio(a, a)"),
        ("two", "(a) => 1 + rato(a, a)"),
        ("3rd", "(a) => a"),
        ("by", "(a) => a"),
        ("four", "(a) => by(a)"),
        ("loop", "(a) => loop(a)"),
    ]);
    let errors: Vec<String> = errors
        .unwrap_err()
        .iter()
        .map(|(name, error)| format!("{name}: {error}"))
        .collect();
    assert_eq!(
        errors,
        [
            "3rd: \"3rd\" is no name: letters, digits and _, no digit first; choose another \
             name\n  (a) => a\n  ^^^^^^^^",
            "by: \"by\" means something else in an expression; choose another name\n  (a) => \
             a\n  ^^^^^^^^",
            "loop: function \"loop\" calls itself\n  (a) => loop(a)\n         ^^^^^^^",
            "one: \"ratio\" takes 2 arguments, but 1 are given\n  (a) => ratio(a) + ratio(a, \
             a)\n         ^^^^^^^^",
            "two: unknown function \"rato\"; nearest: ratio\n  (a) => 1 + rato(a, a)\n             \
             ^^^^",
        ]
    );
}

/// What a function leaves out is in no plan, and would be looked at 2^40 times.
#[test]
fn functions_that_leave_arguments_out_end_early() {
    let names: Vec<String> = (0..40).map(|i| format!("f{i}")).collect();
    let bodies: Vec<String> = (0..40)
        .map(|i| format!("(a) => left(f{0}(a), f{0}(a))", i + 1))
        .collect();
    let chain = names.iter().zip(&bodies);
    let chain = chain.map(|(name, body)| (name.as_str(), body.as_str()));
    let chain = chain.chain([("f40", "(a) => a"), ("left", "(a, b) => a")]);
    let scope = Scope::events(&batch().schema(), &Functions::parse(chain).unwrap());
    let error = message(&scope, "f0(MET_pt)", None);
    assert!(error.contains("too large"), "{error}");
    let many = format!("max({})", vec!["f25(MET_pt)"; 700].join(", "));
    let error = message(&scope, &many, None);
    assert!(error.contains("too large"), "{error}");
}

#[test]
fn hostile_input_is_refused_early() {
    let refused = |source: String, message: &str| {
        let error = Expression::parse(&source)
            .and_then(|e| e.check(&scope(), None))
            .unwrap_err();
        assert!(error.message().contains(message), "{}", error.message());
    };
    refused("(".repeat(16_000), "levels deep");
    refused("-".repeat(16_000), "levels deep");
    refused("a?".repeat(8_000), "levels deep");
    refused(format!("1{}", "+1".repeat(8_000)), "levels deep");
    refused("abs(".repeat(4_000), "levels deep");
    refused("1".repeat(20_000), "at most 16384");
    let names: Vec<String> = (0..60).map(|i| format!("f{i}")).collect();
    let bodies: Vec<String> = (0..60)
        .map(|i| format!("(a) => f{}(a + a)", i + 1))
        .collect();
    let chain = names
        .iter()
        .map(String::as_str)
        .zip(bodies.iter().map(String::as_str));
    let chain = chain.chain([("f60", "(a) => a")]);
    let scope = Scope::events(&batch().schema(), &Functions::parse(chain).unwrap());
    let error = Expression::parse("f0(MET_pt)")
        .unwrap()
        .check(&scope, None)
        .unwrap_err();
    assert!(error.message().contains("too large"), "{error}");
}
