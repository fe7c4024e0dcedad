//! What the notation says, and what it answers to mistakes.

use std::collections::BTreeMap;

use super::{Argument, parse};

fn names(component: &str, text: &str) -> Vec<String> {
    let sum = parse(component, text, &BTreeMap::new()).unwrap();
    let mut names = Vec::new();
    for term in sum.terms {
        for argument in term.part.into_iter().chain(term.arguments) {
            names.push(match argument {
                Argument::Name { name, .. } => name,
                Argument::Number(number) => number.to_string(),
            });
        }
    }
    names
}

fn mistake(text: &str) -> String {
    match parse("signal", text, &BTreeMap::new()) {
        Ok(_) => panic!("{text} is right"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_sum_shares_parameters_by_name_and_has_parts_of_its_own() {
    let two = "gauss(mean, width1) + gauss(mean, width2)";
    assert_eq!(
        names("signal", two),
        ["signal_fraction", "mean", "width1", "mean", "width2"]
    );
    let three = "core * gauss(m, 1e-3) + 0.2*gauss(m, a)+gauss(m, b)";
    assert_eq!(
        names("signal", three),
        ["core", "m", "0.001", "0.2", "m", "a", "m", "b"]
    );
    let own = "gauss + gauss + gauss";
    let parts = [
        "signal_fraction1",
        "signal_mean",
        "signal_width",
        "signal_fraction2",
    ];
    assert_eq!(names("signal", own)[..4], parts);
}

#[test]
fn a_series_names_its_coefficients_by_the_component() {
    assert_eq!(
        names("background", "chebychev(2)"),
        ["background_c1", "background_c2"]
    );
    assert_eq!(names("b", "bernstein(2, one, 0.5)"), ["one", "0.5"]);
    assert_eq!(names("background", " exponential "), ["background_slope"]);
}

#[test]
fn an_unknown_density_is_answered_with_the_nearest() {
    assert_eq!(
        mistake("gauss(mean, width1) + gaus(mean, width2)"),
        "there is no density \"gaus\"; nearest: gauss\n  gauss(mean, width1) + gaus(mean, width2)\n                        ^^^^"
    );
    assert!(mistake("cristal_ball").contains("nearest: crystal_ball"));
    assert!(mistake("zzzzzzzzzz").starts_with("there is no density \"zzzzzzzzzz\"\n"));
}

#[test]
fn a_wrong_number_of_arguments_is_answered_with_the_form() {
    assert_eq!(
        mistake("gauss(mean)"),
        "gauss has 2 arguments, this has 1: gauss(mean, width)\n  gauss(mean)\n  ^^^^^^^^^^^"
    );
    assert!(
        mistake("chebychev").starts_with("chebychev begins with its degree, 1 to 8: chebychev(2)")
    );
    assert!(mistake("chebychev(9)").contains("1 to 8"));
    assert!(mistake("chebychev(2.5)").contains("1 to 8"));
    assert!(mistake("chebychev(2, a)").contains("2 coefficients"));
    assert!(mistake("template(other)").contains("no histogram \"other\""));
}

#[test]
fn marks_out_of_place_are_shown() {
    assert!(mistake("").starts_with("expected the name of a density"));
    assert!(mistake("gauss(mean, width").starts_with("expected \",\" or \")\""));
    assert!(mistake("gauss(mean, width) gauss").starts_with("expected \"+\" or the end"));
    assert!(mistake("f * gauss").contains("the last term"));
    assert!(mistake("1.5 * gauss + gauss").contains("between 0 and 1"));
    assert!(mistake("gauss(mean; width)").starts_with("';' has no meaning"));
    assert!(mistake("gauss(1e999, width)").starts_with("this is no number"));
    assert!(mistake("template(side-band)").contains("between quotation marks"));
    assert!(mistake("template('side-band)").starts_with("this quotation has no end"));
    assert!(mistake("gauss('mean', width)").starts_with("quotation marks are for the histogram"));
    assert!(mistake("template('other-one')").contains("no histogram \"other-one\""));
    assert!(mistake(&"gauss + ".repeat(1000)).starts_with("a model has at most 4096"));
    assert!(mistake("gäuss").contains("nearest: gauss") || mistake("gäuss").contains("no meaning"));
    assert!(mistake(&format!("gauss{}", " + gauss".repeat(8))).contains("at most 8 terms"));
}

#[test]
fn histograms_are_named_before_anybody_has_them() {
    let names = |text: &str| -> Vec<String> { super::template_names(text).into_iter().collect() };
    assert_eq!(
        names("f * template(b) + template( a ) + g * template(b) + gauss(template, width)"),
        ["a", "b"]
    );
    assert_eq!(
        names("template('mc-bkg.2') + template(\"side band\")"),
        ["mc-bkg.2", "side band"]
    );
    for none in [
        "",
        "template('a",
        "template",
        "template(a",
        "template(a, b)",
        "template(1)",
        "templat(a)",
        "gäuss",
    ] {
        assert!(names(none).is_empty(), "{none}");
    }
}
