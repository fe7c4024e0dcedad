//! What is due, against the rule taken at its word.

use lumimill_common::entry_set::EntrySet;
use lumimill_common::shard::{FileIdentity, Source};
use proptest::prelude::*;
use thin_vec::ThinVec;

use super::*;
use crate::plan::{Certified, PlannedStage, Splits, derive};

/// A plan of stages, each of so many roots; a stage reads files, or an earlier one.
pub(crate) fn plan_of(roots: usize, reads: &[Option<usize>]) -> Plan {
    let mut plan = Plan {
        campaign: "c".parse().unwrap(),
        configuration: String::new(),
        certified: Certified::Everything,
        stages: Vec::new(),
        files: Vec::new(),
        shards: Vec::new(),
        dropped: Vec::new(),
        duplicates: None,
        splits: Splits::new(),
        notes: Vec::new(),
    };
    for (number, parent) in reads.iter().enumerate() {
        let name: StageName = format!("s{number}").parse().unwrap();
        plan.stages.push(PlannedStage::new(name.clone(), ""));
        for root in 0..roots {
            let source = match parent {
                None => Source::Entries,
                Some(parent) => Source::Rows(plan.shards[parent * roots + root].id),
            };
            let mut shard = Shard {
                id: ShardId::default(),
                stage: name.clone(),
                source,
                beside: ThinVec::new(),
                wholes: ThinVec::new(),
                dataset: "D".into(),
                file: std::sync::Arc::new(FileIdentity {
                    url: String::from("a.root"),
                    size: 1,
                    state: String::new(),
                }),
                tree: "Events".into(),
                entries: root as u64..root as u64 + 1,
                certified_events: 1,
                lumis: None,
                dropped: EntrySet::default(),
                packed: ThinVec::new(),
            };
            shard.id = shard.compute_id("digest");
            plan.shards.push(shard);
        }
    }
    plan
}

/// A plan of a stage of so many roots, a fit of its rows in two categories, and weights by that.
pub(crate) fn plan_with_weights(roots: usize) -> Plan {
    let mut plan = plan_of(roots, &[None]);
    let name = |name: &str| -> StageName { name.parse().unwrap() };
    plan.stages.push(PlannedStage {
        from: Some(name("s0")),
        wholes: vec![name("s0")],
        categories: vec![String::from("p_0"), String::from("p_1")],
        ..PlannedStage::new(name("fit"), "")
    });
    plan.stages.push(PlannedStage {
        from: Some(name("s0")),
        wholes: vec![name("fit")],
        ..PlannedStage::new(name("weights"), "")
    });
    plan.shards = derive(plan.shards, &plan.stages);
    plan
}

#[test]
fn a_fit_waits_for_all_that_is_counted_and_weights_for_all_fits() {
    let plan = plan_with_weights(2);
    let ids: Vec<ShardId> = plan.shards.iter().map(|shard| shard.id).collect();
    let set =
        |places: &[usize]| -> BTreeSet<ShardId> { places.iter().map(|at| ids[*at]).collect() };
    // Two of s0, two fits, two of weights.
    let counts = |done: &[usize], given_up: &[usize]| {
        let (done, given_up) = (set(done), set(given_up));
        let found = due(&plan, &done, &given_up);
        let of = |shards: &[&Shard]| -> Vec<usize> {
            let place = |shard: &&Shard| ids.iter().position(|id| *id == shard.id);
            shards.iter().filter_map(place).collect()
        };
        let blocked: Vec<&Shard> = found.blocked.iter().map(|(shard, _)| *shard).collect();
        (of(&found.now), of(&found.waiting), of(&blocked))
    };
    assert_eq!(counts(&[], &[]), (vec![0, 1], vec![2, 3, 4, 5], vec![]));
    assert_eq!(counts(&[0], &[]), (vec![1], vec![2, 3, 4, 5], vec![]));
    assert_eq!(counts(&[0, 1], &[]), (vec![2, 3], vec![4, 5], vec![]));
    assert_eq!(counts(&[0, 1, 2], &[]), (vec![3], vec![4, 5], vec![]));
    assert_eq!(counts(&[0, 1, 2, 3], &[]), (vec![4, 5], vec![], vec![]));
    assert_eq!(counts(&[0, 1, 2], &[3]), (vec![], vec![], vec![4, 5]));
    assert_eq!(counts(&[0], &[1]), (vec![], vec![], vec![2, 3, 4, 5]));
}

/// A plan, what is done of it and what was given up.
fn case() -> impl Strategy<Value = (Plan, BTreeSet<ShardId>, BTreeSet<ShardId>)> {
    let plan = (
        0usize..5,
        prop::collection::vec(any::<Option<prop::sample::Index>>(), 1..6),
    );
    let plan = plan.prop_map(|(roots, reads)| {
        let reads: Vec<Option<usize>> = reads
            .iter()
            .enumerate()
            .map(|(number, parent)| {
                parent
                    .filter(|_| number > 0)
                    .map(|parent| parent.index(number))
            })
            .collect();
        plan_of(roots, &reads)
    });
    plan.prop_flat_map(|plan| {
        let states = prop::collection::vec(0u8..4, plan.shards.len());
        (Just(plan), states).prop_map(|(plan, states)| {
            let of = |state: u8, or: u8| -> BTreeSet<ShardId> {
                let shards = plan.shards.iter().zip(&states);
                let chosen = shards.filter(|(_, found)| **found == state || **found == or);
                chosen.map(|(shard, _)| shard.id).collect()
            };
            let (done, given_up) = (of(1, 3), of(2, 3));
            (plan, done, given_up)
        })
    })
}

/// The rule, word by word.
struct Book<'a> {
    plan: &'a Plan,
    done: &'a BTreeSet<ShardId>,
    given_up: &'a BTreeSet<ShardId>,
}

impl Book<'_> {
    fn shard(&self, id: ShardId) -> &Shard {
        self.plan
            .shards
            .iter()
            .find(|shard| shard.id == id)
            .unwrap()
    }

    fn parent(&self, shard: &Shard) -> Option<&Shard> {
        match shard.source {
            Source::Entries | Source::Category(_) => None,
            Source::Rows(parent) => Some(self.shard(parent)),
        }
    }

    fn is_over(&self, shard: &Shard) -> bool {
        self.done.contains(&shard.id) || self.given_up.contains(&shard.id)
    }

    /// The given-up shard that a shard waits for.
    fn stuck_by(&self, shard: &Shard) -> Option<ShardId> {
        let is_given_up = self.given_up.contains(&shard.id) && !self.done.contains(&shard.id);
        match self.done.contains(&shard.id) {
            true => None,
            false if is_given_up => Some(shard.id),
            false => self.parent(shard).and_then(|parent| self.stuck_by(parent)),
        }
    }

    fn is_to_do(&self, shard: &Shard) -> bool {
        !self.is_over(shard) && self.stuck_by(shard).is_none()
    }

    fn may_begin(&self, shard: &Shard) -> bool {
        self.parent(shard).is_none_or(|parent| {
            let mut shards = self.plan.shards.iter();
            shards.all(|other| other.stage != parent.stage || !self.is_to_do(other))
        })
    }
}

fn ids<'a>(shards: impl IntoIterator<Item = &'a Shard>) -> Vec<ShardId> {
    shards.into_iter().map(|shard| shard.id).collect()
}

proptest! {
    #[test]
    fn what_is_due_is_what_the_rule_says((plan, done, given_up) in case()) {
        let book = Book { plan: &plan, done: &done, given_up: &given_up };
        let found = due(&plan, &done, &given_up);
        let shards = || plan.shards.iter();
        let now = shards().filter(|shard| book.is_to_do(shard) && book.may_begin(shard));
        prop_assert_eq!(ids(found.now.iter().copied()), ids(now));
        let waiting = shards().filter(|shard| book.is_to_do(shard) && !book.may_begin(shard));
        prop_assert_eq!(ids(found.waiting.iter().copied()), ids(waiting));
        let blocked = shards().filter(|shard| !book.is_over(shard));
        let blocked = blocked.filter_map(|shard| Some((shard.id, book.stuck_by(shard)?)));
        let told: Vec<_> = found.blocked.iter().map(|(shard, by)| (shard.id, *by)).collect();
        prop_assert_eq!(told, blocked.collect::<Vec<_>>());
        prop_assert_eq!(found.is_over(), !shards().any(|shard| book.is_to_do(shard)));
    }

    /// Whoever does what is due, and gives up some of it, comes to an end at which every shard is
    /// done, given up, or kept back by one that was; and no shard is done before its parent.
    #[test]
    fn doing_what_is_due_comes_to_an_end((plan, mut done, mut given_up) in case(), luck in any::<u64>()) {
        // What is done whose parent is not was done under another plan.
        let mut turn = luck;
        for _ in 0..plan.shards.len() + 1 {
            let now: Vec<ShardId> = ids(due(&plan, &done, &given_up).now);
            for id in now {
                turn = turn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                match (turn >> 60) == 0 {
                    true => given_up.insert(id),
                    false => done.insert(id),
                };
            }
        }
        let end = due(&plan, &done, &given_up);
        prop_assert!(end.is_over());
        for shard in &plan.shards {
            let is_blocked = end.blocked.iter().any(|(blocked, _)| blocked.id == shard.id);
            let is_over = done.contains(&shard.id) || given_up.contains(&shard.id);
            prop_assert!(is_over != is_blocked);
        }
    }
}

#[test]
fn what_reads_a_shard_of_no_plan_is_blocked_by_it() {
    let mut plan = plan_of(2, &[None, Some(0)]);
    let gone = plan.shards.remove(0);
    let found = due(&plan, &BTreeSet::new(), &BTreeSet::new());
    assert_eq!(ids(found.now), [plan.shards[0].id]);
    assert_eq!(ids(found.waiting), [plan.shards[2].id]);
    assert_eq!(found.blocked, [(&plan.shards[1], gone.id)]);
}
