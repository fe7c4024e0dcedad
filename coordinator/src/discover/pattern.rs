//! Entries of `files`: globs, paths, URLs and `@lists`.

use std::path::Path;

use glob::{MatchOptions, Pattern};

use lumimill_common::store::S3Address;

use super::InputError;
use super::remote;

/// Schemes that name files elsewhere.
const REMOTE: [&str; 4] = ["http", "https", "root", "xrootd"];
/// What makes an entry a pattern.
pub(super) const SPECIAL: [char; 3] = ['*', '?', '['];
/// A `*` stays within its folder, and names with a leading dot are not meant.
pub(super) const MATCHING: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

/// Adds the URLs, and the paths, relative to `base` unless absolute, that an entry stands for.
pub(super) fn expand(
    entry: &str,
    base: &Path,
    paths: &mut Vec<String>,
    problems: &mut Vec<InputError>,
) {
    let Some(list) = entry.strip_prefix('@') else {
        return expand_one(entry, base, paths, problems);
    };
    let text = match std::fs::read_to_string(base.join(list)) {
        Ok(text) => text,
        Err(error) => {
            return problems.push(InputError::List {
                list: entry.to_owned(),
                reason: error.to_string(),
            });
        }
    };
    let mut named = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .peekable();
    if named.peek().is_none() {
        problems.push(InputError::List {
            list: entry.to_owned(),
            reason: "it names no file".to_owned(),
        });
    }
    for line in named {
        if line.starts_with('@') {
            problems.push(InputError::List {
                list: entry.to_owned(),
                reason: format!("a list cannot name another list, {line}"),
            });
        } else {
            expand_one(line, base, paths, problems);
        }
    }
}

fn expand_one(entry: &str, base: &Path, paths: &mut Vec<String>, problems: &mut Vec<InputError>) {
    if S3Address::is_meant(entry) {
        return match remote::expand(entry) {
            Ok(urls) => paths.extend(urls),
            Err(problem) => problems.push(problem),
        };
    }
    if let Some((scheme, path)) = entry.split_once("://") {
        if scheme == "file" {
            return expand_one(path, base, paths, problems);
        }
        return problems.push(elsewhere(entry, scheme));
    }
    if !entry.contains(SPECIAL) || base.join(entry).exists() {
        return paths.push(entry.to_owned());
    }
    match matches(entry, base) {
        Ok(found) if found.is_empty() => problems.push(InputError::NoMatch {
            pattern: entry.to_owned(),
            folder: match base.as_os_str().is_empty() {
                true => String::from("."),
                false => base.display().to_string(),
            },
        }),
        Ok(found) => paths.extend(found),
        Err(problem) => problems.push(problem),
    }
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
    // The folder of the campaign is a name, whatever characters it has; only the entry is a
    // pattern.
    let folder = base
        .to_str()
        .ok_or_else(|| bad(format!("the folder {} is not UTF-8", base.display())))?;
    let pattern = match (absolute, folder) {
        (true, _) | (false, "") => entry.to_owned(),
        (false, folder) => format!("{}/{entry}", Pattern::escape(folder)),
    };
    let found = glob::glob_with(&pattern, MATCHING).map_err(|error| bad(error.msg.to_owned()))?;
    let mut paths = Vec::new();
    for path in found {
        let path = path.map_err(|error| InputError::Unreadable {
            file: error.path().display().to_string(),
            reason: error.error().to_string(),
        })?;
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
