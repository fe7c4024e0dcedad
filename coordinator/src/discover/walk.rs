//! The files that a pattern means.

use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};

use glob::{Pattern, PatternError};

use super::special::{MATCHING, SPECIAL};

/// A part of a path, between slashes.
enum Part {
    /// A name as it is.
    Name(String),
    /// Names that match.
    Names(Pattern),
    /// Any folders, none too; those behind links and with a leading dot are not looked into.
    Folders,
}

/// What could not be looked into, and why.
pub(super) struct Unreadable {
    pub(super) path: PathBuf,
    pub(super) error: io::Error,
}

/// A pattern, part by part.
pub(super) struct Walk(Vec<Part>);

impl Walk {
    /// # Errors
    /// What is wrong with the pattern.
    pub(super) fn of(pattern: &str) -> Result<Self, PatternError> {
        let names = pattern.split('/').filter(|name| !["", "."].contains(name));
        let part = |name: &str| match name {
            "**" => Ok(Part::Folders),
            _ if name.contains(SPECIAL) => Pattern::new(name).map(Part::Names),
            _ => Ok(Part::Name(name.to_owned())),
        };
        // `a**` is no pattern, wherever it stands.
        Pattern::new(pattern)?;
        names.map(part).collect::<Result<_, _>>().map(Self)
    }

    /// All that match below a folder, by their names.
    ///
    /// # Errors
    /// The first folder that cannot be read.
    pub(super) fn below(&self, folder: &Path) -> Result<Vec<PathBuf>, Unreadable> {
        let mut found = Vec::new();
        collect(folder, &self.0, &mut found)?;
        found.dedup();
        Ok(found)
    }
}

fn collect(at: &Path, parts: &[Part], found: &mut Vec<PathBuf>) -> Result<(), Unreadable> {
    let Some((part, rest)) = parts.split_first() else {
        found.push(at.to_owned());
        return Ok(());
    };
    match part {
        Part::Name(name) => {
            let path = at.join(name);
            match rest.is_empty() && !path.exists() {
                true => Ok(()),
                false => collect(&path, rest, found),
            }
        }
        Part::Names(pattern) => {
            for entry in entries(at)? {
                let name = entry.file_name();
                // What is not UTF-8 is told to who asks for it, and no reason to stop where not.
                if pattern.matches_with(&name.to_string_lossy(), MATCHING) {
                    collect(&entry.path(), rest, found)?;
                }
            }
            Ok(())
        }
        Part::Folders => {
            collect(at, rest, found)?;
            for entry in entries(at)? {
                let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
                if is_folder && !entry.file_name().to_string_lossy().starts_with('.') {
                    collect(&entry.path(), parts, found)?;
                }
            }
            Ok(())
        }
    }
}

/// What is in a folder, by name; nothing where there is no folder.
fn entries(folder: &Path) -> Result<Vec<DirEntry>, Unreadable> {
    let here = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    };
    if !here.is_dir() {
        return Ok(Vec::new());
    }
    let unreadable = |error| Unreadable {
        path: folder.to_owned(),
        error,
    };
    let read = fs::read_dir(here).map_err(unreadable)?;
    let mut entries = read.collect::<io::Result<Vec<_>>>().map_err(unreadable)?;
    entries.sort_by_key(DirEntry::file_name);
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    fn found(folder: &Path, pattern: &str) -> Vec<String> {
        let Ok(paths) = Walk::of(pattern).unwrap().below(folder) else {
            panic!("{pattern}")
        };
        let name = |path: PathBuf| {
            let path = path.strip_prefix(folder).unwrap_or(&path).to_owned();
            path.to_string_lossy().into_owned()
        };
        paths.into_iter().map(name).collect()
    }

    /// A stray file with such a name stopped every campaign that looked into its folder.
    #[test]
    fn names_that_are_not_utf8_are_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let make = |name: &[u8]| {
            let path = folder.path().join(OsStr::from_bytes(name));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        };
        let names: [&[u8]; 7] = [
            b"a/x.root",
            b"a/y\xff.txt",
            b"a/b/z.root",
            b"a/.hidden.root",
            b"a/.c/u.root",
            b"\xfe/x.root",
            b"b.root",
        ];
        names.into_iter().for_each(make);
        let at = folder.path();
        assert_eq!(found(at, "*.root"), ["b.root"]);
        assert_eq!(found(at, "a/*.root"), ["a/x.root"]);
        assert_eq!(found(at, "a/./[x]*"), ["a/x.root"]);
        assert_eq!(found(at, "*/x.root"), ["a/x.root", "\u{fffd}/x.root"]);
        assert_eq!(found(at, "a/**/*.root"), ["a/x.root", "a/b/z.root"]);
        assert_eq!(found(at, "none/*"), [""; 0]);
        assert_eq!(found(at, "a/y*"), ["a/y\u{fffd}.txt"]);
        assert!(Walk::of("a**").is_err() && Walk::of("[").is_err());
    }
}
