//! Where sample files are.

use std::path::PathBuf;

/// The folder of sample files; says loudly when it is not there.
pub(crate) fn data() -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let shared = std::env::var_os("LUMIMILL_SHARED").map_or_else(|| beside.into(), PathBuf::from);
    let data = shared.join("data");
    if data.is_dir() {
        return Some(data);
    }
    eprintln!("SKIPPED: {} not found", data.display());
    None
}
