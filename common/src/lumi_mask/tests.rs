use std::collections::BTreeSet;
use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::run_range::RunRange;

fn parse(text: &str) -> LumiMask {
    LumiMask::parse("m.json", text).unwrap().0
}

fn notes(text: &str) -> Vec<String> {
    let (_, notes) = LumiMask::parse("m.json", text).unwrap();
    notes.iter().map(ToString::to_string).collect()
}

fn error(text: &str) -> String {
    LumiMask::parse("m.json", text).unwrap_err().to_string()
}

fn has(mask: &LumiMask, run: u32, lumi: u32) -> bool {
    mask.contains(Run::new(run), LumiSection::new(lumi))
}

#[test]
fn nested_and_overlapping_ranges_are_one_set() {
    let text = r#"{"2": [[7, 9], [1, 100], [5, 6], [90, 120], [121, 122]], "1": [[3, 3]]}"#;
    let mask = parse(text);
    assert_eq!(mask.to_json(), r#"{"1": [[3, 3]], "2": [[1, 122]]}"#);
    assert_eq!(mask.len(), 123);
    assert_eq!(
        notes(text),
        [
            "run 2, range 1: starts before the range above it: sorted",
            "run 2, range 2: lies within another range: dropped",
            "run 2, range 0: lies within another range: dropped",
            "run 2, range 3: overlaps another range: merged",
            "run 2, range 4: continues another range: merged",
        ]
        .map(String::from)
    );
}

#[test]
fn a_tidy_mask_has_no_notes() {
    assert!(notes(r#"{"297050": [[12, 137], [193, 776]]}"#).is_empty());
    assert_eq!(notes(r#"{"1": []}"#), ["run 1: no ranges: ignored"]);
    assert_eq!(parse("{}").to_json(), "{}");
}

#[test]
fn every_mistake_is_named_with_its_place() {
    let text = r#"{"1": [[1, 2], [5, 4], [0, 3]], "x": [], "2": [[1.0, 2], [1], [1, 2, 3], 7],
        "3": {"a": 1}, "1": [[9, 9]], "4": [[1, 4294967296], [-1, 5], ["1", 2]], "05": []}"#;
    let Err(MaskError::Problems { problems, .. }) = LumiMask::parse("m.json", text) else {
        panic!("refused")
    };
    let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let expected = [
        r#"run "x": not a run: expected a number from 1 to 4294967295"#,
        r#"run "05": not a run: expected a number from 1 to 4294967295"#,
        r#"run "1", range 1: [5, 4] is inverted: the first comes after the last"#,
        r#"run "1", range 2: 0 is not a lumi section: expected an integer from 1 to 4294967295"#,
        r#"run "1": appears more than once"#,
        r#"run "2", range 0: 1.0 is not a lumi section: expected an integer from 1 to 4294967295"#,
        r#"run "2", range 1: expected [first, last], found [1]"#,
        r#"run "2", range 2: expected [first, last], found [1,2,3]"#,
        r#"run "2", range 3: expected [first, last], found 7"#,
        r#"run "3": expected a list of ranges, found {"a":1}"#,
        r#"run "4", range 0: 4294967296 is not a lumi section: expected an integer from 1 to 4294967295"#,
        r#"run "4", range 1: -1 is not a lumi section: expected an integer from 1 to 4294967295"#,
        r#"run "4", range 2: "1" is not a lumi section: expected an integer from 1 to 4294967295"#,
    ];
    assert_eq!(all, expected);
    assert!(error(text).ends_with("; and 5 more"), "{}", error(text));
}

#[test]
fn what_is_not_json_or_not_a_mask_is_told_apart() {
    let not_json = "mask m.json: not JSON: ";
    let eof = "EOF while parsing";
    assert_eq!(
        error("run 1 is fine"),
        format!("{not_json}expected value at line 1 column 1")
    );
    assert_eq!(
        error(""),
        format!("{not_json}{eof} a value at line 1 column 0")
    );
    assert_eq!(
        error(r#"{"1": [[1, 2]]"#),
        format!("{not_json}{eof} an object at line 1 column 14")
    );
    assert_eq!(
        error(r#"{"1": [[1, 2]]} {}"#),
        format!("{not_json}trailing characters at line 1 column 17")
    );
    assert_eq!(
        error("[[1, 2]]"),
        "mask m.json: invalid type: sequence, expected runs and their lumi ranges at line 1 column 0: \
         expected an object `{\"run\": [[first, last], …]}`"
    );
}

#[test]
fn deep_nesting_is_an_error() {
    assert!(error(&format!("{{\"1\": {}", "[".repeat(100_000))).contains("not JSON"));
}

#[test]
fn a_range_of_every_number_is_never_expanded() {
    let mask = parse(r#"{"1": [[1, 4294967295]], "4294967295": [[1, 4294967295]], "2": [[1, 1]]}"#);
    assert_eq!(mask.len(), 2 * 4_294_967_295 + 1);
    assert_eq!(mask.ranges().len(), 3);
    let certified = mask.certified(&[u32::MAX, 1, 2, 2, 0], &[u32::MAX, u32::MAX, 0, 1, 0]);
    let rows: Vec<bool> = certified.values().iter().collect();
    assert_eq!(rows, [true, true, false, true, false]);
    assert_eq!(mask.difference(&mask).len(), 0);
}

#[test]
fn a_real_certification() {
    let shared = std::env::var("LUMIMILL_SHARED").map_or_else(
        |_| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared")),
        PathBuf::from,
    );
    let path =
        shared.join("data/lumi/Cert_294927-306462_13TeV_EOY2017ReReco_Collisions17_JSON.txt");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("SKIPPED: {} not found", path.display());
        return;
    };
    let (mask, notes) = LumiMask::parse("golden", &text).unwrap();
    assert!(notes.is_empty());
    assert!(has(&mask, 303_825, 115));
    assert!(!has(&mask, 123, 123));
    assert_eq!(mask.to_json(), text.trim());
    let first = mask.restrict(&"297050".parse().unwrap());
    assert_eq!(first.to_json(), r#"{"297050": [[12, 137], [193, 776]]}"#);
}

type Oracle = BTreeSet<(u32, u32)>;

fn ranges() -> impl Strategy<Value = Vec<(u32, u32, u32)>> {
    let edge = prop_oneof![8 => 0u32..40, 1 => (u32::MAX - 12)..=(u32::MAX - 6)];
    let range = (prop_oneof![0u32..4, Just(u32::MAX)], edge, 0u32..7);
    prop::collection::vec(range, 0..20)
}

fn set_and_oracle(ranges: &[(u32, u32, u32)]) -> (LumiMask, Oracle) {
    let mask = LumiMask::from_ranges(ranges.iter().filter_map(|&(run, first, more)| {
        let last = LumiSection::new(first + more);
        LumiRange::try_new(Run::new(run), LumiSection::new(first), last)
    }));
    let oracle = ranges
        .iter()
        .flat_map(|&(run, first, more)| (first..=first + more).map(move |lumi| (run, lumi)))
        .collect();
    (mask, oracle)
}

fn expanded(mask: &LumiMask) -> Oracle {
    mask.iter()
        .map(|(run, lumi)| (run.get(), lumi.get()))
        .collect()
}

fn is_normal(mask: &LumiMask) -> bool {
    let sorted = mask.ranges().windows(2).all(|pair| pair[0] < pair[1]);
    sorted
        && mask
            .ranges()
            .windows(2)
            .all(|pair| !pair[0].touches(pair[1]))
}

proptest! {
    #[test]
    fn the_algebra_agrees_with_sets(a in ranges(), b in ranges()) {
        let ((a, x), (b, y)) = (set_and_oracle(&a), set_and_oracle(&b));
        let runs: RunRange = "1-2".parse().unwrap();
        let restricted: Oracle = x.iter().copied().filter(|&(run, _)| run == 1 || run == 2).collect();
        for (mask, oracle) in [
            (a.clone(), x.clone()),
            (a.union(&b), &x | &y),
            (a.intersection(&b), &x & &y),
            (a.difference(&b), &x - &y),
            (a.restrict(&runs), restricted),
        ] {
            prop_assert_eq!(expanded(&mask), oracle);
            prop_assert!(is_normal(&mask));
        }
        prop_assert_eq!(a.len(), x.len() as u64);
        prop_assert_eq!(a.digest() == b.digest(), x == y);
        prop_assert_eq!(a.runs().count(), x.iter().map(|&(run, _)| run).collect::<BTreeSet<_>>().len());
    }

    #[test]
    fn columns_are_certified_row_by_row(
        set in ranges(),
        rows in prop::collection::vec((prop_oneof![0u32..5, Just(u32::MAX)], prop_oneof![0u32..50, (u32::MAX - 14)..=u32::MAX]), 0..200),
        sorted in any::<bool>(),
    ) {
        let (mask, oracle) = set_and_oracle(&set);
        let mut rows = rows;
        if sorted {
            rows.sort_unstable();
        }
        let (runs, lumis): (Vec<u32>, Vec<u32>) = rows.iter().copied().unzip();
        let certified = mask.certified(&runs, &lumis);
        for (at, row) in rows.iter().enumerate() {
            prop_assert_eq!(certified.value(at), oracle.contains(row));
            prop_assert_eq!(has(&mask, row.0, row.1), oracle.contains(row));
        }
    }

    #[test]
    fn pairs_in_any_order_make_the_same_set(rows in prop::collection::vec((0u32..3, 0u32..30), 0..100)) {
        let mask = LumiMask::from_pairs(
            rows.iter().map(|&(run, lumi)| (Run::new(run), LumiSection::new(lumi))),
        );
        prop_assert_eq!(expanded(&mask), rows.into_iter().collect::<Oracle>());
        prop_assert!(is_normal(&mask));
    }

    #[test]
    fn json_goes_there_and_back(set in ranges()) {
        let (mask, _) = set_and_oracle(&set);
        let json = mask.to_json();
        prop_assert_eq!(&serde_json::from_str::<LumiMask>(&json).unwrap(), &mask);
        let spaceless = serde_json::to_string(&mask).unwrap();
        prop_assert_eq!(spaceless, json.replace(' ', ""));
        let zero = mask.iter().any(|(run, lumi)| run.get() == 0 || lumi.get() == 0);
        match LumiMask::parse("m", &json) {
            Ok((back, notes)) => {
                prop_assert!(!zero && notes.is_empty());
                prop_assert_eq!(back, mask);
            }
            Err(_) => prop_assert!(zero),
        }
    }

    #[test]
    fn any_text_gives_a_mask_or_an_error(text in r#"[\[\]{}",:0-9a e.-]{0,60}"#) {
        if let Ok((mask, _)) = LumiMask::parse("m", &text) {
            prop_assert!(is_normal(&mask));
        }
    }
}
