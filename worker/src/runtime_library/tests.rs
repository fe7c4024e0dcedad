//! Libraries that were made up: what is found, in which order, and what is said of what is not used.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Library, LibraryError, Place, Unfit, cached, found_by, version_of};

/// A file that begins as a library does and has the mark of a version far behind.
fn library(folder: &Path, name: &str, version: &str) -> PathBuf {
    let mut bytes = b"\x7fELF".to_vec();
    // The mark lies across the pieces in which the file is read.
    bytes.resize((1 << 20) - 3, 0);
    bytes.extend_from_slice(format!("VERS_{version}\0").as_bytes());
    bytes.resize((1 << 20) + 5000, 1);
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, bytes).unwrap();
    path
}

fn found(
    variables: &[(&str, &Path)],
    program: Option<&Path>,
) -> Result<Option<Library>, LibraryError> {
    let variables: BTreeMap<&str, OsString> = variables
        .iter()
        .map(|(name, value)| (*name, value.as_os_str().to_owned()))
        .collect();
    found_by(
        &|name| variables.get(name).cloned(),
        program.map(Path::to_owned),
    )
}

#[test]
fn the_first_that_is_there_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let ours = library(folder, "ours.so", "1.31.1");
    let theirs = library(folder, "theirs.so", "1.30.0");
    let program = folder.join("bin/lumimill");
    library(folder, "bin/lib/libonnxruntime.so.1.9.0", "1.9.0");
    let beside = library(folder, "bin/lib/libonnxruntime.so.1.24.2", "1.24.2");
    let home = folder.join("home");
    let kept = cached(&|name| (name == "HOME").then(|| home.clone().into_os_string())).unwrap();
    library(
        folder,
        kept.strip_prefix(folder).unwrap().to_str().unwrap(),
        "1.31.1",
    );
    let place = |variables: &[(&str, &Path)], program: Option<&Path>| {
        found(variables, program)
            .unwrap()
            .map(|library| (library.place, library.path))
    };
    let mut variables = vec![
        ("LUMIMILL_ONNXRUNTIME", ours.as_path()),
        ("ORT_DYLIB_PATH", theirs.as_path()),
        ("HOME", home.as_path()),
    ];
    let expected = Some((Place::Variable("LUMIMILL_ONNXRUNTIME"), ours.clone()));
    assert_eq!(place(&variables, Some(&program)), expected);
    variables.remove(0);
    let expected = Some((Place::Variable("ORT_DYLIB_PATH"), theirs.clone()));
    assert_eq!(place(&variables, Some(&program)), expected);
    variables.remove(0);
    let expected = Some((Place::Beside, beside.clone()));
    assert_eq!(place(&variables, Some(&program)), expected);
    assert_eq!(place(&variables, None), Some((Place::Cache, kept)));
    assert_eq!(place(&[], None), None);
    let none = Path::new("none");
    variables.push(("LUMIMILL_ONNXRUNTIME", none));
    assert_eq!(
        place(&variables, Some(&program)),
        None,
        "none is looked for"
    );
    // A folder stands for the library in it.
    let folder = beside.parent().unwrap();
    let expected = Some((Place::Variable("ORT_DYLIB_PATH"), beside.clone()));
    assert_eq!(place(&[("ORT_DYLIB_PATH", folder)], None), expected);
}

#[test]
fn what_is_not_used_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let told = |path: &Path| {
        let found = found(&[("LUMIMILL_ONNXRUNTIME", path)], None);
        found.unwrap_err().to_string()
    };
    let missing = told(&folder.join("missing.so"));
    assert!(
        missing.starts_with("LUMIMILL_ONNXRUNTIME: ") && missing.contains("No such file"),
        "{missing}"
    );
    let old = told(&library(folder, "old.so", "1.20.1"));
    assert!(
        old.contains("is ONNX Runtime 1.20.1, which is too old: 1.24.0 or newer")
            && old.contains("`lumimill runtime install`"),
        "{old}"
    );
    let wrong = told(&library(folder, "wrong.so", "1.26.3"));
    assert!(
        wrong.contains("is ONNX Runtime 1.26.3, whose labels"),
        "{wrong}"
    );
    let text = folder.join("text.so");
    fs::write(&text, "VERS_1.31.1\0").unwrap();
    assert!(told(&text).contains("is no shared library"));
    fs::write(&text, "").unwrap();
    assert!(told(&text).contains("is no shared library"));
    let other = library(folder, "other.so", "GLIBC");
    assert!(told(&other).contains("none of ONNX Runtime"));
    assert!(
        told(folder).contains("libonnxruntime.so: "),
        "an empty folder"
    );
    assert_eq!(version_of(Path::new("/")), Err(Unfit::NoLibrary));
}
