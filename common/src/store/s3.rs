//! S3-compatible storage as a store.
//!
//! Objects appear as a whole by the service's own promise; one writer wins
//! [`Store::put_if_absent`] and [`Store::put_if_version`] by a conditional request, where the
//! service knows it (see [`S3Store::prepare`]), else by turns. A put that failed without an answer may still arrive later, so it is to be
//! repeated with the same bytes only. Every upload carries a checksum that the service compares. No type of
//! the vendor's client leaves this module.

mod begun;
mod bounded;
mod client;
mod condition;
mod failure;
mod get;
mod listing;
#[cfg(test)]
mod lying;
mod object;
mod scratch;
mod settings;
mod slowness;
mod upload;
mod waiting;
mod web;

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;
use std::io::ErrorKind;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use tokio::sync::OnceCell;

use self::condition::Condition;
use self::failure::{NO_BUCKET, S3Failure};
use self::get::{Answer, Get, Part};
use self::listing::{Listing, Named};
use self::scratch::Scratch;
use self::slowness::Clock;
use self::upload::{Unfinished, Upload};
use super::limit::limit;
use super::{Key, Object, S3Address, Store, StoreError, Version, Visit};

pub use begun::S3Begun;
pub use object::{S3Object, S3Reader};
pub use settings::{S3Settings, S3SettingsError};
pub use web::{WebAnswer, web_get};

/// A store in S3-compatible storage.
pub struct S3Store {
    client: Client,
    settings: S3Settings,
    address: S3Address,
    scratch: Scratch,
    /// Tells the puts of this store from those of all others.
    nonce: String,
    puts: AtomicU64,
    /// Whether the service knows puts on the condition that there is no object.
    conditional: OnceCell<bool>,
    /// The same where there is one of a version.
    matching: OnceCell<bool>,
    unfinished: Unfinished,
}

impl S3Store {
    /// A store at an address; nothing is asked of the service yet.
    pub fn open(address: S3Address, settings: S3Settings) -> Result<Self, S3SettingsError> {
        let nonce = format!(
            "{:016x}{:016x}",
            RandomState::new().hash_one(std::process::id()),
            RandomState::new().hash_one(address.bucket())
        );
        Ok(Self {
            client: client::client(&settings)?,
            settings,
            address,
            scratch: Scratch::within(&std::env::temp_dir()),
            nonce,
            puts: AtomicU64::new(0),
            conditional: OnceCell::new(),
            matching: OnceCell::new(),
            unfinished: Unfinished::default(),
        })
    }

    /// Makes ready for writing: the bucket is there and may be written to, scratch space is
    /// made in the temporary folder, and conditional requests are tried. `false` when the
    /// service ignores those: what asks before it writes then waits for a turn, which takes
    /// longer.
    pub async fn prepare(&self) -> Result<bool, StoreError> {
        let bucket = self.address.bucket();
        let asked = self.client.head_bucket().bucket(bucket).send().await;
        // Some services would make the bucket when they are asked to write to it.
        asked.map_err(|error| {
            let mut failure = S3Failure::from(error);
            if failure.status == Some(404) {
                failure.reason = String::from(NO_BUCKET);
            }
            self.error("find", bucket, failure)
        })?;
        self.make_scratch()?;
        self.is_conditional().await
    }

    fn make_scratch(&self) -> Result<(), StoreError> {
        let Err(error) = self.scratch.make() else {
            return Ok(());
        };
        let location = self.location();
        let action = "make scratch space";
        let key = self.scratch.path().display().to_string();
        let reason = error.to_string();
        match error.kind() {
            // It may have room again later, and other machines have.
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Err(StoreError::Transient {
                location,
                action,
                key,
                reason,
            }),
            _ => Err(StoreError::Refused {
                location,
                action,
                key,
                reason,
                denied: false,
            }),
        }
    }

    /// Writes a probe twice, both times only where there is none.
    async fn is_conditional(&self) -> Result<bool, StoreError> {
        let probe = async {
            let name = format!("_probe/{}", self.nonce);
            let probe = self.address.name_of(&self.key(&name)?);
            let failed = |failure| self.error("write", &name, failure);
            let first = self.asked(&probe, Vec::new(), Condition::Absent).await;
            let first = match first {
                Err(failure) if failure.status == Some(501) => return Ok(false),
                first => first.map_err(failed)?,
            };
            let second = b"second".to_vec();
            let second = self.asked(&probe, second, Condition::Absent).await;
            self.remove(&probe).await.map_err(failed)?;
            Ok(first && !second.map_err(failed)?)
        };
        self.conditional.get_or_try_init(|| probe).await.copied()
    }

    fn key(&self, text: &str) -> Result<Key, StoreError> {
        text.parse()
            .map_err(|error: super::InvalidKey| StoreError::Refused {
                location: self.location(),
                action: "name",
                key: text.to_owned(),
                reason: error.to_string(),
                denied: false,
            })
    }

    fn upload(&self, name: &str) -> Upload<'_> {
        let number = self.number();
        Upload {
            client: &self.client,
            bucket: self.address.bucket(),
            name: name.to_owned(),
            part: self.settings.part,
            writer: format!("{}-{number}", self.nonce),
            unfinished: &self.unfinished,
        }
    }

    /// Another one each time.
    fn number(&self) -> u64 {
        self.puts.fetch_add(1, Ordering::Relaxed)
    }

    async fn read(&self, name: &str, part: Part) -> Result<Option<Vec<u8>>, S3Failure> {
        let answer = self.answer(name, part).await?;
        Ok(answer.map(|answer| answer.bytes))
    }

    async fn answer(&self, name: &str, part: Part) -> Result<Option<Answer>, S3Failure> {
        let get = Get {
            client: &self.client,
            bucket: self.address.bucket(),
            name,
            part,
            etag: None,
            patience: self.settings.patience,
        };
        get.send().await
    }

    async fn remove(&self, name: &str) -> Result<(), S3Failure> {
        let delete = self.client.delete_object();
        let deleted = delete.bucket(self.address.bucket()).key(name).send().await;
        match deleted.map_err(S3Failure::from) {
            Err(failure) if failure.is(404, "NoSuchKey") => Ok(()),
            deleted => deleted.map(|_| ()),
        }
    }

    fn listing<'a>(&'a self, prefix: &'a str) -> Listing<'a> {
        Listing {
            client: &self.client,
            bucket: self.address.bucket(),
            prefix,
            page: self.settings.page,
        }
    }

    fn error(&self, action: &'static str, key: &str, failure: S3Failure) -> StoreError {
        failure.into_error(&self.settings, self.location(), action, key)
    }
}

#[async_trait]
impl Store for S3Store {
    async fn put(&self, key: &Key, bytes: Vec<u8>) -> Result<(), StoreError> {
        let upload = self.upload(&self.address.name_of(key));
        let sent = upload.whole(bytes).await;
        sent.map_err(|failure| self.error("write", key.as_str(), failure))
    }

    async fn put_file(&self, key: &Key, file: &Path) -> Result<(), StoreError> {
        let upload = self.upload(&self.address.name_of(key));
        let sent = upload.file(file).await;
        sent.map_err(|failure| self.error("write", key.as_str(), failure))?;
        // The object is there; a file that stays is swept with the scratch space.
        let _ = std::fs::remove_file(file);
        Ok(())
    }

    async fn put_if_absent(&self, key: &Key, bytes: Vec<u8>) -> Result<bool, StoreError> {
        self.put_on(key, bytes, Condition::Absent).await
    }

    async fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, StoreError> {
        let whole = Part::Whole(limit(key));
        let found = self.read(&self.address.name_of(key), whole).await;
        found.map_err(|failure| self.error("read", key.as_str(), failure))
    }

    async fn get_version(&self, key: &Key) -> Result<Option<(Vec<u8>, Version)>, StoreError> {
        let found = self.read_version(key).await;
        found.map_err(|failure| self.error("read", key.as_str(), failure))
    }

    async fn put_if_version(
        &self,
        key: &Key,
        bytes: Vec<u8>,
        version: &Version,
    ) -> Result<bool, StoreError> {
        self.put_on(key, bytes, Condition::Is(version)).await
    }

    async fn get_range(&self, key: &Key, range: Range<u64>) -> Result<Option<Vec<u8>>, StoreError> {
        let count = range.end.saturating_sub(range.start);
        // The service knows no range of no bytes; one byte says whether there is an object.
        let asked = range.start..range.end.max(range.start.saturating_add(1));
        let asked = Part::Range(asked);
        let found = self.read(&self.address.name_of(key), asked).await;
        let found = found.map_err(|failure| self.error("read", key.as_str(), failure))?;
        Ok(found.map(|mut bytes| {
            bytes.truncate(usize::try_from(count).unwrap_or(usize::MAX));
            bytes
        }))
    }

    async fn visit(&self, folder: &Key, each: Visit<'_>) -> Result<(), StoreError> {
        let prefix = format!("{}/", self.address.name_of(folder));
        let mut named = |Named { name, size, md5 }: Named| {
            if let Some(key) = self.address.key_of(&name) {
                each(Object { key, size, md5 });
            }
        };
        let listed = self.listing(&prefix).visit(&|_| true, &mut named).await;
        listed.map_err(|failure| self.error("list", folder.as_str(), failure))
    }

    fn lists_md5(&self) -> bool {
        true
    }

    async fn folders(&self) -> Result<Vec<String>, StoreError> {
        let prefix = self.address.prefix();
        let names = self.listing(&prefix).folders().await;
        names.map_err(|failure| self.error("list", "its folders", failure))
    }

    async fn age(&self, key: &Key) -> Result<Option<Duration>, StoreError> {
        let clock = Clock::default();
        let head = self.client.head_object().bucket(self.address.bucket());
        let head = head.key(self.address.name_of(key)).customize();
        let answer = head.interceptor(clock.clone()).send().await;
        let found = match answer.map_err(S3Failure::from) {
            Ok(found) => found,
            Err(failure) if failure.status == Some(404) => return Ok(None),
            Err(failure) => return Err(self.error("look at", key.as_str(), failure)),
        };
        let written = found.last_modified().map(|time| time.secs());
        let age = clock.seconds().zip(written);
        let age = age.map(|(now, written)| u64::try_from(now.saturating_sub(written)));
        Ok(age.map(|seconds| Duration::from_secs(seconds.unwrap_or_default())))
    }

    async fn delete(&self, key: &Key) -> Result<(), StoreError> {
        let deleted = self.remove(&self.address.name_of(key)).await;
        deleted.map_err(|failure| self.error("delete", key.as_str(), failure))
    }

    fn scratch(&self) -> PathBuf {
        self.scratch.path().to_owned()
    }

    fn location(&self) -> String {
        self.address.to_string()
    }
}

impl fmt::Debug for S3Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Store")
            .field("address", &self.location())
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
