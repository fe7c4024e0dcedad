//! Masks and run ranges from any text: a value that obeys its own laws, or
//! an error; never a panic, and never memory beyond what the text itself takes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lumimill_common::lumi_mask::LumiMask;
use lumimill_common::run_range::RunRange;

fuzz_target!(|text: &str| {
    if let Ok((mask, _)) = LumiMask::parse("mask", text) {
        check_mask(&mask);
    }
    if let Ok(mask) = serde_json::from_str::<LumiMask>(text) {
        check_algebra(&mask);
    }
    if let Ok(runs) = text.parse::<RunRange>() {
        assert_eq!(runs.to_string().parse(), Ok(runs));
    }
});

fn check_mask(mask: &LumiMask) {
    let (again, notes) = LumiMask::parse("again", &mask.to_json()).expect("its own output");
    assert_eq!(&again, mask);
    assert!(notes.is_empty());
    check_algebra(mask);
}

/// Splits the mask in two at every other range, and puts it together again.
fn check_algebra(mask: &LumiMask) {
    let half = LumiMask::from_ranges(mask.ranges().iter().copied().step_by(2));
    let rest = mask.difference(&half);
    assert_eq!(&half.union(&rest), mask);
    assert_eq!(mask.intersection(&half), half);
    assert!(half.intersection(&rest).is_empty());
    assert_eq!(half.len().saturating_add(rest.len()), mask.len());
    for range in mask.ranges() {
        let (run, first, last) = (range.run(), range.first(), range.last());
        assert!(mask.contains(run, first) && mask.contains(run, last));
        let certified = mask.certified(&[run.get(); 2], &[first.get(), last.get()]);
        assert_eq!(certified.true_count(), 2);
    }
}
