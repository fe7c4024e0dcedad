//! Failed records from any bytes: what is read is written again as it was meant.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lumimill_common::failure::FailedRecord;
use lumimill_common::form;

fuzz_target!(|bytes: &[u8]| {
    let Ok(record) = form::read::<FailedRecord>(bytes) else {
        return;
    };
    for attempt in &record.attempts {
        drop(attempt.failure.fingerprint());
    }
    let again = form::write(&record).expect("a failed record as JSON");
    assert_eq!(form::read::<FailedRecord>(&again).ok(), Some(record));
});
