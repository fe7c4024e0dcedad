//! Names and passwords in URLs. They belong into the environment, or into the site's file: an
//! address is copied to plans, reports, messages and logs.

use std::borrow::Cow;

/// What is said of one, which is not repeated.
pub const ADVICE: &str = "a URL has a user name or a password in it, which would be copied into \
                          plans, reports and logs: take it out, and give it in the environment \
                          (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for s3://)";

/// Schemes whose colon may be followed by less than two slashes, by mistake.
const SCHEMES: [&str; 5] = ["s3", "http", "https", "amqp", "amqps"];
/// Bytes of an address that are looked at.
const LONGEST: usize = 4 << 10;

/// Where the first name or password in a URL of a text is, in bytes.
#[must_use]
pub fn find(text: &str) -> Option<usize> {
    next(text, 0).map(|(start, _)| start)
}

/// The text without names and passwords in URLs.
#[must_use]
pub fn hidden(text: &str) -> Cow<'_, str> {
    let mut shown = String::new();
    let mut done = 0;
    while let Some((start, end)) = next(text, done) {
        shown.push_str(text.get(done..start).unwrap_or_default());
        shown.push_str("***");
        done = end;
    }
    match done {
        0 => Cow::Borrowed(text),
        done => Cow::Owned(shown + text.get(done..).unwrap_or_default()),
    }
}

/// The next name or password from a place on: from its first byte to the `@` behind it.
fn next(text: &str, from: usize) -> Option<(usize, usize)> {
    let colons = text.get(from..)?.match_indices(':');
    colons.map(|(at, _)| from + at).find_map(|colon| {
        let rest = text.get(colon + 1..)?;
        let slashes = rest.bytes().take_while(|byte| *byte == b'/').count();
        if slashes < 2 && !is_scheme(text.get(..colon)?) {
            return None;
        }
        let start = colon + 1 + slashes;
        let length = userinfo(text.get(start..)?)?;
        Some((start, start + length))
    })
}

/// Whether a text ends with a scheme of ours.
fn is_scheme(text: &str) -> bool {
    let bytes = text.as_bytes();
    SCHEMES.iter().any(|scheme| {
        let ends = bytes
            .split_at_checked(bytes.len().saturating_sub(scheme.len()))
            .filter(|(_, end)| end.eq_ignore_ascii_case(scheme.as_bytes()));
        ends.is_some_and(|(before, _)| !before.last().is_some_and(u8::is_ascii_alphanumeric))
    })
}

/// Length of the name and password that a text begins with. A password may have slashes in it, as
/// keys of S3 have, although it should be encoded: then what looks like a port is none.
fn userinfo(text: &str) -> Option<usize> {
    let ends = |c: char| c.is_whitespace() || c.is_control() || "\"'`<>,".contains(c);
    let text = text.get(..text.floor_char_boundary(LONGEST))?;
    let token = text.split(ends).next()?;
    let authority = token.split(['/', '?', '#']).next()?;
    if let Some(at) = authority.rfind('@') {
        return Some(at);
    }
    let (_, port) = authority.split_once(':')?;
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit()) && !port.is_empty();
    token.rfind('@').filter(|_| !is_port)
}

#[cfg(test)]
mod tests {
    use super::{find, hidden};

    #[test]
    fn names_and_passwords_are_hidden() {
        for (text, shown) in [
            ("s3://AKIA:sec/ret+1@bucket/a", "s3://***@bucket/a"),
            (
                "https://user:hunter2@host:9000/x",
                "https://***@host:9000/x",
            ),
            ("https://token@host", "https://***@host"),
            ("S3:/user:hunter2@bucket", "S3:/***@bucket"),
            ("s3:user:hunter2@bucket", "s3:***@bucket"),
            (
                "a = \"root://u:p@h//x\", b = 's3://k:s@b/y'",
                "a = \"root://***@h//x\", b = 's3://***@b/y'",
            ),
        ] {
            assert_eq!(hidden(text), shown);
            assert!(find(text).is_some());
        }
    }

    #[test]
    fn other_addresses_stay_as_they_are() {
        for text in [
            "s3://bucket/2016/a@b.root",
            "https://host:9000/a@b",
            "root://eos.cern.ch//store/user/x@y.root",
            "@list.txt",
            "a ? b : c@d",
            "mail me: someone@cern.ch",
            "",
        ] {
            assert_eq!(hidden(text), text);
            assert_eq!(find(text), None, "{text}");
        }
    }
}
