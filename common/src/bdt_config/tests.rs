//! Selections as people write them, and what is wrong with others.

use super::*;

fn bin(centrality: &str, pt: &str, cut: &str) -> String {
    // A key of its own for each.
    let name: String = centrality
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    format!(
        r#""AddCentCut-{name}": {{"centMin": {centrality}, "AddPtCut-1": {{"pTMin": {pt},
           "AddMLCut-background": {{"var": "kBdtBackground", {cut}}}}}}}"#
    )
}

fn document(bins: &[String], rest: &str) -> String {
    let files: Vec<String> = (0..bins.len()).map(|at| format!("\"{at}.onnx\"")).collect();
    format!(
        r#"{{"Cut": {{"type": "Binary", "inputFeatures": ["kPt"], "modelFiles": [{}],
           "cent": "kCentFT0C", {}{rest}}}}}"#,
        files.join(", "),
        bins.join(", ")
    )
}

fn parse(text: &str) -> Result<BdtConfig, Vec<String>> {
    BdtConfig::parse(text.as_bytes())
        .map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

const LOW: &str = r#"10, "centMax": 30"#;
const HIGH: &str = r#"30, "centMax": 50"#;
const PT: &str = r#"0, "pTMax": 2"#;

#[test]
fn bins_hold_their_lower_edge_and_cuts_their_value() {
    let text = document(
        &[
            bin("10, \"centMax\": 30, \"x\": 1", PT, r#""cut": 0.5"#),
            bin(HIGH, PT, r#""cut": 0.25, "exclude": true"#),
        ],
        "",
    );
    let config = parse(&text).unwrap();
    assert_eq!(
        (config.name.as_str(), config.kind, config.bins.len()),
        ("Cut", BdtKind::Binary, 2)
    );
    let at = |cent, pt| config.bin_of(cent, pt);
    assert_eq!(
        [at(10.0, 0.0), at(29.99, 1.0), at(30.0, 0.0), at(49.0, 1.99)],
        [Some(0), Some(0), Some(1), Some(1)]
    );
    assert_eq!(
        [
            at(9.99, 1.0),
            at(50.0, 1.0),
            at(20.0, 2.0),
            at(20.0, -0.1),
            at(f64::NAN, 1.0)
        ],
        [None; 5]
    );
    let cut = |bin: usize, score| config.bins[bin].cuts[0].passes(score);
    assert_eq!(
        [cut(0, 0.5), cut(0, 0.51), cut(0, 0.49), cut(0, f64::NAN)],
        [true, true, false, true]
    );
    assert_eq!(
        [cut(1, 0.25), cut(1, 0.26), cut(1, 0.24), cut(1, f64::NAN)],
        [true, false, true, true]
    );
    let [unread, direction] = &config.warnings[..] else {
        panic!("{:?}", config.warnings)
    };
    assert!(unread.ends_with(".x: nothing reads it"), "{unread}");
    assert!(
        direction.contains("its exclude differs from that of Cut.AddCentCut-10"),
        "{direction}"
    );
}

#[test]
fn other_cuts_are_written_and_all_else_stays() {
    let text = document(
        &[bin(
            LOW,
            PT,
            r#""cut": "0.5", "note": [1.0, {"b": 1, "a": 2}]"#,
        )],
        r#", "zeta": 1, "alpha": 2"#,
    );
    let config = parse(&text).unwrap();
    assert!(
        config
            .warnings
            .iter()
            .any(|said| said.contains(".cut: is the string \"0.5\""))
    );
    let written = config.with_cuts(&[(0, 0, 0.625), (7, 0, 1.0)]).unwrap();
    let again = parse(&written).unwrap();
    assert_eq!(again.bins[0].cuts[0].value.to_bits(), 0.625f64.to_bits());
    let compact = |text: &str| text.split_whitespace().collect::<String>();
    assert_eq!(
        compact(&written),
        compact(&text).replace("\"0.5\"", "0.625")
    );
}

#[test]
fn every_mistake_is_told_with_its_path() {
    for (text, told) in [
        ("{", "document: not JSON: EOF while parsing"),
        ("[]", "document: expected an object, found a list"),
        ("{}", "document: is empty"),
        (r#"{"a": 1}"#, "a: expected an object, found a number"),
        (&document(&[], r#""x": 1"#), "Cut.AddCentCut: is missing"),
    ] {
        let found = parse(text).unwrap_err();
        assert!(found.iter().any(|said| said.starts_with(told)), "{found:?}");
    }
    let text = document(
        &[
            bin(LOW, PT, r#""cut": "high""#),
            bin(r#"20, "centMax": 50"#, PT, r#""exclude": 1, "cut": 1"#),
            bin(HIGH, r#"2, "pTMax": 2"#, r#""x": 1"#),
            bin("\"a\"", PT, r#""cut": 1"#),
        ],
        "",
    );
    let text = text
        .replace("[\"kPt\"]", "[7]")
        .replace("kCentFT0C", "kCent")
        .replace("\"3.onnx\"", "\"3.onnx\", \"4.onnx\"");
    let found = parse(&text).unwrap_err();
    for told in [
        "Cut.inputFeatures[0]: expected a string, found a number",
        "Cut.cent: expected one of kCentFT0C, kCentFT0A, kCentFT0M, found \"kCent\"",
        ".AddMLCut-background.cut: expected a number, found a string",
        ".AddMLCut-background.exclude: expected true or false, found a number",
        ".AddPtCut-1: is an empty bin: pTMin is 2 and pTMax is 2",
        ".AddMLCut-background.cut: is missing",
        ".centMin: expected a number, found a string",
        ".centMax: is missing",
        "Cut.modelFiles: has 5 files for 4 bins",
        ".AddPtCut-1: overlaps Cut.AddCentCut-10centMax30",
    ] {
        assert!(
            found.iter().any(|said| said.contains(told)),
            "{told} in {found:#?}"
        );
    }
    let text = document(&[bin(LOW, PT, r#""cut": 0.5"#)], "").replace("Binary", "MultiClass");
    let found = parse(&text).unwrap_err();
    assert!(
        found[0].contains(
            "has 1 cuts (AddMLCut…), and a MultiClass model has 3: background, prompt, nonprompt"
        ),
        "{found:?}"
    );
}

/// 100 MB of numbers took 1.65 GB.
#[test]
fn a_document_larger_than_any_configuration_is_refused_before_it_is_read() {
    let text = format!("[{}0]", "0,".repeat(9 << 20));
    let found = parse(&text).unwrap_err();
    assert!(found[0].contains("has at most 16777216"), "{found:?}");
}

/// Of a cut that is there twice one counted without a word.
#[test]
fn members_that_are_there_twice_are_told_with_the_one_that_counts() {
    let cut = r#""cut": 0.5, "cut": 0.9"#;
    let twice = r#""AddMLCut-background": {"cut": 0.1}"#;
    let text = document(
        &[bin(LOW, PT, cut), bin(HIGH, PT, r#""cut": 0.5"#)],
        r#", "cent": "kCentFT0A""#,
    );
    let config = parse(&text).unwrap();
    assert_eq!(config.centrality, "kCentFT0C");
    assert!((config.bins[0].cuts[0].value - 0.5).abs() < 1e-12);
    let [of_cut, of_cent] = &config.warnings[..] else {
        panic!("{:?}", config.warnings)
    };
    let ending = "is there more than once: the first one counts, as for O2";
    assert!(of_cut.ends_with(&format!("AddPtCut-1.AddMLCut-background.cut: {ending}")));
    assert_eq!(*of_cent, format!("Cut.cent: {ending}"));
    // Blocks are cuts of two classes, which a Binary model has not.
    let text = document(&[bin(LOW, PT, r#""cut": 0.5"#)], "");
    let text = text.replace(
        "\"AddMLCut-background\"",
        &format!("{twice}, \"AddMLCut-background\""),
    );
    let said = parse(&text).unwrap_err();
    assert!(said[0].contains("has 2 cuts (AddMLCut…)"), "{said:?}");
    let text = text
        .replace("Binary", "MultiClass")
        .replace(twice, &format!("{twice}, {twice}"));
    let config = parse(&text).unwrap();
    assert!(
        config.warnings[1].ends_with("is there more than once: all of them count, as for O2"),
        "{:?}",
        config.warnings
    );
}
