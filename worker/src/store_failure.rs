//! What the store of a campaign says, as failures of a shard.

use lumimill_common::failure::{Failure, FailureKind};
use lumimill_common::form::FormError;
use lumimill_common::store::{Key, Store, StoreError};

/// What a newer version wrote, as a shard's failure: no fault of the job, and others may read it.
pub(crate) fn newer(store: &dyn Store, key: &Key, error: &FormError) -> Failure {
    let location = store.location();
    Failure::retry(
        FailureKind::Version,
        &location,
        format!("{location}: {key}: {error}"),
    )
}

/// A store's error as a shard's failure: never the job's fault, not even when the store refuses
/// for good, as it does when a worker's credentials have expired.
pub(crate) fn store_failure(error: &StoreError) -> Failure {
    Failure::retry(FailureKind::Store, "", error)
}
