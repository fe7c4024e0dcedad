//! A broker inside the process: it redelivers, counts attempts, delays and keeps dead letters.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;

use super::{Consumer, DEAD, Delivery, Lease, Message, ORIGIN, Queue, QueueError, REASON, Settle};

/// One process's own queues; clones share them.
#[derive(Debug, Clone, Default)]
pub struct MemoryQueue {
    broker: Arc<Broker>,
}

#[derive(Debug, Default)]
struct Broker {
    queues: Mutex<BTreeMap<String, VecDeque<Waiting>>>,
    arrived: Notify,
    listeners: AtomicU64,
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
            own: false,
        }))
    }

    async fn depth(&self, queue: &str) -> Result<u64, QueueError> {
        let waiting = self.broker.lock().get(queue).map_or(0, VecDeque::len);
        Ok(waiting as u64)
    }

    async fn broadcast(&self, topic: &str, message: Message) -> Result<(), QueueError> {
        let prefix = heard(topic);
        let queues = self.broker.lock();
        let listening = queues.keys().filter(|name| name.starts_with(&prefix));
        let listening: Vec<String> = listening.cloned().collect();
        drop(queues);
        for queue in listening {
            self.broker.push(&queue, message.clone());
        }
        Ok(())
    }

    async fn listen(&self, topic: &str) -> Result<Box<dyn Consumer>, QueueError> {
        let number = self.broker.listeners.fetch_add(1, Ordering::Relaxed);
        let queue = format!("{}{number}", heard(topic));
        self.broker.lock().insert(queue.clone(), VecDeque::new());
        Ok(Box::new(MemoryConsumer {
            broker: self.broker.clone(),
            queue,
            own: true,
        }))
    }
}

/// What the names of a topic's listeners begin with.
fn heard(topic: &str) -> String {
    format!("{topic}#")
}

struct MemoryConsumer {
    broker: Arc<Broker>,
    queue: String,
    /// A queue that nobody else knows, and that goes with its consumer.
    own: bool,
}

impl Drop for MemoryConsumer {
    fn drop(&mut self) {
        if self.own {
            self.broker.lock().remove(&self.queue);
        }
    }
}

#[async_trait]
impl Consumer for MemoryConsumer {
    async fn next(&mut self) -> Result<Delivery, QueueError> {
        loop {
            let arrived = self.broker.arrived.notified();
            tokio::pin!(arrived);
            arrived.as_mut().enable();
            if let Some(waiting) = self.broker.pop(&self.queue) {
                return Ok(self.on_loan(waiting));
            }
            arrived.await;
        }
    }

    async fn more(&mut self) -> Result<Option<Delivery>, QueueError> {
        let waiting = self.broker.pop(&self.queue);
        Ok(waiting.map(|waiting| self.on_loan(waiting)))
    }
}

impl MemoryConsumer {
    fn on_loan(&self, waiting: Waiting) -> Delivery {
        let Waiting {
            message,
            redelivered,
        } = waiting;
        let lease = MemoryLease {
            broker: self.broker.clone(),
            queue: self.queue.clone(),
            unsettled: Some(message.clone()),
        };
        Delivery {
            message,
            redelivered,
            lease: Box::new(lease),
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
        message: Message,
        settle: Settle,
    ) -> Result<bool, QueueError> {
        self.unsettled = None;
        let (broker, queue) = (self.broker.clone(), self.queue.clone());
        match settle {
            Settle::Done => {}
            Settle::Retry { after } => deliver_later(broker, queue, message.retried(), after),
            Settle::Later { after } => deliver_later(broker, queue, message.put_off(), after),
            Settle::Wait { after } => deliver_later(broker, queue, message, after),
            Settle::Dead { reason } => {
                let mut message = message;
                message.headers.insert(REASON.to_owned(), reason);
                message.headers.insert(ORIGIN.to_owned(), queue);
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
