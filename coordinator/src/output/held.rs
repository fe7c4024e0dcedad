//! An output taken for writing: by one run at a time, or shared with workers and coordinators.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use lumimill_common::store::{LocalStore, Place, Store};

use super::Output;
use crate::campaign_file::Mistakes;

/// Name of the file that is locked.
const LOCK: &str = "_lock";

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
            Place::S3(_) | Place::Own(_) => {
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
        let store = can_be_written(folder)?;
        let path = folder.join(LOCK);
        let refused = |message: String| Mistakes::new(folder.display(), vec![message]);
        // An empty folder in its place is as good as none; one with something in it stays.
        let _ = std::fs::remove_dir(&path);
        // Neither what a link leads to nor a pipe is opened, and nothing is emptied.
        if std::fs::symlink_metadata(&path).is_ok_and(|it| !it.is_file() && !it.is_dir()) {
            let message = format!("{LOCK} is neither a file nor a folder: move it away");
            return Err(refused(message).into());
        }
        let mut options = File::options();
        let lock = match options.write(true).create(true).truncate(false).open(&path) {
            Ok(lock) => lock,
            Err(error) => {
                let why = match path.is_dir() {
                    true => String::from("it is a folder, expected a file: move it away"),
                    false => error.to_string(),
                };
                return Err(refused(format!("{LOCK} cannot be written: {why}")).into());
            }
        };
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let message = "another run of this campaign is writing to it: wait for it, or stop \
                               it";
                return Err(refused(message.to_owned()).into());
            }
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

/// The store in a folder, which is made when it is not there.
///
/// # Errors
/// What keeps it from being written.
pub(crate) fn can_be_written(folder: &Path) -> Result<LocalStore, Mistakes> {
    LocalStore::create(folder).map_err(|error| {
        let message = format!("the output folder cannot be written: {error}");
        Mistakes::new(folder.display(), vec![message])
    })
}
