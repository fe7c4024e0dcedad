//! All mistakes of a stage, each with its place.

use super::*;

#[test]
fn several_mistakes_are_reported_together() {
    let message = compile(
        "where = \"nMuon => 2\"\nrows = { pairs = \"Muon\", charge = \"opposite\", where = \"ptt > 3\" }\n\
         keep = [\"run\", \"MET_ptt\", \"Muon_pt\"]\nselect = \"m\"\n\
         [stage.columns]\nm = \"mass(pair)\"\nd = \"deltaR(first)\"\ne = \"d + 1\"\nf = \"twice(pair)\"",
        &batch().schema(),
    );
    let expected = "\
stage[0].where: expected an operator, found \"=>\"; write >=
  nMuon => 2
        ^^
stage[0].rows.where: unknown column \"ptt\"; nearest: pt
  ptt > 3
  ^^^
stage[0].keep[1]: no branch \"MET_ptt\"; nearest: MET_pt
stage[0].keep[2]: branch \"Muon_pt\" has a value per member of Muon, not one per row; make a column of it, such as max(Muon_pt)
stage[0].columns.d: \"deltaR\" takes 2 or 4 arguments, but 1 are given
  deltaR(first)
  ^^^^^^^^^^^^^
stage[0].columns.f: in function \"twice\": \"*\" needs numbers, but this is a vector; take its mass, pt, eta or phi
  (x) => 2 * x
             ^
called here
  twice(pair)
  ^^^^^^^^^^^
stage[0].select: a condition is needed, but this is a float; write m != 0, or another comparison
  m
  ^";
    assert_eq!(message.unwrap_err(), expected);
}

#[test]
fn a_collection_that_is_not_there_is_named_once() {
    let message = compile(
        "rows = { each = \"Muons\", where = \"pt > 3\" }\n[stage.columns]\nx = \"eta\"",
        &batch().schema(),
    );
    assert_eq!(
        message.unwrap_err(),
        "stage[0].rows.each: no collection \"Muons\" (list branches named Muons_…); nearest: Muon"
    );
}

#[test]
fn pairs_need_pt_and_charge() {
    let whole = batch();
    let without: Vec<usize> = (0..whole.num_columns())
        .filter(|at| {
            !["Muon_pt", "Muon_charge"].contains(&whole.schema().field(*at).name().as_str())
        })
        .collect();
    let schema = whole.project(&without).unwrap().schema();
    let message = compile("rows = { pairs = \"Muon\", charge = \"same\" }", &schema);
    assert_eq!(
        message.unwrap_err(),
        "stage[0].rows.pairs: this needs Muon_pt, which is missing\n\
         stage[0].rows.charge: this needs Muon_charge, which is missing"
    );
}

#[test]
fn a_broken_function_is_one_mistake() {
    let functions = [("twice".to_owned(), "(x) => 2 *".to_owned())];
    let stage = stage("rows = \"event\"\n[stage.columns]\na = \"twice(MET_pt)\"");
    let problems = Program::compile(&stage, "stage[0]", &functions, &batch().schema()).unwrap_err();
    let found: Vec<String> = problems
        .iter()
        .map(|p| format!("{}: {}", p.path, p.message))
        .collect();
    assert_eq!(
        found,
        ["functions.twice: expected a value, found the end\n  (x) => 2 *\n            ^"]
    );
}

#[test]
fn a_function_with_the_name_of_a_column_is_a_mistake() {
    let functions = ["MET_pt", "good", "fine"].map(|name| (name.to_owned(), "(x) => x".to_owned()));
    let stage = stage("rows = \"event\"\n[stage.columns]\ngood = \"fine(MET_pt)\"");
    let problems = Program::compile(&stage, "stage[0]", &functions, &batch().schema()).unwrap_err();
    let found: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "functions.MET_pt: is the name of a column, too: choose another",
            "functions.good: is the name of a column, too: choose another"
        ]
    );
}

#[test]
fn all_unknown_names_of_an_expression_are_said_and_nothing_that_follows_from_a_mistake() {
    let message = compile(
        "where = \"nMuonn > 2 && MET_ptt > MET_ph\"\nrows = \"event\"\n\
         keep = [\"MET_phi as angle\"]\nselect = \"good && nMuons > 1\"\n\
         [stage.columns]\ngood = \"MET_pt >\"\nx = \"good + angle\"\ny = \"first\"",
        &batch().schema(),
    )
    .unwrap_err();
    let said: Vec<&str> = message
        .lines()
        .filter(|line| line.starts_with("stage[0]"))
        .collect();
    let expected = [
        "stage[0].where: unknown column \"nMuonn\"; nearest: nMuon",
        "stage[0].where: unknown column \"MET_ptt\"; nearest: MET_pt",
        "stage[0].where: unknown column \"MET_ph\"; nearest: MET_pt",
        "stage[0].keep[0]: no branch \"MET_phi\"; nearest: MET_pt",
        "stage[0].columns.good: expected a value, found the end",
        "stage[0].columns.y: unknown column \"first\"",
        "stage[0].select: unknown column \"nMuons\"; nearest: nMuon",
    ];
    assert_eq!(said, expected, "{message}");
}
