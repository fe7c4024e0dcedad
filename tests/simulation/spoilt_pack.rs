//! Packs of markers that get lost, break off, or say what is not true.

use lumimill_common::marker::{Marker, pack};
use lumimill_common::shard::ShardId;
use lumimill_common::stage_keys::packs_folder;
use lumimill_common::store::Store;

use crate::inputs::NAME;
use crate::world::World;

/// Does something to one of the packs that are there; whoever reads it is to notice.
pub(crate) async fn spoil_a_pack(world: &World) -> anyhow::Result<()> {
    let random = &world.random;
    let store = world.store.below(NAME);
    let packs = store.list(&packs_folder()).await?;
    let (choice, way) = (random.below(packs.len() as u64), random.below(4));
    let Some(object) = packs.get(choice as usize) else {
        return Ok(());
    };
    let key = &object.key;
    let Some(bytes) = store.get(key).await? else {
        return Ok(());
    };
    let markers = pack::read(&bytes).unwrap_or_default();
    let (what, bytes) = match way {
        0 => {
            world.note("packs", "one is lost");
            store.delete(key).await?;
            return Ok(());
        }
        1 => ("breaks off", bytes[..bytes.len() / 2].to_vec()),
        2 => {
            let ids = markers.iter().map(|(shard, _)| *shard);
            let ids: Vec<ShardId> = ids.cycle().skip(1).take(markers.len()).collect();
            let bytes = markers.iter().map(|(_, marker)| *marker);
            (
                "mixes its shards up",
                pack::write(ids.into_iter().zip(bytes)),
            )
        }
        _ => {
            let twice = markers.iter().map(|(shard, marker)| {
                let marker = counted_twice(marker).unwrap_or_else(|| marker.to_vec());
                (*shard, marker)
            });
            let twice: Vec<(ShardId, Vec<u8>)> = twice.collect();
            let twice = twice
                .iter()
                .map(|(shard, marker)| (*shard, marker.as_slice()));
            ("counts twice", pack::write(twice))
        }
    };
    world.note("packs", format_args!("one {what}"));
    store.put(key, bytes).await?;
    Ok(())
}

/// A marker with a checksum that is right, in which each row is measured twice.
fn counted_twice(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut marker = Marker::from_bytes(bytes).ok()?;
    for partial in &mut marker.partials {
        let once = partial.clone();
        partial.merge(&once).ok()?;
    }
    marker.to_bytes().ok()
}
