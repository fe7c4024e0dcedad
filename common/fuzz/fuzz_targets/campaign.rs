//! Campaign files from any text: a campaign whose parts can be shown and hashed, or mistakes that
//! can be shown; never a panic, and never for long.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lumimill_common::campaign::Campaign;
use lumimill_common::{printable, userinfo};

fuzz_target!(|text: &str| {
    match Campaign::parse(text) {
        Ok(campaign) => {
            assert_eq!(userinfo::find(text), None);
            drop(serde_json::to_string(&campaign).expect("a campaign as JSON"));
        }
        Err(errors) => errors.0.iter().for_each(|error| {
            let message = error.to_string();
            let shown = printable::printable_lines(&message);
            assert!(!shown.contains('\u{1b}') && !shown.contains('\r'));
        }),
    }
    if userinfo::find(text).is_none() {
        assert_eq!(userinfo::hidden(text), text);
    }
});
