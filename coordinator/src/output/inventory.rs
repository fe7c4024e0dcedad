//! What listings say is there of a plan: markers, failed records, tables and their sizes.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt, TryStreamExt};
use lumimill_common::campaign::StageName;
use lumimill_common::shard::{Shard, ShardId};
use lumimill_common::stage_keys::{marker_key, measure_key};
use lumimill_common::store::{Key, Md5, Object, StoreError};

use super::{AT_ONCE, Output, Over, key};
use crate::campaign_file::Mistakes;
use crate::plan::Plan;

/// What is there of the stages of a plan, whether the plan accounts for it or not.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    /// Shards with a marker.
    pub done: BTreeSet<ShardId>,
    /// What is listed of the bytes of these markers, where anything is.
    pub(crate) md5s: BTreeMap<ShardId, Md5>,
    /// Shards with the marker that they had when other metrics were measured on them.
    pub earlier: BTreeSet<ShardId>,
    /// Shards with a failed record and no marker.
    pub failed: BTreeSet<ShardId>,
    /// Size in bytes of the table of each shard that has one, marker or not; 0 for those that are done
    /// and whose stage writes none.
    pub tables: BTreeMap<ShardId, u64>,
    /// Shards that are done, and whose stage writes no tables.
    measured: BTreeSet<ShardId>,
    /// What is named as Parquet and has no name of a table: readers of the folder would see it.
    pub foreign: Vec<Key>,
}

impl Inventory {
    /// Shards with a marker and without a table, or with an empty one. More is known only from
    /// markers.
    #[must_use]
    pub fn gone(&self) -> BTreeSet<ShardId> {
        let has_table = |id: &ShardId| {
            self.measured.contains(id) || self.tables.get(id).is_some_and(|size| *size > 0)
        };
        let without = self.done.iter().filter(|id| !has_table(id));
        without.copied().collect()
    }

    /// What it says is over.
    #[must_use]
    pub(crate) fn over(&self) -> Over {
        Over {
            done: self.done.clone(),
            given_up: self.failed.clone(),
        }
    }

    /// Shards that are to be measured again on their tables.
    #[must_use]
    pub(crate) fn to_measure(&self) -> BTreeSet<ShardId> {
        &self.earlier - &self.done
    }

    /// Adds what is there of a stage that writes no tables.
    fn add_measured(&mut self, stage: Self) {
        let Self {
            done,
            md5s,
            earlier,
            failed,
            foreign,
            ..
        } = stage;
        self.md5s.extend(md5s);
        self.tables.extend(done.iter().map(|id| (*id, 0)));
        self.measured.extend(&done);
        self.done.extend(done);
        self.earlier.extend(earlier);
        self.failed.extend(failed);
        self.foreign.extend(foreign);
    }

    fn add(&mut self, stage: &str, object: &Object) {
        let below = object.key.as_str().strip_prefix(stage);
        let Some(below) = below.and_then(|below| below.strip_prefix('/')) else {
            return;
        };
        let id = |name: Option<&str>| name.and_then(|name| name.parse().ok());
        if let Some(id) = id(below.strip_prefix("_done/")) {
            self.done.insert(id);
            self.md5s.extend(object.md5.map(|md5| (id, md5)));
        } else if let Some(id) = id(below.strip_prefix("_measure/")) {
            self.earlier.insert(id);
        } else if let Some(record) = below.strip_prefix("_failed/") {
            self.failed.extend(id(record.strip_suffix(".json")));
        } else if let Some(table) = below.strip_prefix("part-")
            && let Some(id) = id(table.strip_suffix(".parquet"))
        {
            self.tables.insert(id, object.size);
        } else if below.ends_with(".parquet") {
            self.foreign.push(object.key.clone());
        }
    }
}

impl Output {
    /// Lists what is there of the stages of a plan.
    pub async fn inventory(&self, plan: &Plan) -> anyhow::Result<Inventory> {
        let mut inventory = Inventory::default();
        for stage in &plan.stages {
            match stage.without_tables {
                true => inventory.add_measured(self.inventory_of(&stage.name).await?),
                false => self.add_stage(&stage.name, &mut inventory).await?,
            }
        }
        let Inventory { done, failed, .. } = &mut inventory;
        failed.retain(|id| !done.contains(id));
        Ok(inventory)
    }

    /// Forgets the markers that shards had before they were measured again.
    pub(crate) async fn forget_measured(
        &self,
        plan: &Plan,
        inventory: &Inventory,
    ) -> anyhow::Result<()> {
        let over = &inventory.earlier & &inventory.done;
        let shards = plan.shards.iter().filter(|shard| over.contains(&shard.id));
        let removing: Vec<_> = shards
            .map(async |shard| self.forget_aside(shard).await)
            .collect();
        let removing = stream::iter(removing).buffer_unordered(AT_ONCE);
        removing.try_collect::<()>().await?;
        Ok(())
    }

    /// Removes the marker that a shard had before, unless it is being set aside at this moment: then
    /// either side finds what the other one removed, and puts it back.
    async fn forget_aside(&self, shard: &Shard) -> Result<(), StoreError> {
        let aside = measure_key(&shard.stage, shard.id);
        let Some(bytes) = self.store.get(&aside).await? else {
            return Ok(());
        };
        self.store.delete(&aside).await?;
        let marker = marker_key(&shard.stage, shard.id);
        match self.store.get(&marker).await? {
            Some(_) => Ok(()),
            None => self.store.put(&aside, bytes).await,
        }
    }

    /// Lists what is there of one stage.
    pub(super) async fn inventory_of(&self, stage: &StageName) -> anyhow::Result<Inventory> {
        let mut inventory = Inventory::default();
        self.add_stage(stage, &mut inventory).await?;
        Ok(inventory)
    }

    async fn add_stage(&self, stage: &StageName, inventory: &mut Inventory) -> anyhow::Result<()> {
        let name = stage.as_str();
        let mut hiding = Vec::new();
        let mut each = |object: Object| {
            inventory.add(name, &object);
            if hides_a_folder(name, &object) {
                hiding.push(object);
            }
        };
        self.store.visit(&key(name)?, &mut each).await?;
        inventory.foreign.sort();
        for object in hiding {
            self.check_folder(&object).await?;
        }
        Ok(())
    }
}

impl Output {
    /// What has the place of the folder of markers or records hides all of them.
    async fn check_folder(&self, object: &Object) -> anyhow::Result<()> {
        let inside = key(&format!("{}/0", object.key))?;
        match self.store.obstacle(&inside).await? {
            Some(what) => Err(Mistakes::new(self.store.location(), vec![what]).into()),
            None => Ok(()),
        }
    }
}

/// Whether an object of a stage is in the place of a folder of it.
fn hides_a_folder(stage: &str, object: &Object) -> bool {
    let below = object.key.as_str().strip_prefix(stage);
    let folders = ["/_done", "/_failed", "/_retrying", "/_measure"];
    below.is_some_and(|below| folders.contains(&below))
}

#[cfg(test)]
mod tests {
    use lumimill_common::store::{Key, Object};

    use super::Inventory;

    const ID: [&str; 3] = [
        "0123456789abcdef0123456789abcdef",
        "1123456789abcdef0123456789abcdef",
        "2123456789abcdef0123456789abcdef",
    ];

    #[test]
    fn a_marker_without_a_table_or_with_an_empty_one_is_of_something_gone() {
        let mut inventory = Inventory::default();
        let [whole, empty, gone] = ID;
        for (key, size) in [
            (format!("s/_done/{whole}"), 9),
            (format!("s/part-{whole}.parquet"), 9),
            (format!("s/_done/{empty}"), 9),
            (format!("s/part-{empty}.parquet"), 0),
            (format!("s/_done/{gone}"), 9),
            (format!("s/deeper/part-{gone}.parquet"), 9),
            (format!("s/_failed/{gone}.json"), 9),
            (String::from("s/_done/strange"), 9),
            (String::from("s/part-strange.parquet"), 9),
        ] {
            let key = key.parse().unwrap();
            let md5 = None;
            inventory.add("s", &Object { key, size, md5 });
        }
        assert_eq!(inventory.done.len(), 3);
        assert_eq!(inventory.failed.len(), 1);
        let gone: Vec<String> = inventory.gone().iter().map(ToString::to_string).collect();
        assert_eq!(gone, ID[1..]);
        let foreign: Vec<&str> = inventory.foreign.iter().map(Key::as_str).collect();
        let deeper = format!("s/deeper/part-{}.parquet", ID[2]);
        assert_eq!(foreign, [deeper.as_str(), "s/part-strange.parquet"]);
    }
}
