//! Records of the store as this version reads them.

use lumimill_common::form::{FormError, Stored, read};
use lumimill_common::store::{Key, Store, StoreError};

/// What a newer version wrote. Nobody may replace or remove it, nor call it damaged.
#[derive(Debug, thiserror::Error)]
#[error("{location}: {key}: {reason}")]
pub(crate) struct NewerVersion {
    /// The store.
    pub location: String,
    /// The object.
    pub key: String,
    /// Which form it has, and which are read.
    pub reason: String,
}

/// Something of the store without which nobody can begin, and the command that makes it anew.
#[derive(Debug, thiserror::Error)]
#[error("{location}: {key} {what}: {remedy}")]
pub(crate) struct Unusable {
    /// The store.
    pub location: String,
    /// The object.
    pub key: String,
    /// What is wrong with it.
    pub what: String,
    /// What to type.
    pub remedy: &'static str,
}

/// What makes a plan anew that nobody submitted.
pub(crate) const RUN_AGAIN: &str = "lumimill run with the campaign file makes it anew (for a pool, \
                             lumimill submit), and does again only what is not done";
/// What makes anew what was submitted.
pub(crate) const SUBMIT_AGAIN: &str = "lumimill submit with the campaign file makes it anew, and does \
                                again only what is not done";

impl Unusable {
    /// Something of a store.
    pub(crate) fn new(
        store: &dyn Store,
        key: &Key,
        what: impl Into<String>,
        remedy: &'static str,
    ) -> Self {
        Self {
            location: store.location(),
            key: key.to_string(),
            what: what.into(),
            remedy,
        }
    }
}

/// Why an object of the store cannot be read, as an error that names it.
pub(crate) fn unreadable(
    store: &dyn Store,
    key: &Key,
    error: &FormError,
    remedy: &'static str,
) -> anyhow::Error {
    match error.is_newer() {
        true => newer(store, key, error).into(),
        false => Unusable::new(store, key, format!("is {error}"), remedy).into(),
    }
}

/// What is said of what a newer version wrote.
pub(crate) fn newer(store: &dyn Store, key: &Key, error: &FormError) -> NewerVersion {
    NewerVersion {
        location: store.location(),
        key: key.to_string(),
        reason: error.to_string(),
    }
}

/// The bytes of an object that is read whole; one that is larger than it may be is damaged.
pub(crate) async fn bytes(
    store: &dyn Store,
    key: &Key,
    remedy: &'static str,
) -> anyhow::Result<Option<Vec<u8>>> {
    match store.get(key).await {
        Err(error) if error.is_large() => Err(large(store, key, &error, remedy).into()),
        found => Ok(found?),
    }
}

/// What is said of an object that is larger than it may be.
pub(crate) fn large(
    store: &dyn Store,
    key: &Key,
    error: &StoreError,
    remedy: &'static str,
) -> Unusable {
    Unusable::new(
        store,
        key,
        format!("is damaged: {}", error.reason()),
        remedy,
    )
}

/// Reads a record that was found under a key.
pub(crate) fn record<T: Stored>(
    store: &dyn Store,
    key: &Key,
    bytes: &[u8],
    remedy: &'static str,
) -> anyhow::Result<T> {
    read(bytes).map_err(|error| unreadable(store, key, &error, remedy))
}
