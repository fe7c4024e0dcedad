//! Any bytes as a model that ONNX Runtime is to be given: what is written anew of it is read as the
//! same again, and is hardly longer; with its guards it is read, too, and longer by them alone.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lumimill_worker::score::rewritten;

/// Bytes of a guard, at most, and operators that have one, at least so many bytes each.
const GUARD: usize = 4096;
const OPERATOR: usize = 8;

fuzz_target!(|bytes: &[u8]| {
    let Ok(once) = rewritten(bytes) else {
        return;
    };
    let length = |of: &[u8], most: usize| assert!(of.len() <= most, "{} of {}", of.len(), most);
    length(&once.plain, 2 * bytes.len() + 64);
    length(&once.guarded, once.plain.len() * (2 + GUARD / OPERATOR));
    let twice = rewritten(&once.plain).map(|twice| twice.plain);
    assert_eq!(
        twice.as_ref(),
        Ok(&once.plain),
        "it is what it was written from"
    );
    if let Err(problem) = rewritten(&once.guarded) {
        let text = problem.to_string();
        // Guards are nodes, of which a graph has no more than a limit.
        assert!(text.contains("nodes"), "{text}");
    }
});
