//! Objects that are read by ranges, without being downloaded, from any thread.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use aws_sdk_s3::Client;
use tokio::sync::Semaphore;

use super::begun::{Coming, S3Begun};
use super::client;
use super::failure::S3Failure;
use super::get::{Answer, Get, Part};
use super::listing::Listing;
use super::settings::{S3Settings, S3SettingsError};
use super::waiting::{begin, wait};
use crate::store::{S3Url, StoreError};

/// Bytes of an object that opening it brings along: small files and what they begin with.
const FIRST: u64 = 16 << 10;
/// Ranges of an object that are on their way at a time before anybody waits for them.
const AT_ONCE: usize = 16;

/// Opens and lists objects of any bucket; what it opens shares its connections.
#[derive(Clone)]
pub struct S3Reader {
    shared: Arc<Shared>,
}

struct Shared {
    client: Client,
    settings: S3Settings,
}

/// An object of known size that gives any range of its bytes, all of one version of it: when
/// somebody replaces it, reading fails.
pub struct S3Object {
    shared: Arc<Shared>,
    url: S3Url,
    size: u64,
    etag: Option<String>,
    first: Vec<u8>,
    /// For those of its ranges that were begun and are on their way.
    places: Arc<Semaphore>,
}

impl S3Reader {
    /// A reader with these settings; nothing is asked of the service yet.
    pub fn new(settings: S3Settings) -> Result<Self, S3SettingsError> {
        let client = client::client(&settings)?;
        let shared = Arc::new(Shared { client, settings });
        Ok(Self { shared })
    }

    /// Opens an object with one request; `None` when there is none of that name. Blocks.
    pub fn open(&self, url: &S3Url) -> Result<Option<S3Object>, StoreError> {
        let shared = self.shared.clone();
        let Some(answer) = shared.get(url, 0..FIRST, None)? else {
            return Ok(None);
        };
        Ok(Some(S3Object {
            shared,
            url: url.clone(),
            size: answer.size,
            etag: answer.etag,
            first: answer.bytes,
            places: Arc::new(Semaphore::new(AT_ONCE)),
        }))
    }

    /// The names in a bucket that begin with a prefix and are wanted, sorted. Blocks.
    pub fn list(
        &self,
        bucket: &str,
        prefix: &str,
        wanted: impl Fn(&str) -> bool + Send + Sync + 'static,
    ) -> Result<Vec<String>, StoreError> {
        let shared = self.shared.clone();
        let (within, start) = (bucket.to_owned(), prefix.to_owned());
        let listed = wait(async move {
            let listing = Listing {
                client: &shared.client,
                bucket: &within,
                prefix: &start,
                page: shared.settings.page,
            };
            listing.names(&wanted).await
        });
        let location = format!("s3://{bucket}");
        let mut names = listed.map_err(|failure| {
            failure.into_error(&self.shared.settings, location, "list", prefix)
        })?;
        names.sort_unstable();
        Ok(names)
    }
}

impl Shared {
    /// Asks for a range of an object and waits for it.
    fn get(
        self: &Arc<Self>,
        url: &S3Url,
        range: Range<u64>,
        etag: Option<&str>,
    ) -> Result<Option<Answer>, StoreError> {
        let (shared, object, etag) = (self.clone(), url.clone(), etag.map(str::to_owned));
        let answer = wait(async move { shared.ask(&object, range, etag.as_deref()).await });
        answer.map_err(|failure| self.error(url, failure))
    }

    async fn ask(
        &self,
        url: &S3Url,
        range: Range<u64>,
        etag: Option<&str>,
    ) -> Result<Option<Answer>, S3Failure> {
        let get = Get {
            client: &self.client,
            bucket: url.bucket(),
            name: url.name(),
            part: Part::Range(range),
            etag,
            patience: self.settings.patience,
        };
        get.send().await
    }

    fn error(&self, url: &S3Url, failure: S3Failure) -> StoreError {
        let location = format!("s3://{}", url.bucket());
        failure.into_error(&self.settings, location, "read", url.name())
    }
}

impl S3Object {
    /// Where it is.
    #[must_use]
    pub fn url(&self) -> &S3Url {
        &self.url
    }

    /// Its size in bytes.
    #[must_use]
    pub fn etag(&self) -> Option<&str> {
        self.etag.as_deref()
    }

    /// Its size in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Fills the whole buffer with the bytes at `offset`. Blocks, with one request unless the
    /// bytes came when it was opened.
    ///
    /// # Errors
    /// Refused when the object is gone, changed since it was opened, or ends earlier.
    pub fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), StoreError> {
        let end = offset.saturating_add(buffer.len() as u64);
        if buffer.is_empty() {
            return Ok(());
        }
        if let Some(known) = part(&self.first, offset, buffer.len()) {
            buffer.copy_from_slice(known);
            return Ok(());
        }
        if end > self.size {
            let reason = format!("bytes {offset} to {end} are past its end at {}", self.size);
            return Err(self.refused(reason));
        }
        let answer = self
            .shared
            .get(&self.url, offset..end, self.etag.as_deref())?;
        let Some(answer) = answer else {
            return Err(self.refused(String::from("it is gone since it was opened")));
        };
        match part(&answer.bytes, 0, buffer.len()) {
            Some(bytes) if answer.size == self.size => {
                buffer.copy_from_slice(bytes);
                Ok(())
            }
            _ => Err(self.refused(format!(
                "it changed since it was opened: {} bytes became {}",
                self.size, answer.size
            ))),
        }
    }

    /// Begins to read ranges, a few at a time, in this order; what was not taken when the result is
    /// dropped is asked for no more.
    #[must_use]
    pub fn begin(&self, ranges: &[Range<u64>]) -> S3Begun {
        let parts = ranges.iter().map(|range| {
            let (shared, places) = (self.shared.clone(), self.places.clone());
            let (url, etag, range) = (self.url.clone(), self.etag.clone(), range.clone());
            let size = self.size;
            let first = range.start;
            let coming = begin(async move {
                let _place = places.acquire_owned().await;
                let length = range.end.saturating_sub(range.start);
                let answer = shared.ask(&url, range, etag.as_deref()).await;
                let answer = answer.ok().flatten();
                let whole =
                    |answer: &Answer| answer.size == size && answer.bytes.len() as u64 == length;
                answer.filter(whole).map(|answer| answer.bytes)
            });
            Coming::of(first, coming)
        });
        S3Begun(parts.collect())
    }

    fn refused(&self, reason: String) -> StoreError {
        let failure = S3Failure {
            transient: false,
            status: None,
            code: None,
            reason,
        };
        self.shared.error(&self.url, failure)
    }
}

fn part(bytes: &[u8], offset: u64, length: usize) -> Option<&[u8]> {
    let start = usize::try_from(offset).ok()?;
    bytes.get(start..start.checked_add(length)?)
}

impl fmt::Debug for S3Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Reader")
            .field("settings", &self.shared.settings)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for S3Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Object")
            .field("url", &self.url)
            .field("size", &self.size)
            .field("etag", &self.etag)
            .finish_non_exhaustive()
    }
}
