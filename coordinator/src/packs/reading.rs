//! Markers of many shards: out of packs where these have what a listing tells, and else one by one.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, Stream, StreamExt};
use lumimill_common::marker::Marker;
use lumimill_common::marker::pack::{self, LARGEST};
use lumimill_common::shard::{Shard, ShardId};
use lumimill_common::store::{Key, Md5};
use tracing::{debug, warn};

use super::blocks::{Block, Blocks};
use super::shelf::{Shelf, put};
use crate::output::{Inventory, Output};
use crate::plan::Plan;
use crate::side_by_side::side_by_side;
use crate::soundness::{Fault, Markers};

/// Blocks whose packs are read at a time: one that is merged, and those that are next.
const BLOCKS_AHEAD: usize = 4;
/// Packs of a block that are read; there are one or two, unless somebody put others there.
const MOST_PACKS: usize = 8;
/// Markers that are read at a time.
const AHEAD: usize = 32;
/// Markers that are parsed together, by all processors.
const TOGETHER: usize = 64;
/// Bytes of those, but for the last one.
const TOGETHER_BYTES: usize = 4 << 20;

/// A shard with its marker, or what is wrong with that.
pub(crate) type Read<'a> = (&'a Shard, anyhow::Result<Result<Option<Marker>, Fault>>);
/// What its bytes say.
type Judged = anyhow::Result<Result<Marker, Fault>>;
/// The same before it is parsed.
type Unparsed<'a> = (&'a Shard, anyhow::Result<Result<Option<Bytes>, Fault>>);

/// How the markers of a plan are read.
pub(crate) struct Reading<'a> {
    output: &'a Output,
    plan: &'a Plan,
    markers: &'a Markers,
    inventory: &'a Inventory,
    blocks: Blocks,
    shelf: Shelf,
    /// Whether what had to be read by itself is put into packs.
    repacks: bool,
}

/// A block, and what packs have of it.
struct OfBlock<'a> {
    block: Option<&'a Block>,
    shards: Vec<&'a Shard>,
    packed: BTreeMap<ShardId, Bytes>,
    /// What was read by itself, as it would be packed.
    fetched: Mutex<BTreeMap<ShardId, Bytes>>,
}

impl OfBlock<'_> {
    fn fetched(&self) -> MutexGuard<'_, BTreeMap<ShardId, Bytes>> {
        self.fetched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a> Reading<'a> {
    /// Of the shards of a plan that a listing tells of.
    ///
    /// # Errors
    /// When packs cannot be listed now.
    pub(crate) async fn of(
        output: &'a Output,
        plan: &'a Plan,
        markers: &'a Markers,
        inventory: &'a Inventory,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            output,
            plan,
            markers,
            inventory,
            blocks: Blocks::of(&plan.shards, output.pack_sizes()),
            shelf: Shelf::list(output.store().as_ref()).await?,
            repacks: false,
        })
    }

    /// The same by somebody who may write: the next one finds in packs what had to be read by itself.
    #[must_use]
    pub(crate) fn repacking(self) -> Self {
        let repacks = self.output.store().lists_md5();
        Self { repacks, ..self }
    }

    /// The markers of the shards that are wanted; those of one stage come in the order of the plan.
    pub(crate) fn read(&'a self, wanted: impl Fn(&Shard) -> bool) -> BoxStream<'a, Read<'a>> {
        let mut blocks: BTreeMap<Option<u32>, Vec<&Shard>> = BTreeMap::new();
        for (place, shard) in self.plan.shards.iter().enumerate() {
            if wanted(shard) {
                let number = self.blocks.number(place);
                blocks.entry(number).or_default().push(shard);
            }
        }
        let blocks = stream::iter(blocks).map(|(number, shards)| self.open(number, shards));
        let read = blocks.buffered(BLOCKS_AHEAD).flat_map(move |block| {
            let block = Arc::new(block);
            let shards = stream::iter(block.shards.clone());
            let of = block.clone();
            let reading = shards.map(move |shard| self.one(of.clone(), shard));
            let together = together(reading.buffered(AHEAD));
            let parsed = together.flat_map(|unparsed| stream::iter(self.parsed(unparsed)));
            let packing = stream::once(self.pack(block)).filter_map(async |()| None);
            parsed.chain(packing)
        });
        read.boxed()
    }

    /// Reads the packs of a block, of which each marker is taken that is the one that is there.
    async fn open(&'a self, number: Option<u32>, shards: Vec<&'a Shard>) -> OfBlock<'a> {
        let block = number.and_then(|number| self.blocks.get(number));
        let mut packed = BTreeMap::new();
        for key in self.keys(block).iter().take(MOST_PACKS) {
            let bytes = match self.output.store().get(key).await {
                Ok(Some(bytes)) => Bytes::from(bytes),
                Ok(None) => continue,
                Err(error) => {
                    debug!("a pack of markers is not used: {error}");
                    continue;
                }
            };
            match pack::read(&bytes) {
                Ok(markers) => packed.extend(
                    markers
                        .into_iter()
                        .filter(|(shard, marker)| self.is_there(*shard, marker))
                        .map(|(shard, marker)| (shard, bytes.slice_ref(marker))),
                ),
                Err(error) => debug!("{key} is not used: {error}"),
            }
        }
        OfBlock {
            block,
            shards,
            packed,
            fetched: Mutex::default(),
        }
    }

    fn keys(&self, block: Option<&Block>) -> &[Key] {
        block.map_or(&[], |block| self.shelf.of(block.first))
    }

    /// Whether a listing tells these bytes of the marker of a shard.
    fn is_there(&self, shard: ShardId, marker: &[u8]) -> bool {
        let listed = self.inventory.md5s.get(&shard);
        listed.is_some_and(|listed| *listed == Md5::of(marker))
    }

    async fn one(&'a self, block: Arc<OfBlock<'a>>, shard: &'a Shard) -> Unparsed<'a> {
        let found = async {
            if let Some(packed) = block.packed.get(&shard.id) {
                return Ok(Ok(Some(packed.clone())));
            }
            let bytes = match self.output.marker_bytes(shard).await? {
                Ok(Some(bytes)) => Bytes::from(bytes),
                Ok(None) => return Ok(Ok(None)),
                Err(reason) => return Ok(Err(Fault::Marker(reason))),
            };
            let is_packed = self.repacks && bytes.len() <= LARGEST;
            if is_packed && self.is_there(shard.id, &bytes) {
                block.fetched().insert(shard.id, bytes.clone());
            }
            Ok(Ok(Some(bytes)))
        };
        (shard, found.await)
    }

    /// What the bytes of some markers say, which is most of the work of a large campaign's end.
    fn parsed(&self, unparsed: Vec<Unparsed<'a>>) -> Vec<Read<'a>> {
        let at_once = available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let judged = side_by_side(&unparsed, at_once, |(shard, found)| match found {
            Ok(Ok(Some(bytes))) => Some(self.markers.judge(self.output, shard, bytes)),
            _ => None,
        });
        let read = |((shard, found), judged): (Unparsed<'a>, Option<Judged>)| {
            let found = match judged {
                Some(judged) => judged.map(|judged| judged.map(Some)),
                None => found.map(|found| found.map(|_| None)),
            };
            (shard, found)
        };
        unparsed.into_iter().zip(judged).map(read).collect()
    }

    /// Puts what had to be read by itself into one pack with what was in others, and removes these.
    async fn pack(&'a self, of: Arc<OfBlock<'a>>) {
        let fewest = self.output.pack_sizes().fewest;
        let Some(block) = of.block.filter(|_| self.repacks) else {
            return;
        };
        let fetched = of.fetched().clone();
        let old = self.keys(Some(block));
        let all: BTreeMap<&ShardId, &Bytes> = of.packed.iter().chain(&fetched).collect();
        if all.len() < fewest && of.packed.is_empty() {
            return remove(self.output, old.iter()).await;
        }
        if all.len() < fewest || (fetched.len() < fewest && old.len() < 2) {
            return;
        }
        let markers = all.iter().map(|(shard, marker)| (**shard, marker.as_ref()));
        let store = self.output.store();
        match put(store.as_ref(), (&block.stage, block.first), markers).await {
            Ok(new) => remove(self.output, old.iter().filter(|key| **key != new)).await,
            Err(error) => warn!("markers cannot be packed now: {error}"),
        }
    }

    /// Removes packs of blocks that the plan does not have.
    pub(crate) async fn tidy(&self) {
        remove(self.output, self.shelf.strays(&self.blocks).iter()).await;
    }
}

/// The same in parts that are parsed together.
fn together<'a>(
    unparsed: impl Stream<Item = Unparsed<'a>> + Send + 'a,
) -> impl Stream<Item = Vec<Unparsed<'a>>> + Send + 'a {
    stream::unfold(unparsed.boxed(), async |mut unparsed| {
        let (mut part, mut bytes) = (Vec::new(), 0);
        while part.len() < TOGETHER && bytes < TOGETHER_BYTES {
            let Some(next) = unparsed.next().await else {
                break;
            };
            if let (_, Ok(Ok(Some(marker)))) = &next {
                bytes += marker.len();
            }
            part.push(next);
        }
        (!part.is_empty()).then_some((part, unparsed))
    })
}

async fn remove(output: &Output, packs: impl Iterator<Item = &Key>) {
    for key in packs {
        if let Err(error) = output.store().delete(key).await {
            warn!("a pack of markers that is of no use cannot be removed: {error}");
        }
    }
}
