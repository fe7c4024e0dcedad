//! What neighbouring shards of a plan have in common, once in memory: a plan may have millions.

use std::sync::Arc;

use lumimill_common::campaign::{InvalidName, StageName};
use lumimill_common::shard::FileIdentity;

/// What the row before had.
#[derive(Default)]
pub(super) struct Shared {
    stage: Option<StageName>,
    dataset: Option<Arc<str>>,
    file: Option<Arc<FileIdentity>>,
    tree: Option<Arc<str>>,
}

/// A file as a row says it.
pub(super) struct FileIdentityRef<'a> {
    pub(super) url: &'a str,
    pub(super) size: u64,
    pub(super) state: &'a str,
}

impl Shared {
    pub(super) fn stage(&mut self, name: &str) -> Result<StageName, InvalidName> {
        let before = self.stage.take().filter(|stage| stage.as_str() == name);
        let stage = before.map_or_else(|| name.parse(), Ok)?;
        self.stage = Some(stage.clone());
        Ok(stage)
    }

    pub(super) fn dataset(&mut self, name: &str) -> Arc<str> {
        shared(&mut self.dataset, name)
    }

    pub(super) fn tree(&mut self, name: &str) -> Arc<str> {
        shared(&mut self.tree, name)
    }

    pub(super) fn file(&mut self, found: &FileIdentityRef<'_>) -> Arc<FileIdentity> {
        let is_it = |file: &Arc<FileIdentity>| {
            (file.url.as_str(), file.size, file.state.as_str())
                == (found.url, found.size, found.state)
        };
        let before = self.file.take().filter(is_it);
        let file = before.unwrap_or_else(|| {
            Arc::new(FileIdentity {
                url: found.url.to_owned(),
                size: found.size,
                state: found.state.to_owned(),
            })
        });
        self.file = Some(file.clone());
        file
    }
}

/// The text of before, where it is the same.
fn shared(before: &mut Option<Arc<str>>, text: &str) -> Arc<str> {
    let same = before.take().filter(|before| **before == *text);
    before.insert(same.unwrap_or_else(|| text.into())).clone()
}
