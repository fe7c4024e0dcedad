use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

fn contains(text: &str, run: u32) -> bool {
    text.parse::<RunRange>().unwrap().contains(Run::new(run))
}

#[test]
fn both_ends_are_included() {
    assert!(contains("278820-280385", 278820));
    assert!(contains("278820-280385", 280385));
    assert!(!contains("278820-280385", 278819));
    assert!(!contains("278820-280385", 280386));
    assert!(contains("4294967295", u32::MAX));
}

#[test]
fn parts_are_sorted_and_merged() {
    let range: RunRange = " 9, 278822 - 278900 ,278820, 10-11,278890-278901"
        .parse()
        .unwrap();
    assert_eq!(range.to_string(), "9-11,278820,278822-278901");
}

#[test]
fn mistakes_are_named() {
    let error = |text: &str| text.parse::<RunRange>().unwrap_err().to_string();
    assert_eq!(
        error("5-3"),
        "run range \"5-3\": 5-3 is inverted: write 3-5"
    );
    assert_eq!(
        error("1,,2"),
        "run range \"1,,2\": part 2 is empty: expected a run or `first-last`, separated by commas"
    );
    for bad in ["0", "x", "-5", "1-", "1-2-3", "4294967296", "+1", "1.5"] {
        assert!(error(bad).contains("is not a run"), "{bad}: {}", error(bad));
    }
}

proptest! {
    #[test]
    fn agrees_with_a_set_of_runs(parts in prop::collection::vec((1u32..60, 0u32..9), 1..8)) {
        let oracle: HashSet<u32> = parts.iter().flat_map(|&(first, more)| first..=first + more).collect();
        let text = parts
            .iter()
            .map(|(first, more)| format!("{first}-{}", first + more))
            .collect::<Vec<_>>()
            .join(",");
        let range: RunRange = text.parse().unwrap();
        for run in 0..80 {
            prop_assert_eq!(range.contains(Run::new(run)), oracle.contains(&run));
        }
        prop_assert_eq!(range.to_string().parse::<RunRange>().unwrap(), range);
    }
}
