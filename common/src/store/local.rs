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

use self::listing::objects_below;
use self::obstacle::{is_empty_folder, linked, obstacle};
use super::limit::limit;
use super::{Key, Object, Store, StoreError, Version};

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

    async fn list(&self, folder: &Key) -> Result<Vec<Object>, StoreError> {
        objects_below(&self.root, folder.as_str())
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
mod tests {
    use super::*;
    use crate::store::conformance;

    // Whoever waits for a turn needs a runtime with threads, as that of the programs is.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_folder_is_a_store() {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalStore::create(folder.path().join("campaign")).unwrap();
        conformance::check(&store).await;
    }

    #[tokio::test]
    async fn what_is_no_object_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalStore::create(folder.path()).unwrap();
        let key = |text: &str| -> Key { text.parse().unwrap() };
        let control = folder.path().join("_control.json");
        File::create(&control).unwrap().set_len(10 << 30).unwrap();
        let made = std::process::Command::new("mkfifo")
            .arg(folder.path().join("plan.parquet"))
            .status()
            .unwrap();
        assert!(made.success());
        std::os::unix::fs::symlink("/dev/zero", folder.path().join("campaign.toml")).unwrap();
        for (name, words) in [
            (
                "_control.json",
                "it has 10737418240 bytes, a control record has at most 65536",
            ),
            ("plan.parquet", "not a regular file"),
            ("campaign.toml", "not a regular file"),
        ] {
            let error = store.get(&key(name)).await.unwrap_err();
            assert!(!error.is_transient(), "{error}");
            assert_eq!(error.is_large(), name == "_control.json", "{error}");
            assert!(error.to_string().contains(words), "{error}");
            let part = store.get_range(&key(name), 0..16).await;
            assert_eq!(part.is_ok(), name == "_control.json", "{name}");
        }
    }

    /// Whatever somebody put into the place of an object is named, with what to do.
    #[tokio::test]
    async fn what_is_in_the_way_of_an_object_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalStore::create(folder.path()).unwrap();
        let key = |text: &str| -> Key { text.parse().unwrap() };
        let at = |text: &str| folder.path().join(text);
        fs::create_dir_all(at("s/empty")).unwrap();
        fs::create_dir_all(at("s/full/inside")).unwrap();
        fs::write(at("s/_done"), "x").unwrap();
        std::os::unix::fs::symlink("nowhere", at("s/link")).unwrap();
        for (name, words) in [
            (
                "s/full",
                "a folder with something in it, expected a file: move it away",
            ),
            (
                "s/_done/1",
                "s/_done is a file, expected a folder: move it away",
            ),
            ("s/link/1", "s/link is a link that leads nowhere"),
        ] {
            let put = store.put(&key(name), Vec::new()).await.unwrap_err();
            assert!(
                !put.is_transient() && put.to_string().contains(words),
                "{put}"
            );
            let said = store.obstacle(&key(name)).await.unwrap();
            assert!(said.is_some_and(|said| said.contains(words)), "{name}");
        }
        let read = store.get(&key("s/full")).await.unwrap_err();
        assert!(read.to_string().contains("move it away"), "{read}");
        let listed = store.list(&key("s/_done")).await.unwrap_err();
        assert!(listed.to_string().contains("expected a folder"), "{listed}");
        // What is replaced is in nobody's way.
        for name in ["s/empty", "s/link", "s/new/1"] {
            assert_eq!(store.obstacle(&key(name)).await.unwrap(), None, "{name}");
            assert_eq!(store.get(&key(name)).await.unwrap(), None, "{name}");
            store.delete(&key(name)).await.unwrap();
            store.put(&key(name), Vec::new()).await.unwrap();
        }
    }

    #[tokio::test]
    async fn links_are_listed_as_what_they_lead_to() {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalStore::create(folder.path()).unwrap();
        let link = |to: &str, from: &str| {
            std::os::unix::fs::symlink(to, folder.path().join(from)).unwrap();
        };
        for name in ["elsewhere/file", "elsewhere/folder/1", "s/0"] {
            store.put(&name.parse().unwrap(), vec![0; 7]).await.unwrap();
        }
        link("../elsewhere/file", "s/file");
        link("../elsewhere/folder", "s/folder");
        link("nowhere", "s/gone");
        link("..", "s/up");
        let listed = store.list(&"s".parse().unwrap()).await.unwrap();
        let names: Vec<_> = listed.iter().map(|it| (it.key.as_str(), it.size)).collect();
        assert!(names.contains(&("s/file", 7)), "{names:?}");
        assert!(names.contains(&("s/folder/1", 7)), "{names:?}");
        assert!(
            !names.iter().any(|(name, _)| *name == "s/gone"),
            "{names:?}"
        );
        assert!(
            names.len() < 20,
            "a link to above is not followed for ever: {names:?}"
        );
    }

    #[test]
    fn scratch_is_cleared_while_others_open_the_store() {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalStore::create(folder.path()).unwrap();
        let is_over = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    // It may come between the removal of a folder and that of the one above it.
                    let _ = LocalStore::create(folder.path());
                }
            });
            let cleared: Vec<_> = (0..300).map(|_| store.clear_scratch()).collect();
            is_over.store(true, Ordering::Relaxed);
            for cleared in cleared {
                cleared.unwrap();
            }
        });
    }

    #[tokio::test]
    async fn nothing_is_written_or_removed_through_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let other = tempfile::tempdir().unwrap();
        let store = LocalStore::create(folder.path()).unwrap();
        fs::write(other.path().join("1"), "precious").unwrap();
        fs::create_dir(folder.path().join("t")).unwrap();
        for link in ["s", "t/_done"] {
            std::os::unix::fs::symlink(other.path(), folder.path().join(link)).unwrap();
            let key: Key = format!("{link}/1").parse().unwrap();
            assert!(store.get(&key).await.unwrap().is_some());
            let version = version(b"precious");
            let replaced = store.put_if_version(&key, Vec::new(), &version).await;
            for done in [
                store.delete(&key).await,
                store.put(&key, Vec::new()).await,
                store.put_if_absent(&key, Vec::new()).await.map(|_| ()),
                replaced.map(|_| ()),
            ] {
                let error = done.unwrap_err();
                assert!(!error.is_transient(), "{error}");
                let words = "is a link to another folder";
                assert!(error.to_string().contains(words), "{error}");
            }
            let said = store.obstacle(&key).await.unwrap();
            assert!(said.is_some_and(|said| said.contains("a link to another folder")));
        }
        assert_eq!(fs::read(other.path().join("1")).unwrap(), b"precious");
        assert_eq!(fs::read_dir(other.path()).unwrap().count(), 1);
    }

    #[tokio::test]
    async fn a_store_whose_folder_is_a_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        fs::write(&path, "x").unwrap();
        let error = LocalStore::create(path.join("campaign")).unwrap_err();
        assert!(!error.is_transient(), "{error}");
        assert!(error.to_string().contains("taken"), "{error}");
    }
}
