//! Addresses of S3-compatible storage: `s3://bucket/prefix`.
//!
//! Knows how they are written, and nothing of how they are reached.

use std::fmt;
use std::str::FromStr;

use super::Key;

/// A bucket, and the folder in it that a store is rooted at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct S3Address {
    bucket: String,
    /// Without slashes at its ends; `None` is the whole bucket.
    prefix: Option<Key>,
}

/// Text that is not an address of S3-compatible storage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an S3 address: {reason}; expected s3://bucket/folder")]
pub struct InvalidS3Address {
    text: String,
    reason: &'static str,
}

impl InvalidS3Address {
    pub(super) fn new(text: &str, reason: &'static str) -> Self {
        // A key or a password may be in it, in the wrong place.
        let text = match text.contains('@') {
            true => "***",
            false => text,
        };
        Self {
            text: text.chars().take(120).collect(),
            reason,
        }
    }
}

/// Bucket and rest of a text that begins with `s3://`.
pub(super) fn split(text: &str) -> Result<(&str, &str), InvalidS3Address> {
    let invalid = |reason| InvalidS3Address::new(text, reason);
    let rest = text
        .strip_prefix("s3://")
        .ok_or_else(|| invalid("it does not begin with s3://"))?;
    let (bucket, below) = rest.split_once('/').unwrap_or((rest, ""));
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-._".contains(c);
    match (3..=63).contains(&bucket.len()) && bucket.chars().all(letter) {
        true => Ok((bucket, below)),
        false => Err(invalid(
            "a bucket has 3 to 63 lower-case letters, digits, '-', '.' and '_'",
        )),
    }
}

impl S3Address {
    /// Whether this text means S3-compatible storage, rightly written or not.
    #[must_use]
    pub fn is_meant(text: &str) -> bool {
        text.starts_with("s3:")
    }

    /// Name of the bucket.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// Last folder; `None` of a whole bucket.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.prefix.as_ref().map(Key::file_name)
    }

    /// The folder below this one.
    pub fn join(&self, folder: &str) -> Result<Self, InvalidS3Address> {
        format!("{self}/{folder}").parse()
    }

    /// Name in the bucket of a key of the store rooted here.
    #[cfg(feature = "s3")]
    pub(super) fn name_of(&self, key: &Key) -> String {
        match &self.prefix {
            Some(prefix) => format!("{prefix}/{key}"),
            None => key.to_string(),
        }
    }

    /// What the names of all objects of the store rooted here begin with.
    #[cfg(feature = "s3")]
    pub(super) fn prefix(&self) -> String {
        let prefix = self.prefix.as_ref();
        prefix.map_or_else(String::new, |prefix| format!("{prefix}/"))
    }

    /// Key of the store rooted here for a name in the bucket.
    #[cfg(feature = "s3")]
    pub(super) fn key_of(&self, name: &str) -> Option<Key> {
        let below = match &self.prefix {
            Some(prefix) => name.strip_prefix(prefix.as_str())?.strip_prefix('/')?,
            None => name,
        };
        below.parse().ok()
    }
}

impl fmt::Display for S3Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}", self.bucket)?;
        match &self.prefix {
            Some(prefix) => write!(f, "/{prefix}"),
            None => Ok(()),
        }
    }
}

impl FromStr for S3Address {
    type Err = InvalidS3Address;

    fn from_str(text: &str) -> Result<Self, InvalidS3Address> {
        let (bucket, prefix) = split(text)?;
        let no_key =
            |_| InvalidS3Address::new(text, "its folder has letters that a key cannot have");
        let prefix = match prefix.trim_end_matches('/') {
            "" => None,
            prefix => Some(prefix.parse().map_err(no_key)?),
        };
        Ok(Self {
            bucket: bucket.to_owned(),
            prefix,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::S3Address;

    #[test]
    fn addresses_are_read_and_written() {
        for (text, shown) in [
            ("s3://data", "s3://data"),
            ("s3://data/", "s3://data"),
            ("s3://data/2016/out/", "s3://data/2016/out"),
        ] {
            assert_eq!(text.parse::<S3Address>().unwrap().to_string(), shown);
        }
        for bad in [
            "s3://",
            "s3:/data",
            "s3://ab/x",
            "s3://Data/x",
            "s3://data/../x",
            "s3://data//x",
            "s3://user:secret@data/x",
            "data/x",
        ] {
            assert!(bad.parse::<S3Address>().is_err(), "{bad}");
        }
    }

    #[test]
    fn what_may_be_a_password_is_not_repeated() {
        for bad in [
            "s3://user:hunter2@data/x",
            "s3://user:hun/ter2@data/x",
            "s3:user:hunter2@data",
        ] {
            let error = bad.parse::<S3Address>().unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("hun"), "{shown}");
        }
    }

    #[test]
    fn campaigns_stay_below_their_prefix() {
        let address: S3Address = "s3://data/out".parse().unwrap();
        assert_eq!(
            address.join("demo").unwrap().to_string(),
            "s3://data/out/demo"
        );
        assert!(address.join("../demo").is_err());
    }
}
