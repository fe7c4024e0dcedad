//! Takes messages, and settles them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{FutureExt, StreamExt};
use lapin::Acker;
use lapin::Channel;
use lapin::options::{
    BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicGetOptions, BasicNackOptions,
    BasicQosOptions,
};
use lapin::types::FieldTable;

use super::super::{Consumer, DEAD, Delivery, Lease, Message, ORIGIN, QueueError, REASON, Settle};
use super::fault::{Site, is_gone};
use super::message::message;
use super::publisher::Publisher;
use super::topology::{Route, Topology, counts_returns};

/// A consumer with a channel of its own, so that its fate is its own.
pub(super) struct AmqpConsumer {
    /// Taken only by the drop.
    deliveries: Option<lapin::Consumer>,
    counter: Arc<Counter>,
}

/// What all leases of a consumer need.
struct Counter {
    site: Site,
    queue: String,
    topology: Arc<Topology>,
    publisher: Arc<Publisher>,
    /// Held so that the channel, and with it every lease, outlives the consumer.
    channel: Channel,
}

impl AmqpConsumer {
    pub(super) async fn start(
        site: Site,
        channel: Channel,
        queue: &str,
        prefetch: u16,
        topology: Arc<Topology>,
        publisher: Arc<Publisher>,
    ) -> Result<Self, QueueError> {
        const ACTION: &str = "consume";
        let qos = channel.basic_qos(prefetch.max(1), BasicQosOptions::default());
        site.in_time(ACTION, qos).await?;
        let consuming = channel.basic_consume(
            site.short(ACTION, queue)?,
            "".into(),
            BasicConsumeOptions::default(),
            FieldTable::default(),
        );
        let deliveries = site.in_time(ACTION, consuming).await?;
        let counter = Counter {
            site,
            queue: queue.to_owned(),
            topology,
            publisher,
            channel,
        };
        Ok(Self {
            deliveries: Some(deliveries),
            counter: Arc::new(counter),
        })
    }
}

#[async_trait]
impl Consumer for AmqpConsumer {
    async fn next(&mut self) -> Result<Delivery, QueueError> {
        let site = &self.counter.site;
        let deliveries = self.deliveries.as_mut();
        let found = match deliveries {
            Some(deliveries) => deliveries.next().await,
            None => None,
        };
        let delivery = match found {
            Some(Ok(delivery)) => delivery,
            Some(Err(error)) => return Err(site.fault("wait for a message", &error)),
            None => {
                let reason = format!("the broker ended the consumption of {}", self.counter.queue);
                return Err(site.error("wait for a message", reason));
            }
        };
        Ok(self.on_loan(delivery))
    }

    async fn more(&mut self) -> Result<Option<Delivery>, QueueError> {
        const ACTION: &str = "take a message";
        let Counter {
            site,
            queue,
            channel,
            ..
        } = self.counter.as_ref();
        let name = site.short(ACTION, queue)?;
        let getting = channel.basic_get(name, BasicGetOptions::default());
        let found = site.in_time(ACTION, getting).await?;
        Ok(found.map(|found| self.on_loan(found.delivery)))
    }
}

impl AmqpConsumer {
    fn on_loan(&self, mut delivery: lapin::message::Delivery) -> Delivery {
        let message = message(&mut delivery, &self.counter.queue);
        let lease = AmqpLease {
            acker: delivery.acker,
            counter: self.counter.clone(),
        };
        Delivery {
            message,
            redelivered: delivery.redelivered,
            lease: Box::new(lease),
        }
    }
}

impl Drop for AmqpConsumer {
    fn drop(&mut self) {
        let Some(deliveries) = self.deliveries.take() else {
            return;
        };
        // Outside of a runtime the connection ends too, and everything comes back.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(hand_back(deliveries, self.counter.clone()));
        }
    }
}

/// Ends a consumption, and hands back what the broker had sent and nobody took.
async fn hand_back(mut deliveries: lapin::Consumer, counter: Arc<Counter>) {
    let cancelling = counter
        .channel
        .basic_cancel(deliveries.tag(), BasicCancelOptions::default());
    let cancelled = counter.site.answer("cancel", cancelling).await;
    if !matches!(cancelled, Ok(Ok(()))) {
        // The channel is gone, and what was sent on it comes back by itself.
        return;
    }
    while let Some(Some(Ok(mut delivery))) = deliveries.next().now_or_never() {
        let message = message(&mut delivery, &counter.queue);
        let lease = AmqpLease {
            acker: delivery.acker,
            counter: counter.clone(),
        };
        match counts_returns(&counter.queue) {
            // When that fails it is returned all the same.
            true => drop(Box::new(lease).settle(message, UNSEEN).await),
            false => drop(lease),
        }
    }
}

/// What becomes of a job that nobody has seen. The broker counts what is returned, and gives it up
/// after a few times; nobody did anything wrong.
const UNSEEN: Settle = Settle::Wait {
    after: Duration::ZERO,
};

/// Back to the queue.
const REQUEUE: BasicNackOptions = BasicNackOptions {
    multiple: false,
    requeue: true,
};

struct AmqpLease {
    acker: Acker,
    counter: Arc<Counter>,
}

impl AmqpLease {
    async fn again(&self, message: Message, after: Duration) -> Result<(), QueueError> {
        let counter = &self.counter;
        counter.topology.ensure_delay(after).await?;
        let route = Route::delayed(&counter.queue, after);
        counter.publisher.publish(&route, &message).await
    }

    async fn give_up(&self, mut message: Message, reason: String) -> Result<(), QueueError> {
        let origin = self.counter.queue.clone();
        message.headers.insert(REASON.to_owned(), reason);
        message.headers.insert(ORIGIN.to_owned(), origin);
        self.counter
            .publisher
            .publish(&Route::to(DEAD), &message)
            .await
    }
}

#[async_trait]
impl Lease for AmqpLease {
    async fn settle(self: Box<Self>, message: Message, settle: Settle) -> Result<bool, QueueError> {
        if !self.acker.usable() || !self.counter.publisher.is_connected() {
            return Ok(false);
        }
        match settle {
            Settle::Done => {}
            Settle::Retry { after } => self.again(message.retried(), after).await?,
            Settle::Later { after } => self.again(message.put_off(), after).await?,
            Settle::Wait { after } => self.again(message, after).await?,
            Settle::Dead { reason } => self.give_up(message, reason).await?,
        }
        const ACTION: &str = "acknowledge";
        let site = &self.counter.site;
        let acknowledging = site.answer(ACTION, self.acker.ack(BasicAckOptions::default()));
        // An acknowledgement that meets the end of its connection may never be answered.
        let answer = tokio::select! {
            biased;
            () = self.counter.publisher.lost() => return Ok(false),
            answer = acknowledging => answer?,
        };
        match answer {
            Ok(settled) => Ok(settled),
            Err(error) if is_gone(&error) => Ok(false),
            Err(error) => Err(site.fault(ACTION, &error)),
        }
    }
}

impl Drop for AmqpLease {
    fn drop(&mut self) {
        if !self.acker.usable() {
            return;
        }
        // The first poll puts it on its way; nobody is left to hear whether it arrived, and when
        // it does not, the connection is gone and the message comes back anyway.
        let _ = self.acker.nack(REQUEUE).now_or_never();
    }
}
