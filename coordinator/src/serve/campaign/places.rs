//! Where the shards of a plan are in it, found by their ids: four bytes a shard.

use lumimill_common::shard::{Shard, ShardId};

/// Places in a plan, in the order of the ids of the shards that are there.
pub(super) struct Places(Vec<u32>);

impl Places {
    /// Those of the shards of a plan.
    pub(super) fn of(shards: &[Shard]) -> Self {
        let mut places: Vec<u32> = shards.iter().zip(0..).map(|(_, place)| place).collect();
        places.sort_unstable_by_key(|place| id_at(shards, *place));
        Self(places)
    }

    /// The place of a shard among the shards that these are the places of.
    pub(super) fn find(&self, shards: &[Shard], id: ShardId) -> Option<usize> {
        let by_id = |place: &u32| id_at(shards, *place).cmp(&Some(id));
        let found = self.0.binary_search_by(by_id).ok()?;
        self.0.get(found).map(|place| *place as usize)
    }
}

fn id_at(shards: &[Shard], place: u32) -> Option<ShardId> {
    shards.get(place as usize).map(|shard| shard.id)
}

#[cfg(test)]
mod tests {
    use super::Places;
    use crate::outstanding::tests::plan_of;

    #[test]
    fn every_shard_is_found_where_it_is_and_no_other() {
        let shards = plan_of(5, &[None, Some(0)]).shards;
        let places = Places::of(&shards);
        for (at, shard) in shards.iter().enumerate() {
            assert_eq!(places.find(&shards, shard.id), Some(at));
        }
        let other = plan_of(6, &[None]).shards[5].id;
        assert_eq!(places.find(&shards, other), None);
        assert_eq!(Places::of(&[]).find(&[], other), None);
    }
}
