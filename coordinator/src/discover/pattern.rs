//! Entries of `files`: globs, paths and URLs.

use std::path::{Component, Path, PathBuf};

use lumimill_common::spelling::spelled_out;
use lumimill_common::store::S3Address;

use super::alternatives::{MOST, alternatives};
use super::input_error::InputError;
use super::remote;
use super::special::SPECIAL;
use super::walk::{Unreadable, Walk};

/// Schemes that name files elsewhere.
const REMOTE: [&str; 4] = ["http", "https", "root", "xrootd"];

/// Adds the URLs, and the paths, relative to `base` unless absolute, that an entry stands for
/// that is no list.
pub(super) fn expand(
    entry: &str,
    base: &Path,
    paths: &mut Vec<String>,
    problems: &mut Vec<InputError>,
) {
    // What is called like a pattern is what is meant.
    let is_there = spelled_out(entry).is_ok_and(|path| base.join(path).exists());
    let entries = match is_there {
        true => Some(vec![entry.to_owned()]),
        false => alternatives(entry),
    };
    let Some(entries) = entries else {
        return problems.push(InputError::TooMany {
            entry: entry.to_owned(),
            most: MOST,
        });
    };
    for entry in entries {
        match expand_one(&entry, base) {
            Ok(found) => paths.extend(found),
            Err(problem) => problems.push(problem),
        }
    }
}

fn expand_one(entry: &str, base: &Path) -> Result<Vec<String>, InputError> {
    if S3Address::is_meant(entry) {
        return remote::expand(entry);
    }
    let path = spelled_out(entry)?;
    if let Some((scheme, _)) = path.split_once("://") {
        return Err(elsewhere(entry, scheme));
    }
    if !path.contains(SPECIAL) || base.join(&path).exists() {
        return Ok(vec![path]);
    }
    let found = matches(&path, base)?;
    if found.is_empty() {
        return Err(InputError::NoMatch {
            pattern: entry.to_owned(),
            folder: match base.as_os_str().is_empty() {
                true => String::from("."),
                false => base.display().to_string(),
            },
        });
    }
    Ok(found)
}

fn elsewhere(url: &str, scheme: &str) -> InputError {
    let url = url.to_owned();
    if REMOTE.contains(&scheme) {
        let scheme = scheme.to_owned();
        return InputError::Remote { url, scheme };
    }
    InputError::BadPattern {
        reason: format!("unknown scheme {scheme:?}"),
        pattern: url,
    }
}

fn matches(entry: &str, base: &Path) -> Result<Vec<String>, InputError> {
    let bad = |reason: String| InputError::BadPattern {
        pattern: entry.to_owned(),
        reason,
    };
    let absolute = Path::new(entry).is_absolute();
    // What is found in `./folder` comes without the dot.
    let is_name = |part: &Component<'_>| !matches!(part, Component::CurDir);
    let base: &Path = &base.components().filter(is_name).collect::<PathBuf>();
    // The folder of the campaign is a name, whatever characters it has; only the entry is a
    // pattern.
    let folder = match absolute {
        true => Path::new("/"),
        false => base,
    };
    let walk = Walk::of(entry).map_err(|error| bad(error.msg.to_owned()))?;
    let found =
        walk.below(folder)
            .map_err(|Unreadable { path, error }| InputError::Unreadable {
                file: path.display().to_string(),
                reason: error.to_string(),
            })?;
    let mut paths = Vec::new();
    for path in found {
        let relative = match absolute {
            true => path.as_path(),
            false => path.strip_prefix(base).unwrap_or(&path),
        };
        let text = relative
            .to_str()
            .ok_or_else(|| bad(format!("it matches {}, which is not UTF-8", path.display())))?;
        // A folder that a pattern happens to match is not meant as a file.
        if !path.is_dir() {
            paths.push(text.to_owned());
        }
    }
    Ok(paths)
}
