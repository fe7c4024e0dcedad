//! The queue port: how jobs reach workers and reports come back.
//!
//! The contract, which every adapter passes as one suite:
//! - **confirmed**: what a publish returned for is kept until somebody settles it;
//! - **at least once**: a delivery that is dropped unsettled, or whose holder dies, is
//!   delivered again, marked as redelivered; so every consumer must be idempotent;
//! - **counted**: a retry raises the attempt by one and starts counting postponements anew, a
//!   postponement keeps it;
//! - **cancelled**: a consumer that is dropped hands back what nobody has seen;
//! - **settled once**: [`Delivery::settle`] returns `false` when the lease was lost meanwhile,
//!   and then has done nothing;
//! - **dead letters**: what is given up goes to [`DEAD`], with the reason, and stays there.

#[cfg(feature = "amqp")]
mod amqp;
mod memory;

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;

#[cfg(feature = "amqp")]
pub use amqp::{AmqpQueue, AmqpSettings, InvalidBroker};
pub use memory::MemoryQueue;

/// Name of the queue where dead letters go.
pub const DEAD: &str = "lumimill.dead";

/// Header of a dead letter with the reason why it is one.
pub const REASON: &str = "reason";

/// Header of a dead letter with the queue that it was in.
pub const ORIGIN: &str = "queue";

/// What the reason of a dead letter begins with when the broker gave it up: whoever took it died.
pub const GIVEN_UP: &str = "given up by the broker";

/// Name of the topic that workers tell on how they are.
pub const BEATS: &str = "lumimill.beats";

/// Name of the queue that reports come back on.
pub const REPORTS: &str = "lumimill.reports";

/// Name of the job queue of a pool.
#[must_use]
pub fn jobs(pool: &str) -> String {
    format!("lumimill.jobs.{pool}")
}

/// What travels: bytes, with readable headers beside them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Message {
    /// The payload; references only, a few KB at most.
    pub body: Vec<u8>,
    /// Readable facts for people who look at the queue.
    pub headers: BTreeMap<String, String>,
    /// Which try this is, from 1.
    pub attempt: u32,
    /// How often this try was put off.
    pub postponed: u32,
}

/// How a delivery ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settle {
    /// The work is done: forget the message.
    Done,
    /// Deliver it again after a while, with its attempt number raised by one.
    Retry {
        /// How long to wait.
        after: Duration,
    },
    /// Deliver it again after a while as the same attempt, which was no fault of the job.
    Later {
        /// How long to wait.
        after: Duration,
    },
    /// Deliver it again after a while, as it is: nothing was tried.
    Wait {
        /// How long to wait.
        after: Duration,
    },
    /// Give it up.
    Dead {
        /// Why, for the person who looks at the dead letters.
        reason: String,
    },
}

/// A broker.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Hands a message over; it is safe with the broker when this returns.
    async fn publish(&self, queue: &str, message: Message) -> Result<(), QueueError>;

    /// Starts to take messages from a queue, at most `prefetch` unsettled at a time. Dropping the
    /// consumer hands back what it was sent and did not give out; it may take a second to come.
    async fn consume(&self, queue: &str, prefetch: u16) -> Result<Box<dyn Consumer>, QueueError>;

    /// How many messages wait in a queue, those that are out with a consumer not counted.
    async fn depth(&self, queue: &str) -> Result<u64, QueueError>;

    /// Tells everybody who listens to a topic now; that nobody does is no error.
    async fn broadcast(&self, topic: &str, message: Message) -> Result<(), QueueError>;

    /// Starts to hear what is told on a topic.
    async fn listen(&self, topic: &str) -> Result<Box<dyn Consumer>, QueueError>;

    /// Why nothing can be published at the moment, if so; asks the broker, and takes a few seconds
    /// at most.
    async fn trouble(&self) -> Option<String> {
        None
    }
}

/// A stream of deliveries.
#[async_trait]
pub trait Consumer: Send {
    /// The next delivery; waits for one.
    async fn next(&mut self) -> Result<Delivery, QueueError>;

    /// One more delivery, however many are unsettled; `None` where nothing waits.
    async fn more(&mut self) -> Result<Option<Delivery>, QueueError>;
}

/// A message on loan: settled, or delivered again.
pub struct Delivery {
    /// The message.
    pub message: Message,
    /// Whether it was delivered before and not settled.
    pub redelivered: bool,
    pub(crate) lease: Box<dyn Lease>,
}

impl Delivery {
    /// A message on loan from a broker.
    #[must_use]
    pub fn on_loan(message: Message, redelivered: bool, lease: Box<dyn Lease>) -> Self {
        Self {
            message,
            redelivered,
            lease,
        }
    }

    /// Ends the loan; `false` when it had been lost, and the message is delivered again.
    pub async fn settle(self, settle: Settle) -> Result<bool, QueueError> {
        self.lease.settle(self.message, settle).await
    }
}

impl Message {
    /// The message of the next attempt.
    fn retried(mut self) -> Self {
        self.attempt = self.attempt.saturating_add(1);
        self.postponed = 0;
        self
    }

    /// The message of the same attempt, later.
    fn put_off(mut self) -> Self {
        self.postponed = self.postponed.saturating_add(1);
        self
    }
}

/// The adapter's side of a [`Delivery`]; dropping it hands the message back.
#[async_trait]
pub trait Lease: Send {
    /// Ends the loan; `false` when it had been lost.
    async fn settle(self: Box<Self>, message: Message, settle: Settle) -> Result<bool, QueueError>;
}

/// The broker could not be reached, or did not answer in time.
#[derive(Debug, thiserror::Error)]
#[error("{broker}: {action} failed: {reason}")]
pub struct QueueError {
    /// The broker, without credentials.
    pub broker: String,
    /// What was being done.
    pub action: &'static str,
    /// What the broker said.
    pub reason: String,
    /// Whether trying again cannot help, as with wrong credentials.
    pub lasting: bool,
}
