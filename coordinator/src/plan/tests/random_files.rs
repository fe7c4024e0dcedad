//! Random files, planned and compared with what was written into them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::num::NonZeroU32;

use lumimill_common::event_id::{LumiSection, Run};
use proptest::prelude::*;

use super::*;

type Lumi = (u32, u32);

#[derive(Debug, Clone)]
struct Input {
    clusters: Vec<Vec<Row>>,
    listed: Vec<Lumi>,
}

impl Input {
    fn rows(&self) -> Vec<Row> {
        self.clusters.concat()
    }

    fn lumis(&self) -> BTreeSet<Lumi> {
        let with_events = self.rows().into_iter().map(|(run, lumi, _)| (run, lumi));
        with_events.chain(self.listed.iter().copied()).collect()
    }
}

fn input() -> impl Strategy<Value = Input> {
    let row = (1u32..3, 1u32..8, 0u64..40);
    let clusters = prop::collection::vec(prop::collection::vec(row, 1..30), 0..6);
    let listed = prop::collection::vec((1u32..3, 1u32..8), 0..3);
    (clusters, listed, any::<bool>()).prop_map(|(mut clusters, listed, sorted)| {
        if sorted {
            // As in real files: lumi sections follow each other.
            let lengths: Vec<usize> = clusters.iter().map(Vec::len).collect();
            let mut rows = clusters.concat();
            rows.sort_unstable();
            let mut rest = rows.into_iter();
            clusters = lengths
                .into_iter()
                .map(|length| rest.by_ref().take(length).collect())
                .collect();
        }
        Input { clusters, listed }
    })
}

/// Certified events beyond the first of each, in the order of files and entries.
fn repeated(inputs: &[Input], certified: &BTreeSet<Lumi>) -> BTreeSet<(usize, u64)> {
    let mut seen = BTreeSet::new();
    let mut repeated = BTreeSet::new();
    for (at, input) in inputs.iter().enumerate() {
        for (entry, row) in (0..).zip(input.rows()) {
            if certified.contains(&(row.0, row.1)) && !seen.insert(row) {
                repeated.insert((at, entry));
            }
        }
    }
    repeated
}

/// Repeated events of each lumi section.
fn by_lumi(inputs: &[Input], repeated: &BTreeSet<(usize, u64)>) -> BTreeMap<Lumi, u64> {
    let mut counts = BTreeMap::new();
    for (at, entry) in repeated {
        let (run, lumi, _) = inputs[*at].rows()[*entry as usize];
        *counts.entry((run, lumi)).or_default() += 1;
    }
    counts
}

/// Every certified event is in exactly one piece of one shard, which says rightly what it holds.
fn assert_each_once(
    plan: &Plan,
    inputs: &[Input],
    certified: &BTreeSet<Lumi>,
    repeated: &BTreeSet<(usize, u64)>,
) -> Result<(), TestCaseError> {
    let mut shards_of_entry: BTreeMap<(usize, u64), usize> = BTreeMap::new();
    for shard in &plan.shards {
        let (mut in_pieces, mut entries) = (0, 0);
        for piece in shard.pieces() {
            let at: usize = piece.file.url.trim_end_matches(".root").parse().unwrap();
            let rows = inputs[at].rows();
            let lumis = piece.lumis.unwrap();
            let mut events = 0;
            for entry in piece.entries.clone() {
                let (run, lumi, _) = rows[entry as usize];
                let counted = lumis.contains(Run::new(run), LumiSection::new(lumi));
                prop_assert_eq!(counted, certified.contains(&(run, lumi)));
                events += u64::from(counted);
                *shards_of_entry.entry((at, entry)).or_default() += 1;
                let is_dropped = !piece.dropped.within(&(entry..entry + 1)).is_empty();
                prop_assert_eq!(is_dropped, repeated.contains(&(at, entry)));
            }
            prop_assert_eq!(&piece.dropped.within(piece.entries), piece.dropped);
            prop_assert_eq!(events, piece.certified_events);
            in_pieces += events;
            entries += piece.entries.end - piece.entries.start;
        }
        prop_assert_eq!(in_pieces, shard.certified_events);
        prop_assert_eq!(entries, shard.entries.end - shard.entries.start);
        // A stage without events has one shard, of no entries.
        prop_assert!(in_pieces > 0 || (shard.entries.is_empty() && plan.shards.len() == 1));
    }
    prop_assert!(shards_of_entry.values().all(|&shards| shards == 1));
    for (at, input) in inputs.iter().enumerate() {
        for (entry, &(run, lumi, _)) in input.rows().iter().enumerate() {
            let planned = shards_of_entry.contains_key(&(at, entry as u64));
            prop_assert!(
                planned || !certified.contains(&(run, lumi)),
                "lost an event"
            );
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_certified_event_of_random_files_is_in_exactly_one_shard(
        inputs in prop::collection::vec(input(), 1..6),
        certified in prop::collection::btree_set((1u32..3, 1u32..8), 0..10),
        target in prop_oneof![1u64..60, 60u64..3_000],
    ) {
        let folder = folder();
        let base = folder.path();
        for (at, input) in inputs.iter().enumerate() {
            write_file(&base.join(format!("{at}.root")), &input.clusters, &input.listed, 3);
        }
        let typed = |&(run, lumi): &Lumi| (Run::new(run), LumiSection::new(lumi));
        let mask = LumiMask::from_pairs(certified.iter().map(typed));
        fs::write(base.join("mask.json"), mask.to_json()).unwrap();
        let text = |policy: &str| {
            format!("{MASK}duplicates = \"{policy}\"\n{DATA}[shards]\nevents = {target}\n")
        };
        let plan = plan_with(&text("first"), base, 2).unwrap();
        prop_assert_eq!(&plan_with(&text("first"), base, 1).unwrap(), &plan);
        let repeated = repeated(&inputs, &certified);

        assert_each_once(&plan, &inputs, &certified, &repeated)?;
        let mut split = plan.clone();
        let parts = NonZeroU32::new(3).unwrap();
        let all = plan.shards.iter().map(|shard| (shard.id, parts)).collect();
        split.split(&all, base).unwrap();
        assert_each_once(&split, &inputs, &certified, &repeated)?;
        prop_assert_eq!(&Plan::from_parquet(split.to_parquet().unwrap()).unwrap(), &split);
        for (at, input) in inputs.iter().enumerate() {
            let held: BTreeSet<Lumi> = input.lumis().intersection(&certified).copied().collect();
            let lumis = plan.files[at].lumis.as_ref().unwrap();
            prop_assert_eq!(lumis, &LumiMask::from_pairs(held.iter().map(typed)));
            prop_assert_eq!(plan.files[at].all_lumis, input.lumis().len() as u64);
        }
        let listed = |plan: &Plan| -> BTreeMap<Lumi, u64> {
            let found = plan.duplicates.iter().flat_map(|found| &found.listed);
            found
                .map(|lumi| ((lumi.run.get(), lumi.lumi.get()), lumi.copies))
                .collect()
        };
        prop_assert_eq!(listed(&plan), by_lumi(&inputs, &repeated));
        prop_assert_eq!(&Plan::from_parquet(plan.to_parquet().unwrap()).unwrap(), &plan);
        let kept = plan_with(&text("keep"), base, 2).unwrap();
        prop_assert_eq!(listed(&kept), listed(&plan));
        let mut pieces = kept.shards.iter().flat_map(|shard| shard.pieces());
        prop_assert!(pieces.all(|piece| piece.dropped.is_empty()));
        let refused = plan_with(&text("error"), base, 2).is_err();
        prop_assert_eq!(refused, !repeated.is_empty());
    }
}
