//! Users of the broker and keys of the storage as `deploy` defines them: each can do its work, and
//! no more.

use std::fs;
use std::time::Duration;

use lapin::options::{
    BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions,
    ExchangeDeleteOptions, QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions,
    QueuePurgeOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, ExchangeKind};
use lumimill_common::queue::{
    AmqpQueue, AmqpSettings, BEATS, DEAD, Message, Queue, REASON, REPORTS, Settle, jobs,
};
use lumimill_common::store::{S3Store, Store, StoreError};
use lumimill_tests::{BUCKET, Cluster, INPUT_BUCKET, RabbitMq, SeaweedFs};
use tokio::time::timeout;

use crate::{lumimill, lumimill_worker};

const PATIENCE: Duration = Duration::from_secs(60);
const JOBS: &str = "lumimill.jobs.cpu";
const RETRY: &str = "lumimill.retry.4s";

#[test]
fn a_campaign_needs_no_more_than_its_users_may() {
    let test = "a_campaign_needs_no_more_than_its_users_may";
    let Some(broker) = RabbitMq::start_defined(test) else {
        return;
    };
    let Some(mut site) = Cluster::start_on(test, broker, lumimill(), lumimill_worker()) else {
        return;
    };
    let folder = site.campaign(6_000, 1_000);
    let input = format!("s3://{INPUT_BUCKET}/data");
    let store = store(&site.store, None, &input);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for file in fs::read_dir(folder.join("data")).unwrap() {
        let file = file.unwrap();
        let key = file.file_name().to_str().unwrap().parse().unwrap();
        let put = store.put(&key, fs::read(file.path()).unwrap());
        runtime.block_on(put).unwrap();
    }
    folder.change("\"data/*.root\"", &format!("\"{input}/*.root\""));
    let file = folder.file();
    let file = file.to_str().unwrap();
    become_role(&mut site, "worker");
    site.worker("worker", &["--slots", "2"]);
    become_role(&mut site, "coordinator");
    site.serve("serve", &[]);
    let _ = site.run(&["submit", file]).expect_code(0);
    site.wait_for_campaign("demo");
    let _ = site.run(&["verify", file]).expect_code(0);
    let _ = site.run(&["dead", "list"]).expect_code(0);
    let fetched = folder.join("fetched");
    let ended = site.run(&["fetch", file, "--output", fetched.to_str().unwrap()]);
    let ended = ended.expect_code(0);
    assert!(ended.out.contains("6 tables"), "{}", ended.out);
    assert!(fetched.join("demo/report/index.html").exists());
    for (folder, count) in [("dimuon", 7), ("dimuon/_done", 6)] {
        let there = fs::read_dir(fetched.join("demo").join(folder)).unwrap();
        assert_eq!(there.count(), count, "{folder}");
    }
    for log in ["worker", "serve"] {
        let log = site.log(log);
        let refused = log.contains("permission") || log.contains("AccessDenied");
        assert!(!refused, "{log}");
    }
}

/// What is started from now on has the credentials of a role.
fn become_role(site: &mut Cluster, role: &str) {
    site.set("LUMIMILL_BROKER", &site.broker.address_of(role));
    for (name, value) in site.store.keys_of(role) {
        site.set(name, &value);
    }
}

/// A place in the storage, as a role may use it, or as the tests may.
fn store(server: &SeaweedFs, role: Option<&str>, address: &str) -> S3Store {
    let keys = role.map(|role| server.keys_of(role));
    let keys = keys.iter().flatten();
    let keys: Vec<(&str, &str)> = keys.map(|(name, key)| (*name, key.as_str())).collect();
    let address = address.parse().expect("an address");
    S3Store::open(address, server.settings_changed(&keys)).expect("a store")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_of_the_storage_may_do_their_own_work_only() {
    let Some(server) = SeaweedFs::start("keys_of_the_storage_may_do_their_own_work_only") else {
        return;
    };
    let campaign = format!("s3://{BUCKET}/site/demo");
    for role in ["coordinator", "worker"] {
        let own = store(&server, Some(role), &campaign);
        assert!(own.prepare().await.expect("it may be written to"));
        may_do(&own, &SHARDS, role, true).await;
        may_do(&own, &CAMPAIGN, role, role == "coordinator").await;
        for elsewhere in [&format!("s3://{BUCKET}/other/demo"), "s3://nano-input/data"] {
            let elsewhere = store(&server, Some(role), elsewhere);
            may_do(&elsewhere, &SHARDS, role, false).await;
        }
    }
    large_objects_are_put_in_parts(&server, &campaign).await;
}

/// What workers write.
const SHARDS: [&str; 4] = [
    "dimuon/part-0a.parquet",
    "dimuon/_done/0a",
    "dimuon/_retrying/0a.json",
    "dimuon/_failed/0a.json",
];
/// What only the coordinator writes.
const CAMPAIGN: [&str; 6] = [
    "plan.parquet",
    "campaign.toml",
    "_control.json",
    "_models/0a",
    "report/index.html",
    "_campaigns/active/demo",
];

async fn may_do(place: &S3Store, keys: &[&str], role: &str, expected: bool) {
    let may = |what: &str, done: Result<(), StoreError>, expected: bool| match done {
        Ok(()) => assert!(expected, "{role} may {what} in {}", place.location()),
        Err(error) => assert!(
            !expected && matches!(error, StoreError::Refused { .. }),
            "{role}: {what}: {error}"
        ),
    };
    for name in keys {
        let key = name.parse().unwrap();
        may(name, place.put(&key, b"x".to_vec()).await, expected);
        if expected {
            let found = place.get(&key).await.expect("it may be read");
            assert_eq!(found.as_deref(), Some(&b"x"[..]));
        }
        let own = role == "coordinator" || name.contains("_failed") || name.contains("_retrying");
        let removed = place.delete(&key).await;
        may(&format!("remove {name}"), removed, expected && own);
    }
    let missing = "dimuon/_done/none".parse().unwrap();
    if expected {
        let found = place.get(&missing).await;
        assert_eq!(found.expect("it may be looked for"), None);
    }
}

/// Which takes no other permission.
async fn large_objects_are_put_in_parts(server: &SeaweedFs, campaign: &str) {
    let worker = store(server, Some("worker"), campaign);
    assert!(worker.prepare().await.expect("it may be written to"));
    let file = worker.scratch().join("large");
    fs::write(&file, vec![7; 40 << 20]).unwrap();
    let key = "dimuon/part-0b.parquet".parse().unwrap();
    worker.put_file(&key, &file).await.expect("a large object");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_of_the_broker_may_do_their_own_work_only() {
    let Some(broker) = RabbitMq::start_defined("users_of_the_broker_may_do_their_own_work_only")
    else {
        return;
    };
    a_message_goes_all_its_ways(&broker).await;
    the_worker_may_no_more(&broker).await;
    the_coordinator_may_no_more(&broker).await;
}

async fn queue(broker: &RabbitMq, role: &str) -> AmqpQueue {
    let settings = AmqpSettings::new(&broker.address_of(role)).expect("an address");
    AmqpQueue::connect(&settings).await.expect("a connection")
}

/// Job, retry, postponement, report, heartbeat, dead letter: each by who does it.
async fn a_message_goes_all_its_ways(broker: &RabbitMq) {
    let (coordinator, worker) = (
        queue(broker, "coordinator").await,
        queue(broker, "worker").await,
    );
    let message = Message {
        body: b"job".to_vec(),
        attempt: 1,
        ..Message::default()
    };
    let mut beats = coordinator.listen(BEATS).await.expect("listen");
    worker
        .broadcast(BEATS, message.clone())
        .await
        .expect("beat");
    let beat = timeout(PATIENCE, beats.next()).await.expect("in time");
    assert_eq!(beat.expect("a beat").message.body, b"job");
    for pool in ["cpu", "highmem", "gpu"] {
        let jobs = jobs(pool);
        coordinator
            .publish(&jobs, message.clone())
            .await
            .expect("publish");
        let mut taken = worker.consume(&jobs, 1).await.expect("consume");
        let delays = [
            Some(Settle::Retry {
                after: Duration::ZERO,
            }),
            None,
        ];
        for delay in delays {
            let delivery = timeout(PATIENCE, taken.next()).await.expect("in time");
            let delivery = delivery.expect("a job");
            let reason = String::from("no good");
            let settle = delay.unwrap_or(Settle::Dead { reason });
            assert_eq!(delivery.settle(settle).await.ok(), Some(true));
        }
    }
    worker
        .publish(REPORTS, message.clone())
        .await
        .expect("report");
    let mut reports = coordinator.consume(REPORTS, 1).await.expect("consume");
    let report = timeout(PATIENCE, reports.next()).await.expect("in time");
    let settled = report.expect("a report").settle(Settle::Done).await;
    assert_eq!(settled.ok(), Some(true));
    let mut letters = coordinator.consume(DEAD, 1).await.expect("consume");
    for again in [true, false, false, false] {
        let letter = timeout(PATIENCE, letters.next()).await.expect("in time");
        let letter = letter.expect("a letter");
        assert_eq!(letter.message.attempt, 2);
        assert_eq!(letter.message.headers[REASON], "no good");
        let after = Duration::from_secs(4);
        let settle = match again {
            true => Settle::Later { after },
            false => Settle::Done,
        };
        assert_eq!(letter.settle(settle).await.ok(), Some(true));
    }
}

/// A connection that asks for what the program never would.
struct Intruder {
    connection: Connection,
    role: &'static str,
}

impl Intruder {
    async fn of(broker: &RabbitMq, role: &'static str) -> Self {
        let address = broker.address_of(role);
        let connecting = Connection::connect(&address, ConnectionProperties::default());
        let connection = timeout(PATIENCE, connecting).await.expect("in time");
        Self {
            connection: connection.expect("a connection"),
            role,
        }
    }

    /// Whether the broker refuses something for lack of permission. Anything else that goes wrong
    /// fails the test: what is asked for must be there.
    async fn is_refused<T>(
        &self,
        what: &str,
        ask: impl AsyncFnOnce(Channel) -> Result<T, lapin::Error>,
    ) -> bool {
        let channel = self.connection.create_channel().await.expect("a channel");
        match timeout(PATIENCE, ask(channel)).await.expect("in time") {
            Ok(_) => false,
            Err(error) => {
                let text = error.to_string();
                assert!(text.contains("ACCESS_REFUSED"), "{what}: {text}");
                true
            }
        }
    }

    async fn may_not_declare(&self) {
        let durable = QueueDeclareOptions::durable();
        for name in [JOBS, REPORTS, DEAD, RETRY, "lumimill.jobs.mine", "mine"] {
            let refused = self.is_refused(name, async |channel| {
                let none = FieldTable::default();
                channel.queue_declare(name.into(), durable, none).await
            });
            assert!(refused.await, "{} declares queue {name}", self.role);
            let refused = self.is_refused(name, async |channel| {
                let all = QueueDeleteOptions::default();
                channel.queue_delete(name.into(), all).await
            });
            assert!(refused.await, "{} deletes queue {name}", self.role);
        }
        for name in [BEATS, RETRY, "mine"] {
            let refused = self.is_refused(name, async |channel| {
                let (options, none) = (ExchangeDeclareOptions::default(), FieldTable::default());
                let fanout = ExchangeKind::Fanout;
                channel
                    .exchange_declare(name.into(), fanout, options, none)
                    .await
            });
            assert!(refused.await, "{} declares exchange {name}", self.role);
            let refused = self.is_refused(name, async |channel| {
                let options = ExchangeDeleteOptions::default();
                channel.exchange_delete(name.into(), options).await
            });
            assert!(refused.await, "{} deletes exchange {name}", self.role);
        }
    }

    async fn may_not_read(&self, queues: &[&str]) {
        for name in queues.iter().copied() {
            let refused = self.is_refused(name, async |channel| {
                let options = BasicGetOptions::default();
                channel.basic_get(name.into(), options).await
            });
            assert!(refused.await, "{} reads {name}", self.role);
            let refused = self.is_refused(name, async |channel| {
                let options = QueuePurgeOptions::default();
                channel.queue_purge(name.into(), options).await
            });
            assert!(refused.await, "{} purges {name}", self.role);
        }
    }

    /// Nobody changes where messages go.
    async fn may_not_bind(&self, queues: &[&str]) {
        for name in queues.iter().copied() {
            let refused = self.is_refused(name, async |channel| {
                let (options, none) = (QueueBindOptions::default(), FieldTable::default());
                let (beats, key) = (BEATS.into(), "".into());
                channel
                    .queue_bind(name.into(), beats, key, options, none)
                    .await
            });
            assert!(refused.await, "{} binds {name}", self.role);
        }
        let refused = self.is_refused(RETRY, async |channel| {
            let none = FieldTable::default();
            let (retry, key) = (RETRY.into(), "".into());
            channel.queue_unbind(RETRY.into(), retry, key, none).await
        });
        assert!(refused.await, "{} unbinds {RETRY}", self.role);
    }

    async fn may_not_publish(&self, exchanges: &[&str]) {
        for name in exchanges.iter().copied() {
            let refused = self.is_refused(name, async |channel| {
                let confirms = ConfirmSelectOptions::default();
                channel.confirm_select(confirms).await?;
                let (key, options) = ("x".into(), BasicPublishOptions::default());
                let plain = BasicProperties::default();
                let sent = channel.basic_publish(name.into(), key, options, b"x", plain);
                sent.await?.await
            });
            assert!(refused.await, "{} publishes to {name}", self.role);
        }
    }
}

async fn the_worker_may_no_more(broker: &RabbitMq) {
    let intruder = Intruder::of(broker, "worker").await;
    intruder.may_not_declare().await;
    intruder.may_not_read(&[REPORTS, DEAD, RETRY]).await;
    intruder.may_not_bind(&[JOBS, REPORTS, DEAD, RETRY]).await;
    let exchanges = ["amq.fanout", "amq.direct", "amq.topic"];
    intruder.may_not_publish(&exchanges).await;
    let worker = queue(broker, "worker").await;
    for refused in [
        worker.consume(REPORTS, 1).await.err(),
        worker.consume(&jobs("unknown"), 1).await.err(),
        worker.listen(BEATS).await.err(),
    ] {
        let error = refused.expect("a worker may not do that");
        assert!(error.lasting && error.reason.contains("lacks the permission"));
    }
}

async fn the_coordinator_may_no_more(broker: &RabbitMq) {
    let intruder = Intruder::of(broker, "coordinator").await;
    intruder.may_not_declare().await;
    intruder.may_not_read(&[JOBS, RETRY]).await;
    intruder.may_not_bind(&[JOBS, REPORTS, DEAD]).await;
    intruder.may_not_publish(&["amq.fanout", BEATS]).await;
}
