//! The store port: where plans, Parquet objects, markers and reports are kept.
//!
//! A store is rooted at one campaign. Its contract, which every adapter passes as one suite:
//! - **atomic**: a key holds the whole of one put or nothing of it, whatever dies meanwhile;
//! - **visible**: what a put returned for is seen by every later get and list, by anyone;
//! - **durable**: it survives the death of the process and of the machine;
//! - **last writer wins** for [`Store::put`]; exactly one writer wins [`Store::put_if_absent`];
//! - **nobody is overwritten unseen** by [`Store::put_if_version`]: of those who read one version,
//!   one writes the next;
//! - **bounded**: what is larger than an object of its kind may be is refused, and not taken into
//!   memory; nor is a listing without an end.

mod key;
mod limit;
mod local;
mod md5;
#[cfg(any(test, feature = "conformance"))]
mod memory;
mod own_place;
mod place;
#[cfg(feature = "s3")]
mod s3;
mod s3_address;
mod s3_url;

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;

use std::fmt::Debug;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;

pub use self::md5::Md5;
pub use key::{InvalidKey, Key};
pub use local::LocalStore;
#[cfg(any(test, feature = "conformance"))]
pub use memory::MemoryStore;
pub use own_place::OwnPlace;
#[cfg(not(feature = "s3"))]
pub use place::WITHOUT_S3;
pub use place::{Place, PlaceError};
#[cfg(feature = "s3")]
pub use s3::{
    S3Begun, S3Object, S3Reader, S3Settings, S3SettingsError, S3Store, WebAnswer, web_get,
};
pub use s3_address::{InvalidS3Address, S3Address};
pub use s3_url::S3Url;

/// An object of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its key.
    pub key: Key,
    /// Its size in bytes.
    pub size: u64,
    /// What its listing says of its bytes, where that is known: of some other bytes it says another
    /// thing, and so may it of these.
    pub md5: Option<Md5>,
}

/// What is done with each object of a listing.
pub type Visit<'a> = &'a mut (dyn FnMut(Object) + Send);

/// Which of the puts to a key an object is of; two puts of the same bytes may be of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version(String);

/// Where a campaign's objects are kept; see the module for the contract.
#[async_trait]
pub trait Store: Send + Sync + Debug {
    /// Writes an object, replacing what was there.
    async fn put(&self, key: &Key, bytes: Vec<u8>) -> Result<(), StoreError>;

    /// Moves a finished file of [`Store::scratch`] to a key, replacing what was there.
    async fn put_file(&self, key: &Key, file: &Path) -> Result<(), StoreError>;

    /// Writes an object where there is none; `false` when there was one already.
    async fn put_if_absent(&self, key: &Key, bytes: Vec<u8>) -> Result<bool, StoreError>;

    /// The whole object, or `None` when there is none.
    ///
    /// # Errors
    /// Also when it is larger than an object of its kind may be, by its key.
    async fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, StoreError>;

    /// The whole object and its version, or `None` when there is none.
    async fn get_version(&self, key: &Key) -> Result<Option<(Vec<u8>, Version)>, StoreError>;

    /// Writes an object where the one that is there is of this version; `false` when it is another
    /// one, or gone: somebody else's, perhaps written upon this one when an answer was lost. Puts
    /// that do not ask for a version are not kept away.
    async fn put_if_version(
        &self,
        key: &Key,
        bytes: Vec<u8>,
        version: &Version,
    ) -> Result<bool, StoreError>;

    /// The bytes of a range that the object has, fewer or none past its end, or `None` when there
    /// is no object. Two ranges of an object may be of two puts.
    async fn get_range(&self, key: &Key, range: Range<u64>) -> Result<Option<Vec<u8>>, StoreError>;

    /// Hands over every object whose key begins with this folder, each once, in no promised order: of
    /// many of them none takes memory for long.
    ///
    /// # Errors
    /// What was handed over is not all then.
    async fn visit(&self, folder: &Key, each: Visit<'_>) -> Result<(), StoreError>;

    /// Every object whose key begins with this folder, in ascending order of keys.
    async fn list(&self, folder: &Key) -> Result<Vec<Object>, StoreError> {
        let mut objects = Vec::new();
        self.visit(folder, &mut |object| objects.push(object))
            .await?;
        objects.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(objects)
    }

    /// Whether listings say what bytes objects have, so that copies of them can be held against that.
    fn lists_md5(&self) -> bool {
        false
    }

    /// Names of the folders that are directly below the root, in ascending order. A folder without
    /// an object may be among them.
    async fn folders(&self) -> Result<Vec<String>, StoreError>;

    /// How long ago an object was written, by the store's own clock; `None` when there is none, or
    /// when the store does not say.
    async fn age(&self, key: &Key) -> Result<Option<Duration>, StoreError>;

    /// Removes an object; removing what is not there is fine.
    async fn delete(&self, key: &Key) -> Result<(), StoreError>;

    /// What is in the place of an object and is none, so that it cannot be put before somebody has
    /// moved that away; `None` where nothing is, as in stores that have no folders.
    async fn obstacle(&self, _key: &Key) -> Result<Option<String>, StoreError> {
        Ok(None)
    }

    /// A folder of this machine for files on their way to the store.
    fn scratch(&self) -> PathBuf;

    /// Gives an object as it is now another name, in scratch space, where the store keeps objects as files
    /// that nobody writes again; `false` where it does not, or cannot.
    fn link(&self, _key: &Key, _file: &Path) -> bool {
        false
    }

    /// Name of the store for messages.
    fn location(&self) -> String;
}

/// Why a store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It may work later: no room, no answer, too many requests.
    #[error("{location}: cannot {action} {key}: {reason}; this may be tried again")]
    Transient {
        /// The store.
        location: String,
        /// What was being done, such as `write`.
        action: &'static str,
        /// The object.
        key: String,
        /// What the store said.
        reason: String,
    },
    /// It will not work until somebody changes something.
    #[error("{location}: cannot {action} {key}: {reason}")]
    Refused {
        /// The store.
        location: String,
        /// What was being done, such as `write`.
        action: &'static str,
        /// The object.
        key: String,
        /// What the store said.
        reason: String,
        /// Whether it is about who asks: credentials, permissions, certificates, or a bucket
        /// that they do not see.
        denied: bool,
    },
    /// It is larger than an object of its kind may be: nobody of ours wrote it.
    #[error("{location}: cannot read {key}: {reason}")]
    Large {
        /// The store.
        location: String,
        /// The object.
        key: String,
        /// Its size, what it should be, and the most bytes of one.
        reason: String,
    },
}

impl StoreError {
    /// Whether the same call may succeed later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Transient { .. })
    }

    /// Whether it is about an object that is larger than it may be.
    #[must_use]
    pub fn is_large(&self) -> bool {
        matches!(self, Self::Large { .. })
    }

    /// Whether somebody else may be given what was refused.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        matches!(self, Self::Refused { denied: true, .. })
    }

    /// What the store said, without where and of what.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::Transient { reason, .. }
            | Self::Refused { reason, .. }
            | Self::Large { reason, .. } => reason,
        }
    }
}
