//! The record of a shard's failed attempts, in the store: below `_retrying` while it is tried
//! again, below `_failed` once it was given up, nowhere when it was done after all.

use crate::campaign::StageName;
use crate::failure::{FailedAttempt, FailedRecord};
use crate::form;
use crate::shard::ShardId;
use crate::stage_keys::{failed_key, retrying_key};
use crate::store::{Key, Store, StoreError};

/// Adds an attempt; `last` when the shard is given up with it.
pub async fn keep(
    store: &dyn Store,
    stage: &StageName,
    shard: ShardId,
    attempt: FailedAttempt,
    last: bool,
) -> Result<(), StoreError> {
    let retrying = retrying_key(stage, shard);
    let mut record = read(store, &retrying).await?.unwrap_or(FailedRecord {
        shard,
        attempts: Vec::new(),
    });
    record.attempts.push(attempt);
    let bytes = form::write(&record);
    let bytes = bytes.map_err(|error| refused(store, "write", &retrying, error))?;
    if !last {
        return store.put(&retrying, bytes).await;
    }
    store.put(&failed_key(stage, shard), bytes).await?;
    store.delete(&retrying).await
}

/// Forgets the attempts of a shard that was done after all, or that is begun anew. A record that
/// stays for want of an answer says nothing: the marker is the only truth.
pub async fn forget(store: &dyn Store, stage: &StageName, shard: ShardId) {
    for key in [retrying_key(stage, shard), failed_key(stage, shard)] {
        let _ = store.delete(&key).await;
    }
}

/// One that is damaged is begun anew; one that a newer version wrote is left to it.
async fn read(store: &dyn Store, key: &Key) -> Result<Option<FailedRecord>, StoreError> {
    let bytes = match store.get(key).await {
        // As one that is damaged: it is not ours.
        Err(error) if error.is_large() => None,
        bytes => bytes?,
    };
    let Some(bytes) = bytes else {
        return Ok(None);
    };
    match form::read(&bytes) {
        Ok(record) => Ok(Some(record)),
        Err(error) if error.is_newer() => Err(refused(store, "read", key, error)),
        Err(_) => Ok(None),
    }
}

fn refused(
    store: &dyn Store,
    action: &'static str,
    key: &Key,
    reason: impl std::fmt::Display,
) -> StoreError {
    StoreError::Refused {
        location: store.location(),
        action,
        key: key.to_string(),
        reason: reason.to_string(),
        denied: false,
    }
}
