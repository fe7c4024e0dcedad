//! Objects read, whole or a range of them. An answer that breaks off or falls short is asked
//! for again, and never taken for the object; one that is larger than what was asked for may be is
//! refused before it is taken.

use std::ops::Range;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Config, ResponseChecksumValidation};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use tokio::time::{Instant, timeout_at};

use super::super::limit::Limit;
use super::failure::{S3Failure, causes};

/// Times that a get begins anew when its answer breaks off in the middle.
const GETS: usize = 3;
/// Bytes that come at least in the time that an answer is waited for, unless it ends before.
const PACE: usize = 16 << 10;

/// A request for an object.
pub(super) struct Get<'a> {
    pub(super) client: &'a Client,
    pub(super) bucket: &'a str,
    /// Name in the bucket.
    pub(super) name: &'a str,
    pub(super) part: Part,
    /// The version that it must be.
    pub(super) etag: Option<&'a str>,
    /// How long an answer may stand still.
    pub(super) patience: Duration,
}

/// What of an object is read.
#[derive(Debug, Clone)]
pub(super) enum Part {
    /// These bytes, not none.
    Range(Range<u64>),
    /// Everything, when it is no larger than may be.
    Whole(Limit),
}

/// What was asked for, as far as the object has it.
pub(super) struct Answer {
    pub(super) bytes: Vec<u8>,
    /// Size of the whole object.
    pub(super) size: u64,
    pub(super) etag: Option<String>,
}

enum Stop {
    /// Worth another request.
    Broken(String),
    Failed(S3Failure),
}

impl From<S3Failure> for Stop {
    fn from(failure: S3Failure) -> Self {
        Self::Failed(failure)
    }
}

impl Get<'_> {
    /// The answer, or `None` when there is no such object.
    pub(super) async fn send(&self) -> Result<Option<Answer>, S3Failure> {
        let mut broken = String::new();
        for _ in 0..GETS {
            match self.once().await {
                Ok(answer) => return Ok(answer),
                Err(Stop::Broken(reason)) => broken = reason,
                Err(Stop::Failed(failure)) => return Err(failure),
            }
        }
        Err(S3Failure {
            transient: true,
            status: None,
            code: None,
            reason: format!("the answer broke off: {broken}"),
        })
    }

    async fn once(&self) -> Result<Option<Answer>, Stop> {
        let get = self.client.get_object();
        let get = get.bucket(self.bucket).key(self.name);
        let sent = match &self.part {
            Part::Whole(_) => get.send().await,
            Part::Range(range) => {
                // A checksum in the answer is that of the whole object.
                let plain = Config::builder()
                    .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
                get.range(format!(
                    "bytes={}-{}",
                    range.start,
                    range.end.saturating_sub(1)
                ))
                .set_if_match(self.etag.map(str::to_owned))
                .customize()
                .config_override(plain)
                .send()
                .await
            }
        };
        let mut answer = match sent.map_err(S3Failure::from) {
            Ok(answer) => answer,
            Err(failure) if failure.is(404, "NoSuchKey") => return Ok(None),
            Err(failure) if failure.status == Some(412) => return Err(changed().into()),
            // The range begins where the object ends, or later.
            Err(failure) if failure.status == Some(416) => return Ok(Some(nothing())),
            Err(failure) => return Err(failure.into()),
        };
        let etag = answer.e_tag().map(str::to_owned);
        if self.etag.is_some() && etag.as_deref() != self.etag {
            return Err(changed().into());
        }
        let (length, size) = self.announced(&answer)?;
        // No more than was asked for is set aside, whatever was announced.
        let room = match self.part {
            Part::Range(_) => usize::try_from(length).unwrap_or_default(),
            Part::Whole(_) => 0,
        };
        let room = Vec::with_capacity(room);
        let bytes = collect(&mut answer, length, room, self.patience).await?;
        Ok(Some(Answer { bytes, size, etag }))
    }

    /// How many bytes follow, and the size of the object.
    fn announced(&self, answer: &GetObjectOutput) -> Result<(u64, u64), Stop> {
        let length = answer.content_length().and_then(|n| u64::try_from(n).ok());
        let range = match &self.part {
            Part::Range(range) => range,
            Part::Whole(limit) => {
                let unknown = || Stop::Broken(String::from("it does not say how long it is"));
                let length = length.ok_or_else(unknown)?;
                return match length > limit.most {
                    true => Err(S3Failure::large(limit.exceeded(length)).into()),
                    false => Ok((length, length)),
                };
            }
        };
        let asked = range.end.saturating_sub(range.start);
        let size = match answer.content_range().and_then(parse_content_range) {
            Some((first, size)) if first == range.start => size,
            // Some services send a small object as a whole.
            None if range.start == 0 && length.is_some_and(|n| n <= asked) => {
                length.unwrap_or_default()
            }
            _ => return Err(without_ranges().into()),
        };
        let expected = range.end.min(size).saturating_sub(range.start);
        match length {
            Some(length) if length != expected => Err(Stop::Broken(format!(
                "{length} bytes were announced, expected {expected}"
            ))),
            _ => Ok((expected, size)),
        }
    }
}

/// The bytes that follow, never more than were announced, nor slower than may be.
async fn collect(
    answer: &mut GetObjectOutput,
    length: u64,
    mut bytes: Vec<u8>,
    patience: Duration,
) -> Result<Vec<u8>, Stop> {
    // When the next bytes must be there, and how many by then.
    let mut due = (Instant::now() + patience, PACE);
    loop {
        let Ok(part) = timeout_at(due.0, answer.body.next()).await else {
            let (found, seconds) = (bytes.len(), patience.as_secs_f32());
            let reason = format!(
                "it stands still: {found} of {length} bytes came, fewer than {PACE} of them in the \
                 last {seconds} s"
            );
            return Err(Stop::Broken(reason));
        };
        let Some(part) = part else {
            break;
        };
        let part = part.map_err(|error| Stop::Broken(causes(&error)))?;
        if (bytes.len() + part.len()) as u64 > length {
            return Err(Stop::Broken(String::from("it is longer than announced")));
        }
        bytes.extend_from_slice(&part);
        if bytes.len() >= due.1 {
            due = (Instant::now() + patience, bytes.len() + PACE);
        }
    }
    match bytes.len() as u64 == length {
        true => Ok(bytes),
        false => Err(Stop::Broken(format!(
            "{} bytes came, expected {length}",
            bytes.len()
        ))),
    }
}

/// First byte and whole size of `bytes 0-1023/146515`.
fn parse_content_range(text: &str) -> Option<(u64, u64)> {
    let (range, size) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, _) = range.split_once('-')?;
    Some((first.trim().parse().ok()?, size.trim().parse().ok()?))
}

fn nothing() -> Answer {
    Answer {
        bytes: Vec::new(),
        size: 0,
        etag: None,
    }
}

/// What is said of an object that is another one than when it was opened.
fn changed() -> S3Failure {
    refused(
        412,
        "it changed since it was opened: somebody replaced it; plan again when it is complete",
    )
}

fn without_ranges() -> S3Failure {
    refused(
        200,
        "the service does not answer requests for a range of bytes",
    )
}

fn refused(status: u16, reason: &str) -> S3Failure {
    S3Failure {
        transient: false,
        status: Some(status),
        code: None,
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::parse_content_range;

    #[test]
    fn content_ranges_say_where_and_how_much() {
        for (text, read) in [
            ("bytes 0-1023/146515", Some((0, 146_515))),
            ("bytes 5-5/6", Some((5, 6))),
            ("bytes 5-5/*", None),
            ("bytes */6", None),
            ("5-5/6", None),
            ("bytes -1-5/6", None),
        ] {
            assert_eq!(parse_content_range(text), read, "{text}");
        }
    }
}
