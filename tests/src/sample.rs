//! Sample files, which lie beside the project where they are at hand.

use std::path::{Path, PathBuf};

/// A sample file, such as `nanoaod/nano_dy.root`, when the samples are there: in `data/` of the
/// folder that `LUMIMILL_SHARED` names, or of `../shared` beside the checkout.
#[must_use]
pub fn sample(path: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let shared = std::env::var_os("LUMIMILL_SHARED").map_or(beside, PathBuf::from);
    let file = shared.join("data").join(path);
    file.exists().then_some(file)
}

/// Says loudly that a test could not do its work.
pub fn skipped(test: &str, why: &str) {
    eprintln!("SKIPPED: {test}: {why}");
}
