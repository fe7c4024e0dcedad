//! An output taken for writing: by one run at a time, or shared with workers and coordinators.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use lumimill_common::store::{LocalStore, Place, Store};

use super::Output;
use crate::campaign_file::Mistakes;

/// Held while a run writes; given up when dropped, or when the process dies.
///
/// A folder is held by one run at a time. Nothing is held in S3-compatible storage, where a lock
/// would outlive a killed run: two runs of one campaign file write the same bytes to the same
/// keys, so they cost time and do no harm; runs of two different files under one name do.
#[derive(Debug)]
pub struct Held {
    folder: Option<(Arc<LocalStore>, File)>,
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some((store, _lock)) = &self.folder {
            store.close();
        }
    }
}

/// The store in a place, ready for writing. Refused is a mistake that somebody must correct;
/// anything else may pass.
async fn prepared(place: &Place) -> anyhow::Result<Arc<dyn Store>> {
    let (store, conditional) =
        place
            .prepare()
            .await
            .map_err(|error| match error.is_transient() {
                true => anyhow::Error::from(error),
                false => Mistakes::new(place, vec![error.to_string()]).into(),
            })?;
    if !conditional {
        eprintln!(
            "note: {place}: this service ignores conditional requests; two runs of one campaign \
             at the same moment would not notice each other"
        );
    }
    Ok(store)
}

impl Output {
    /// Takes a place for writing; an error when it cannot be written, or somebody else has it.
    pub async fn hold(place: &Place) -> anyhow::Result<(Self, Held)> {
        match place {
            Place::Folder(folder) => Self::hold_folder(place, folder),
            Place::S3(_) => {
                let store = prepared(place).await?;
                Ok((Self::of(store, place), Held { folder: None }))
            }
        }
    }

    /// Takes a place for writing beside workers and other coordinators.
    pub async fn share(place: &Place) -> anyhow::Result<Self> {
        Ok(Self::of(prepared(place).await?, place))
    }

    fn hold_folder(place: &Place, folder: &Path) -> anyhow::Result<(Self, Held)> {
        let refused = |reason: String| {
            Mistakes::new(
                folder.display(),
                vec![format!("the output folder cannot be written: {reason}")],
            )
        };
        let store = LocalStore::create(folder).map_err(|error| refused(error.to_string()))?;
        let path = folder.join("_lock");
        let lock = File::create(&path).map_err(|error| refused(error.to_string()))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!(
                "another run of this campaign is writing to {}: wait for it, or stop it",
                folder.display()
            ),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", path.display()));
            }
        }
        store.clear_scratch()?;
        let store = Arc::new(store);
        let held = Held {
            folder: Some((store.clone(), lock)),
        };
        Ok((Self::of(store, place), held))
    }
}
