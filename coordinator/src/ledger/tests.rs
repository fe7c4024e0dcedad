use std::collections::BTreeSet;

use lumimill_common::entry_set::EntrySet;
use lumimill_common::event_id::{LumiSection, Run};
use lumimill_common::lumi_mask::LumiMask;
use lumimill_common::shard::Source;
use proptest::prelude::*;
use thin_vec::ThinVec;

use super::*;
use crate::plan::{Certified, PlannedFile, PlannedStage};

type Lumi = (u32, u32);

/// The shards without a marker.
fn outstanding<'a>(plan: &'a Plan, done: &BTreeSet<ShardId>) -> Vec<&'a Shard> {
    crate::outstanding::due(plan, done, &BTreeSet::new()).now
}

/// A file of a test: the lumi sections of each shard, and those without events.
#[derive(Debug, Clone)]
struct File {
    shards: Vec<BTreeSet<Lumi>>,
    listed: BTreeSet<Lumi>,
}

fn mask(lumis: impl IntoIterator<Item = Lumi>) -> LumiMask {
    let typed = |(run, lumi)| (Run::new(run), LumiSection::new(lumi));
    LumiMask::from_pairs(lumis.into_iter().map(typed))
}

fn set(mask: &LumiMask) -> BTreeSet<Lumi> {
    mask.iter()
        .map(|(run, lumi)| (run.get(), lumi.get()))
        .collect()
}

/// The plan of these files for some stages; `lists` says whether shards list their lumis.
fn plan_of(files: &[File], golden: &BTreeSet<Lumi>, stages: &[&str], lists: bool) -> Plan {
    let mut plan = Plan {
        campaign: "c".parse().unwrap(),
        configuration: String::new(),
        certified: match lists {
            true => Certified::Mask(mask(golden.iter().copied())),
            false => Certified::Everything,
        },
        stages: Vec::new(),
        files: Vec::new(),
        shards: Vec::new(),
        dropped: Vec::new(),
        duplicates: None,
        splits: crate::plan::Splits::new(),
        notes: Vec::new(),
    };
    let identity = |at: usize| FileIdentity {
        url: format!("{at}.root"),
        size: 1,
        state: String::new(),
    };
    for (at, file) in files.iter().enumerate() {
        let all = file.shards.iter().flatten().chain(&file.listed).copied();
        plan.files.push(PlannedFile {
            dataset: String::from("D"),
            is_data: true,
            directories: None,
            file: identity(at),
            tree: String::from("Events"),
            entries: 0,
            certified_events: 0,
            pruned_entries: 0,
            shards: file.shards.len() as u64,
            lumis: Some(mask(all)),
            all_lumis: 0,
        });
    }
    for stage in stages {
        let name = stage.parse().unwrap();
        plan.stages.push(PlannedStage::new(name, ""));
        for (at, file) in files.iter().enumerate() {
            for (number, lumis) in file.shards.iter().enumerate() {
                let start = number as u64;
                let mut shard = Shard {
                    id: ShardId::default(),
                    stage: stage.parse().unwrap(),
                    source: Source::Entries,
                    beside: ThinVec::new(),
                    wholes: ThinVec::new(),
                    dataset: "D".into(),
                    file: identity(at).into(),
                    tree: "Events".into(),
                    entries: start..start + 1,
                    certified_events: 1,
                    lumis: lists.then(|| mask(lumis.iter().copied())),
                    dropped: EntrySet::default(),
                    packed: ThinVec::new(),
                };
                shard.id = shard.compute_id("digest");
                plan.shards.push(shard);
            }
        }
    }
    plan
}

fn lumi_set() -> impl Strategy<Value = BTreeSet<Lumi>> {
    prop::collection::btree_set((1u32..3, 1u32..9), 0..6)
}

/// Files whose lumi sections are all in the golden set, as those of a plan are.
fn campaign() -> impl Strategy<Value = (Vec<File>, BTreeSet<Lumi>)> {
    let file = (prop::collection::vec(lumi_set(), 0..4), lumi_set());
    let files = prop::collection::vec(file, 0..4);
    (files, lumi_set()).prop_map(|(files, more)| {
        let files: Vec<File> = files
            .into_iter()
            .map(|(shards, listed)| File { shards, listed })
            .collect();
        let held = files
            .iter()
            .flat_map(|file| file.shards.iter().flatten().chain(&file.listed))
            .copied();
        let golden = held.chain(more).collect();
        (files, golden)
    })
}

/// A lumi section is processed when no shard that holds it is outstanding, and no file that
/// merely lists it has an outstanding shard.
fn processed_by_the_book(plan: &Plan, files: &[File], done: &BTreeSet<ShardId>) -> BTreeSet<Lumi> {
    let outstanding = |url: &str, start: Option<u64>| {
        plan.shards.iter().any(|shard| {
            shard.file.url == url
                && start.is_none_or(|start| shard.entries.start == start)
                && !done.contains(&shard.id)
        })
    };
    let all: BTreeSet<Lumi> = set(&plan.lumis_in_files());
    let blocked = |lumi: &Lumi| {
        files.iter().enumerate().any(|(at, file)| {
            let url = format!("{at}.root");
            let holders: Vec<usize> = (0..file.shards.len())
                .filter(|&shard| file.shards[shard].contains(lumi))
                .collect();
            match holders.is_empty() {
                true => file.listed.contains(lumi) && outstanding(&url, None),
                false => holders.iter().any(|&at| outstanding(&url, Some(at as u64))),
            }
        })
    };
    all.into_iter().filter(|lumi| !blocked(lumi)).collect()
}

proptest! {
    #[test]
    fn processed_and_missing_close_exactly(
        (files, golden) in campaign(),
        chosen in any::<u64>(),
    ) {
        let plan = plan_of(&files, &golden, &["a", "b"], true);
        let done: BTreeSet<ShardId> = plan
            .shards
            .iter()
            .enumerate()
            .filter(|(at, _)| chosen >> (at % 64) & 1 == 1)
            .map(|(_, shard)| shard.id)
            .collect();
        let known = Known::of(done.clone(), BTreeSet::new());
        let lumis = Ledger::of(&plan, &known).lumis();
        let in_files = plan.lumis_in_files();
        prop_assert_eq!(set(&lumis.processed), processed_by_the_book(&plan, &files, &done));
        prop_assert_eq!(&lumis.processed.union(&lumis.missing), &in_files);
        prop_assert!(lumis.processed.intersection(&lumis.missing).is_empty());
        prop_assert_eq!(set(&lumis.not_in_files.union(&in_files)), golden);
        prop_assert!(lumis.not_in_files.intersection(&in_files).is_empty());
        // What a plan goes on without is as missing as what is not done.
        let mut without = plan.clone();
        let lost = plan.shards.iter().map(|shard| shard.id).filter(|id| !done.contains(id));
        without.drop_shards(&lost.step_by(2).collect());
        prop_assert_eq!(&Ledger::of(&without, &known).lumis(), &lumis);
        let outstanding = outstanding(&plan, &done);
        prop_assert_eq!(outstanding.len() + done.len(), plan.shards.len());
        prop_assert_eq!(outstanding.is_empty(), lumis.missing.is_empty() && done.len() == plan.shards.len());
    }

    #[test]
    fn without_a_list_any_outstanding_shard_blocks_its_file(
        (files, golden) in campaign(),
        chosen in any::<u64>(),
    ) {
        let plan = plan_of(&files, &golden, &["a"], false);
        let done: BTreeSet<ShardId> = plan
            .shards
            .iter()
            .enumerate()
            .filter(|(at, _)| chosen >> (at % 64) & 1 == 1)
            .map(|(_, shard)| shard.id)
            .collect();
        let known = Known::of(done.clone(), BTreeSet::new());
        let lumis = Ledger::of(&plan, &known).lumis();
        let blocked: BTreeSet<Lumi> = files
            .iter()
            .enumerate()
            .filter(|(at, _)| outstanding(&plan, &done).iter().any(|shard| shard.file.url == format!("{at}.root")))
            .flat_map(|(_, file)| file.shards.iter().flatten().chain(&file.listed))
            .copied()
            .collect();
        prop_assert_eq!(set(&lumis.missing), blocked);
        prop_assert!(lumis.not_in_files.is_empty());
        prop_assert_eq!(lumis.processed.union(&lumis.missing), plan.lumis_in_files());
    }

    /// Every shard is in one state, the first that fits, and every sum of counts is one of shards.
    #[test]
    fn each_shard_is_in_one_state(
        (files, golden) in campaign(),
        chosen in any::<[u64; 6]>(),
        dropped in any::<u64>().prop_map(|bits| bits & bits >> 1 & bits << 1),
    ) {
        let mut plan = chained(plan_of(&files, &golden, &["a", "b"], true));
        let shards = plan.shards.len();
        let drops = plan.shards.iter().enumerate().filter(|(at, _)| dropped >> (at % 64) & 1 == 1);
        let drops = drops.map(|(_, shard)| shard.id).collect();
        plan.drop_shards(&drops);
        let pick = |set: usize| -> BTreeSet<ShardId> {
            let shards = plan.shards.iter().enumerate();
            let picked = shards.filter(|(at, _)| chosen[set] >> (at % 64) & 1 == 1);
            picked.map(|(_, shard)| shard.id).collect()
        };
        let known = Known {
            done: &pick(0) & &pick(1),
            gone: &pick(1) & &pick(2),
            damaged: &pick(2) & &pick(3),
            unread: &pick(3) & &pick(4),
            given_up: pick(4),
            dead: &pick(4) & &pick(5),
            to_measure: pick(5),
        };
        let ledger = Ledger::of(&plan, &known);
        let counts = ledger.counts();
        let all = [
            counts.planned, counts.waiting, counts.blocked, counts.done, counts.gone,
            counts.damaged, counts.unread, counts.failed, counts.dead, counts.dropped,
        ];
        prop_assert_eq!(all.iter().sum::<usize>(), shards);
        prop_assert_eq!((counts.shards, counts.dropped), (shards, plan.dropped.len()));
        prop_assert_eq!(counts.done, known.done.len());
        prop_assert_eq!(counts.gone, known.gone.difference(&known.done).count());
        let with_marker = known.with_marker();
        prop_assert_eq!(counts.dead, known.dead.difference(&with_marker).count());
        prop_assert_eq!(counts.given_up(), known.given_up.difference(&with_marker).count());
        let given_up = &known.given_up;
        let due = crate::outstanding::due(&plan, &with_marker, given_up);
        prop_assert_eq!(counts.planned, due.now.len());
        prop_assert_eq!(counts.waiting, due.waiting.len());
        prop_assert_eq!(counts.outstanding() == 0, due.is_over());
        let kept: usize = ledger.kept_back().iter().flat_map(|kept| kept.shards.values()).sum();
        prop_assert_eq!((kept, counts.blocked), (due.blocked.len(), due.blocked.len()));
        for kept in ledger.kept_back() {
            let by = plan.shards.iter().find(|shard| shard.id == kept.by);
            prop_assert_eq!(by.map(|by| by.stage.clone()), kept.stage);
            prop_assert!(given_up.contains(&kept.by) && !with_marker.contains(&kept.by));
        }
        let sum = |parts: Vec<Counts>| parts.iter().fold((0, 0, 0, 0), |(a, b, c, d), it| {
            (a + it.shards, b + it.outstanding(), c + it.to_measure, d + it.events_done)
        });
        let stages = ledger.of_stages();
        prop_assert_eq!(stages.len(), plan.stages.len());
        let whole = sum(vec![counts]);
        prop_assert_eq!(sum(stages.into_iter().map(|(_, it)| it).collect()), whole);
        prop_assert_eq!(sum(ledger.of_files().into_values().collect()), whole);
    }
}

/// A plan with a stage that reads its last one, and one that reads that.
fn chained(mut plan: Plan) -> Plan {
    for (name, from) in [("c", "b"), ("d", "c")] {
        let mut stage = PlannedStage::new(name.parse().unwrap(), "");
        stage.from = Some(from.parse().unwrap());
        let parents = plan
            .shards
            .iter()
            .filter(|shard| shard.stage.as_str() == from);
        let children = parents.map(|parent| {
            let mut shard = Shard {
                stage: stage.name.clone(),
                source: Source::Rows(parent.id),
                ..parent.clone()
            };
            shard.id = shard.compute_id("digest");
            shard
        });
        let children: Vec<Shard> = children.collect();
        plan.shards.extend(children);
        plan.stages.push(stage);
    }
    plan
}

#[test]
fn what_keeps_shards_back_is_named_with_what_it_does() {
    let file = File {
        shards: vec![BTreeSet::from([(1, 1)]), BTreeSet::from([(1, 2)])],
        listed: BTreeSet::new(),
    };
    let plan = chained(plan_of(&[file], &BTreeSet::new(), &["b"], true));
    let (lost, other) = (plan.shards[0].id, plan.shards[1].id);
    let known = Known::of(BTreeSet::from([other]), BTreeSet::from([lost]));
    let ledger = Ledger::of(&plan, &known);
    let kept = ledger.kept_back();
    assert_eq!(kept.len(), 1);
    assert_eq!(
        (kept[0].by, kept[0].said().as_str()),
        (lost, "1 shard of c, 1 shard of d")
    );
    let counts = ledger.counts();
    assert_eq!((counts.blocked, counts.waiting, counts.planned), (2, 1, 1));
    let json = serde_json::to_value(&kept[0]).unwrap();
    let expected = serde_json::json!({
        "by": lost.to_string(), "stage": "b", "shards": { "c": 1, "d": 1 }
    });
    assert_eq!(json, expected);
}

#[test]
fn a_file_without_events_is_processed_once_planned() {
    let file = File {
        shards: Vec::new(),
        listed: BTreeSet::from([(1, 1), (1, 2)]),
    };
    let golden = BTreeSet::from([(1, 1), (1, 2), (1, 3)]);
    let plan = plan_of(&[file], &golden, &["a"], true);
    let known = Known::default();
    let lumis = Ledger::of(&plan, &known).lumis();
    assert_eq!(lumis.processed.to_json(), r#"{"1": [[1, 2]]}"#);
    assert_eq!(lumis.missing.to_json(), "{}");
    assert_eq!(lumis.not_in_files.to_json(), r#"{"1": [[3, 3]]}"#);
}
