//! What is read of markers and packs of them, whatever the packs say.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::StreamExt;
use lumimill_common::campaign::Campaign;
use lumimill_common::marker::pack;
use lumimill_common::shard::{Shard, ShardId};
use lumimill_common::stage_keys::{marker_key, object_key, pack_key, packs_folder};
use lumimill_common::store::{Key, MemoryStore, Store};

use super::{Blocks, Gathered, Reading, shelve};
use crate::hollow_marker::hollow_marker;
use crate::meddled_store::MeddledStore;
use crate::output::Output;
use crate::outstanding::tests::plan_of;
use crate::pack_sizes::PackSizes;
use crate::plan::Plan;
use crate::soundness::{Fault, Markers};

const TEXT: &str = "\
name = \"c\"
output = \"c\"
[[dataset]]
name = \"D\"
kind = \"data\"
files = [\"a.root\"]
[certification]
runs = \"1-2\"
[[stage]]
name = \"s0\"
keep = [\"run\"]
";
const SIZES: PackSizes = PackSizes {
    fewest: 2,
    typical: 8,
};

struct Done {
    plan: Plan,
    markers: Markers,
    store: Arc<dyn Store>,
    _folder: tempfile::TempDir,
}

impl Done {
    /// A plan of one stage whose shards are done.
    async fn of(shards: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(MemoryStore::new(folder.path().to_owned()));
        let done = Self {
            plan: plan_of(shards, &[None]),
            markers: Markers::of(&Campaign::parse(TEXT).unwrap()),
            store,
            _folder: folder,
        };
        for shard in &done.plan.shards {
            done.commit(shard, b"a table").await;
        }
        done
    }

    async fn commit(&self, shard: &Shard, table: &[u8]) {
        let object = object_key(&shard.stage, shard.id);
        self.store.put(&object, table.to_vec()).await.unwrap();
        let marker = hollow_marker(shard, table).to_bytes().unwrap();
        let key = marker_key(&shard.stage, shard.id);
        self.store.put(&key, marker).await.unwrap();
    }

    fn output(&self) -> Output {
        Output::in_store(self.store.clone()).with_packs(SIZES)
    }

    /// Hashes of the tables of all shards, as their markers say, or why these cannot be used.
    async fn read(&self, repacks: bool) -> BTreeMap<ShardId, Result<Option<String>, Fault>> {
        let output = self.output();
        let inventory = output.inventory(&self.plan).await.unwrap();
        let reading = Reading::of(&output, &self.plan, &self.markers, &inventory);
        let mut reading = reading.await.unwrap();
        if repacks {
            reading = reading.repacking();
        }
        let mut all = BTreeMap::new();
        let mut order = Vec::new();
        let mut read = reading.read(|shard| inventory.done.contains(&shard.id));
        while let Some((shard, found)) = read.next().await {
            let found = found.unwrap();
            order.push(shard.id);
            all.insert(shard.id, found.map(|found| found.map(|found| found.hash)));
        }
        let planned = self.plan.shards.iter().map(|shard| shard.id);
        let planned = planned.filter(|id| inventory.done.contains(id));
        assert_eq!(
            order,
            planned.collect::<Vec<_>>(),
            "in the order of the plan"
        );
        if repacks {
            reading.tidy().await;
        }
        all
    }

    async fn packs(&self) -> Vec<Key> {
        let packs = self.store.list(&packs_folder()).await.unwrap();
        packs.into_iter().map(|object| object.key).collect()
    }

    /// What reports told, put into packs as they came.
    async fn told(&self) {
        let blocks = Blocks::of(&self.plan.shards, SIZES);
        let mut gathered = Gathered::of(blocks);
        for (place, shard) in self.plan.shards.iter().enumerate() {
            let key = marker_key(&shard.stage, shard.id);
            let marker = self.store.get(&key).await.unwrap().unwrap();
            gathered.add(place, shard.id, marker);
            shelve(&self.output(), gathered.take_full()).await;
        }
        assert!(gathered.take_all().is_empty(), "all blocks are full");
    }

    /// The same where nobody may read the marker of a shard itself.
    fn denying(&self, shard: &Shard) -> Self {
        let key = marker_key(&shard.stage, shard.id);
        Self {
            plan: self.plan.clone(),
            markers: self.markers.clone(),
            store: MeddledStore::denying(key, self.store.clone()),
            _folder: tempfile::tempdir().unwrap(),
        }
    }
}

#[tokio::test]
async fn what_reports_told_is_not_asked_for() {
    let done = Done::of(50).await;
    let expected = done.read(false).await;
    assert_eq!(expected.len(), 50);
    done.told().await;
    assert!(done.packs().await.len() > 3);
    // Of a block with so few that there is no pack, each is asked for.
    let blocks = Blocks::of(&done.plan.shards, SIZES);
    let is_packed = |place: usize| {
        let block = blocks.get(blocks.number(place).unwrap()).unwrap();
        block.shards >= SIZES.fewest
    };
    let mut packed = 0;
    for (place, shard) in done.plan.shards.iter().enumerate() {
        if is_packed(place) {
            packed += 1;
            assert_eq!(done.denying(shard).read(false).await, expected);
        }
    }
    assert!(packed > 40, "{packed}");
}

/// A marker that was replaced since, and one that was never written, with a checksum that is right.
#[tokio::test]
async fn what_a_pack_says_is_used_where_a_listing_says_the_same() {
    let done = Done::of(20).await;
    done.told().await;
    let [stale, forged, gone] = [0, 7, 13].map(|place| &done.plan.shards[place]);
    done.commit(stale, b"another table").await;
    let first = Blocks::of(&done.plan.shards, SIZES);
    let first = first.get(first.number(7).unwrap()).unwrap().first;
    let made_up = hollow_marker(forged, b"made up").to_bytes().unwrap();
    let bytes = pack::write([(forged.id, made_up.as_slice())]);
    let key = pack_key(&forged.stage, first, &bytes);
    done.store.put(&key, bytes).await.unwrap();
    let marker = marker_key(&gone.stage, gone.id);
    done.store.delete(&marker).await.unwrap();
    let hash = |table: &[u8]| Ok(Some(blake3::hash(table).to_hex().to_string()));
    for repacks in [false, true, false] {
        let found = done.read(repacks).await;
        assert_eq!(found[&stale.id], hash(b"another table"));
        assert_eq!(found[&forged.id], hash(b"a table"));
        assert!(!found.contains_key(&gone.id), "it is not done");
        assert_eq!(found.len(), 19);
    }
}

#[tokio::test]
async fn packs_that_are_lost_or_damaged_cost_requests_and_nothing_else() {
    let done = Done::of(40).await;
    let expected = done.read(false).await;
    done.told().await;
    type Damage = fn(&[u8]) -> Vec<u8>;
    let ways: [Damage; 5] = [
        |_| Vec::new(),
        |_| b"{\"form\":9}\n".to_vec(),
        |bytes| bytes[..bytes.len() / 2].to_vec(),
        |bytes| {
            let mut bytes = bytes.to_vec();
            let at = bytes.len() / 2;
            bytes[at] ^= 1;
            bytes
        },
        |_| vec![b'x'; 100_000],
    ];
    for (key, damage) in done.packs().await.iter().zip(ways) {
        let bytes = done.store.get(key).await.unwrap().unwrap();
        done.store.put(key, damage(&bytes)).await.unwrap();
    }
    assert_eq!(done.read(false).await, expected);
    for key in done.packs().await {
        done.store.delete(&key).await.unwrap();
    }
    assert_eq!(done.read(false).await, expected);
}

#[tokio::test]
async fn whoever_merges_leaves_one_pack_of_each_block_and_no_other() {
    let done = Done::of(60).await;
    let expected = done.read(true).await;
    let packs = done.packs().await;
    assert!(packs.len() > 3);
    done.told().await;
    let other: ShardId = "00112233445566778899aabbccddeeff".parse().unwrap();
    let stage = &done.plan.shards[0].stage;
    for bytes in [&b"of no plan"[..], b"neither"] {
        let key = pack_key(stage, other, bytes);
        done.store.put(&key, bytes.to_vec()).await.unwrap();
    }
    let more = pack_key(stage, done.plan.shards[0].id, b"damaged");
    done.store.put(&more, b"damaged".to_vec()).await.unwrap();
    assert_eq!(done.read(true).await, expected);
    assert_eq!(done.packs().await, packs);
}

/// Two coordinators heard half of it each.
#[tokio::test]
async fn several_packs_of_a_block_are_read_together() {
    let done = Done::of(30).await;
    let expected = done.read(false).await;
    for half in 0..2 {
        let mut gathered = Gathered::of(Blocks::of(&done.plan.shards, SIZES));
        for (place, shard) in done.plan.shards.iter().enumerate() {
            if place % 2 == half {
                let key = marker_key(&shard.stage, shard.id);
                let marker = done.store.get(&key).await.unwrap().unwrap();
                gathered.add(place, shard.id, marker);
            }
        }
        assert!(gathered.take_full().len() < 3);
        shelve(&done.output(), gathered.take_all()).await;
    }
    let before = done.packs().await;
    assert_eq!(done.read(true).await, expected);
    assert!(done.packs().await.len() < before.len());
    assert_eq!(done.read(false).await, expected);
}

#[test]
fn a_plan_that_is_edited_has_most_of_its_blocks() {
    let plan = plan_of(2000, &[None, Some(0)]);
    let firsts = |shards: &[Shard]| -> Vec<ShardId> {
        let blocks = Blocks::of(shards, SIZES);
        let sizes: Vec<usize> = blocks.all().map(|block| block.shards).collect();
        assert_eq!(sizes.iter().sum::<usize>(), shards.len());
        let most = 2 * usize::from(SIZES.typical);
        assert!(sizes.iter().all(|size| *size <= most), "{sizes:?}");
        blocks.all().map(|block| block.first).collect()
    };
    let before = firsts(&plan.shards);
    assert!(
        before.len() > 300 && before.len() < 1000,
        "{}",
        before.len()
    );
    for place in [0, 700, 3999] {
        let mut shards = plan.shards.clone();
        shards.remove(place);
        let after = firsts(&shards);
        let lost = before.iter().filter(|first| !after.contains(first)).count();
        assert!(lost < 10, "{lost} blocks begin elsewhere");
    }
}

/// Reports may come in any order, and never bring all of any block.
#[test]
fn what_is_kept_of_reports_is_bounded() {
    let plan = plan_of(4000, &[None]);
    let blocks = Blocks::of(&plan.shards, PackSizes::default());
    let mut gathered = Gathered::of(blocks);
    let mut taken = 0;
    for (place, shard) in plan.shards.iter().enumerate().skip(1).step_by(2) {
        gathered.add(place, shard.id, vec![b'x'; pack::LARGEST]);
        gathered.add(place, shard.id, vec![b'x'; pack::LARGEST + 1]);
        gathered.add(usize::MAX, shard.id, Vec::new());
        let full = gathered.take_full();
        taken += full.iter().map(|(_, markers)| markers.len()).sum::<usize>();
    }
    let left: usize = gathered.take_all().iter().map(|(_, it)| it.len()).sum();
    assert_eq!(taken + left, 2000);
    assert!(left * pack::LARGEST <= 48 << 20, "{left} are left");
}
