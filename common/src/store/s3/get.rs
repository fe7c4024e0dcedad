//! Objects read, whole or a range of them. An answer that breaks off or falls short is asked
//! for again, and never taken for the object.

use std::ops::Range;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Config, ResponseChecksumValidation};
use aws_sdk_s3::operation::get_object::GetObjectOutput;

use super::failure::{S3Failure, causes};

/// Times that a get begins anew when its answer breaks off in the middle.
const GETS: usize = 3;

/// A request for an object.
pub(super) struct Get<'a> {
    pub(super) client: &'a Client,
    pub(super) bucket: &'a str,
    /// Name in the bucket.
    pub(super) name: &'a str,
    /// Bytes of it, not none; everything otherwise.
    pub(super) range: Option<Range<u64>>,
    /// The version that it must be.
    pub(super) etag: Option<&'a str>,
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
        let sent = match &self.range {
            None => get.send().await,
            Some(range) => {
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
        let room = self.range.as_ref().and(length).unwrap_or_default();
        let room = usize::try_from(room).unwrap_or_default();
        let bytes = collect(&mut answer, length, Vec::with_capacity(room)).await?;
        let size = size.unwrap_or(bytes.len() as u64);
        Ok(Some(Answer { bytes, size, etag }))
    }

    /// How many bytes follow, and the size of the object, as far as the answer says it.
    fn announced(&self, answer: &GetObjectOutput) -> Result<(Option<u64>, Option<u64>), Stop> {
        let length = answer.content_length().and_then(|n| u64::try_from(n).ok());
        let Some(range) = &self.range else {
            return Ok((length, length));
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
            _ => Ok((Some(expected), Some(size))),
        }
    }
}

/// The bytes that follow, never more than were announced.
async fn collect(
    answer: &mut GetObjectOutput,
    length: Option<u64>,
    mut bytes: Vec<u8>,
) -> Result<Vec<u8>, Stop> {
    while let Some(part) = answer.body.next().await {
        let part = part.map_err(|error| Stop::Broken(causes(&error)))?;
        bytes.extend_from_slice(&part);
        if length.is_some_and(|length| bytes.len() as u64 > length) {
            return Err(Stop::Broken(String::from("it is longer than announced")));
        }
    }
    match length {
        Some(length) if bytes.len() as u64 != length => Err(Stop::Broken(format!(
            "{} bytes came, expected {length}",
            bytes.len()
        ))),
        _ => Ok(bytes),
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
