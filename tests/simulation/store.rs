//! The store as an actor sees it: the contract's, far away, and not always there.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lumimill_common::control::{Control, control_key};
use lumimill_common::form;
use lumimill_common::store::{Key, MemoryStore, Store, StoreError, Version, Visit};

use crate::link::Link;
use crate::world::lock;

#[derive(Debug)]
pub(crate) struct SimStore {
    link: Arc<Link>,
    inner: MemoryStore,
}

impl SimStore {
    pub(crate) fn new(link: &Arc<Link>, folder: &str) -> Self {
        Self {
            link: link.clone(),
            inner: link.world.store.below(folder),
        }
    }

    fn no_answer(&self, action: &'static str, key: &str) -> StoreError {
        StoreError::Transient {
            location: self.inner.location(),
            action,
            key: key.to_owned(),
            reason: String::from("no answer"),
        }
    }

    /// A request, which may get lost, and its answer, which may as well.
    async fn ask<T>(
        &self,
        action: &'static str,
        key: &str,
        work: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let link = &self.link;
        let rate = link.world.faults().store;
        link.on_the_way().await;
        if link.is_cut_off() || link.chance(rate) {
            return Err(self.no_answer(action, key));
        }
        // What was sent before a death may arrive after it.
        if link.is_dead() && link.chance(500) {
            link.alive().await;
        }
        let answer = work.await;
        link.on_the_way().await;
        link.alive().await;
        match link.chance(rate) {
            true => Err(self.no_answer(action, key)),
            false => answer,
        }
    }

    /// Notes who saw what the campaign was told.
    fn seen(&self, key: &Key) {
        if *key == control_key() {
            let told = lock(&self.link.world.control_log).len();
            if let Some(command) = lock(&self.link.command).as_mut() {
                command.seen.get_or_insert(told);
            }
        }
    }

    /// What a command with a fault of old writes, and whether it asks what is there.
    async fn as_of_old(&self, key: &Key, bytes: Vec<u8>) -> (Vec<u8>, bool) {
        let (fault, command) = (self.link.world.old_fault, *lock(&self.link.command));
        let (Some(fault), Some(command)) = (fault, command) else {
            return (bytes, true);
        };
        if *key != control_key() {
            return (bytes, true);
        }
        let before = self.inner.get(key).await.ok().flatten();
        let before = before.and_then(|bytes| form::read::<Control>(&bytes).ok());
        let mut control = form::read::<Control>(&bytes).unwrap();
        let asks = fault.asks(command.kind, before.as_ref(), &mut control);
        (form::write(&control).unwrap(), asks)
    }

    /// Notes who told the campaign what.
    fn told(&self, key: &Key, bytes: &[u8]) {
        if *key != control_key() {
            return;
        }
        let (link, world) = (&self.link, &self.link.world);
        match form::read::<Control>(bytes) {
            Ok(control) => {
                let command = *lock(&link.command);
                world.note(
                    &link.name,
                    format!(
                        "told {:?}, plan {}, pool {} {:?}",
                        control.state,
                        &control.plan[..6],
                        control.pool,
                        control.more_pools
                    ),
                );
                let wrong = lock(&world.control_log).add(command, &control);
                wrong.into_iter().for_each(|wrong| world.wrong(wrong));
            }
            Err(error) => world.wrong(format!("a control record that cannot be read: {error}")),
        }
    }
}

#[async_trait]
impl Store for SimStore {
    async fn put(&self, key: &Key, bytes: Vec<u8>) -> Result<(), StoreError> {
        let work = async {
            self.told(key, &bytes);
            self.inner.put(key, bytes).await
        };
        self.ask("write", key.as_str(), work).await
    }

    async fn put_file(&self, key: &Key, file: &Path) -> Result<(), StoreError> {
        let work = self.inner.put_file(key, file);
        self.ask("write", key.as_str(), work).await
    }

    async fn put_if_absent(&self, key: &Key, bytes: Vec<u8>) -> Result<bool, StoreError> {
        let work = async {
            let (bytes, asks) = self.as_of_old(key, bytes).await;
            let is_put = match asks {
                true => self.inner.put_if_absent(key, bytes.clone()).await?,
                false => self.inner.put(key, bytes.clone()).await.map(|()| true)?,
            };
            if is_put {
                self.told(key, &bytes);
            }
            Ok(is_put)
        };
        self.ask("write", key.as_str(), work).await
    }

    async fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, StoreError> {
        let work = async {
            self.seen(key);
            self.inner.get(key).await
        };
        self.ask("read", key.as_str(), work).await
    }

    async fn get_version(&self, key: &Key) -> Result<Option<(Vec<u8>, Version)>, StoreError> {
        let work = async {
            self.seen(key);
            self.inner.get_version(key).await
        };
        self.ask("read", key.as_str(), work).await
    }

    async fn put_if_version(
        &self,
        key: &Key,
        bytes: Vec<u8>,
        version: &Version,
    ) -> Result<bool, StoreError> {
        let work = async {
            let (bytes, asks) = self.as_of_old(key, bytes).await;
            let is_put = match asks {
                true => {
                    let put = self.inner.put_if_version(key, bytes.clone(), version);
                    put.await?
                }
                false => self.inner.put(key, bytes.clone()).await.map(|()| true)?,
            };
            if is_put {
                self.told(key, &bytes);
            }
            Ok(is_put)
        };
        self.ask("write", key.as_str(), work).await
    }

    async fn get_range(&self, key: &Key, range: Range<u64>) -> Result<Option<Vec<u8>>, StoreError> {
        let work = self.inner.get_range(key, range);
        self.ask("read", key.as_str(), work).await
    }

    async fn visit(&self, folder: &Key, each: Visit<'_>) -> Result<(), StoreError> {
        let work = self.inner.visit(folder, each);
        self.ask("list", folder.as_str(), work).await
    }

    fn lists_md5(&self) -> bool {
        self.inner.lists_md5()
    }

    async fn folders(&self) -> Result<Vec<String>, StoreError> {
        self.ask("list", "folders", self.inner.folders()).await
    }

    async fn age(&self, key: &Key) -> Result<Option<Duration>, StoreError> {
        self.ask("look at", key.as_str(), self.inner.age(key)).await
    }

    async fn delete(&self, key: &Key) -> Result<(), StoreError> {
        self.ask("delete", key.as_str(), self.inner.delete(key))
            .await
    }

    fn scratch(&self) -> PathBuf {
        self.inner.scratch()
    }

    fn location(&self) -> String {
        self.inner.location()
    }
}
