//! Slots whose reads do not return, and slots whose campaign waits.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use async_trait::async_trait;
use lumimill_common::failure::{Failure, FailureKind};
use lumimill_common::job::{Job, JobOutcome, JobReport, pack, unpack};
use lumimill_common::metric::CutFlow;
use lumimill_common::queue::{Delivery, MemoryQueue, Queue, REPORTS, Settle, jobs};
use lumimill_common::shard::{FileIdentity, Shard, ShardId, Source};
use lumimill_common::store::LocalStore;
use thin_vec::ThinVec;

use super::Slots;
use crate::attempt::{Attempt, Maker, Sources};
use crate::campaigns::{Campaigns, Found};
use crate::commit_point::CommitPoint;
use crate::measured::Measured;
use crate::parquet_output::Finished;
use crate::production::Production;
use crate::unfinished::Unfinished;

fn id(number: usize) -> ShardId {
    format!("{number:032x}").parse().unwrap()
}

fn shard(number: usize) -> Shard {
    Shard {
        id: id(number),
        stage: "s".parse().unwrap(),
        source: Source::Entries,
        beside: ThinVec::new(),
        wholes: ThinVec::new(),
        dataset: "d".into(),
        file: std::sync::Arc::new(FileIdentity {
            url: String::from("nowhere.root"),
            size: 1,
            state: String::new(),
        }),
        tree: "Events".into(),
        entries: 0..1,
        certified_events: 1,
        lumis: None,
        dropped: lumimill_common::entry_set::EntrySet::default(),
        packed: ThinVec::new(),
    }
}

/// A production of shards whose input is not there.
fn production(folder: &Path, shards: usize) -> Production {
    let store = Arc::new(LocalStore::create(folder.join("out")).unwrap());
    let mut production = Production::new(&"c".parse().unwrap(), "digest", folder, store, 1);
    let shards = (0..shards).map(|number| (id(number), Arc::new(shard(number))));
    production.shards = shards.collect();
    production
}

async fn publish(queue: &dyn Queue, number: usize) {
    publish_job(queue, number, false).await;
}

async fn publish_job(queue: &dyn Queue, number: usize, is_new: bool) {
    let job = Job {
        campaign: "c".parse().unwrap(),
        plan: String::from("digest"),
        stage: "s".parse().unwrap(),
        shard: id(number),
        is_new,
    };
    let message = pack(1, &job).unwrap();
    queue.publish(&jobs("cpu"), message).await.unwrap();
}

/// What a report says of a shard that cannot be done.
async fn failed(delivery: Delivery) -> (ShardId, Failure) {
    let report: JobReport = unpack(&delivery.message).unwrap();
    delivery.settle(Settle::Done).await.unwrap();
    match report.outcome {
        JobOutcome::Failed { failure } | JobOutcome::Retrying { failure } => {
            (report.shard, failure)
        }
        JobOutcome::Done { .. } | JobOutcome::Marked { .. } | JobOutcome::Dropped => {
            panic!("nothing can be done")
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_read_that_does_not_return_leaves_its_slot_behind_and_not_the_worker() {
    let folder = tempfile::tempdir().unwrap();
    let mut production = production(folder.path(), 4);
    production.limit = Duration::from_millis(300);
    let (release, held) = mpsc::channel::<()>();
    let held = Mutex::new(held);
    let mut slots = Slots::new("w", Box::new(Arc::new(production)), 2);
    slots.alone = true;
    slots.witness = Some(Arc::new(move |point, shard: &Shard| {
        if point == CommitPoint::Taken && shard.id == id(0) {
            tokio::task::block_in_place(|| held.lock().unwrap().recv().unwrap());
        }
    }));
    let slots = Arc::new(slots);
    let queue: Arc<dyn Queue> = Arc::new(MemoryQueue::default());
    for number in 0..4 {
        publish(queue.as_ref(), number).await;
    }
    let working = {
        let (slots, queue) = (slots.clone(), queue.clone());
        tokio::spawn(async move { slots.consume(&queue, &jobs("cpu")).await })
    };
    let mut reports = queue.consume(REPORTS, 10).await.unwrap();
    for _ in 0..4 {
        let (shard, failure) = failed(reports.next().await.unwrap()).await;
        let expected = match shard == id(0) {
            true => FailureKind::Time,
            false => FailureKind::Missing,
        };
        assert_eq!(failure.kind, expected, "{failure}");
        assert!(failure.message.contains("nowhere.root"), "{failure}");
    }
    assert_eq!(slots.left_behind(), 1);
    assert_eq!(slots.beat("cpu").slots, 1, "the other one goes on");
    slots.quit.cancel();
    working.await.unwrap().unwrap();
    slots.idle().await;
    assert_eq!(slots.left_behind(), 1, "nobody waited for it");
    release.send(()).unwrap();
    while slots.left_behind() > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    slots.idle().await;
}

#[tokio::test]
async fn of_a_job_that_is_new_no_marker_is_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    let production = production(folder.path(), 2);
    // What cannot be read fails whoever looks for it.
    for number in 0..2 {
        let key = lumimill_common::stage_keys::marker_key(&"s".parse().unwrap(), id(number));
        let place = folder.path().join("out").join(key.as_str());
        std::fs::create_dir_all(place.join("something")).unwrap();
    }
    let mut slots = Slots::new("w", Box::new(Arc::new(production)), 1);
    slots.alone = true;
    let slots = Arc::new(slots);
    let queue: Arc<dyn Queue> = Arc::new(MemoryQueue::default());
    for is_new in [false, true] {
        publish_job(queue.as_ref(), usize::from(is_new), is_new).await;
    }
    let working = {
        let (slots, queue) = (slots.clone(), queue.clone());
        tokio::spawn(async move { slots.consume(&queue, &jobs("cpu")).await })
    };
    let mut reports = queue.consume(REPORTS, 10).await.unwrap();
    for _ in 0..2 {
        let (shard, failure) = failed(reports.next().await.unwrap()).await;
        let expected = match shard == id(1) {
            true => FailureKind::Missing,
            false => FailureKind::Store,
        };
        assert_eq!(failure.kind, expected, "{failure}");
    }
    working.abort();
}

/// A campaign that is paused at the first so many looks.
struct Pausing {
    looks: Arc<AtomicU32>,
    paused: u32,
    production: Arc<Production>,
}

#[async_trait]
impl Campaigns for Pausing {
    async fn find(&self, _: &Job) -> Result<Found, Failure> {
        let look = self.looks.fetch_add(1, Ordering::Relaxed);
        Ok(match look < self.paused {
            true => Found::Paused,
            false => Found::Production(self.production.clone()),
        })
    }
}

#[test]
fn what_goes_on_is_seen_within_five_seconds() {
    let longest = crate::slot::PAUSE + crate::stored_campaigns::RECENT;
    assert!(longest <= Duration::from_secs(5), "{longest:?}");
}

#[tokio::test]
async fn a_job_of_a_campaign_that_goes_on_is_begun_at_the_next_look() {
    let folder = tempfile::tempdir().unwrap();
    let looks = Arc::new(AtomicU32::new(0));
    let pausing = Pausing {
        looks: looks.clone(),
        paused: 1,
        production: Arc::new(production(folder.path(), 1)),
    };
    let slots = Arc::new(Slots::new("w", Box::new(pausing), 1));
    let queue: Arc<dyn Queue> = Arc::new(MemoryQueue::default());
    publish(queue.as_ref(), 0).await;
    let working = {
        let (slots, queue) = (slots.clone(), queue.clone());
        tokio::spawn(async move { slots.consume(&queue, &jobs("cpu")).await })
    };
    let mut reports = queue.consume(REPORTS, 1).await.unwrap();
    let (_, failure) = failed(reports.next().await.unwrap()).await;
    assert_eq!(failure.kind, FailureKind::Missing, "it was begun");
    assert_eq!(looks.load(Ordering::Relaxed), 2, "a look more");
    working.abort();
}

/// Who makes tables by waiting until it is told to.
#[derive(Debug)]
struct Waiting {
    begun: mpsc::Sender<ShardId>,
    go_on: Arc<tokio::sync::Semaphore>,
}

#[async_trait]
impl Maker for Waiting {
    async fn make(
        &self,
        attempt: &Attempt,
        _: Sources,
    ) -> Result<(Finished, Measured), Unfinished> {
        self.begun.send(attempt.shard.id).unwrap();
        self.go_on.acquire().await.unwrap().forget();
        let measured = Measured {
            rows: 0,
            cut_flow: CutFlow::new(),
            tells_events: true,
            fits: BTreeMap::new(),
            partials: Vec::new(),
            frozen: None,
        };
        Ok((Finished::without_table(0), measured))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_table_on_its_way_to_the_store_takes_no_slot() {
    let folder = tempfile::tempdir().unwrap();
    let production = Arc::new(production(folder.path(), 5));
    let (begun, makes) = mpsc::channel();
    let go_on = Arc::new(tokio::sync::Semaphore::new(0));
    let (release, held) = mpsc::channel::<()>();
    let held = Mutex::new(held);
    let mut slots = Slots::new("w", Box::new(production), 1);
    slots.alone = true;
    slots.ahead = true;
    slots.maker = Some(Arc::new(Waiting {
        begun,
        go_on: go_on.clone(),
    }));
    // Every table is held where it is made and not yet in the store.
    slots.witness = Some(Arc::new(move |point, _: &Shard| {
        if point == CommitPoint::Processed {
            tokio::task::block_in_place(|| held.lock().unwrap().recv().unwrap());
        }
    }));
    let slots = Arc::new(slots);
    let queue: Arc<dyn Queue> = Arc::new(MemoryQueue::default());
    for number in 0..5 {
        publish(queue.as_ref(), number).await;
    }
    let working = {
        let (slots, queue) = (slots.clone(), queue.clone());
        tokio::spawn(async move { slots.consume(&queue, &jobs("cpu")).await })
    };
    let wait = Duration::from_millis(200);
    let next = || tokio::task::block_in_place(|| makes.recv_timeout(wait));
    assert_eq!(next(), Ok(id(0)));
    // It has the only slot.
    assert!(next().is_err());
    go_on.add_permits(1);
    assert_eq!(next(), Ok(id(1)), "while the first is held");
    go_on.add_permits(1);
    assert_eq!(next(), Ok(id(2)), "while two are held");
    go_on.add_permits(1);
    assert!(next().is_err(), "three are under way");
    let beat = slots.beat("cpu");
    assert_eq!((beat.slots, beat.running.len()), (1, 3));
    assert_eq!(beat.check(), Ok(()));
    assert!(tokio::time::timeout(wait, slots.idle()).await.is_err());
    release.send(()).unwrap();
    assert_eq!(next(), Ok(id(3)));
    go_on.add_permits(2);
    for _ in 0..4 {
        release.send(()).unwrap();
    }
    let mut reports = queue.consume(REPORTS, 10).await.unwrap();
    let mut done = Vec::new();
    for _ in 0..5 {
        let delivery = reports.next().await.unwrap();
        let report: JobReport = unpack(&delivery.message).unwrap();
        done.push((report.shard, report.outcome));
        delivery.settle(Settle::Done).await.unwrap();
    }
    done.sort_by_key(|(shard, _)| *shard);
    let expected: Vec<_> = (0..5).map(id).collect();
    let shards: Vec<_> = done.iter().map(|(shard, _)| *shard).collect();
    assert_eq!(shards, expected, "{done:?}");
    slots.quit.cancel();
    working.await.unwrap().unwrap();
    slots.idle().await;
}
