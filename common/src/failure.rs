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
            subject: subject.to_string(),
            message: message.to_string(),
        }
    }

    /// A short name under which like failures are grouped: kind, subject and the message with
    /// its numbers taken out.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut normal = String::with_capacity(self.message.len());
        let mut digits = false;
        for c in self.message.chars() {
            if !c.is_ascii_digit() {
                normal.push(c);
            } else if !digits {
                normal.push('#');
            }
            digits = c.is_ascii_digit();
        }
        let text = [self.kind.as_str(), &self.subject, &normal].join("\n");
        blake3::hash(text.as_bytes()).to_hex()[..12].to_owned()
    }
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
    fn like_failures_share_a_fingerprint() {
        let at = |basket| Failure::reject("input", "a.root", format!("basket {basket} is short"));
        assert_eq!(at(1).fingerprint(), at(27).fingerprint());
        let other = Failure::reject("input", "b.root", "basket 1 is short");
        assert_ne!(at(1).fingerprint(), other.fingerprint());
    }
}
