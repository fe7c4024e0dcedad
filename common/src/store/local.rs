//! A folder as a store: temporary name, fsync, rename, fsync of the folder.

mod listing;
mod obstacle;

use std::collections::hash_map::RandomState;
use std::fs::{self, File, TryLockError};
use std::hash::BuildHasher;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;

use self::listing::visit;
use self::obstacle::{is_empty_folder, linked, obstacle};
use super::limit::limit;
use super::{Key, Store, StoreError, Version, Visit};

/// Folder below the root for files that are not finished; dataset readers skip its name.
const SCRATCH: &str = "_scratch";

/// How often the scratch folder is removed while others put something into it.
const CLEARINGS: usize = 100;

/// Ends the name of a file that is locked while an object is held against its version.
const LOCK: &str = "lock";
/// How long one waits for somebody else who holds an object, and how often one looks.
const TURN: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(20);

/// A store in a folder of this machine.
#[derive(Debug)]
pub struct LocalStore {
    root: PathBuf,
    /// Folder below the scratch folder for this store alone: several machines may share one root.
    own_scratch: String,
    next: AtomicU64,
}

impl LocalStore {
    /// Opens a folder as a store, making it when it is not there.
    pub fn create(root: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let store = Self::open(root);
        fs::create_dir_all(store.scratch())
            .map_err(|error| store.error("write", SCRATCH, &error))?;
        Ok(store)
    }

    /// Opens a folder that may not be there yet, to look at it.
    #[must_use]
    pub fn open(root: impl Into<PathBuf>) -> Self {
        static STORES: AtomicU64 = AtomicU64::new(0);
        let number = STORES.fetch_add(1, Ordering::Relaxed);
        Self {
            root: root.into(),
            own_scratch: format!("{:016x}", RandomState::new().hash_one(number)),
            next: AtomicU64::new(0),
        }
    }

    /// Removes what interrupted writers left; only the one holder of the campaign may call it.
    pub fn clear_scratch(&self) -> Result<(), StoreError> {
        let scratch = self.root.join(SCRATCH);
        let mut removed = fs::remove_dir_all(&scratch);
        for _ in 1..CLEARINGS {
            // Whoever is refused the campaign just now has opened the store before.
            match &removed {
                Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => {}
                _ => break,
            }
            removed = fs::remove_dir_all(&scratch);
        }
        let cleared = match removed {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => fs::create_dir_all(self.scratch()),
        };
        cleared.map_err(|error| self.error("clear", SCRATCH, &error))
    }

    /// Removes the scratch folder when nothing is in it.
    pub fn close(&self) {
        // A folder that is still in use stays: that is no error.
        let _ = fs::remove_dir(self.scratch());
        let _ = fs::remove_dir(self.root.join(SCRATCH));
    }

    fn path(&self, key: &Key) -> PathBuf {
        self.root.join(key.as_str())
    }

    /// Whether an object that cannot be read is not there: an empty folder in its place is none.
    fn is_none(&self, key: &Key, error: &io::Error) -> bool {
        match error.kind() {
            ErrorKind::NotFound => true,
            ErrorKind::IsADirectory => is_empty_folder(&self.path(key)),
            _ => false,
        }
    }

    fn temporary(&self) -> PathBuf {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.scratch().join(format!("put-{number}"))
    }

    fn error(&self, action: &'static str, key: &str, error: &io::Error) -> StoreError {
        let location = self.location();
        let path = self.root.join(key);
        let misplaced = match error.kind() {
            // What was to be listed may be the file.
            ErrorKind::NotADirectory => {
                linked(&self.root, &path).or_else(|| obstacle(&self.root, &path.join(SCRATCH)))
            }
            ErrorKind::IsADirectory | ErrorKind::AlreadyExists | ErrorKind::NotFound => {
                obstacle(&self.root, &path)
            }
            _ => None,
        };
        let is_misplaced = misplaced.is_some();
        let reason = misplaced.unwrap_or_else(|| error.to_string());
        let key = key.to_owned();
        match error.kind() {
            ErrorKind::PermissionDenied
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::NotADirectory
            | ErrorKind::IsADirectory
            | ErrorKind::NotFound => StoreError::Refused {
                location,
                action,
                key,
                reason,
                denied: error.kind() == ErrorKind::PermissionDenied,
            },
            _ if is_misplaced => StoreError::Refused {
                location,
                action,
                key,
                reason,
                denied: false,
            },
            _ => StoreError::Transient {
                location,
                action,
                key,
                reason,
            },
        }
    }

    /// Writes and syncs a temporary file; on failure nothing of it stays.
    fn write_temporary(&self, bytes: &[u8]) -> io::Result<PathBuf> {
        fs::create_dir_all(self.scratch())?;
        let path = self.temporary();
        let mut file = File::create(&path)?;
        let written = file.write_all(bytes).and_then(|()| file.sync_all());
        match written {
            Ok(()) => Ok(path),
            Err(error) => {
                // The first error is the one to report.
                let _ = fs::remove_file(&path);
                Err(error)
            }
        }
    }

    /// Takes an object for oneself, beside all who ask for that in this folder; `None` while
    /// somebody else has it.
    fn taken(&self, key: &Key) -> io::Result<Option<Taken>> {
        let path = self.root.join(format!("{key}.{LOCK}"));
        self.own(&path)?;
        fs::create_dir_all(path.parent().unwrap_or(&self.root))?;
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // Whoever had it before has removed this file, perhaps after it was opened here.
        let same = fs::metadata(&path)
            .ok()
            .zip(file.metadata().ok())
            .is_some_and(|(there, ours)| (there.dev(), there.ino()) == (ours.dev(), ours.ino()));
        Ok(same.then_some(Taken { path, _file: file }))
    }

    async fn take(&self, key: &Key) -> Result<Taken, StoreError> {
        let begun = Instant::now();
        loop {
            let taken = self.taken(key);
            match taken.map_err(|error| self.error("lock", key.as_str(), &error))? {
                Some(taken) => return Ok(taken),
                None if begun.elapsed() < TURN => tokio::time::sleep(LOOK).await,
                None => {
                    return Err(StoreError::Transient {
                        location: self.location(),
                        action: "lock",
                        key: key.to_string(),
                        reason: format!("another process has held it for {} s", TURN.as_secs()),
                    });
                }
            }
        }
    }

    /// Refuses a path that leads through a link out of the store.
    fn own(&self, path: &Path) -> io::Result<()> {
        match linked(&self.root, path) {
            None => Ok(()),
            Some(what) => Err(io::Error::new(ErrorKind::NotADirectory, what)),
        }
    }

    fn publish(&self, temporary: &Path, key: &Key) -> io::Result<()> {
        let target = self.path(key);
        self.own(&target)?;
        let folder = target.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder)?;
        fs::rename(temporary, &target).or_else(|error| match error.kind() {
            // A folder has the place of the object; one with something in it is somebody's.
            ErrorKind::IsADirectory => {
                fs::remove_dir(&target).map_err(|_| error)?;
                fs::rename(temporary, &target)
            }
            _ => Err(error),
        })?;
        File::open(folder)?.sync_all()
    }
}

/// Opens an object, and says its size. Opening a pipe that somebody put there may never return.
fn open_regular(path: &Path) -> io::Result<(File, u64)> {
    if !fs::metadata(path)?.is_file() {
        // As what is read of a folder.
        let kind = ErrorKind::IsADirectory;
        let reason = "it is not a regular file: move it away";
        return Err(io::Error::new(kind, reason));
    }
    let file = File::open(path)?;
    // Of the file that is open: the name may be that of another one by now.
    let size = file.metadata()?.len();
    Ok((file, size))
}

/// An object that others who ask keep away from, until this is dropped or the process dies.
struct Taken {
    path: PathBuf,
    _file: File,
}

impl Drop for Taken {
    fn drop(&mut self) {
        // While it is still locked: whoever opened it before sees that it is gone.
        let _ = fs::remove_file(&self.path);
    }
}

fn version(bytes: &[u8]) -> Version {
    Version(blake3::hash(bytes).to_hex().to_string())
}

#[async_trait]
impl Store for LocalStore {
    async fn put(&self, key: &Key, bytes: Vec<u8>) -> Result<(), StoreError> {
        self.write_temporary(&bytes)
            .and_then(|temporary| self.publish(&temporary, key))
            .map_err(|error| self.error("write", key.as_str(), &error))
    }

    async fn put_file(&self, key: &Key, file: &Path) -> Result<(), StoreError> {
        File::open(file)
            .and_then(|file| file.sync_all())
            .and_then(|()| self.publish(file, key))
            .map_err(|error| self.error("write", key.as_str(), &error))
    }

    async fn put_if_absent(&self, key: &Key, bytes: Vec<u8>) -> Result<bool, StoreError> {
        let error = |error| self.error("write", key.as_str(), &error);
        let temporary = self.write_temporary(&bytes).map_err(error)?;
        let target = self.path(key);
        let folder = target.parent().unwrap_or(&self.root);
        let linked = self
            .own(&target)
            .and_then(|()| fs::create_dir_all(folder))
            .and_then(|()| fs::hard_link(&temporary, &target))
            .and_then(|()| File::open(folder)?.sync_all());
        // The link counts; the temporary name is swept with the scratch folder if this fails.
        let _ = fs::remove_file(&temporary);
        match linked {
            Ok(()) => Ok(true),
            Err(found) if found.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(found) => Err(error(found)),
        }
    }

    async fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, StoreError> {
        let limit = limit(key);
        let read = || -> io::Result<Result<Vec<u8>, u64>> {
            let (file, size) = open_regular(&self.path(key))?;
            if size > limit.most {
                return Ok(Err(size));
            }
            let mut bytes = Vec::new();
            file.take(size).read_to_end(&mut bytes)?;
            Ok(Ok(bytes))
        };
        match read() {
            Ok(Ok(bytes)) => Ok(Some(bytes)),
            Ok(Err(size)) => Err(StoreError::Large {
                location: self.location(),
                key: key.to_string(),
                reason: limit.exceeded(size),
            }),
            Err(error) if self.is_none(key, &error) => Ok(None),
            Err(error) => Err(self.error("read", key.as_str(), &error)),
        }
    }

    async fn get_version(&self, key: &Key) -> Result<Option<(Vec<u8>, Version)>, StoreError> {
        let found = self.get(key).await?;
        Ok(found.map(|bytes| {
            let version = version(&bytes);
            (bytes, version)
        }))
    }

    async fn put_if_version(
        &self,
        key: &Key,
        bytes: Vec<u8>,
        version: &Version,
    ) -> Result<bool, StoreError> {
        let _taken = self.take(key).await?;
        match self.get_version(key).await? {
            Some((_, found)) if found == *version => self.put(key, bytes).await.map(|()| true),
            _ => Ok(false),
        }
    }

    async fn get_range(&self, key: &Key, range: Range<u64>) -> Result<Option<Vec<u8>>, StoreError> {
        let read = || -> io::Result<Vec<u8>> {
            let (mut file, _) = open_regular(&self.path(key))?;
            file.seek(SeekFrom::Start(range.start))?;
            let mut bytes = Vec::new();
            let count = range.end.saturating_sub(range.start);
            file.take(count).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        match read() {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if self.is_none(key, &error) => Ok(None),
            Err(error) => Err(self.error("read", key.as_str(), &error)),
        }
    }

    async fn visit(&self, folder: &Key, each: Visit<'_>) -> Result<(), StoreError> {
        visit(&self.root, folder.as_str(), each)
            .await
            .map_err(|(folder, error)| self.error("list", &folder, &error))
    }

    async fn obstacle(&self, key: &Key) -> Result<Option<String>, StoreError> {
        Ok(obstacle(&self.root, &self.path(key)))
    }

    async fn folders(&self) -> Result<Vec<String>, StoreError> {
        let error = |error| self.error("list", "its folders", &error);
        let entries = match fs::read_dir(&self.root) {
            Err(found) if found.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(error)?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(error)?;
            if entry.path().is_dir() {
                names.extend(entry.file_name().into_string());
            }
        }
        names.sort();
        Ok(names)
    }

    async fn age(&self, key: &Key) -> Result<Option<Duration>, StoreError> {
        let metadata = match fs::metadata(self.path(key)) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.error("look at", key.as_str(), &error)),
        };
        let modified = metadata.modified().ok();
        #[expect(
            clippy::disallowed_methods,
            reason = "files have the clock of their machine"
        )]
        let now = SystemTime::now();
        // Of what was written a moment ahead of now, the age is nothing.
        Ok(modified.map(|at| now.duration_since(at).unwrap_or_default()))
    }

    async fn delete(&self, key: &Key) -> Result<(), StoreError> {
        let path = self.path(key);
        let remove = || {
            fs::remove_file(&path).or_else(|error| match is_empty_folder(&path) {
                true => fs::remove_dir(&path),
                false => Err(error),
            })
        };
        let removed = self.own(&path).and_then(|()| remove());
        match removed {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(self.error("delete", key.as_str(), &error))
            }
            _ => Ok(()),
        }
    }

    fn scratch(&self) -> PathBuf {
        self.root.join(SCRATCH).join(&self.own_scratch)
    }

    fn link(&self, key: &Key, file: &Path) -> bool {
        let path = self.path(key);
        let is_file = fs::symlink_metadata(&path).is_ok_and(|found| found.is_file());
        is_file && fs::hard_link(&path, file).is_ok()
    }

    fn location(&self) -> String {
        self.root.display().to_string()
    }
}

impl Drop for LocalStore {
    fn drop(&mut self) {
        // Whatever is still in it is swept by the next run that has the folder to itself.
        let _ = fs::remove_dir(self.scratch());
    }
}

#[cfg(test)]
mod tests;
