//! The shards of stages that read the rows of a stage: one for each of its shards, in its order.
//!
//! Pure: the shards that read files are given, whatever was cut of them, and the ids of all others
//! follow from theirs.

use std::collections::{BTreeMap, BTreeSet};

use lumimill_common::campaign::StageName;
use lumimill_common::entry_set::EntrySet;
use lumimill_common::shard::{FileIdentity, Shard, ShardId, Source, WholeStage};
use lumimill_worker::shard_table::PlannedStage;
use thin_vec::ThinVec;

/// All shards of a plan: by stage, then in the order of the shards that read files. A stage comes
/// after the one that it reads.
pub(crate) fn derive(roots: Vec<Shard>, stages: &[PlannedStage]) -> Vec<Shard> {
    let mut of_stages: BTreeMap<StageName, Vec<Shard>> = BTreeMap::new();
    for root in roots {
        of_stages.entry(root.stage.clone()).or_default().push(root);
    }
    for stage in stages {
        let Some(parent) = &stage.from else {
            continue;
        };
        let digest = stage.output_digest();
        let of = |name: &StageName| of_stages.get(name).map_or(&[][..], Vec::as_slice);
        let wholes = stage.wholes.iter().map(|name| whole(name, of(name)));
        let wholes: ThinVec<WholeStage> = wholes.collect();
        if !stage.categories.is_empty() {
            let categories = stage.categories.iter().zip(0..);
            let fits = categories.map(|(name, number)| fit(stage, &digest, name, number, &wholes));
            of_stages.insert(stage.name.clone(), fits.collect());
            continue;
        }
        // Those of all stages that come from one are in its order, one for each.
        let beside: Vec<&[Shard]> = stage.beside.iter().map(of).collect();
        let derived = of(parent).iter().enumerate().map(|(at, parent)| {
            let beside = beside.iter().filter_map(|shards| shards.get(at));
            let beside = beside.map(|shard| shard.id).collect();
            child(parent, (beside, wholes.clone()), stage, &digest)
        });
        let derived = derived.collect();
        of_stages.insert(stage.name.clone(), derived);
    }
    let shards = stages
        .iter()
        .filter_map(|stage| of_stages.remove(&stage.name));
    shards.flatten().collect()
}

/// The shard of a stage that reads the rows of a shard; it is of the same events.
fn child(
    parent: &Shard,
    (beside, wholes): (ThinVec<ShardId>, ThinVec<WholeStage>),
    stage: &PlannedStage,
    digest: &str,
) -> Shard {
    let mut shard = Shard {
        id: ShardId::default(),
        stage: stage.name.clone(),
        source: Source::Rows(parent.id),
        beside,
        wholes,
        ..parent.clone()
    };
    shard.id = shard.compute_id(digest);
    shard
}

/// The shard of a stage that fits a category to what is counted on all rows of a stage.
fn fit(
    stage: &PlannedStage,
    digest: &str,
    category: &str,
    number: u32,
    wholes: &[WholeStage],
) -> Shard {
    let mut shard = Shard {
        id: ShardId::default(),
        stage: stage.name.clone(),
        source: Source::Category(number),
        beside: ThinVec::new(),
        wholes: wholes.into(),
        dataset: "".into(),
        file: std::sync::Arc::new(FileIdentity {
            url: category.to_owned(),
            size: 0,
            state: String::new(),
        }),
        tree: "".into(),
        entries: 0..0,
        certified_events: 0,
        lumis: None,
        dropped: EntrySet::default(),
        packed: ThinVec::new(),
    };
    shard.id = shard.compute_id(digest);
    shard
}

fn whole(stage: &StageName, shards: &[Shard]) -> WholeStage {
    let ids: Vec<ShardId> = shards.iter().map(|shard| shard.id).collect();
    WholeStage::of(stage, &ids)
}

/// The same shards, in their order, without those of these ids and all that read them; and those. What
/// is made of all shards of a stage is made of those that are left, so that it has another id, and
/// with it all that reads it.
pub(super) fn divided(
    all: Vec<Shard>,
    stages: &[PlannedStage],
    ids: &BTreeSet<ShardId>,
) -> (Vec<Shard>, Vec<Shard>) {
    let digests = stages.iter().map(|it| (&it.name, it.output_digest()));
    let digests: BTreeMap<&StageName, String> = digests.collect();
    let mut kept: BTreeMap<StageName, Vec<ShardId>> = BTreeMap::new();
    let mut wholes: BTreeMap<StageName, WholeStage> = BTreeMap::new();
    let mut renamed: BTreeMap<ShardId, ShardId> = BTreeMap::new();
    let mut lost: BTreeSet<ShardId> = BTreeSet::new();
    let (mut left, mut dropped) = (Vec::new(), Vec::new());
    for mut shard in all {
        let former = shard.id;
        let mut is_changed = false;
        let mut read = |id: &mut ShardId| {
            if let Some(now) = renamed.get(id) {
                *id = *now;
                is_changed = true;
            }
        };
        if let Source::Rows(parent) = &mut shard.source {
            read(parent);
        }
        shard.beside.iter_mut().for_each(read);
        for whole in &mut shard.wholes {
            let stage = whole.stage.clone();
            let shards = kept.get(&stage).map_or(&[][..], Vec::as_slice);
            let found = wholes.entry(stage);
            let found = found.or_insert_with_key(|stage| WholeStage::of(stage, shards));
            is_changed |= whole != found;
            whole.clone_from(found);
        }
        if let Some(digest) = digests.get(&shard.stage).filter(|_| is_changed) {
            shard.id = shard.compute_id(digest);
        }
        if shard.id != former {
            renamed.insert(former, shard.id);
        }
        let with_another = shard.reads().any(|read| lost.contains(&read));
        match with_another || ids.contains(&former) || ids.contains(&shard.id) {
            true => {
                lost.insert(shard.id);
                dropped.push(shard);
            }
            false => {
                kept.entry(shard.stage.clone()).or_default().push(shard.id);
                left.push(shard);
            }
        }
    }
    (left, dropped)
}

/// The shards that read files which these come from: cutting one of those cuts these.
pub(super) fn roots_of<T: Clone>(
    shards: &[Shard],
    of: &BTreeMap<ShardId, T>,
) -> BTreeMap<ShardId, T> {
    let parents: BTreeMap<ShardId, Source> = shards
        .iter()
        .map(|shard| (shard.id, shard.source))
        .collect();
    let root = |mut id: ShardId| {
        while let Some(Source::Rows(parent)) = parents.get(&id) {
            id = *parent;
        }
        id
    };
    of.iter()
        .map(|(id, value)| (root(*id), value.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stage(number: usize, from: Option<usize>) -> PlannedStage {
        let name = |number: usize| -> StageName { format!("s{number}").parse().unwrap() };
        PlannedStage {
            from: from.map(name),
            ..PlannedStage::new(name(number), "")
        }
    }

    fn root(stage: &PlannedStage, start: u64) -> Shard {
        let mut shard = Shard {
            id: ShardId::default(),
            stage: stage.name.clone(),
            source: Source::Entries,
            beside: ThinVec::new(),
            wholes: ThinVec::new(),
            dataset: "D".into(),
            file: std::sync::Arc::new(FileIdentity {
                url: String::from("a.root"),
                size: 1,
                state: String::new(),
            }),
            tree: "Events".into(),
            entries: start..start + 10,
            certified_events: 3,
            lumis: None,
            dropped: EntrySet::default(),
            packed: ThinVec::new(),
        };
        shard.id = shard.compute_id(&stage.output_digest());
        shard
    }

    proptest! {
        /// Every shard has one child in each stage that reads its stage, in its order and of its
        /// events, and no two shards one id.
        #[test]
        fn a_shard_has_a_child_in_each_stage_that_reads_it(
            roots in 0u64..4,
            reads in prop::collection::vec(any::<Option<prop::sample::Index>>(), 1..6),
        ) {
            let stages: Vec<PlannedStage> = reads
                .iter()
                .enumerate()
                .map(|(number, from)| {
                    stage(number, from.filter(|_| number > 0).map(|from| from.index(number)))
                })
                .collect();
            let reads_files = stages.iter().filter(|stage| stage.from.is_none());
            let given: Vec<Shard> = reads_files
                .flat_map(|stage| (0..roots).map(|start| root(stage, start * 10)))
                .collect();
            let shards = derive(given.clone(), &stages);
            prop_assert_eq!(shards.len() as u64, roots * stages.len() as u64);
            let ids: BTreeSet<ShardId> = shards.iter().map(|shard| shard.id).collect();
            prop_assert_eq!(ids.len(), shards.len());
            let of = |stage: &PlannedStage| -> Vec<&Shard> {
                shards.iter().filter(|shard| shard.stage == stage.name).collect()
            };
            for stage in &stages {
                let Some(from) = &stage.from else { continue };
                let parents = of(stages.iter().find(|stage| stage.name == *from).unwrap());
                for (child, parent) in of(stage).iter().zip(parents) {
                    prop_assert_eq!(child.source, Source::Rows(parent.id));
                    prop_assert_eq!(&child.entries, &parent.entries);
                }
            }
            let order: Vec<usize> = shards
                .iter()
                .map(|shard| stages.iter().position(|stage| stage.name == shard.stage).unwrap())
                .collect();
            prop_assert!(order.is_sorted());
            // Whatever is cut is a shard that reads a file.
            let all: BTreeMap<ShardId, ()> = ids.iter().map(|id| (*id, ())).collect();
            let found: BTreeSet<ShardId> = roots_of(&shards, &all).into_keys().collect();
            prop_assert_eq!(found, given.iter().map(|shard| shard.id).collect::<BTreeSet<_>>());
        }
    }

    #[test]
    fn what_changes_in_the_middle_changes_it_and_what_follows() {
        let stages = [
            stage(0, None),
            stage(1, Some(0)),
            stage(2, Some(1)),
            stage(3, Some(0)),
        ];
        let ids = |stages: &[PlannedStage]| -> Vec<ShardId> {
            let shards = derive(vec![root(&stages[0], 0)], stages);
            shards.iter().map(|shard| shard.id).collect()
        };
        let before = ids(&stages);
        let mut changed = stages.clone();
        changed[1].digest = String::from("another");
        let after = ids(&changed);
        let same: Vec<bool> = before.iter().zip(&after).map(|(a, b)| a == b).collect();
        assert_eq!(same, [true, false, false, true]);
    }
}
