//! URLs of single objects of S3-compatible storage: `s3://bucket/name`.
//!
//! Unlike a [`Key`](super::Key), a name is somebody else's: it may have any letters.

use std::fmt;
use std::str::FromStr;

use super::s3_address::{InvalidS3Address, split};

/// A bucket, and the name of an object in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct S3Url {
    bucket: String,
    name: String,
}

impl S3Url {
    /// Name of the bucket.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// Name of the object in the bucket.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for S3Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.name)
    }
}

impl FromStr for S3Url {
    type Err = InvalidS3Address;

    fn from_str(text: &str) -> Result<Self, InvalidS3Address> {
        let (bucket, name) = split(text)?;
        let invalid = |reason| Err(InvalidS3Address::new(text, reason));
        if name.is_empty() || name.ends_with('/') {
            return invalid("it names no object of the bucket");
        }
        if name.len() > 1024 || name.chars().any(char::is_control) {
            return invalid("a name has at most 1024 bytes and no control characters");
        }
        if name
            .split('/')
            .any(|segment| matches!(segment, "" | "." | ".."))
        {
            return invalid("its name has an empty segment, '.' or '..'");
        }
        Ok(Self {
            bucket: bucket.to_owned(),
            name: name.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::S3Url;

    #[test]
    fn urls_are_read_and_written() {
        for text in [
            "s3://data/a.root",
            "s3://data/2016 G/+run=1/[a]*.root",
            "s3://data/.hidden/ü.root",
        ] {
            assert_eq!(text.parse::<S3Url>().unwrap().to_string(), text);
        }
        for bad in [
            "s3://data",
            "s3://data/",
            "s3://data/folder/",
            "s3://data/../a.root",
            "s3://data//a.root",
            "s3://Data/a.root",
            "s3://user:secret@data/a.root",
            "s3://data/a\n.root",
            "data/a.root",
        ] {
            assert!(bad.parse::<S3Url>().is_err(), "{bad}");
        }
    }
}
