use lumimill_common::entry_set::EntrySet;
use lumimill_common::shard::{FileIdentity, Source};
use lumimill_common::store::LocalStore;
use thin_vec::ThinVec;

use super::*;
use crate::plan::{Certified, PlannedStage, Splits};

fn plan_of(shards: usize) -> Plan {
    let stage: StageName = "skim".parse().unwrap();
    let shard = |number: usize| {
        let start = number as u64 * 10;
        let mut shard = Shard {
            id: ShardId::default(),
            stage: stage.clone(),
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
            certified_events: 1,
            lumis: None,
            dropped: EntrySet::default(),
            packed: ThinVec::new(),
        };
        shard.id = shard.compute_id("digest");
        shard
    };
    Plan {
        campaign: "c".parse().unwrap(),
        configuration: String::new(),
        certified: Certified::Everything,
        stages: vec![PlannedStage::new(stage.clone(), "")],
        files: Vec::new(),
        shards: (0..shards).map(shard).collect(),
        dropped: Vec::new(),
        duplicates: None,
        splits: Splits::new(),
        notes: Vec::new(),
    }
}

fn tally_of(plan: &Plan, known: &Known) -> Option<Tally> {
    Tally::of("a plan", plan, known, &Ledger::of(plan, known))
}

fn ids(shards: &[Shard]) -> BTreeSet<ShardId> {
    shards.iter().map(|shard| shard.id).collect()
}

#[test]
fn a_large_campaign_is_counted_as_its_ledger_does() {
    let plan = plan_of(MOST_LISTED + 1);
    let (given_up, rest) = plan.shards.split_at(3);
    let known = Known::of(ids(&rest[..50]), ids(given_up));
    let mut tally = tally_of(&plan, &known).unwrap();
    assert!(tally.is_of("a plan", &plan));
    assert!(!tally.is_of("another plan", &plan));
    tally.done(&rest[50]);
    let more = Known::of(ids(&rest[..51]), ids(given_up));
    assert_eq!(tally, tally_of(&plan, &more).unwrap());
    tally.tell_dead([(plan.shards[0].stage.clone(), plan.shards[0].id)].into_iter());
    let dead = Known {
        dead: ids(&given_up[..1]),
        ..more
    };
    assert_eq!(tally.stages, tally_of(&plan, &dead).unwrap().stages);
}

#[test]
fn a_small_campaign_and_one_with_much_to_tell_are_listed() {
    let plan = plan_of(MOST_LISTED);
    assert_eq!(tally_of(&plan, &Known::default()), None);
    let plan = plan_of(MOST_LISTED + 1);
    let given_up = ids(&plan.shards[..=MOST_TOLD]);
    assert_eq!(tally_of(&plan, &Known::of(BTreeSet::new(), given_up)), None);
}

#[test]
fn a_tally_that_cannot_be_is_not_believed() {
    let plan = plan_of(MOST_LISTED + 1);
    let tally = tally_of(&plan, &Known::default()).unwrap();
    let with = |change: fn(&mut Counts)| {
        let mut changed = tally.clone();
        change(&mut changed.stages[0].counts);
        changed.is_of("a plan", &plan)
    };
    assert!(with(|_| {}));
    assert!(!with(|counts| counts.done += 1));
    assert!(!with(|counts| counts.done = usize::MAX));
    assert!(!with(|counts| counts.shards -= 1));
    assert!(!with(|counts| counts.events += 1));
    assert!(!with(|counts| counts.events_done = u64::MAX));
    let renamed = Tally {
        stages: vec![StageStatus::default()],
        ..tally.clone()
    };
    assert!(!renamed.is_of("a plan", &plan));
}

#[tokio::test]
async fn what_is_kept_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::create(folder.path()).unwrap();
    assert_eq!(Tally::kept(&store).await, None);
    let plan = plan_of(MOST_LISTED + 1);
    let tally = Tally {
        report: Some(String::from("a report")),
        ..tally_of(&plan, &Known::default()).unwrap()
    };
    tally.keep(&store).await.unwrap();
    assert_eq!(Tally::kept(&store).await, Some(tally));
    std::fs::write(folder.path().join(NAME), "{").unwrap();
    assert_eq!(Tally::kept(&store).await, None);
}
