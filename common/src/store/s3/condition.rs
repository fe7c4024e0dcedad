//! Writes that ask what is there: by conditional requests, or alone by turns where the service
//! ignores those.
//!
//! Turns need no more than that a put is seen by every later listing: who wants one puts an
//! object of their own beside the key and looks; with nobody else there they have it. What
//! somebody left who died stays for a while and is removed by whoever waits for it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::S3Store;
use super::failure::S3Failure;
use super::get::Part;
use super::listing::Listing;
use super::upload::WRITER;
use crate::store::limit::limit;
use crate::store::{Key, StoreError, Version};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ChecksumAlgorithm;

/// What must hold for a put.
#[derive(Debug, Clone, Copy)]
pub(super) enum Condition<'a> {
    /// No object is there.
    Absent,
    /// The object is of this version.
    Is(&'a Version),
}

/// How long a turn is kept free for somebody who does not answer; longer than a request and all
/// its attempts. Half of it is what one may take.
const LEASE: Duration = Duration::from_secs(60);
/// Looks at whose turn it is: time between them, at first and at most.
const LOOK: [Duration; 2] = [Duration::from_millis(20), Duration::from_millis(640)];
/// Attempts at a put that met another one on its way.
const CONFLICTS: u32 = 8;

impl S3Store {
    /// Puts where the condition holds; `false` when the service says that it does not.
    pub(super) async fn put_on(
        &self,
        key: &Key,
        bytes: Vec<u8>,
        condition: Condition<'_>,
    ) -> Result<bool, StoreError> {
        let failed = |failure| self.error("write", key.as_str(), failure);
        let name = &self.address.name_of(key);
        if self.knows(condition).await? {
            return self.asked(name, bytes, condition).await.map_err(failed);
        }
        let turn = self.turn(name).await.map_err(failed)?;
        let put = async {
            let found = self.read_version(key).await?.map(|(_, version)| version);
            let holds = match condition {
                Condition::Absent => found.is_none(),
                Condition::Is(version) => found.as_ref() == Some(version),
            };
            if holds && turn.since.elapsed() > LEASE / 2 {
                return Err(S3Failure {
                    transient: true,
                    status: None,
                    code: None,
                    reason: String::from("it took too long, and it is somebody else's turn"),
                });
            }
            if holds {
                self.upload(name).whole(bytes).await?;
            }
            Ok(holds)
        };
        let put = put.await;
        // What stays is removed by whoever waits for it.
        let _ = self.remove(&turn.name).await;
        put.map_err(failed)
    }

    /// A whole object and its version.
    pub(super) async fn read_version(
        &self,
        key: &Key,
    ) -> Result<Option<(Vec<u8>, Version)>, S3Failure> {
        let (name, whole) = (self.address.name_of(key), Part::Whole(limit(key)));
        let Some(answer) = self.answer(&name, whole).await? else {
            return Ok(None);
        };
        let version = answer.etag.ok_or_else(|| S3Failure {
            transient: false,
            status: None,
            code: None,
            reason: String::from("the service does not say which version of the object it is"),
        })?;
        Ok(Some((answer.bytes, Version(version))))
    }

    /// Whether the service knows such a condition, tried once.
    async fn knows(&self, condition: Condition<'_>) -> Result<bool, StoreError> {
        match condition {
            Condition::Absent => self.is_conditional().await,
            Condition::Is(_) => {
                let tried = self.matching.get_or_try_init(|| self.try_matching());
                tried.await.copied()
            }
        }
    }

    /// Writes a probe, and again where it is of a version that it is not.
    async fn try_matching(&self) -> Result<bool, StoreError> {
        if !self.is_conditional().await? {
            return Ok(false);
        }
        let name = format!("_probe/{}-version", self.nonce);
        let probe = self.address.name_of(&self.key(&name)?);
        let failed = |failure| self.error("write", &name, failure);
        let first = self.upload(&probe).whole(Vec::new()).await;
        first.map_err(failed)?;
        let other = Version(String::from("\"00000000000000000000000000000000\""));
        let second = self
            .asked(&probe, b"second".to_vec(), Condition::Is(&other))
            .await;
        self.remove(&probe).await.map_err(failed)?;
        match second {
            Err(failure) if matches!(failure.status, Some(400 | 501)) => Ok(false),
            second => second.map(|written| !written).map_err(failed),
        }
    }

    /// The put as the service judges it.
    pub(super) async fn asked(
        &self,
        name: &str,
        bytes: Vec<u8>,
        condition: Condition<'_>,
    ) -> Result<bool, S3Failure> {
        let upload = self.upload(name);
        let mut conflicts = 0;
        loop {
            let put = self
                .client
                .put_object()
                .bucket(self.address.bucket())
                .key(name)
                .body(ByteStream::from(bytes.clone()))
                .checksum_algorithm(ChecksumAlgorithm::Crc32)
                .metadata(WRITER, &upload.writer);
            let put = match condition {
                Condition::Absent => put.if_none_match("*"),
                Condition::Is(version) => put.if_match(&version.0),
            };
            let failure = match put.send().await.map_err(S3Failure::from) {
                Ok(_) => return Ok(true),
                Err(failure) => failure,
            };
            match failure.status {
                // The answer to an attempt that did write may have been lost: who is there?
                Some(412) => return upload.is_there().await,
                Some(404) if matches!(condition, Condition::Is(_)) && failure.is_no_key() => {
                    return Ok(false);
                }
                Some(409) if conflicts < CONFLICTS => {
                    conflicts += 1;
                    tokio::time::sleep(self.moment(conflicts)).await;
                }
                _ => return Err(failure),
            }
        }
    }

    /// Waits until nobody else writes to a key by turns.
    async fn turn(&self, name: &str) -> Result<Turn, S3Failure> {
        let folder = format!("{name}.turns/");
        let number = self.number();
        let own = format!("{folder}{}-{number}", self.nonce);
        let mut seen: BTreeMap<String, Instant> = BTreeMap::new();
        let mut looks = 0;
        loop {
            let others = self.others(&folder, &own).await?;
            if others.is_empty() {
                let since = Instant::now();
                self.upload(&own).whole(Vec::new()).await?;
                match self.others(&folder, &own).await {
                    Ok(others) if others.is_empty() => return Ok(Turn { name: own, since }),
                    looked => {
                        self.remove(&own).await?;
                        looked?;
                    }
                }
            }
            seen.retain(|name, _| others.contains(name));
            for other in others {
                let since = seen.entry(other.clone()).or_insert_with(Instant::now);
                if since.elapsed() > LEASE {
                    self.remove(&other).await?;
                }
            }
            looks += 1;
            tokio::time::sleep(self.moment(looks)).await;
        }
    }

    /// Who else wants the turn, or has it.
    async fn others(&self, folder: &str, own: &str) -> Result<Vec<String>, S3Failure> {
        let listing = Listing {
            client: &self.client,
            bucket: self.address.bucket(),
            prefix: folder,
            page: self.settings.page,
        };
        listing.names(&|name| name != own).await
    }

    /// A while that grows and is not the same for two who wait.
    fn moment(&self, looks: u32) -> Duration {
        let longest = LOOK[0].saturating_mul(1 << looks.min(8)).min(LOOK[1]);
        let mut hash = blake3::Hasher::new();
        hash.update(self.nonce.as_bytes())
            .update(&self.number().to_le_bytes());
        let share = f64::from(hash.finalize().as_bytes()[0]) / 255.0;
        LOOK[0] + longest.mul_f64(share)
    }
}

/// A turn that one has: the object that says so, and since when.
struct Turn {
    name: String,
    since: Instant,
}
