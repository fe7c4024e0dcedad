//! Control records from any bytes: what is read is written again as it was meant.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lumimill_common::control::{Control, PlanKeys};
use lumimill_common::form;

fuzz_target!(|bytes: &[u8]| {
    let Ok(control) = form::read::<Control>(bytes) else {
        return;
    };
    drop(PlanKeys::submitted(&control.plan));
    assert!(control.pools().count() <= 1 + control.more_pools.len());
    let again = form::write(&control).expect("a control record as JSON");
    assert_eq!(form::read::<Control>(&again).ok(), Some(control));
});
