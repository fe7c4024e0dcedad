//! The MD5 of an object, which most services tell in their listings, as its ETag.

use ::md5::Digest;

/// The MD5 of some bytes. It tells what was put from what was put later; whoever may write objects
/// could find two that have the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Md5([u8; 16]);

impl Md5 {
    /// That of bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(::md5::Md5::digest(bytes).into())
    }

    /// What an ETag says, with its quotes or without, where it can be one: it has another form where
    /// an object was put in parts. That of an encrypted object may look like one, and be of no bytes.
    #[must_use]
    pub fn of_etag(etag: &str) -> Option<Self> {
        let digits = etag.trim_matches('"');
        let is_hex = digits.len() == 32 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let number = is_hex.then(|| u128::from_str_radix(digits, 16).ok());
        number.flatten().map(|number| Self(number.to_be_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::Md5;

    #[test]
    fn an_etag_is_the_md5_of_what_was_put_in_one_go() {
        let abc = "900150983cd24fb0d6963f7d28e17f72";
        for (etag, found) in [
            (abc, Some(Md5::of(b"abc"))),
            (&format!("\"{abc}\""), Some(Md5::of(b"abc"))),
            (&abc.to_uppercase(), Some(Md5::of(b"abc"))),
            (&format!("\"{abc}-3\""), None),
            ("", None),
            ("\"+0000000000000000000000000000000\"", None),
        ] {
            assert_eq!(Md5::of_etag(etag), found, "{etag}");
        }
        assert_ne!(Md5::of_etag(abc), Some(Md5::of(b"abd")));
    }
}
