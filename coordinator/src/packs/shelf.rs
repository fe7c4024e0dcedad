//! Where packs are, and which there are.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt};
use lumimill_common::campaign::StageName;
use lumimill_common::marker::pack;
use lumimill_common::shard::ShardId;
use lumimill_common::stage_keys::{pack_key, packs_folder};
use lumimill_common::store::{Key, Store, StoreError};
use tracing::{debug, warn};

use super::blocks::{Block, Blocks};
use super::gathered::OfBlock;
use crate::output::Output;

/// Packs that are written at a time.
const PACKS_AT_ONCE: usize = 8;

/// The packs that a listing tells of, by the first shard of their block.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shelf(BTreeMap<ShardId, Vec<Key>>);

impl Shelf {
    /// Those of a store; none where its listings do not say what may be taken from them, or where they
    /// cannot be listed.
    ///
    /// # Errors
    /// What may pass.
    pub(crate) async fn list(store: &dyn Store) -> Result<Self, StoreError> {
        let mut shelf = Self::default();
        if !store.lists_md5() {
            return Ok(shelf);
        }
        let listed = match store.list(&packs_folder()).await {
            Err(error) if error.is_transient() => return Err(error),
            Err(error) => {
                debug!("packs of markers are not used: {error}");
                return Ok(shelf);
            }
            Ok(listed) => listed,
        };
        for object in listed {
            let first = object.key.file_name().split_once('-');
            if let Some(first) = first.and_then(|(first, _)| first.parse().ok()) {
                shelf.0.entry(first).or_default().push(object.key);
            }
        }
        Ok(shelf)
    }

    /// Those of the block that begins with a shard.
    #[must_use]
    pub(crate) fn of(&self, first: ShardId) -> &[Key] {
        self.0.get(&first).map_or(&[], Vec::as_slice)
    }

    /// Those of no block.
    #[must_use]
    pub(crate) fn strays(&self, blocks: &Blocks) -> Vec<Key> {
        let mut strays = self.0.clone();
        for Block { first, .. } in blocks.all() {
            strays.remove(first);
        }
        strays.into_values().flatten().collect()
    }
}

/// Writes markers that were told of, a pack for each block that has enough of them. What cannot be
/// written now is read one by one when it is needed.
pub(crate) async fn shelve(output: &Output, blocks: Vec<OfBlock>) {
    let (store, fewest) = (output.store(), output.pack_sizes().fewest);
    let blocks = blocks.iter();
    let worth = blocks.filter(|(_, markers)| markers.len() >= fewest);
    let writing: Vec<_> = worth
        .map(async |(block, markers)| {
            let markers = markers
                .iter()
                .map(|(shard, marker)| (*shard, marker.as_slice()));
            let put = put(store.as_ref(), (&block.stage, block.first), markers);
            if let Err(error) = put.await {
                warn!("markers cannot be packed now: {error}");
            }
        })
        .collect();
    let writing = stream::iter(writing).buffer_unordered(PACKS_AT_ONCE);
    writing.collect::<()>().await;
}

/// Writes a pack of the block that begins with a shard, and returns its key.
pub(super) async fn put<'a>(
    store: &dyn Store,
    (stage, first): (&StageName, ShardId),
    markers: impl IntoIterator<Item = (ShardId, &'a [u8])>,
) -> Result<Key, StoreError> {
    let bytes = pack::write(markers);
    let key = pack_key(stage, first, &bytes);
    store.put(&key, bytes).await?;
    Ok(key)
}
