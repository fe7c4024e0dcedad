//! What is due of a plan of two stages, for each way to ask for it.

use std::collections::BTreeSet;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::Path;
use std::sync::Arc;

use lumimill_common::campaign::Campaign;
use lumimill_common::shard::{Shard, ShardId};
use lumimill_common::stage_keys::{failed_key, marker_key, object_key};
use lumimill_common::store::Place;
use lumimill_worker::prepared_stage::PreparedStage;

use super::{Due, Edit, Wanted};
use crate::demo::write_inputs;
use crate::hollow_marker::hollow_marker;
use crate::meddled_store::MeddledStore;
use crate::output::Output;
use crate::plan::{Plan, plan};
use crate::problem::Problem;
use crate::verify::verify;

const TEXT: &str = "\
name = \"due\"
output = \"due\"
[shards]
events = 500
[[dataset]]
name = \"D\"
kind = \"data\"
files = [\"data/*.root\"]
[[stage]]
name = \"first\"
keep = [\"run\"]
[[stage]]
name = \"second\"
keep = [\"event\"]
";

/// A plan and an output in which nothing is done.
struct Begun {
    folder: tempfile::TempDir,
    output: Output,
    campaign: Campaign,
    plan: Plan,
}

impl Begun {
    async fn commit(&self, shard: &Shard) {
        let (store, table) = (self.output.store(), b"a table".to_vec());
        let object = object_key(&shard.stage, shard.id);
        let marker = hollow_marker(shard, &table);
        store.put(&object, table).await.unwrap();
        let key = marker_key(&shard.stage, shard.id);
        store.put(&key, marker.to_bytes().unwrap()).await.unwrap();
    }

    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        write_inputs(folder.path(), 3_000, 7).unwrap();
        let campaign = Campaign::parse(TEXT).unwrap();
        let slots = NonZeroUsize::MIN;
        let none = |_: &str| Err(String::from("no models here"));
        let prepared = |index| Arc::new(PreparedStage::load(&campaign, index, &none).unwrap());
        let stages: Vec<_> = (0..campaign.stages.len()).map(prepared).collect();
        let plan = plan(&campaign, folder.path(), &stages, slots).unwrap();
        let place = Place::Folder(folder.path().join("due"));
        let output = Output::open(&place).unwrap();
        Self {
            output,
            campaign,
            plan,
            folder,
        }
    }

    fn stage(&self, name: &str) -> Vec<Shard> {
        let shards = self.plan.shards.iter();
        let shards = shards.filter(|shard| shard.stage.as_str() == name);
        shards.cloned().collect()
    }

    async fn give_up(&self, shard: &Shard) {
        let attempt = r#"{"attempt":3,"fingerprint":"0a1b2c","failure":{"disposition":"retry","kind":"memory","subject":"","message":"too large"}}"#;
        let record = format!(r#"{{"shard":"{}","attempts":[{attempt}]}}"#, shard.id);
        let key = failed_key(&shard.stage, shard.id);
        self.output.store().put(&key, record.into()).await.unwrap();
    }

    /// A marker that cannot be read, and a table.
    async fn spoil(&self, shard: &Shard) {
        let store = self.output.store();
        for key in [
            marker_key(&shard.stage, shard.id),
            object_key(&shard.stage, shard.id),
        ] {
            store.put(&key, b"?".to_vec()).await.unwrap();
        }
    }

    async fn look(&self, wanted: &Wanted, edit: Edit) -> Due {
        let base: &Path = self.folder.path();
        let due = Due::look(
            &self.output,
            &self.campaign,
            self.plan.clone(),
            wanted,
            edit,
            base,
        );
        due.await.unwrap()
    }
}

fn halves() -> Edit {
    Edit::Split(NonZeroU32::new(2).unwrap())
}

fn ids(shards: &[Shard]) -> BTreeSet<ShardId> {
    shards.iter().map(|shard| shard.id).collect()
}

#[tokio::test]
async fn each_way_to_ask_means_what_it_says() {
    let begun = Begun::new();
    let first = begun.stage("first");
    begun.give_up(&first[0]).await;
    begun.spoil(&first[1]).await;
    let all = begun.look(&Wanted::All, Edit::None).await;
    assert_eq!(all.shards.len(), begun.plan.shards.len());
    assert_eq!(ids(&all.unsound), ids(&first[1..2]));
    let missing = begun.look(&Wanted::Missing, Edit::None).await;
    assert_eq!(
        missing.shards.len(),
        begun.plan.shards.len() - 1,
        "not what was given up"
    );
    assert_eq!(ids(&missing.unsound), ids(&first[1..2]));
    for wanted in [Wanted::Failed, Wanted::Dead] {
        let failed = begun.look(&wanted, Edit::None).await;
        assert_eq!(ids(&failed.shards), ids(&first[..1]));
        assert!(failed.unsound.is_empty() && failed.others.is_empty());
    }
    let shards = ids(&first[..2]);
    let damaged = Wanted::Damaged {
        shards,
        missing: false,
    };
    let damaged = begun.look(&damaged, Edit::None).await;
    assert_eq!(ids(&damaged.shards), ids(&first[1..2]), "what has a marker");
}

#[tokio::test]
async fn what_is_cut_goes_out_in_parts_and_what_was_out_goes_out_again() {
    let begun = Begun::new();
    let first = begun.stage("first");
    begun.give_up(&first[0]).await;
    begun.give_up(&first[1]).await;
    begun.spoil(&first[2]).await;
    let due = begun.look(&Wanted::Dead, halves()).await;
    assert!(due.is_edited);
    assert_eq!(ids(&due.chosen), ids(&first[..2]));
    assert_eq!(due.shards.len(), 4, "two parts each");
    assert!(ids(&due.shards).is_disjoint(&ids(&begun.plan.shards)));
    let out = [&first[3..], &begun.stage("second")].concat();
    assert_eq!(ids(&due.others), ids(&out), "neither done nor given up");
    let none = begun.look(&Wanted::Failed, Edit::None).await;
    assert!(none.others.is_empty(), "the plan stays");
}

#[tokio::test]
async fn what_is_accepted_is_done_by_nobody_until_it_is_taken_back() {
    let mut begun = Begun::new();
    let first = begun.stage("first");
    begun.give_up(&first[0]).await;
    begun.commit(&first[1]).await;
    let due = begun.look(&Wanted::Failed, Edit::Accept).await;
    assert!(due.is_edited && !due.is_nothing());
    assert_eq!((ids(&due.dropped), due.chosen.len()), (ids(&first[..1]), 0));
    let others = [&first[2..], &begun.stage("second")].concat();
    assert_eq!(
        ids(&due.shards),
        ids(&others),
        "all else goes on, by the new plan"
    );
    assert_eq!((&due.now, due.others.len()), (&due.shards, 0));
    let before = std::mem::replace(&mut begun.plan, due.plan);
    let all = begun.look(&Wanted::All, Edit::None).await;
    assert_eq!(ids(&all.shards), ids(&others));
    let none = begun.look(&Wanted::Failed, Edit::Accept).await;
    assert!(none.is_nothing() && !none.is_edited);
    let back = begun.look(&Wanted::Dropped, Edit::None).await;
    assert!(back.is_edited);
    assert_eq!((back.plan, ids(&back.chosen)), (before, ids(&first[..1])));
    assert_eq!(ids(&back.shards), ids(&first[..1]));
    assert_eq!(
        ids(&back.others),
        ids(&others),
        "what was out was of the plan before"
    );
    let cut = begun.look(&Wanted::Dropped, halves()).await;
    assert_eq!(cut.shards.len(), 2);
    assert!(cut.plan.dropped.is_empty());
}

#[tokio::test]
async fn a_stage_of_which_nothing_is_left_is_not_accepted() {
    let begun = Begun::new();
    for shard in begun.stage("first") {
        begun.give_up(&shard).await;
    }
    let base = begun.folder.path();
    let (plan, wanted) = (begun.plan.clone(), Wanted::Failed);
    let due = Due::look(
        &begun.output,
        &begun.campaign,
        plan,
        &wanted,
        Edit::Accept,
        base,
    );
    let error = due.await.unwrap_err().to_string();
    assert!(
        error.contains("stage first lost all of its ")
            && error.contains("or take the stage out and run"),
        "{error}"
    );
}

/// What else was given up could not be accepted then.
#[tokio::test]
async fn a_stage_that_lost_everything_kept_others_from_being_accepted() {
    let begun = Begun::new();
    let (first, second) = (begun.stage("first"), begun.stage("second"));
    begun.give_up(&first[0]).await;
    for shard in &first[1..] {
        begun.commit(shard).await;
    }
    for shard in &second {
        begun.give_up(shard).await;
    }
    let due = begun.look(&Wanted::Failed, Edit::Accept).await;
    assert!(due.is_edited);
    assert_eq!(ids(&due.dropped), ids(&first[..1]));
    assert_eq!(due.not_accepted.len(), 1);
    assert!(
        due.not_accepted[0].starts_with("stage second lost all of its "),
        "{:?}",
        due.not_accepted
    );
}

#[tokio::test]
async fn nothing_is_nothing() {
    let begun = Begun::new();
    let due = begun.look(&Wanted::Failed, halves()).await;
    assert!(due.is_nothing() && !due.is_edited && due.others.is_empty());
}

#[tokio::test]
async fn what_cannot_be_read_is_named_and_not_made_again() {
    let begun = Begun::new();
    let [marker, table, gone] = [0, 1, 2].map(|place| begun.stage("first")[place].clone());
    for shard in [&marker, &table, &gone] {
        begun.commit(shard).await;
    }
    let key = |shard: &Shard| object_key(&shard.stage, shard.id);
    let store = begun.output.store();
    store.delete(&key(&gone)).await.unwrap();
    for denied in [key(&table), marker_key(&marker.stage, marker.id)] {
        let store = MeddledStore::denying(denied.clone(), store.clone());
        let output = Output::in_store(store);
        let found = verify(&output, &begun.campaign, &begun.plan).await.unwrap();
        let is_it = |problem: &Problem| matches!(problem, Problem::Unreadable { key, .. } if *key == denied);
        assert_eq!(found.count(is_it), 1, "{found:?}");
        let damaged = found.damaged();
        assert!(damaged.contains(&gone.id));
        let shard = if denied == key(&table) {
            &table
        } else {
            &marker
        };
        assert!(!damaged.contains(&shard.id), "it may be whole");
    }
}
