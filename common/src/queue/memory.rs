//! A broker inside the process: it redelivers, counts attempts, delays and keeps dead letters.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;

use super::{Consumer, DEAD, Delivery, Lease, Message, Queue, QueueError, Settle};

/// One process's own queues; clones share them.
#[derive(Debug, Clone, Default)]
pub struct MemoryQueue {
    broker: Arc<Broker>,
}

#[derive(Debug, Default)]
struct Broker {
    queues: Mutex<BTreeMap<String, VecDeque<Waiting>>>,
    arrived: Notify,
}

#[derive(Debug)]
struct Waiting {
    message: Message,
    redelivered: bool,
}

impl Broker {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, VecDeque<Waiting>>> {
        // A queue is whole after every statement, so a panic elsewhere cannot have broken it.
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, queue: &str, message: Message) {
        let waiting = Waiting {
            message,
            redelivered: false,
        };
        self.lock()
            .entry(queue.to_owned())
            .or_default()
            .push_back(waiting);
        self.arrived.notify_waiters();
    }

    fn hand_back(&self, queue: &str, message: Message) {
        let waiting = Waiting {
            message,
            redelivered: true,
        };
        self.lock()
            .entry(queue.to_owned())
            .or_default()
            .push_front(waiting);
        self.arrived.notify_waiters();
    }

    fn pop(&self, queue: &str) -> Option<Waiting> {
        self.lock().get_mut(queue)?.pop_front()
    }
}

impl MemoryQueue {
    /// How many messages wait in a queue.
    #[must_use]
    pub fn waiting(&self, queue: &str) -> usize {
        self.broker.lock().get(queue).map_or(0, VecDeque::len)
    }
}

#[async_trait]
impl Queue for MemoryQueue {
    async fn publish(&self, queue: &str, message: Message) -> Result<(), QueueError> {
        self.broker.push(queue, message);
        Ok(())
    }

    async fn consume(&self, queue: &str, _prefetch: u16) -> Result<Box<dyn Consumer>, QueueError> {
        // A delivery is taken only when somebody waits for it: there is nothing to prefetch.
        Ok(Box::new(MemoryConsumer {
            broker: self.broker.clone(),
            queue: queue.to_owned(),
        }))
    }
}

struct MemoryConsumer {
    broker: Arc<Broker>,
    queue: String,
}

#[async_trait]
impl Consumer for MemoryConsumer {
    async fn next(&mut self) -> Result<Delivery, QueueError> {
        loop {
            let arrived = self.broker.arrived.notified();
            tokio::pin!(arrived);
            arrived.as_mut().enable();
            if let Some(Waiting {
                message,
                redelivered,
            }) = self.broker.pop(&self.queue)
            {
                let lease = MemoryLease {
                    broker: self.broker.clone(),
                    queue: self.queue.clone(),
                    unsettled: Some(message.clone()),
                };
                return Ok(Delivery {
                    message,
                    redelivered,
                    lease: Box::new(lease),
                });
            }
            arrived.await;
        }
    }
}

/// Holds what to hand back when the delivery is dropped.
struct MemoryLease {
    broker: Arc<Broker>,
    queue: String,
    unsettled: Option<Message>,
}

#[async_trait]
impl Lease for MemoryLease {
    async fn settle(
        mut self: Box<Self>,
        mut message: Message,
        settle: Settle,
    ) -> Result<bool, QueueError> {
        self.unsettled = None;
        match settle {
            Settle::Done => {}
            Settle::Retry { after } => {
                message.attempt += 1;
                deliver_later(self.broker.clone(), self.queue.clone(), message, after);
            }
            Settle::Dead { reason } => {
                message.headers.insert(String::from("reason"), reason);
                self.broker.push(DEAD, message);
            }
        }
        Ok(true)
    }
}

impl Drop for MemoryLease {
    fn drop(&mut self) {
        if let Some(message) = self.unsettled.take() {
            self.broker.hand_back(&self.queue, message);
        }
    }
}

fn deliver_later(broker: Arc<Broker>, queue: String, message: Message, after: Duration) {
    tokio::spawn(async move {
        tokio::time::sleep(after).await;
        broker.push(&queue, message);
    });
}

#[cfg(test)]
mod tests {
    use super::MemoryQueue;
    use crate::queue::conformance;

    #[tokio::test]
    async fn the_memory_queue_is_a_broker() {
        conformance::check(&MemoryQueue::default(), "memory").await;
    }
}
