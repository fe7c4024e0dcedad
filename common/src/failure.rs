//! Why a shard failed, and the one question that every failure answers: retry or reject.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What to do about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Disposition {
    /// The cause may pass (storage, network, no room): try again after a while.
    Retry,
    /// It will fail again (corrupt file, missing branch, bad model): set it aside.
    Reject,
}

/// Why a shard failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What to do about it.
    pub disposition: Disposition,
    /// What kind of thing went wrong, in one or two words: `input`, `column`, `model`, `store`.
    pub kind: String,
    /// The file, branch or model concerned.
    pub subject: String,
    /// What was expected, what was found, what to do.
    pub message: String,
}

impl Failure {
    /// A failure that will come back whenever the shard is tried.
    pub fn reject(kind: &str, subject: impl fmt::Display, message: impl fmt::Display) -> Self {
        Self::new(Disposition::Reject, kind, subject, message)
    }

    /// A failure that may pass.
    pub fn retry(kind: &str, subject: impl fmt::Display, message: impl fmt::Display) -> Self {
        Self::new(Disposition::Retry, kind, subject, message)
    }

    fn new(
        disposition: Disposition,
        kind: &str,
        subject: impl fmt::Display,
        message: impl fmt::Display,
    ) -> Self {
        Self {
            disposition,
            kind: kind.to_owned(),
            subject: shortened(subject.to_string(), LONGEST_SUBJECT),
            message: shortened(message.to_string(), LONGEST_MESSAGE),
        }
    }

    /// A short name under which like failures are grouped: kind, subject and the message with
    /// its numbers and hashes taken out.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let normal = without_numbers(&self.message);
        let text = [self.kind.as_str(), &self.subject, &normal].join("\n");
        blake3::hash(text.as_bytes()).to_hex()[..12].to_owned()
    }
}

/// Bytes of what is said of a failure: names of files and branches may have any length, and a
/// report of it is to be sent.
const LONGEST_MESSAGE: usize = 16 << 10;
const LONGEST_SUBJECT: usize = 4 << 10;

fn shortened(mut text: String, longest: usize) -> String {
    let more = text.len().saturating_sub(longest);
    if more > 0 {
        text.truncate(text.floor_char_boundary(longest));
        text.push_str(&format!("… and {more} bytes more"));
    }
    text
}

/// A text with a sign in place of every run of digits, hexadecimal ones when there are many.
fn without_numbers(text: &str) -> String {
    const HASH: usize = 12;
    let mut normal = String::with_capacity(text.len());
    let is_word = |c: char| c.is_ascii_alphanumeric();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match is_word(first) {
            true => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            false => first.len_utf8(),
        };
        let (word, left) = rest.split_at(length);
        rest = left;
        if word.len() >= HASH && word.chars().all(|c| c.is_ascii_hexdigit()) {
            normal.push('#');
            continue;
        }
        let mut digits = false;
        for c in word.chars() {
            if !c.is_ascii_digit() {
                normal.push(c);
            } else if !digits {
                normal.push('#');
            }
            digits = c.is_ascii_digit();
        }
    }
    normal
}

impl FailedAttempt {
    /// An attempt that failed for this reason.
    #[must_use]
    pub fn new(attempt: u32, failure: &Failure) -> Self {
        Self {
            attempt,
            fingerprint: failure.fingerprint(),
            failure: failure.clone(),
        }
    }
}

/// What is kept of a shard that failed: `_failed/<shard>.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailedRecord {
    /// The shard.
    pub shard: crate::shard::ShardId,
    /// Every attempt, in order.
    pub attempts: Vec<FailedAttempt>,
}

impl crate::form::Stored for FailedRecord {
    const FORM: u64 = 1;
    const OLDEST: u64 = 0;
}

/// One attempt that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailedAttempt {
    /// Its number, from 1.
    pub attempt: u32,
    /// Why it failed.
    pub failure: Failure,
    /// Under which like failures are grouped.
    pub fingerprint: String,
}

#[cfg(test)]
mod tests {
    use super::Failure;

    #[test]
    fn a_failure_over_a_name_of_a_megabyte_fits_into_a_report() {
        let name = "ä".repeat(1 << 20);
        let failure = Failure::reject("input", &name, format!("no branch {name}"));
        assert!(failure.message.starts_with("no branch ä"));
        assert!(failure.message.ends_with("bytes more"), "{failure:?}");
        assert!(failure.message.len() + failure.subject.len() < crate::wire::LIMIT / 2);
    }

    #[test]
    fn like_failures_share_a_fingerprint() {
        let at = |basket| Failure::reject("input", "a.root", format!("basket {basket} is short"));
        assert_eq!(at(1).fingerprint(), at(27).fingerprint());
        let of = |shard| Failure::retry("store", "", format!("cannot write part-{shard}.parquet"));
        assert_eq!(
            of("0a1b2c3d4e5f6a7b").fingerprint(),
            of("ffffffffffffffff").fingerprint()
        );
        assert_ne!(of("whole").fingerprint(), of("half").fingerprint());
        let other = Failure::reject("input", "b.root", "basket 1 is short");
        assert_ne!(at(1).fingerprint(), other.fingerprint());
    }
}
