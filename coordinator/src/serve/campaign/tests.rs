//! The end of a campaign: given more to do meanwhile, left half-way, with a damaged marker, in
//! trouble.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use lumimill_common::campaign::{Campaign, CampaignName};
use lumimill_common::control::{Control, ControlState, control_key, ended_key};
use lumimill_common::job::{JobOutcome, JobReport, pack};
use lumimill_common::queue::{MemoryQueue, Queue, REPORTS, jobs};
use lumimill_common::shard::{Shard, ShardId, Source};
use lumimill_common::stage_keys::{failed_key, marker_key, measure_key, object_key};
use lumimill_common::store::{Place, Store};

use super::{ActiveCampaign, QUIET};
use crate::demo::write_inputs;
use crate::hollow_marker::hollow_marker;
use crate::meddled_store::MeddledStore;
use crate::orders::{Answer, Order, give, put_in_force};
use crate::output::Output;
use crate::plan::plan;
use crate::report_sums::made_of;
use crate::roster::{active, ending, over, set_active, set_ended, set_ending};
use crate::serve::Coordinator;
use crate::submission::running;
use lumimill_worker::prepared_stage::PreparedStage;

const TEXT: &str = "\
name = \"late\"
output = \"late\"
[shards]
events = 500
[[dataset]]
name = \"D\"
kind = \"data\"
files = [\"data/*.root\"]
[[stage]]
name = \"s\"
keep = [\"run\"]
";

/// A second stage, which reads the first one.
const SECOND: &str = "\
[[stage]]
name = \"t\"
from = \"s\"
columns = { y = \"run + 1\" }
";

/// A campaign with a marker for every shard, as a coordinator knows it.
struct Finished {
    campaign: ActiveCampaign,
    root: Arc<dyn Store>,
    output: Output,
    folder: tempfile::TempDir,
}

/// Writes a table and a marker, as a worker does.
async fn commit(output: &Output, shard: &Shard) {
    let (store, table) = (output.store(), b"a table".to_vec());
    let object = object_key(&shard.stage, shard.id);
    let marker = hollow_marker(shard, &table);
    store.put(&object, table).await.unwrap();
    let key = marker_key(&shard.stage, shard.id);
    store.put(&key, marker.to_bytes().unwrap()).await.unwrap();
}

impl Finished {
    async fn new() -> Self {
        Self::of(TEXT).await
    }

    async fn of(campaign: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        write_inputs(folder.path(), 500, 7).unwrap();
        let text = Campaign::parse(campaign).unwrap();
        let slots = NonZeroUsize::MIN;
        let none = |_: &str| Err(String::from("no models here"));
        let stages = 0..text.stages.len();
        let stages = stages.map(|at| Arc::new(PreparedStage::load(&text, at, &none).unwrap()));
        let stages: Vec<_> = stages.collect();
        let plan = plan(&text, folder.path(), &stages, slots).unwrap();
        let site = Place::Folder(folder.path().join("site"));
        let (root, _) = site.prepare().await.unwrap();
        let place = site.join("late").unwrap();
        let output = Output::share(&place).await.unwrap();
        let digest = output.write_submission(campaign, &plan).await.unwrap();
        let control = running(&digest, "cpu", folder.path()).unwrap();
        let told = put_in_force(&output, root.as_ref(), &text.name, None, control).await;
        told.unwrap();
        for shard in &plan.shards {
            commit(&output, shard).await;
        }
        let mut campaign = ActiveCampaign::at(&text.name, &place, "a test").unwrap();
        let loaded = campaign.current().await.unwrap();
        assert!(loaded.unwrap().is_over(), "every shard has a marker");
        Self {
            campaign,
            root,
            output,
            folder,
        }
    }

    fn shards(&self) -> Vec<Shard> {
        let loaded = self.campaign.loaded.as_ref().unwrap();
        loaded.plan.shards.clone()
    }

    fn site(&self) -> Place {
        Place::Folder(self.folder.path().join("site"))
    }

    /// What is found at the end is published again, and the campaign goes on.
    async fn assert_done_again(&mut self, shards: &[Shard]) {
        let queue = MemoryQueue::default();
        self.drive(&queue).await.unwrap();
        let loaded = self.campaign.loaded.as_ref().unwrap();
        let left: Vec<_> = loaded.outstanding().map(|shard| shard.id).collect();
        let expected: Vec<_> = shards.iter().map(|shard| shard.id).collect();
        assert_eq!(left, expected);
        let depth = queue.depth(&jobs("cpu")).await.unwrap();
        assert_eq!(depth, shards.len() as u64);
        let active = active(self.root.as_ref()).await.unwrap();
        assert!(active.contains(self.campaign.name()), "{active:?}");
    }

    async fn drive(&mut self, queue: &MemoryQueue) -> anyhow::Result<()> {
        let root = self.root.as_ref();
        self.campaign.drive(queue, root, &BTreeSet::new()).await
    }

    /// Whether it is driven on after it was brought to its end.
    async fn goes_on_after_its_end(&mut self) -> bool {
        let root = self.root.as_ref();
        self.campaign.end(root).await.unwrap();
        let name = BTreeSet::from([self.campaign.name().clone()]);
        let (active, ending) = (active(root).await.unwrap(), ending(root).await.unwrap());
        assert_eq!(active == name, ending == name, "{active:?}, {ending:?}");
        assert_ne!(over(root).await.unwrap() == name, active == name);
        active == name
    }
}

#[tokio::test]
async fn a_campaign_without_anything_left_ends() {
    let mut finished = Finished::new().await;
    let loaded = finished.campaign.loaded.as_mut().unwrap();
    loaded.reported = Some(loaded.made_of());
    assert!(!finished.goes_on_after_its_end().await);
}

/// Whoever left it half way was ending a plan that was cancelled; another one was submitted, and done
/// before this was looked at: it ended without a report.
#[tokio::test]
async fn an_end_of_an_earlier_plan_that_is_taken_over_is_reported() {
    let mut finished = Finished::new().await;
    set_ending(finished.root.as_ref(), finished.campaign.name())
        .await
        .unwrap();
    finished.campaign.ending = true;
    let queue = MemoryQueue::default();
    finished.drive(&queue).await.unwrap();
    assert!(!active(finished.root.as_ref()).await.unwrap().is_empty());
    finished.drive(&queue).await.unwrap();
    assert!(active(finished.root.as_ref()).await.unwrap().is_empty());
    assert!(ending(finished.root.as_ref()).await.unwrap().is_empty());
    let page = "report/index.html".parse().unwrap();
    assert!(finished.output.store().get(&page).await.unwrap().is_some());
}

#[tokio::test]
async fn a_shard_that_is_begun_anew_meanwhile_is_driven_on() {
    let mut finished = Finished::new().await;
    let shard = finished.shards()[0].clone();
    let key = marker_key(&shard.stage, shard.id);
    finished.output.store().delete(&key).await.unwrap();
    assert!(finished.goes_on_after_its_end().await);
}

/// Its marker was not there while the report was made, and is there when it is made; another one was lost, so that
/// there are as many.
#[tokio::test]
async fn a_shard_that_is_done_again_while_it_is_reported_is_in_the_report() {
    let mut finished = Finished::new().await;
    let others: BTreeSet<ShardId> = finished
        .shards()
        .iter()
        .skip(1)
        .map(|shard| shard.id)
        .collect();
    let loaded = finished.campaign.loaded.as_mut().unwrap();
    let all = loaded.made_of();
    loaded.reported = Some(made_of(&loaded.plan, &others));
    assert!(finished.goes_on_after_its_end().await);
    finished.drive(&MemoryQueue::default()).await.unwrap();
    let loaded = finished.campaign.loaded.as_ref().unwrap();
    assert_eq!(loaded.reported, Some(all));
    assert!(active(finished.root.as_ref()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_plan_that_is_replaced_meanwhile_is_driven_on() {
    let mut finished = Finished::new().await;
    let (root, name) = (finished.root.clone(), finished.campaign.name().clone());
    let control = running("another", "cpu", finished.folder.path()).unwrap();
    let before = finished.output.told().await.unwrap();
    let told = put_in_force(&finished.output, root.as_ref(), &name, before, control).await;
    told.unwrap();
    assert!(finished.goes_on_after_its_end().await);
}

#[tokio::test]
async fn one_that_was_left_half_way_to_its_end_is_driven_on() {
    let mut finished = Finished::new().await;
    let (root, name) = (finished.root.clone(), finished.campaign.name().clone());
    let shard = finished.shards()[0].clone();
    let key = marker_key(&shard.stage, shard.id);
    finished.output.store().delete(&key).await.unwrap();
    set_ending(root.as_ref(), &name).await.unwrap();
    finished.campaign.ending = true;
    finished.drive(&MemoryQueue::default()).await.unwrap();
    assert!(!finished.campaign.is_ending());
    assert!(active(root.as_ref()).await.unwrap().contains(&name));
}

#[tokio::test]
async fn a_shard_whose_marker_is_damaged_is_done_again() {
    let mut finished = Finished::new().await;
    let shard = finished.shards()[0].clone();
    let key = marker_key(&shard.stage, shard.id);
    finished.output.store().put(&key, Vec::new()).await.unwrap();
    finished.assert_done_again(&[shard]).await;
}

#[tokio::test]
async fn tables_that_are_gone_or_of_another_size_at_the_end_are_made_again() {
    let mut finished = Finished::new().await;
    let shards = finished.shards();
    let key = |shard: &Shard| object_key(&shard.stage, shard.id);
    let store = finished.output.store();
    store.delete(&key(&shards[0])).await.unwrap();
    store.put(&key(&shards[1]), Vec::new()).await.unwrap();
    finished.assert_done_again(&shards[..2]).await;
}

/// Between a listing and the end of a report, a submission set markers aside: what the listing had
/// seen twice was removed once here, once there, and was made again from its input.
#[tokio::test]
async fn a_marker_that_is_set_aside_while_it_is_forgotten_stays() {
    let finished = Finished::new().await;
    let (output, shards) = (&finished.output, finished.shards());
    let plan = finished.campaign.loaded.as_ref().unwrap().plan.clone();
    let aside = |shard: &Shard| measure_key(&shard.stage, shard.id);
    let store = output.store();
    for shard in &shards[..2] {
        let key = marker_key(&shard.stage, shard.id);
        let bytes = store.get(&key).await.unwrap().unwrap();
        store.put(&aside(shard), bytes).await.unwrap();
    }
    let inventory = output.inventory(&plan).await.unwrap();
    let to_measure = BTreeSet::from([shards[0].id]);
    let set = output.set_back(&shards[..1], &to_measure).await;
    set.unwrap();
    output.forget_measured(&plan, &inventory).await.unwrap();
    let found = output.inventory(&plan).await.unwrap();
    assert_eq!(found.to_measure(), to_measure);
    assert_eq!(found.earlier, to_measure, "the other one was measured");
}

#[tokio::test]
async fn one_that_is_whole_ends_with_its_report() {
    let mut finished = Finished::new().await;
    finished.drive(&MemoryQueue::default()).await.unwrap();
    let root = finished.root.as_ref();
    assert!(active(root).await.unwrap().is_empty());
    assert!(ending(root).await.unwrap().is_empty());
    assert!(!over(root).await.unwrap().is_empty());
    let page = "report/index.html".parse().unwrap();
    assert!(finished.output.store().get(&page).await.unwrap().is_some());
}

/// Markers were listed to find that all is over, and once more with the tables for the report.
#[tokio::test]
async fn what_is_over_is_reported_by_the_listing_that_says_so() {
    let mut finished = Finished::new().await;
    let shard = finished.shards()[0].clone();
    let store = finished.output.store();
    let loaded = finished.campaign.loaded.as_mut().unwrap();
    assert!(loaded.look_after(QUIET).await.unwrap());
    let object = object_key(&shard.stage, shard.id);
    store.delete(&object).await.unwrap();
    let there = loaded.take_there().await.unwrap();
    assert!(there.gone().is_empty(), "it was listed before");
    let there = loaded.take_there().await.unwrap();
    assert_eq!(there.gone(), BTreeSet::from([shard.id]), "listed anew");
}

/// Its last jobs were under way when it was paused, and it stayed paused with nothing left to do until
/// a coordinator was started again.
#[tokio::test]
async fn one_that_is_paused_ends_when_its_last_jobs_do() {
    let mut finished = Finished::new().await;
    let shard = finished.shards()[0].clone();
    finished.output.unmark([&shard]).await.unwrap();
    let told = finished.output.told().await.unwrap().unwrap();
    let paused = Control {
        state: ControlState::Paused,
        ..told.control.clone()
    };
    let is_told = finished.output.tell(Some(&told), &paused).await;
    assert!(is_told.unwrap());
    let queue = MemoryQueue::default();
    let loaded = finished.campaign.current().await.unwrap().unwrap();
    loaded.list().await.unwrap();
    finished.drive(&queue).await.unwrap();
    let (root, name) = (finished.root.clone(), finished.campaign.name().clone());
    assert!(active(root.as_ref()).await.unwrap().contains(&name));
    commit(&finished.output, &shard).await;
    let loaded = finished.campaign.loaded.as_mut().unwrap();
    loaded.hint_done(shard.id);
    finished.drive(&queue).await.unwrap();
    assert!(active(root.as_ref()).await.unwrap().is_empty());
    // Whoever resumes it now need not have it begin paused when it is submitted again.
    let answer = give(&finished.output, root.as_ref(), &name, Order::Resume).await;
    assert_eq!(answer.unwrap(), Answer::AtItsEnd);
    let control = finished.output.control().await.unwrap().unwrap();
    assert_eq!(control.state, ControlState::Running);
    assert!(active(root.as_ref()).await.unwrap().is_empty());
}

/// Somebody sends a shard again just before the campaign is taken from the active ones, and the
/// coordinator is killed before it looks again: another one does.
#[tokio::test]
async fn an_end_that_met_a_resubmission_and_was_not_looked_at_is_taken_over() {
    for is_over in [false, true] {
        let finished = Finished::new().await;
        let (root, name) = (finished.root.clone(), finished.campaign.name().clone());
        if !is_over {
            let shard = &finished.shards()[0];
            finished.output.unmark([shard]).await.unwrap();
        }
        set_active(root.as_ref(), &name).await.unwrap();
        set_ending(root.as_ref(), &name).await.unwrap();
        set_ended_is_left(root.as_ref(), &name).await;
        let mut other = Coordinator::of(finished.site(), root.clone());
        let queue = MemoryQueue::default();
        other.look(&queue).await.unwrap();
        if is_over {
            // It reports first.
            other.look(&queue).await.unwrap();
        }
        let root = root.as_ref();
        assert_eq!(active(root).await.unwrap().contains(&name), !is_over);
        assert_eq!(ending(root).await.unwrap().contains(&name), !is_over);
    }
}

/// Whoever sends something again leaves an end alone that is just being looked at.
async fn set_ended_is_left(root: &dyn Store, name: &CampaignName) {
    set_active(root, name).await.unwrap();
    assert!(ending(root).await.unwrap().contains(name));
    set_ending(root, name).await.unwrap();
}

/// Two ended a campaign at one moment; one saw that it is over and wrote so late, the other began after
/// somebody had given it more to do, and died: it was neither driven nor looked at again.
#[tokio::test]
async fn an_end_that_is_written_late_leaves_another_ones_look_alone() {
    let finished = Finished::new().await;
    let (root, name) = (finished.root.as_ref(), finished.campaign.name());
    let late = set_ending(root, name).await.unwrap();
    set_active(root, name).await.unwrap();
    let _died = set_ending(root, name).await.unwrap();
    set_ended(root, name, late).await.unwrap();
    assert!(ending(root).await.unwrap().contains(name));
}

/// Somebody saw a campaign at its end and gave it more to do, just when another one began to end it and
/// died: the entry of that end was removed, and nobody looked again.
#[tokio::test]
async fn one_that_is_given_more_to_do_as_its_end_begins_is_looked_at_again() {
    let finished = Finished::new().await;
    let (root, name) = (finished.root.clone(), finished.campaign.name().clone());
    let ending_at_first = set_ending(root.as_ref(), &name).await.unwrap();
    let ended = set_ended(root.as_ref(), &name, ending_at_first).await;
    ended.unwrap();
    let (other, whose) = (root.clone(), name.clone());
    let deed = async move {
        let _died = set_ending(other.as_ref(), &whose).await.unwrap();
    };
    let met = MeddledStore::before("put", ended_key(&name), root.clone(), deed);
    set_active(met.as_ref(), &name).await.unwrap();
    assert!(ending(root.as_ref()).await.unwrap().contains(&name));
}

/// Somebody says something of a shard when its campaign has ended.
async fn hears(coordinator: &mut Coordinator, queue: &MemoryQueue, report: &JobReport) {
    queue
        .publish(REPORTS, pack(1, report).unwrap())
        .await
        .unwrap();
    let mut reports = queue.consume(REPORTS, 1).await.unwrap();
    let delivery = reports.next().await.unwrap();
    coordinator.report(delivery).await.unwrap();
}

/// A worker was at the last write of a shard when its plan was replaced; the marker came when the campaign
/// had ended, and stood beside those of the plan in force.
#[tokio::test]
async fn what_comes_late_of_an_earlier_plan_is_removed() {
    let mut finished = Finished::new().await;
    let queue = MemoryQueue::default();
    finished.drive(&queue).await.unwrap();
    let (root, shards) = (finished.root.clone(), finished.shards());
    let is_active = async || !active(root.as_ref()).await.unwrap().is_empty();
    let mut other = Coordinator::of(finished.site(), root.clone());
    let stage = shards[0].stage.clone();
    let stray: ShardId = "00112233445566778899aabbccddeeff".parse().unwrap();
    let key = marker_key(&stage, stray);
    let store = finished.output.store();
    store.put(&key, b"{}".to_vec()).await.unwrap();
    let control = finished.output.control().await.unwrap().unwrap();
    let mut report = JobReport {
        campaign: finished.campaign.name().clone(),
        plan: control.plan,
        stage,
        shard: stray,
        worker: String::from("late"),
        attempt: 1,
        outcome: JobOutcome::Dropped,
    };
    hears(&mut other, &queue, &report).await;
    other.look(&queue).await.unwrap();
    assert!(!is_active().await, "of the plan in force nothing came");
    report.plan = String::from("an earlier one");
    hears(&mut other, &queue, &report).await;
    // Whoever heard it is killed before anything was done about it.
    let mut other = Coordinator::of(finished.site(), root.clone());
    other.look(&queue).await.unwrap();
    assert!(is_active().await, "it is taken up again");
    other.look(&queue).await.unwrap();
    assert!(!is_active().await, "and ended");
    assert_eq!(store.get(&key).await.unwrap(), None);
}

#[tokio::test]
async fn one_in_trouble_is_left_alone_for_a_while() {
    let mut finished = Finished::new().await;
    let store = finished.output.store();
    store.put(&control_key(), b"?".to_vec()).await.unwrap();
    let queue = MemoryQueue::default();
    let trouble = finished.drive(&queue).await.unwrap_err();
    assert!(
        format!("{trouble:#}").contains("_control.json"),
        "{trouble:#}"
    );
    finished.drive(&queue).await.unwrap();
    assert!(finished.campaign.trouble.is_some(), "nothing was tried");
}

#[tokio::test]
async fn what_is_in_no_plan_is_removed_before_the_report() {
    let mut finished = Finished::new().await;
    let loaded = finished.campaign.loaded.as_ref().unwrap();
    let shard = &loaded.plan.shards[0];
    let other = "0123456789abcdef0123456789abcdef".parse().unwrap();
    let store = finished.output.store();
    for key in [
        object_key(&shard.stage, other),
        marker_key(&shard.stage, other),
    ] {
        store.put(&key, b"another".to_vec()).await.unwrap();
    }
    let plan = loaded.plan.clone();
    assert_eq!(finished.output.stale(&plan).await.unwrap().len(), 1);
    finished.drive(&MemoryQueue::default()).await.unwrap();
    assert!(finished.output.stale(&plan).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_waits_to_be_tried_again_is_not_taken_for_lost() {
    let mut finished = Finished::new().await;
    let loaded = finished.campaign.loaded.as_mut().unwrap();
    loaded.heard_for(Duration::from_secs(300));
    let heard = loaded.heard;
    loaded.heard_for(Duration::ZERO);
    assert_eq!(loaded.heard, heard, "somebody else was heard of meanwhile");
}

/// Whole stages were published, and so what reads a shard that was done again waited until nobody had
/// spoken for a minute, however much else there was to do.
#[tokio::test]
async fn what_reads_a_shard_that_is_done_again_is_published_once_it_may_be_done() {
    for is_restarted in [false, true] {
        let mut finished = Finished::of(&format!("{TEXT}{SECOND}")).await;
        let shards = finished.shards();
        let root = shards[0].clone();
        let reads = |shard: &&Shard| shard.source == Source::Rows(root.id);
        let reader = shards.iter().find(reads).unwrap();
        finished.output.unmark([&root, reader]).await.unwrap();
        let (store, given_up) = (finished.output.store(), failed_key(&root.stage, root.id));
        store.put(&given_up, Vec::new()).await.unwrap();
        let loaded = finished.campaign.loaded.as_mut().unwrap();
        loaded.list().await.unwrap();
        assert!(loaded.is_over(), "nothing goes on by itself");
        // Somebody has it done again, and publishes what is due.
        store.delete(&given_up).await.unwrap();
        if is_restarted {
            finished.campaign.loaded = None;
        }
        let loaded = finished.campaign.current().await.unwrap().unwrap();
        loaded.list().await.unwrap();
        let queue = MemoryQueue::default();
        finished.drive(&queue).await.unwrap();
        let depth = async || queue.depth(&jobs("cpu")).await.unwrap();
        assert_eq!(depth().await, 0, "nothing is published twice");
        commit(&finished.output, &root).await;
        let loaded = finished.campaign.loaded.as_mut().unwrap();
        loaded.hint(root.id);
        finished.drive(&queue).await.unwrap();
        assert_eq!(depth().await, 1, "restarted: {is_restarted}");
    }
}

/// What a shard of a campaign at its end is read by was due before a coordinator knew that it had been done again,
/// and waited until nobody had spoken for a minute.
#[tokio::test]
async fn what_became_due_before_it_is_begun_with_is_published_soon() {
    let mut finished = Finished::of(&format!("{TEXT}{SECOND}")).await;
    let shards = finished.shards();
    let reader = shards.iter().find(|shard| shard.stage.as_str() == "t");
    finished.output.unmark(reader).await.unwrap();
    finished.campaign.loaded = None;
    let queue = MemoryQueue::default();
    finished.drive(&queue).await.unwrap();
    let depth = async || queue.depth(&jobs("cpu")).await.unwrap();
    assert_eq!(depth().await, 0, "somebody may be at it");
    let loaded = finished.campaign.loaded.as_mut().unwrap();
    loaded.heard -= Duration::from_secs(11);
    finished.drive(&queue).await.unwrap();
    assert_eq!(depth().await, 1);
    let loaded = finished.campaign.loaded.as_mut().unwrap();
    loaded.heard -= Duration::from_secs(11);
    finished.drive(&queue).await.unwrap();
    assert_eq!(depth().await, 1, "it was published a moment ago");
}
