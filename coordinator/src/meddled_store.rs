//! A store in which somebody else does something just before one of the requests to it, for tests
//! of what several do at one moment; or that refuses to give something.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use lumimill_common::store::{Key, Store, StoreError, Version, Visit};

type Deed = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Requests of a kind to a key, before the first of which something is done.
pub(crate) struct MeddledStore {
    inner: Arc<dyn Store>,
    at: (&'static str, Key),
    deed: Mutex<Option<Deed>>,
}

impl MeddledStore {
    /// Before the first request of this kind (`put`, for every kind of it, or `delete`) to a key.
    pub(crate) fn before(
        kind: &'static str,
        key: Key,
        inner: Arc<dyn Store>,
        deed: impl Future<Output = ()> + Send + 'static,
    ) -> Arc<dyn Store> {
        Arc::new(Self {
            inner,
            at: (kind, key),
            deed: Mutex::new(Some(Box::pin(deed))),
        })
    }

    /// One that nobody may read.
    pub(crate) fn denying(key: Key, inner: Arc<dyn Store>) -> Arc<dyn Store> {
        let at = ("read", key);
        let deed = Mutex::default();
        Arc::new(Self { inner, at, deed })
    }

    fn check(&self, key: &Key) -> Result<(), StoreError> {
        if self.at.0 != "read" || self.at.1 != *key {
            return Ok(());
        }
        Err(StoreError::Refused {
            location: self.inner.location(),
            action: "read",
            key: key.to_string(),
            reason: String::from("permission denied"),
            denied: true,
        })
    }

    async fn meddle(&self, kind: &str, key: &Key) {
        if self.at.0 != kind || self.at.1 != *key {
            return;
        }
        let held = || self.deed.lock().unwrap_or_else(PoisonError::into_inner);
        let deed = held().take();
        if let Some(deed) = deed {
            deed.await;
        }
    }
}

#[async_trait]
impl Store for MeddledStore {
    async fn put(&self, key: &Key, bytes: Vec<u8>) -> Result<(), StoreError> {
        self.meddle("put", key).await;
        self.inner.put(key, bytes).await
    }

    async fn put_file(&self, key: &Key, file: &Path) -> Result<(), StoreError> {
        self.inner.put_file(key, file).await
    }

    async fn put_if_absent(&self, key: &Key, bytes: Vec<u8>) -> Result<bool, StoreError> {
        self.meddle("put", key).await;
        self.inner.put_if_absent(key, bytes).await
    }

    async fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, StoreError> {
        self.check(key)?;
        self.inner.get(key).await
    }

    async fn get_version(&self, key: &Key) -> Result<Option<(Vec<u8>, Version)>, StoreError> {
        self.inner.get_version(key).await
    }

    async fn put_if_version(
        &self,
        key: &Key,
        bytes: Vec<u8>,
        version: &Version,
    ) -> Result<bool, StoreError> {
        self.meddle("put", key).await;
        self.inner.put_if_version(key, bytes, version).await
    }

    async fn get_range(&self, key: &Key, range: Range<u64>) -> Result<Option<Vec<u8>>, StoreError> {
        self.check(key)?;
        self.inner.get_range(key, range).await
    }

    async fn visit(&self, folder: &Key, each: Visit<'_>) -> Result<(), StoreError> {
        self.inner.visit(folder, each).await
    }

    fn lists_md5(&self) -> bool {
        self.inner.lists_md5()
    }

    async fn folders(&self) -> Result<Vec<String>, StoreError> {
        self.inner.folders().await
    }

    async fn obstacle(&self, key: &Key) -> Result<Option<String>, StoreError> {
        self.inner.obstacle(key).await
    }

    async fn age(&self, key: &Key) -> Result<Option<Duration>, StoreError> {
        self.inner.age(key).await
    }

    async fn delete(&self, key: &Key) -> Result<(), StoreError> {
        self.meddle("delete", key).await;
        self.inner.delete(key).await
    }

    fn scratch(&self) -> PathBuf {
        self.inner.scratch()
    }

    fn location(&self) -> String {
        self.inner.location()
    }
}

impl fmt::Debug for MeddledStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
