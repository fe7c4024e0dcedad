//! The library in this process: loaded once, when the first model asks for it, and never let go.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use ort::environment::Environment;
use ort::logging::LogLevel;
use tracing::debug;

use super::arena::share_memory;
use crate::runtime_library::{INSTALL, Library, find};

static LOADED: OnceLock<Loaded> = OnceLock::new();
static LOADING: Mutex<()> = Mutex::new(());

struct Loaded {
    library: Library,
    environment: Environment,
}

/// What plans and tables call the library that is used here; `None` when there is none.
///
/// # Errors
/// When the one that is there cannot be used.
pub(crate) fn name() -> Result<Option<String>, String> {
    let found = find().map_err(|error| error.to_string())?;
    Ok(found.map(|library| library.name()))
}

/// The library, loaded.
///
/// # Errors
/// When there is none, or it cannot be used.
pub(crate) fn load() -> Result<&'static Library, String> {
    loaded().map(|loaded| &loaded.library)
}

/// The environment of all sessions.
pub(super) fn environment() -> Result<&'static Environment, String> {
    loaded().map(|loaded| &loaded.environment)
}

fn loaded() -> Result<&'static Loaded, String> {
    // One at a time; what failed may be mended meanwhile.
    let _loading = LOADING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(loaded) = LOADED.get() {
        return Ok(loaded);
    }
    let loaded = load_now()?;
    Ok(LOADED.get_or_init(|| loaded))
}

fn load_now() -> Result<Loaded, String> {
    let library = match find().map_err(|error| error.to_string())? {
        Some(library) => library,
        None => return Err(format!("no library of ONNX Runtime is there: {INSTALL}")),
    };
    let told = |error: &dyn std::fmt::Display| {
        let path = library.path.display();
        format!(
            "{}: {path}: cannot be loaded: {error}; {INSTALL}",
            library.place
        )
    };
    // What it logs is also in its errors.
    let logger = |_: LogLevel, _: &str, _: &str, at: &str, message: &str| {
        debug!(at, "onnxruntime: {message}");
    };
    let environment = ort::init_from(&library.path).map_err(|error| told(&error))?;
    let environment = environment
        .with_name("lumimill")
        .with_telemetry(false)
        .with_logger(Arc::new(logger))
        .build()
        .map_err(|error| told(&error))?;
    environment.set_log_level(LogLevel::Error);
    share_memory(&environment).map_err(|error| told(&error))?;
    Ok(Loaded {
        library,
        environment,
    })
}
