//! Small models that ask for more memory than there is are refused in words; `make_hostile_models.py` makes
//! them.

use std::path::Path;

use lumimill_common::campaign::EngineChoice;
use lumimill_worker::score::{Description, Model, keep_runtime_within};

#[test]
fn small_models_that_ask_for_much_are_refused() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hostile_models");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        assert!(bytes.len() < 200_000, "{}", path.display());
        let refused = Model::from_bytes("hostile", &bytes);
        let told = refused.map(|_| ()).unwrap_err().to_string();
        assert!(told.contains("columns"), "{}: {told}", path.display());
        count += 1;
    }
    assert_eq!(count, 6);
}

/// What a model makes of a row may depend on its values: then no look at the file says how much, and
/// the process was killed by the system.
#[test]
fn what_a_model_makes_of_values_has_an_end() {
    keep_runtime_within(512 << 20);
    if lumimill_worker::score::runtime_here().unwrap().is_none() {
        assert!(std::env::var_os("CI").is_none(), "ONNX Runtime is needed");
        eprintln!("skipped: no ONNX Runtime");
        return;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hostile_models/by_value");
    let bytes = std::fs::read(folder.join("by_value.onnx")).unwrap();
    let described = Description::of("by_value", &bytes, EngineChoice::Runtime).unwrap();
    assert_eq!(described.engine, None);
    let told = described.why;
    assert!(told.contains("ConstantOfShape"), "{told}");
    assert!(told.contains("Available memory"), "{told}");
}
