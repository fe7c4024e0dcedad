//! Where a library is looked for: the first that is there is the one, and if it cannot be used, that
//! is said.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Library, LibraryError, PINNED, Version, version_of};

/// What names a library before all else; `none` has none looked for.
const OURS: &str = "LUMIMILL_ONNXRUNTIME";
/// What other programs on top of the same interface are told by.
const THEIRS: &str = "ORT_DYLIB_PATH";
/// A library's name, after which its version may stand.
const FILE: &str = "libonnxruntime.so";

/// Where a library was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A variable of the environment names it.
    Variable(&'static str),
    /// In `lib/`, in the folder of the program.
    Beside,
    /// Where `lumimill runtime install` puts it.
    Cache,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "{name}"),
            Self::Beside => write!(f, "lib/ beside the program"),
            Self::Cache => write!(f, "the cache of `lumimill runtime install`"),
        }
    }
}

/// The library that is used; `None` when there is none.
///
/// # Errors
/// When the first that is there, or is named, cannot be used.
pub fn find() -> Result<Option<Library>, LibraryError> {
    found_by(&|name| env::var_os(name), env::current_exe().ok())
}

/// The same by the variables of an environment, for a program at a path.
///
/// # Errors
/// As [`find`].
pub fn found_by(
    variable: &dyn Fn(&str) -> Option<OsString>,
    program: Option<PathBuf>,
) -> Result<Option<Library>, LibraryError> {
    for name in [OURS, THEIRS] {
        let Some(named) = variable(name).filter(|named| !named.is_empty()) else {
            continue;
        };
        if name == OURS && named == "none" {
            return Ok(None);
        }
        let named = PathBuf::from(named);
        let path = match named.is_dir() {
            true => newest_in(&named).unwrap_or_else(|| named.join(FILE)),
            false => named,
        };
        return used(path, Place::Variable(name)).map(Some);
    }
    let beside = program.as_deref().and_then(Path::parent);
    let beside = beside.and_then(|folder| newest_in(&folder.join("lib")));
    if let Some(path) = beside {
        return used(path, Place::Beside).map(Some);
    }
    match cached(variable).filter(|path| path.exists()) {
        Some(path) => used(path, Place::Cache).map(Some),
        None => Ok(None),
    }
}

fn used(path: PathBuf, place: Place) -> Result<Library, LibraryError> {
    // The loader looks elsewhere for what is only a name.
    let path = std::path::absolute(&path).unwrap_or(path);
    match version_of(&path) {
        Ok(version) => Ok(Library {
            path,
            version,
            place,
        }),
        Err(reason) => Err(LibraryError {
            path,
            place,
            reason,
        }),
    }
}

/// Where the library of the pinned version is kept; `None` without a home.
#[must_use]
pub fn cached(variable: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let folder = match set("XDG_CACHE_HOME").map(PathBuf::from) {
        Some(folder) if folder.is_absolute() => folder,
        _ => PathBuf::from(set("HOME")?).join(".cache"),
    };
    let folder = folder
        .join("lumimill")
        .join(format!("{}-{PINNED}", super::NAME));
    Some(folder.join(format!("{FILE}.{PINNED}")))
}

/// The library of a folder: the one without a version in its name, else the newest.
fn newest_in(folder: &Path) -> Option<PathBuf> {
    let plain = folder.join(FILE);
    if plain.exists() {
        return Some(plain);
    }
    let entries = fs::read_dir(folder).ok()?.filter_map(Result::ok);
    let versions = entries.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let version: Version = name.strip_prefix(FILE)?.strip_prefix('.')?.parse().ok()?;
        Some((version, entry.path()))
    });
    versions.max().map(|(_, path)| path)
}
