//! ONNX Runtime's library, for tests that need it.

use lumimill_worker::runtime_library::find;

use crate::sample::skipped;

/// What has a program look for no library.
pub const NO_RUNTIME: (&str, &str) = ("LUMIMILL_ONNXRUNTIME", "none");

/// Whether the library is here, as `deploy/test.sh` sees to; said loudly when it is not, and a
/// failure where `CI` is set.
#[must_use]
pub fn has_runtime(test: &str) -> bool {
    match find() {
        Ok(Some(_)) => true,
        found => {
            let is_ci = std::env::var_os("CI").is_some();
            assert!(!is_ci, "no ONNX Runtime: {found:?}");
            skipped(test, "ONNX Runtime is not here; deploy/test.sh gets it");
            false
        }
    }
}
