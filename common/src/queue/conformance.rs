//! What every broker must do, whatever is behind it.

use std::time::Duration;

use tokio::time::timeout;

use super::{Consumer, DEAD, Delivery, Message, Queue, Settle, jobs};

const PATIENCE: Duration = Duration::from_secs(20);
const A_MOMENT: Duration = Duration::from_millis(300);

fn message(text: &str) -> Message {
    let headers = [(String::from("shard"), text.to_owned())].into();
    Message {
        body: text.as_bytes().to_vec(),
        headers,
        attempt: 1,
        postponed: 0,
    }
}

async fn next(consumer: &mut Box<dyn Consumer>) -> Delivery {
    timeout(PATIENCE, consumer.next())
        .await
        .expect("a delivery in time")
        .expect("a delivery")
}

async fn nothing_comes(consumer: &mut Box<dyn Consumer>) {
    assert!(
        timeout(A_MOMENT, consumer.next()).await.is_err(),
        "nothing more is delivered"
    );
}

/// Runs the whole suite on a broker, on queues of a pool that nobody else uses; panics, naming
/// what failed, when the contract is broken.
pub async fn check(queue: &dyn Queue, pool: &str) {
    let name = jobs(pool);
    let mut consumer = queue.consume(&name, 2).await.expect("consume");
    published_is_delivered_once(queue, &name, &mut consumer).await;
    dropped_is_delivered_again(queue, &name, &mut consumer).await;
    retried_comes_back_later(queue, &name, &mut consumer).await;
    postponed_is_the_same_attempt(queue, &name, &mut consumer).await;
    dead_is_kept_with_its_reason(queue, &name, &mut consumer).await;
    more_than_may_be_unsettled(queue, &name, &mut consumer).await;
    nothing_comes(&mut consumer).await;
    cancelled_hands_back(queue, &name, consumer).await;
    told_to_all_who_listen(queue, pool).await;
}

async fn published_is_delivered_once(
    queue: &dyn Queue,
    name: &str,
    consumer: &mut Box<dyn Consumer>,
) {
    for text in ["one", "two"] {
        queue.publish(name, message(text)).await.expect("publish");
    }
    for text in ["one", "two"] {
        let delivery = next(consumer).await;
        assert_eq!(
            delivery.message,
            message(text),
            "in order, with headers and attempt"
        );
        assert!(!delivery.redelivered);
        assert!(delivery.settle(Settle::Done).await.expect("settle"));
    }
    nothing_comes(consumer).await;
}

async fn more_than_may_be_unsettled(
    queue: &dyn Queue,
    name: &str,
    consumer: &mut Box<dyn Consumer>,
) {
    assert!(consumer.more().await.expect("asked for more").is_none());
    for text in ["a", "b", "c", "d"] {
        queue.publish(name, message(text)).await.expect("publish");
    }
    // Two may be unsettled; another one that was asked for comes all the same.
    let mut held = vec![next(consumer).await, next(consumer).await];
    held.extend(consumer.more().await.expect("asked for more"));
    let texts: Vec<_> = held
        .iter()
        .map(|delivery| delivery.message.body.clone())
        .collect();
    assert_eq!(texts, [b"a", b"b", b"c"]);
    assert!(held.iter().all(|delivery| !delivery.redelivered));
    for delivery in held {
        assert!(delivery.settle(Settle::Done).await.expect("settle"));
    }
    let last = next(consumer).await;
    assert!(last.settle(Settle::Done).await.expect("settle"));
}

async fn dropped_is_delivered_again(
    queue: &dyn Queue,
    name: &str,
    consumer: &mut Box<dyn Consumer>,
) {
    queue
        .publish(name, message("dropped"))
        .await
        .expect("publish");
    drop(next(consumer).await);
    let again = next(consumer).await;
    assert_eq!(again.message.body, b"dropped");
    assert!(again.redelivered, "a second delivery says so");
    assert!(again.settle(Settle::Done).await.expect("settle"));
}

async fn retried_comes_back_later(queue: &dyn Queue, name: &str, consumer: &mut Box<dyn Consumer>) {
    queue
        .publish(name, message("later"))
        .await
        .expect("publish");
    let delivery = next(consumer).await;
    let after = Duration::from_secs(1);
    assert!(
        delivery
            .settle(Settle::Retry { after })
            .await
            .expect("settle")
    );
    nothing_comes(consumer).await;
    let again = next(consumer).await;
    assert_eq!(
        (again.message.body.as_slice(), again.message.attempt),
        (&b"later"[..], 2)
    );
    assert!(again.settle(Settle::Done).await.expect("settle"));
}

async fn postponed_is_the_same_attempt(
    queue: &dyn Queue,
    name: &str,
    consumer: &mut Box<dyn Consumer>,
) {
    let again = |mut message: Message, attempt, postponed| {
        (message.attempt, message.postponed) = (attempt, postponed);
        message
    };
    let after = Duration::from_millis(10);
    queue
        .publish(name, message("put off"))
        .await
        .expect("publish");
    let steps = [
        (Settle::Later { after }, again(message("put off"), 1, 0)),
        (Settle::Wait { after }, again(message("put off"), 1, 1)),
        (Settle::Retry { after }, again(message("put off"), 1, 1)),
        (Settle::Done, again(message("put off"), 2, 0)),
    ];
    for (settle, expected) in steps {
        let delivery = next(consumer).await;
        assert_eq!(delivery.message, expected);
        assert!(delivery.settle(settle).await.expect("settle"));
    }
}

/// The first consumer is sent both messages, gives out one, and goes.
async fn cancelled_hands_back(queue: &dyn Queue, name: &str, mut first: Box<dyn Consumer>) {
    for text in ["held", "unseen"] {
        queue.publish(name, message(text)).await.expect("publish");
    }
    let held = next(&mut first).await;
    assert_eq!(held.message, message("held"));
    tokio::time::sleep(A_MOMENT).await;
    drop(first);
    let mut second = queue.consume(name, 2).await.expect("consume");
    let unseen = next(&mut second).await;
    assert_eq!(unseen.message, message("unseen"));
    assert!(unseen.settle(Settle::Done).await.expect("settle"));
    assert!(
        held.settle(Settle::Done).await.expect("settle"),
        "what was given out stays with its holder"
    );
    nothing_comes(&mut second).await;
    queue
        .publish(name, message("counted"))
        .await
        .expect("publish");
    drop(second);
    for _ in 0..100 {
        if queue.depth(name).await.expect("depth") == 1 {
            break;
        }
        tokio::time::sleep(A_MOMENT).await;
    }
    assert_eq!(queue.depth(name).await.expect("depth"), 1);
    let mut third = queue.consume(name, 1).await.expect("consume");
    let counted = next(&mut third).await;
    assert!(counted.settle(Settle::Done).await.expect("settle"));
}

async fn told_to_all_who_listen(queue: &dyn Queue, pool: &str) {
    let topic = format!("lumimill.topic.{pool}");
    queue
        .broadcast(&topic, message("unheard"))
        .await
        .expect("broadcast");
    let mut listeners = [
        queue.listen(&topic).await.expect("listen"),
        queue.listen(&topic).await.expect("listen"),
    ];
    queue
        .broadcast(&topic, message("heard"))
        .await
        .expect("broadcast");
    for listener in &mut listeners {
        let heard = next(listener).await;
        assert_eq!(heard.message, message("heard"));
        assert!(heard.settle(Settle::Done).await.expect("settle"));
    }
}

async fn dead_is_kept_with_its_reason(
    queue: &dyn Queue,
    name: &str,
    consumer: &mut Box<dyn Consumer>,
) {
    queue
        .publish(name, message("poison"))
        .await
        .expect("publish");
    let delivery = next(consumer).await;
    let reason = String::from("branch Muon_pt is missing");
    assert!(
        delivery
            .settle(Settle::Dead {
                reason: reason.clone()
            })
            .await
            .expect("settle")
    );
    let mut dead = queue.consume(DEAD, 1).await.expect("consume");
    let letter = next(&mut dead).await;
    assert_eq!(letter.message.body, b"poison");
    assert_eq!(letter.message.headers.get("reason"), Some(&reason));
    assert!(letter.settle(Settle::Done).await.expect("settle"));
}
