//! A store inside the process, for tests: it keeps the contract, and nothing outlives it.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::limit::limit;
use super::{Key, Md5, Object, Store, StoreError, Version, Visit};

/// Objects below a folder of a store that its clones share.
#[derive(Debug, Clone)]
pub struct MemoryStore {
    objects: Arc<Mutex<BTreeMap<String, Kept>>>,
    /// What all keys begin with.
    prefix: String,
    scratch: PathBuf,
}

#[derive(Debug)]
struct Kept {
    bytes: Arc<Vec<u8>>,
    written: Instant,
}

impl MemoryStore {
    /// An empty store, and a folder of this machine for files on their way to it.
    #[must_use]
    pub fn new(scratch: PathBuf) -> Self {
        Self {
            objects: Arc::default(),
            prefix: String::new(),
            scratch,
        }
    }

    /// The part of it below a folder; nothing for all of it.
    #[must_use]
    pub fn below(&self, folder: &str) -> Self {
        let mut below = self.clone();
        if !folder.is_empty() {
            below.prefix = format!("{}{folder}/", self.prefix);
        }
        below
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Kept>> {
        // It is whole after every statement, so a panic elsewhere cannot have broken it.
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, key: &Key) -> String {
        format!("{}{key}", self.prefix)
    }

    fn keep(&self, objects: &mut BTreeMap<String, Kept>, key: &Key, bytes: Vec<u8>) {
        let kept = Kept {
            bytes: Arc::new(bytes),
            written: Instant::now(),
        };
        objects.insert(self.path(key), kept);
    }

    fn found(&self, key: &Key) -> Option<Arc<Vec<u8>>> {
        self.lock().get(&self.path(key)).map(|it| it.bytes.clone())
    }

    /// Keys below a folder, without what all of them begin with, and what is there.
    fn keys(&self, folder: &str) -> Vec<(String, Arc<Vec<u8>>)> {
        let begins = format!("{}{folder}", self.prefix);
        let objects = self.lock();
        let below = objects.range(begins.clone()..);
        let below = below.take_while(|(path, _)| path.starts_with(&begins));
        let named = below.filter_map(|(path, kept)| {
            let key = path.strip_prefix(&self.prefix)?;
            Some((key.to_owned(), kept.bytes.clone()))
        });
        named.collect()
    }
}

/// As of most services, that of the bytes: who writes the same is not noticed.
fn version(bytes: &[u8]) -> Version {
    Version(blake3::hash(bytes).to_hex().to_string())
}

#[async_trait]
impl Store for MemoryStore {
    async fn put(&self, key: &Key, bytes: Vec<u8>) -> Result<(), StoreError> {
        self.keep(&mut self.lock(), key, bytes);
        Ok(())
    }

    async fn put_file(&self, key: &Key, file: &Path) -> Result<(), StoreError> {
        let moved = fs::read(file).and_then(|bytes| fs::remove_file(file).map(|()| bytes));
        let bytes = moved.map_err(|error| StoreError::Transient {
            location: self.location(),
            action: "write",
            key: key.to_string(),
            reason: format!("{}: {error}", file.display()),
        })?;
        self.put(key, bytes).await
    }

    async fn put_if_absent(&self, key: &Key, bytes: Vec<u8>) -> Result<bool, StoreError> {
        let mut objects = self.lock();
        let is_absent = !objects.contains_key(&self.path(key));
        if is_absent {
            self.keep(&mut objects, key, bytes);
        }
        Ok(is_absent)
    }

    async fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(bytes) = self.found(key) else {
            return Ok(None);
        };
        let (limit, size) = (limit(key), bytes.len() as u64);
        match size > limit.most {
            true => Err(StoreError::Large {
                location: self.location(),
                key: key.to_string(),
                reason: limit.exceeded(size),
            }),
            false => Ok(Some(bytes.to_vec())),
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
        expected: &Version,
    ) -> Result<bool, StoreError> {
        let mut objects = self.lock();
        let found = objects.get(&self.path(key));
        let is_it = found.is_some_and(|found| version(&found.bytes) == *expected);
        if is_it {
            self.keep(&mut objects, key, bytes);
        }
        Ok(is_it)
    }

    async fn get_range(&self, key: &Key, range: Range<u64>) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(bytes) = self.found(key) else {
            return Ok(None);
        };
        let at = |place: u64| usize::try_from(place).map_or(bytes.len(), |at| at.min(bytes.len()));
        let part = bytes.get(at(range.start)..at(range.end));
        Ok(Some(part.map_or_else(Vec::new, <[u8]>::to_vec)))
    }

    async fn visit(&self, folder: &Key, each: Visit<'_>) -> Result<(), StoreError> {
        let keys = self.keys(&format!("{folder}/")).into_iter();
        let object = |(key, bytes): (String, Arc<Vec<u8>>)| {
            Some(Object {
                key: key.parse().ok()?,
                size: bytes.len() as u64,
                md5: Some(Md5::of(&bytes)),
            })
        };
        keys.filter_map(object).for_each(each);
        Ok(())
    }

    fn lists_md5(&self) -> bool {
        true
    }

    async fn folders(&self) -> Result<Vec<String>, StoreError> {
        let keys = self.keys("").into_iter();
        let first = |(key, _): (String, _)| Some(key.split_once('/')?.0.to_owned());
        let mut folders: Vec<String> = keys.filter_map(first).collect();
        folders.sort_unstable();
        folders.dedup();
        Ok(folders)
    }

    async fn age(&self, key: &Key) -> Result<Option<Duration>, StoreError> {
        let objects = self.lock();
        let found = objects.get(&self.path(key));
        Ok(found.map(|found| found.written.elapsed()))
    }

    async fn delete(&self, key: &Key) -> Result<(), StoreError> {
        self.lock().remove(&self.path(key));
        Ok(())
    }

    fn scratch(&self) -> PathBuf {
        self.scratch.clone()
    }

    fn location(&self) -> String {
        format!("memory:{}", self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::MemoryStore;
    use crate::store::conformance;

    #[tokio::test(flavor = "multi_thread")]
    async fn memory_is_a_store_and_so_is_a_folder_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = MemoryStore::new(folder.path().to_owned());
        conformance::check(&store.below("campaign")).await;
        conformance::check(&store.below("campaign-2")).await;
    }
}
