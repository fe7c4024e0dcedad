//! Why a shard failed, and the one question that every failure answers: retry or reject.

mod kind;
mod likeness;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use self::kind::FailureKind;
use self::likeness::{likeness, name_likeness};

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
    /// What kind of thing went wrong.
    pub kind: FailureKind,
    /// The file, branch or model concerned.
    pub subject: String,
    /// What was expected, what was found, what to do.
    pub message: String,
}

impl Failure {
    /// A failure that will come back whenever the shard is tried.
    pub fn reject(
        kind: FailureKind,
        subject: impl fmt::Display,
        message: impl fmt::Display,
    ) -> Self {
        Self::new(Disposition::Reject, kind, subject, message)
    }

    /// A failure that may pass.
    pub fn retry(
        kind: FailureKind,
        subject: impl fmt::Display,
        message: impl fmt::Display,
    ) -> Self {
        Self::new(Disposition::Retry, kind, subject, message)
    }

    fn new(
        disposition: Disposition,
        kind: FailureKind,
        subject: impl fmt::Display,
        message: impl fmt::Display,
    ) -> Self {
        Self {
            disposition,
            kind,
            subject: shortened(subject.to_string(), LONGEST_SUBJECT),
            message: shortened(message.to_string(), LONGEST_MESSAGE),
        }
    }

    /// A short name under which like failures are grouped: kind, subject and message without what
    /// differs from one shard to the next, such as numbers, hashes and paths.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let (subject, message) = (name_likeness(&self.subject), self.alike());
        let text = [self.kind.name(), &subject, &message].join("\n");
        blake3::hash(text.as_bytes()).to_hex()[..12].to_owned()
    }

    /// The message, alike for all shards that fail for this reason.
    fn alike(&self) -> String {
        // A path with spaces in it is several words.
        match self.subject.is_empty() {
            true => likeness(&self.message),
            false => likeness(
                &self
                    .message
                    .replace(&self.subject, &name_likeness(&self.subject)),
            ),
        }
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
    use super::{Failure, FailureKind};

    #[test]
    fn a_failure_over_a_name_of_a_megabyte_fits_into_a_report() {
        let name = "ä".repeat(1 << 20);
        let failure = Failure::reject(FailureKind::Input, &name, format!("no branch {name}"));
        assert!(failure.message.starts_with("no branch ä"));
        assert!(failure.message.ends_with("bytes more"), "{failure:?}");
        assert!(failure.message.len() + failure.subject.len() < crate::wire::LIMIT / 2);
    }

    #[test]
    fn like_failures_share_a_fingerprint() {
        let at = |basket| {
            Failure::reject(
                FailureKind::Input,
                "a.root",
                format!("basket {basket} is short"),
            )
        };
        assert_eq!(at(1).fingerprint(), at(27).fingerprint());
        let of = |shard| {
            Failure::retry(
                FailureKind::Store,
                "",
                format!("cannot write part-{shard}.parquet"),
            )
        };
        assert_eq!(
            of("0a1b2c3d4e5f6a7b").fingerprint(),
            of("ffffffffffffffff").fingerprint()
        );
        let read = Failure::retry(
            FailureKind::Store,
            "",
            "cannot read part-0a1b2c3d4e5f6a7b.parquet",
        );
        assert_ne!(of("0a1b2c3d4e5f6a7b").fingerprint(), read.fingerprint());
        let other = Failure::reject(FailureKind::Input, "b.root", "basket 1 is short");
        assert_eq!(at(1).fingerprint(), other.fingerprint(), "in another file");
        let other = Failure::reject(FailureKind::Model, "a.root", "basket 1 is short");
        assert_ne!(at(1).fingerprint(), other.fingerprint());
    }

    #[test]
    fn one_cause_at_many_events_and_files_is_one_group() {
        let at = |file: &str, event: u64, found: &str| {
            let message = format!(
                "{file}: run 278820, lumi {}, event {event} (entry {}): column \"x\" is stored as \
                 i32, which cannot hold {found}",
                event % 7,
                event / 3,
            );
            Failure::reject(FailureKind::Column, file, message).fingerprint()
        };
        let first = at("data/dimuon_0.root", 7, "3000000000");
        for (file, event, found) in [
            ("data/dimuon_17.root", 1_234_567_890_123, "-4e+12"),
            ("s3://bucket/2016/a file.root", 12, "nan"),
            ("/eos/cms/x.root", 12_345_678_901, "2.5"),
        ] {
            assert_eq!(at(file, event, found), first, "{file} {event} {found}");
        }
        let members = |one: u64, other: &str| {
            let message = format!("event {one}: Muon_pt has {one} members, Muon_eta {other}");
            Failure::reject(FailureKind::Column, "a.root", message).fingerprint()
        };
        assert_eq!(members(2, "1 member"), members(30, "2 members"));
    }
}
