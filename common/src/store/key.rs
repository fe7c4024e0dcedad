//! Keys: paths below the root of a store that cannot leave it.

use std::fmt;
use std::str::FromStr;

/// A path below the root of a store: segments of letters, digits, `-`, `_`, `.` and `=`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(String);

/// Text that is not a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a key of the store: expected segments of letters, digits, '-', '_', '.' and '=' with '/' between"
)]
pub struct InvalidKey(String);

impl Key {
    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Last segment.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Key {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '=');
        let segment = |part: &str| {
            !part.is_empty()
                && !part.starts_with('.')
                && part.len() <= 200
                && part.chars().all(letter)
        };
        match text.len() <= 900 && text.split('/').all(segment) {
            true => Ok(Self(text.to_owned())),
            false => Err(InvalidKey(text.chars().take(120).collect())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Key;

    #[test]
    fn keys_stay_below_their_root() {
        for good in ["plan.parquet", "dimuon/_done/0a1b", "report/index.html"] {
            assert_eq!(good.parse::<Key>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            "/etc/passwd",
            "../x",
            "a/../b",
            "a//b",
            "a/",
            "a b",
            ".hidden",
            "a\\b",
            "a\0",
        ] {
            assert!(bad.parse::<Key>().is_err(), "{bad:?}");
        }
    }
}
