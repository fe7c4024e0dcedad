//! Any bytes as a model that ONNX Runtime is to be given: what is written anew of it is read as the
//! same again, and is hardly longer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lumimill_worker::score::rewritten;

fuzz_target!(|bytes: &[u8]| {
    let Ok(once) = rewritten(bytes) else {
        return;
    };
    assert!(
        once.len() <= 2 * bytes.len() + 64,
        "{} of {}",
        once.len(),
        bytes.len()
    );
    let twice = rewritten(&once);
    assert_eq!(twice.as_ref(), Ok(&once), "it is what it was written from");
});
