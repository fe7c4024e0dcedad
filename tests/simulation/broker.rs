//! The broker as an actor sees it: what is not settled when its connection breaks is delivered again,
//! or given up, and a publish may be lost, done twice, or done and not confirmed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use lumimill_common::queue::{
    Consumer, Delivery, GIVEN_UP, Lease, Message, Queue, QueueError, Settle,
};
use tokio::sync::Notify;

use crate::link::Link;
use crate::world::lock;

/// A connection of an actor.
#[derive(Debug)]
pub(crate) struct Connection {
    link: Arc<Link>,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    is_cut: AtomicBool,
    cut: Notify,
    next: AtomicU64,
    /// What is out and not settled.
    out: Mutex<BTreeMap<u64, Delivery>>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} out", lock(&self.out).len())
    }
}

fn lost(action: &'static str) -> QueueError {
    QueueError {
        broker: String::from("memory"),
        action,
        reason: String::from("the connection was lost"),
        lasting: false,
    }
}

impl State {
    fn is_cut(&self) -> bool {
        self.is_cut.load(Ordering::Relaxed)
    }

    /// Returns when the connection is lost.
    async fn until_cut(&self) {
        let cut = self.cut.notified();
        tokio::pin!(cut);
        cut.as_mut().enable();
        if !self.is_cut() {
            cut.await;
        }
    }
}

impl Connection {
    pub(crate) fn new(link: &Arc<Link>) -> Self {
        Self {
            link: link.clone(),
            state: Arc::default(),
        }
    }

    /// Breaks it: what is out is delivered to others, or given up when it was too often.
    pub(crate) fn cut(&self) {
        self.state.is_cut.store(true, Ordering::Relaxed);
        self.state.cut.notify_waiters();
        let out = std::mem::take(&mut *lock(&self.state.out));
        let world = &self.link.world;
        for (_, delivery) in out {
            if world.random.chance(world.faults().given_up) {
                world.note(&self.link.name, "a delivery is given up");
                let reason = format!("{GIVEN_UP}: delivered too often");
                tokio::spawn(delivery.settle(Settle::Dead { reason }));
            }
        }
    }

    async fn ready(&self, action: &'static str) -> Result<(), QueueError> {
        self.link.on_the_way().await;
        self.link.alive().await;
        match self.state.is_cut() {
            true => Err(lost(action)),
            false => Ok(()),
        }
    }

    fn consumer(&self, inner: Box<dyn Consumer>) -> Box<dyn Consumer> {
        Box::new(SimConsumer {
            inner,
            link: self.link.clone(),
            state: self.state.clone(),
        })
    }
}

#[async_trait]
impl Queue for Connection {
    async fn publish(&self, queue: &str, message: Message) -> Result<(), QueueError> {
        self.ready("publish").await?;
        let (link, faults) = (&self.link, self.link.world.faults());
        if link.chance(faults.queue) {
            return Err(lost("publish"));
        }
        let broker = &link.world.queue;
        if link.chance(faults.twice) {
            broker.publish(queue, message.clone()).await?;
        }
        broker.publish(queue, message).await?;
        self.ready("publish").await?;
        match link.chance(faults.queue) {
            true => Err(lost("publish")),
            false => Ok(()),
        }
    }

    async fn consume(&self, queue: &str, prefetch: u16) -> Result<Box<dyn Consumer>, QueueError> {
        self.ready("consume").await?;
        let inner = self.link.world.queue.consume(queue, prefetch).await?;
        Ok(self.consumer(inner))
    }

    async fn depth(&self, queue: &str) -> Result<u64, QueueError> {
        self.ready("look at").await?;
        self.link.world.queue.depth(queue).await
    }

    async fn broadcast(&self, topic: &str, message: Message) -> Result<(), QueueError> {
        self.ready("tell").await?;
        self.link.world.queue.broadcast(topic, message).await
    }

    async fn listen(&self, topic: &str) -> Result<Box<dyn Consumer>, QueueError> {
        self.ready("listen").await?;
        let inner = self.link.world.queue.listen(topic).await?;
        Ok(self.consumer(inner))
    }
}

struct SimConsumer {
    inner: Box<dyn Consumer>,
    link: Arc<Link>,
    state: Arc<State>,
}

#[async_trait]
impl Consumer for SimConsumer {
    async fn next(&mut self) -> Result<Delivery, QueueError> {
        self.link.alive().await;
        let delivery = tokio::select! {
            biased;
            () = self.state.until_cut() => return Err(lost("consume")),
            delivery = self.inner.next() => delivery?,
        };
        Ok(self.on_loan(delivery))
    }

    async fn more(&mut self) -> Result<Option<Delivery>, QueueError> {
        self.link.on_the_way().await;
        self.link.alive().await;
        let delivery = tokio::select! {
            biased;
            () = self.state.until_cut() => return Err(lost("take")),
            delivery = self.inner.more() => delivery?,
        };
        Ok(delivery.map(|delivery| self.on_loan(delivery)))
    }
}

impl SimConsumer {
    fn on_loan(&self, delivery: Delivery) -> Delivery {
        let (message, redelivered) = (delivery.message.clone(), delivery.redelivered);
        let number = self.state.next.fetch_add(1, Ordering::Relaxed);
        lock(&self.state.out).insert(number, delivery);
        let lease = SimLease {
            link: self.link.clone(),
            state: self.state.clone(),
            number,
        };
        Delivery::on_loan(message, redelivered, Box::new(lease))
    }
}

struct SimLease {
    link: Arc<Link>,
    state: Arc<State>,
    number: u64,
}

impl Drop for SimLease {
    fn drop(&mut self) {
        let unsettled = lock(&self.state.out).remove(&self.number);
        drop(unsettled);
    }
}

#[async_trait]
impl Lease for SimLease {
    async fn settle(self: Box<Self>, _: Message, settle: Settle) -> Result<bool, QueueError> {
        self.link.on_the_way().await;
        self.link.alive().await;
        let held = lock(&self.state.out).remove(&self.number);
        match held {
            Some(delivery) => delivery.settle(settle).await,
            None => Ok(false),
        }
    }
}
