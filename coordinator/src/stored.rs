//! Records of the store as this version reads them.

use lumimill_common::form::{FormError, Stored, read};
use lumimill_common::store::{Key, Store};

/// What a newer version wrote. Nobody may replace or remove it, nor call it damaged.
#[derive(Debug, thiserror::Error)]
#[error("{location}: {key}: {reason}")]
pub struct NewerVersion {
    /// The store.
    pub location: String,
    /// The object.
    pub key: String,
    /// Which form it has, and which are read.
    pub reason: String,
}

/// Why an object of the store cannot be read, as an error that names it.
pub(crate) fn unreadable(store: &dyn Store, key: &Key, error: &FormError) -> anyhow::Error {
    let location = store.location();
    match error.is_newer() {
        true => NewerVersion {
            location,
            key: key.to_string(),
            reason: error.to_string(),
        }
        .into(),
        false => anyhow::anyhow!("{location}: {key} cannot be read: {error}"),
    }
}

/// Reads a record that was found under a key.
pub(crate) fn record<T: Stored>(store: &dyn Store, key: &Key, bytes: &[u8]) -> anyhow::Result<T> {
    read(bytes).map_err(|error| unreadable(store, key, &error))
}
