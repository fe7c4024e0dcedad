//! The queue port on a real RabbitMQ.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use lapin::options::{ExchangeDeclareOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Connection, ConnectionProperties, ExchangeKind};
use lumimill_common::queue::{
    AmqpQueue, AmqpSettings, Consumer, Message, Queue, QueueError, Settle, conformance, jobs,
};
use lumimill_tests::RabbitMq;
use tokio::time::{sleep, timeout};

const PATIENCE: Duration = Duration::from_secs(60);

fn settings(address: &str) -> AmqpSettings {
    AmqpSettings::new(address).expect("an address")
}

async fn connect(broker: &RabbitMq) -> AmqpQueue {
    let settings = settings(&broker.address());
    AmqpQueue::connect(&settings).await.expect("a connection")
}

async fn refused(settings: &AmqpSettings) -> QueueError {
    let connecting = timeout(PATIENCE, AmqpQueue::connect(settings));
    match connecting.await.expect("an answer in time") {
        Ok(_) => panic!("{settings} lets anybody in"),
        Err(error) => error,
    }
}

fn message(text: &str) -> Message {
    Message {
        body: text.as_bytes().to_vec(),
        attempt: 1,
        postponed: 0,
        ..Message::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rabbitmq_is_a_broker() {
    let Some(broker) = RabbitMq::start("rabbitmq_is_a_broker") else {
        return;
    };
    what_was_half_made_is_finished(&broker).await;
    let queue = connect(&broker).await;
    conformance::check(&queue, "conformance").await;
    what_a_lost_connection_held_comes_back(&broker).await;
    a_burst_is_confirmed_and_counted(&queue).await;
    wrong_credentials_are_told(&broker).await;
    encrypted_connections_are_checked(&broker).await;
    queue.close().await.expect("good-bye");
    assert!(!queue.is_connected());
}

/// Somebody died after it had made an exchange for messages that wait, and before that was bound
/// to a queue; before that queue was made, even.
async fn what_was_half_made_is_finished(broker: &RabbitMq) {
    let (address, properties) = (broker.address(), ConnectionProperties::default());
    let connection = Connection::connect(&address, properties).await;
    let connection = connection.expect("a connection");
    let channel = connection.create_channel().await.expect("a channel");
    let durable = ExchangeDeclareOptions {
        durable: true,
        ..ExchangeDeclareOptions::default()
    };
    for name in ["lumimill.retry.1s", "lumimill.retry.4s"] {
        let table = FieldTable::default();
        let declared = channel.exchange_declare(name.into(), ExchangeKind::Fanout, durable, table);
        declared.await.expect("an exchange");
    }
    let mut arguments = FieldTable::default();
    for (name, value) in [("x-queue-type", "quorum"), ("x-dead-letter-exchange", "")] {
        arguments.insert(name.into(), AMQPValue::LongString(value.into()));
    }
    arguments.insert("x-message-ttl".into(), AMQPValue::LongInt(4_000));
    let durable = QueueDeclareOptions::durable();
    let declared = channel.queue_declare("lumimill.retry.4s".into(), durable, arguments);
    declared.await.expect("a queue");
    let queue = connect(broker).await;
    let name = jobs("half");
    let mut consumer = queue.consume(&name, 1).await.expect("consume");
    queue
        .publish(&name, message("put off"))
        .await
        .expect("publish");
    for seconds in [1, 4] {
        let delivery = timeout(PATIENCE, consumer.next()).await.expect("in time");
        let delivery = delivery.expect("a delivery");
        let after = Duration::from_secs(seconds);
        let settled = delivery.settle(Settle::Later { after }).await;
        assert!(settled.expect("it can wait"), "{seconds} s");
    }
    let delivery = timeout(PATIENCE, consumer.next()).await.expect("in time");
    let delivery = delivery.expect("a delivery");
    assert_eq!(delivery.message.postponed, 2);
    assert_eq!(delivery.settle(Settle::Done).await.ok(), Some(true));
}

async fn what_a_lost_connection_held_comes_back(broker: &RabbitMq) {
    let (first, second) = (connect(broker).await, connect(broker).await);
    let name = jobs("lost");
    first
        .publish(&name, message("held"))
        .await
        .expect("publish");
    let mut consumer = first.consume(&name, 1).await.expect("consume");
    let held = consumer.next().await.expect("a delivery");
    first.close().await.expect("closed");
    let settled = held.settle(Settle::Done).await.expect("an answer");
    assert!(!settled, "a lost lease is told as lost");
    assert!(consumer.next().await.is_err(), "a lost consumer ends");
    let mut consumer = second.consume(&name, 1).await.expect("consume");
    let again = timeout(PATIENCE, consumer.next()).await.expect("in time");
    let again = again.expect("a delivery");
    assert_eq!(
        (again.message.body.as_slice(), again.redelivered),
        (&b"held"[..], true)
    );
    assert_eq!(again.settle(Settle::Done).await.ok(), Some(true));
}

async fn a_burst_is_confirmed_and_counted(queue: &AmqpQueue) {
    const MESSAGES: usize = 2_000;
    let name = jobs("burst");
    let begun = Instant::now();
    let texts: Vec<String> = (0..MESSAGES).map(|number| number.to_string()).collect();
    for window in texts.chunks(250) {
        let publishing = window
            .iter()
            .map(|text| queue.publish(&name, message(text)));
        for published in futures_util::future::join_all(publishing).await {
            published.expect("publish");
        }
    }
    eprintln!("{MESSAGES} confirmed in {:?}", begun.elapsed());
    let mut consumer = queue.consume(&name, 100).await.expect("consume");
    let mut seen = BTreeSet::new();
    while seen.len() < MESSAGES {
        let delivery = timeout(PATIENCE, consumer.next()).await.expect("in time");
        let delivery = delivery.expect("a delivery");
        assert!(seen.insert(delivery.message.body.clone()), "delivered once");
        assert_eq!(delivery.settle(Settle::Done).await.ok(), Some(true));
    }
}

async fn wrong_credentials_are_told(broker: &RabbitMq) {
    let error = refused(&settings(&broker.address_as("mill", "hunter2"))).await;
    assert!(error.lasting, "{error}");
    let text = format!("{error} {error:?}");
    assert!(text.contains("check user name and password"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
    let error = refused(&settings(&broker.address_as("guest", "guest"))).await;
    assert!(error.lasting, "there is no guest: {error}");
    let nowhere = format!("{}/elsewhere", broker.address());
    let error = refused(&settings(&nowhere)).await;
    assert!(error.to_string().contains("check the vhost"), "{error}");
    assert!(!format!("{error:?}").contains(broker.password()));
}

async fn encrypted_connections_are_checked(broker: &RabbitMq) {
    let encrypted = settings(&broker.encrypted_address());
    let error = refused(&encrypted).await;
    assert!(error.lasting, "{error}");
    assert!(error.to_string().contains("trusted authority"), "{error}");
    let plain = broker.encrypted_address().replace("amqps:", "amqp:");
    // The server answers in TLS, or hangs up before that arrives: both are told alike.
    for _ in 0..20 {
        let error = refused(&settings(&plain)).await;
        assert!(error.to_string().contains("TLS port"), "{error}");
        assert!(error.lasting, "{error}");
    }
    let sealed = broker.address().replace("amqp:", "amqps:");
    let error = refused(&settings(&sealed)).await;
    assert!(error.to_string().contains("speaks TLS"), "{error}");
    let trusting = encrypted.trusting(broker.authority());
    let queue = AmqpQueue::connect(&trusting).await.expect("a connection");
    let name = jobs("encrypted");
    queue
        .publish(&name, message("sealed"))
        .await
        .expect("publish");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_confirmed_survives_the_brokers_death() {
    let Some(mut broker) = RabbitMq::start("what_was_confirmed_survives_the_brokers_death") else {
        return;
    };
    let name = jobs("survives");
    let queue = connect(&broker).await;
    for number in 0..100 {
        let message = message(&number.to_string());
        queue.publish(&name, message).await.expect("publish");
    }
    let mut consumer = queue.consume(&name, 10).await.expect("consume");
    let held = consumer.next().await.expect("a delivery");
    // RabbitMQ 3.10 does not find a leader again for a queue that was declared less than a few
    // seconds before it was killed, so this asks about a queue that has existed for a while.
    sleep(Duration::from_secs(6)).await;
    broker.kill();
    let ended = timeout(PATIENCE, async { while consumer.next().await.is_ok() {} });
    ended.await.expect("the consumer notices");
    assert!(!queue.is_connected());
    let lost = queue.publish(&name, message("lost")).await;
    assert!(lost.is_err_and(|error| !error.lasting), "nobody confirms");
    assert_eq!(held.settle(Settle::Done).await.ok(), Some(false));
    broker.start_again();
    let (_queue, mut consumer) = back(&broker, &name).await;
    let mut left: BTreeSet<Vec<u8>> = (0..100).map(|number| format!("{number}").into()).collect();
    while !left.is_empty() {
        let delivery = timeout(PATIENCE, consumer.next()).await.expect("in time");
        let delivery = delivery.expect("a delivery");
        assert!(left.remove(&delivery.message.body), "delivered once");
        assert_eq!(delivery.settle(Settle::Done).await.ok(), Some(true));
    }
}

/// Connects and consumes as a supervisor would, as often as it takes: a broker that has just come
/// back answers before all of it works.
async fn back(broker: &RabbitMq, name: &str) -> (AmqpQueue, Box<dyn Consumer>) {
    let begun = Instant::now();
    loop {
        let error = match AmqpQueue::connect(&settings(&broker.address())).await {
            Ok(queue) => match queue.consume(name, 10).await {
                Ok(consumer) => return (queue, consumer),
                Err(error) => error,
            },
            Err(error) => error,
        };
        eprintln!("after {:?}: {error}", begun.elapsed());
        assert!(begun.elapsed() < PATIENCE, "{error}");
        sleep(Duration::from_millis(200)).await;
    }
}
