//! Paths as people spell them: `~/data/a.root`, `file:///data/a.root`, `data/a.root`.
//!
//! What comes out is a plain path. What it is relative to is not known here.

use thiserror::Error;

/// Why a path cannot be spelled out.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SpellingError {
    /// Nobody says where home is.
    #[error("{text}: the home folder is not known: set HOME, or write the whole path")]
    NoHome {
        /// The path as written.
        text: String,
    },
    /// A URL of another machine.
    #[error(
        "{text}: names the machine {machine:?}: mount or copy the file, and write file:///folder/file \
         or its path"
    )]
    Elsewhere {
        /// The path as written.
        text: String,
        /// The machine.
        machine: String,
    },
}

/// The plain path that a text means: `~` is the home folder, `file:` is nothing but a path.
///
/// # Errors
/// Without a home folder, or when a URL names another machine.
pub fn spelled_out(text: &str) -> Result<String, SpellingError> {
    let home = std::env::var("HOME").ok().filter(|home| !home.is_empty());
    spelled_out_from(text, home.as_deref())
}

fn spelled_out_from(text: &str, home: Option<&str>) -> Result<String, SpellingError> {
    let path = match without_scheme(text) {
        Some(rest) => path_of_url(text, rest)?,
        None => text,
    };
    let below = match path.strip_prefix('~') {
        Some(below) if below.is_empty() || below.starts_with('/') => below,
        _ => return Ok(path.to_owned()),
    };
    let no_home = || SpellingError::NoHome {
        text: text.to_owned(),
    };
    let home = home.ok_or_else(no_home)?;
    Ok(format!("{}{below}", home.trim_end_matches('/')))
}

fn without_scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_at_checked("file:".len())?;
    scheme.eq_ignore_ascii_case("file:").then_some(rest)
}

/// The path of a URL of the scheme `file`; in `file://host/path` the host may only be this one.
fn path_of_url<'a>(text: &str, rest: &'a str) -> Result<&'a str, SpellingError> {
    let Some(after) = rest.strip_prefix("//") else {
        return Ok(rest);
    };
    let (machine, path) = after.split_at(after.find('/').unwrap_or(after.len()));
    match machine {
        "" | "localhost" => Ok(path),
        machine => Err(SpellingError::Elsewhere {
            text: text.to_owned(),
            machine: machine.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::spelled_out_from;

    #[test]
    fn every_spelling_of_a_path() {
        for (text, path) in [
            ("a.root", "a.root"),
            ("~", "/home/me"),
            ("~/a b.root", "/home/me/a b.root"),
            ("~other/a.root", "~other/a.root"),
            ("data/~/a.root", "data/~/a.root"),
            ("file:///data/a.root", "/data/a.root"),
            ("file://localhost/data/a.root", "/data/a.root"),
            ("file:/data/a.root", "/data/a.root"),
            ("FILE:data/*.root", "data/*.root"),
            ("file:~/a.root", "/home/me/a.root"),
            ("files:1.root", "files:1.root"),
            ("filé", "filé"),
        ] {
            assert_eq!(spelled_out_from(text, Some("/home/me/")).unwrap(), path);
        }
    }

    #[test]
    fn what_nobody_can_find_is_said() {
        let error = spelled_out_from("file://data/a.root", None).unwrap_err();
        assert!(error.to_string().contains("file:///folder/file"), "{error}");
        let error = spelled_out_from("~/a.root", None).unwrap_err();
        assert!(error.to_string().contains("set HOME"), "{error}");
    }
}
