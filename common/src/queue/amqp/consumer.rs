//! Takes messages, and settles them.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::{FutureExt, StreamExt};
use lapin::Acker;
use lapin::Channel;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions};
use lapin::types::FieldTable;

use super::super::{Consumer, DEAD, Delivery, Lease, Message, QueueError, Settle};
use super::fault::{Site, is_gone};
use super::message::{REASON, message};
use super::publisher::Publisher;
use super::topology::{Route, Topology};

/// A consumer with a channel of its own, so that its fate is its own.
pub(super) struct AmqpConsumer {
    deliveries: lapin::Consumer,
    counter: Arc<Counter>,
}

/// What all leases of a consumer need.
struct Counter {
    site: Site,
    queue: String,
    topology: Arc<Topology>,
    publisher: Arc<Publisher>,
    /// Held so that the channel, and with it every lease, outlives the consumer.
    _channel: Channel,
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
            _channel: channel,
        };
        Ok(Self {
            deliveries,
            counter: Arc::new(counter),
        })
    }
}

#[async_trait]
impl Consumer for AmqpConsumer {
    async fn next(&mut self) -> Result<Delivery, QueueError> {
        let site = &self.counter.site;
        let mut delivery = match self.deliveries.next().await {
            Some(Ok(delivery)) => delivery,
            Some(Err(error)) => return Err(site.fault("wait for a message", &error)),
            None => {
                let reason = format!("the broker ended the consumption of {}", self.counter.queue);
                return Err(site.error("wait for a message", reason));
            }
        };
        let message = message(&mut delivery, &self.counter.queue);
        let lease = AmqpLease {
            acker: delivery.acker,
            counter: self.counter.clone(),
        };
        Ok(Delivery {
            message,
            redelivered: delivery.redelivered,
            lease: Box::new(lease),
        })
    }
}

struct AmqpLease {
    acker: Acker,
    counter: Arc<Counter>,
}

impl AmqpLease {
    async fn retry(
        &self,
        mut message: Message,
        after: std::time::Duration,
    ) -> Result<(), QueueError> {
        let counter = &self.counter;
        message.attempt = message.attempt.saturating_add(1);
        counter.topology.ensure_delay(after).await?;
        let route = Route::delayed(&counter.queue, after);
        counter.publisher.publish(&route, &message).await
    }

    async fn give_up(&self, mut message: Message, reason: String) -> Result<(), QueueError> {
        message.headers.insert(REASON.to_owned(), reason);
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
            Settle::Retry { after } => self.retry(message, after).await?,
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
        let back = BasicNackOptions {
            requeue: true,
            ..BasicNackOptions::default()
        };
        // The first poll puts it on its way; nobody is left to hear whether it arrived, and when
        // it does not, the connection is gone and the message comes back anyway.
        let _ = self.acker.nack(back).now_or_never();
    }
}
