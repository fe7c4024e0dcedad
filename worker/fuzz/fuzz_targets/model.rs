//! Any bytes as a model: what loads must score. Start from `worker/tests/models` as the corpus.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lumimill_worker::score::{Features, Model};

fuzz_target!(|bytes: &[u8]| {
    let Ok(model) = Model::from_bytes("fuzzed", bytes) else {
        return;
    };
    let width = model.width().unwrap_or(8).min(64);
    let column = [0.5, f32::NAN, -1.0, f32::INFINITY, 0.0];
    let Ok(features) = Features::from_columns(&vec![&column[..]; width]) else {
        return;
    };
    let mut scores = Vec::new();
    if model.score_all(&features, &mut scores).is_ok() {
        assert_eq!(scores.len(), column.len() * model.classes());
    }
});
