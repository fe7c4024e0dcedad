//! Which queues there are, and how they are declared.
//!
//! A queue that is there is taken as it is, so that a user who may not declare anything can work
//! with queues that an administrator made.

use std::collections::BTreeSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Connection, ExchangeKind};
use tokio::sync::Mutex;

use super::super::{DEAD, QueueError, REPORTS};
use super::fault::{Site, is_other, is_refused, is_unknown};

/// Deliveries after which the broker itself gives a job up. A backstop: the broker counts lost
/// connections too, so the attempts that matter are counted in the message.
const DELIVERY_LIMIT: i32 = 4;
/// For queues whose messages must never be given up; newer brokers have a limit unless told.
const NO_DELIVERY_LIMIT: i32 = i32::MAX;
/// Messages that wait for a listener; the oldest go first when there are more.
const LISTENING: i32 = 10_000;
/// Bytes of messages that wait for a listener, likewise.
const LISTENING_BYTES: i32 = 16 << 20;
/// Bytes that wait in a queue of jobs, of about 200 bytes each, and in one where messages wait to
/// be tried again. What is too many is refused, and whoever publishes it hears that.
const MOST_OF_JOBS: i32 = 1 << 30;
/// Bytes of dead letters, refused likewise: they stay where they are.
const MOST_OF_LETTERS: i32 = 256 << 20;
/// Bytes of reports. The oldest go first: a report is a hint, and a worker must not wait for a
/// coordinator that is not there.
const MOST_OF_REPORTS: i32 = 256 << 20;
/// Delays that there are queues for, in seconds; others are rounded up, the longest is kept.
const DELAYS: [u16; 7] = [1, 4, 16, 60, 120, 300, 1800];

/// Where a message is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) exchange: String,
    pub(super) key: String,
}

impl Route {
    /// Straight to a queue.
    pub(super) fn to(queue: &str) -> Self {
        Self {
            exchange: String::new(),
            key: queue.to_owned(),
        }
    }

    /// To every queue behind an exchange.
    pub(super) fn by_way_of(exchange: &str) -> Self {
        Self {
            exchange: exchange.to_owned(),
            key: String::new(),
        }
    }

    /// To a queue, by way of the queue where messages wait so long.
    pub(super) fn delayed(queue: &str, after: Duration) -> Self {
        Self {
            exchange: retry(delay(after)),
            key: queue.to_owned(),
        }
    }
}

fn delay(after: Duration) -> u16 {
    let [.., longest] = DELAYS;
    let enough = |seconds: &&u16| Duration::from_secs(u64::from(**seconds)) >= after;
    DELAYS.iter().find(enough).copied().unwrap_or(longest)
}

fn retry(seconds: u16) -> String {
    format!("lumimill.retry.{seconds}s")
}

/// Whether the broker gives up what is returned to a queue too often.
pub(super) fn counts_returns(queue: &str) -> bool {
    queue.starts_with("lumimill.jobs.")
}

/// Declares what is not there yet, and remembers what is.
pub(super) struct Topology {
    site: Site,
    connection: Arc<Connection>,
    known: Mutex<BTreeSet<String>>,
}

impl Topology {
    pub(super) fn new(site: Site, connection: Arc<Connection>) -> Self {
        Self {
            site,
            connection,
            known: Mutex::default(),
        }
    }

    /// Sees to it that a queue is there, and the dead letters' beside it.
    pub(super) async fn ensure(&self, queue: &str) -> Result<(), QueueError> {
        let mut known = self.known.lock().await;
        if known.contains(queue) {
            return Ok(());
        }
        if !known.contains(DEAD) {
            self.queue(DEAD, arguments(DEAD)).await?;
            known.insert(DEAD.to_owned());
        }
        self.queue(queue, arguments(queue)).await?;
        known.insert(queue.to_owned());
        Ok(())
    }

    /// Sees to it that a message can wait so long.
    pub(super) async fn ensure_delay(&self, after: Duration) -> Result<(), QueueError> {
        let seconds = delay(after);
        let name = retry(seconds);
        let mut known = self.known.lock().await;
        if known.contains(&name) {
            return Ok(());
        }
        if !self.exchange_exists(&name).await? {
            self.queue(&name, waiting(seconds)).await?;
            self.exchange(&name).await?;
        }
        self.fan_out(&name, seconds).await?;
        known.insert(name);
        Ok(())
    }

    /// Sees to it that a topic can be told on.
    pub(super) async fn ensure_topic(&self, topic: &str) -> Result<(), QueueError> {
        let mut known = self.known.lock().await;
        if known.contains(topic) {
            return Ok(());
        }
        if !self.exchange_exists(topic).await? {
            self.exchange(topic).await?;
        }
        known.insert(topic.to_owned());
        Ok(())
    }

    /// A queue of this connection's own that hears a topic; gone when the connection is.
    pub(super) async fn listener(
        &self,
        channel: &Channel,
        topic: &str,
    ) -> Result<String, QueueError> {
        const ACTION: &str = "listen";
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let nonce = RandomState::new().hash_one(NEXT.fetch_add(1, Ordering::Relaxed));
        let name = format!("lumimill.listen.{nonce:016x}");
        let own = QueueDeclareOptions {
            exclusive: true,
            auto_delete: true,
            ..QueueDeclareOptions::default()
        };
        let short = self.site.short(ACTION, &name)?;
        let limits = table(&[
            ("x-max-length", AMQPValue::LongInt(LISTENING)),
            ("x-max-length-bytes", AMQPValue::LongInt(LISTENING_BYTES)),
        ]);
        let declaring = channel.queue_declare(short.clone(), own, limits);
        self.site.in_time(ACTION, declaring).await?;
        let binding = channel.queue_bind(
            short,
            self.site.short(ACTION, topic)?,
            "".into(),
            QueueBindOptions::default(),
            FieldTable::default(),
        );
        self.site.in_time(ACTION, binding).await?;
        Ok(name)
    }

    /// How many messages wait in a queue; none where there is no such queue.
    pub(super) async fn depth(&self, name: &str) -> Result<u64, QueueError> {
        const ACTION: &str = "look at a queue";
        let channel = self.site.open_channel(&self.connection).await?;
        let short = self.site.short(ACTION, name)?;
        let looking = channel.queue_declare(short, LOOK, FieldTable::default());
        match self.site.answer(ACTION, looking).await? {
            Ok(queue) => Ok(u64::from(queue.message_count())),
            Err(error) if is_unknown(&error) => Ok(0),
            Err(error) => Err(self.site.fault(ACTION, &error)),
        }
    }

    async fn queue(&self, name: &str, arguments: FieldTable) -> Result<(), QueueError> {
        const ACTION: &str = "declare a queue";
        let short = self.site.short(ACTION, name)?;
        let channel = self.site.open_channel(&self.connection).await?;
        let looking = channel.queue_declare(short.clone(), LOOK, FieldTable::default());
        match self.site.answer(ACTION, looking).await? {
            Ok(_) => return Ok(()),
            Err(error) if is_unknown(&error) => {}
            Err(error) => return Err(self.site.fault(ACTION, &error)),
        }
        // The broker has closed the channel over the question.
        let channel = self.site.open_channel(&self.connection).await?;
        let declaring = channel.queue_declare(short, QueueDeclareOptions::durable(), arguments);
        match self.site.answer(ACTION, declaring).await? {
            // Somebody of another version was faster: it is there, and taken as it is.
            Err(error) if is_other(&error) => Ok(()),
            Err(error) => Err(self.site.fault(ACTION, &error)),
            Ok(_) => Ok(()),
        }
    }

    async fn exchange_exists(&self, name: &str) -> Result<bool, QueueError> {
        const ACTION: &str = "look for an exchange";
        let channel = self.site.open_channel(&self.connection).await?;
        let look = ExchangeDeclareOptions {
            passive: true,
            ..ExchangeDeclareOptions::default()
        };
        let short = self.site.short(ACTION, name)?;
        let looking =
            channel.exchange_declare(short, ExchangeKind::Fanout, look, FieldTable::default());
        match self.site.answer(ACTION, looking).await? {
            Ok(()) => Ok(true),
            Err(error) if is_unknown(&error) => Ok(false),
            Err(error) => Err(self.site.fault(ACTION, &error)),
        }
    }

    /// Sees to it that an exchange is in front of the queue of the same name: what goes through
    /// keeps as its routing key the name of the queue that it shall come back to. Whoever made
    /// the exchange may have died before this, and then everything would come back at once. A
    /// user who may not bind works with what an administrator has bound.
    async fn fan_out(&self, name: &str, seconds: u16) -> Result<(), QueueError> {
        const ACTION: &str = "bind a queue";
        match self.bind(name).await? {
            Err(error) if is_refused(&error) => Ok(()),
            Err(error) if is_unknown(&error) => {
                self.queue(name, waiting(seconds)).await?;
                let bound = self.bind(name).await?;
                bound.map_err(|error| self.site.fault(ACTION, &error))
            }
            bound => bound.map_err(|error| self.site.fault(ACTION, &error)),
        }
    }

    async fn bind(&self, name: &str) -> Result<Result<(), lapin::Error>, QueueError> {
        const ACTION: &str = "bind a queue";
        let channel = self.site.open_channel(&self.connection).await?;
        let short = self.site.short(ACTION, name)?;
        let bind = channel.queue_bind(
            short.clone(),
            short,
            "".into(),
            QueueBindOptions::default(),
            FieldTable::default(),
        );
        self.site.answer(ACTION, bind).await
    }

    async fn exchange(&self, name: &str) -> Result<(), QueueError> {
        const ACTION: &str = "declare an exchange";
        let channel = self.site.open_channel(&self.connection).await?;
        let short = self.site.short(ACTION, name)?;
        let durable = ExchangeDeclareOptions {
            durable: true,
            ..ExchangeDeclareOptions::default()
        };
        let declaring =
            channel.exchange_declare(short, ExchangeKind::Fanout, durable, FieldTable::default());
        self.site.in_time(ACTION, declaring).await
    }
}

/// Asks for a queue without making it.
const LOOK: QueueDeclareOptions = QueueDeclareOptions {
    passive: true,
    durable: false,
    exclusive: false,
    auto_delete: false,
    nowait: false,
};

fn table(entries: &[(&str, AMQPValue)]) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, value) in entries {
        table.insert((*name).into(), value.clone());
    }
    table
}

fn text(text: &str) -> AMQPValue {
    AMQPValue::LongString(text.into())
}

/// How a queue is declared that is not there yet, by its name.
fn arguments(queue: &str) -> FieldTable {
    match queue {
        REPORTS => hinting(),
        queue if counts_returns(queue) => giving_up(),
        _ => keeping(),
    }
}

/// A queue that keeps what it has until somebody settles it.
fn keeping() -> FieldTable {
    table(&[
        ("x-queue-type", text("quorum")),
        ("x-delivery-limit", AMQPValue::LongInt(NO_DELIVERY_LIMIT)),
        ("x-max-length-bytes", AMQPValue::LongInt(MOST_OF_LETTERS)),
        ("x-overflow", text("reject-publish")),
    ])
}

/// A queue of hints, which keeps those that came last.
fn hinting() -> FieldTable {
    table(&[
        ("x-queue-type", text("quorum")),
        ("x-delivery-limit", AMQPValue::LongInt(NO_DELIVERY_LIMIT)),
        ("x-max-length-bytes", AMQPValue::LongInt(MOST_OF_REPORTS)),
        ("x-overflow", text("drop-head")),
    ])
}

/// A queue that moves a message to the dead letters when it kills whoever takes it. Moving it at
/// least once takes all three of strategy, overflow and exchange.
fn giving_up() -> FieldTable {
    table(&[
        ("x-queue-type", text("quorum")),
        ("x-delivery-limit", AMQPValue::LongInt(DELIVERY_LIMIT)),
        ("x-dead-letter-strategy", text("at-least-once")),
        ("x-max-length-bytes", AMQPValue::LongInt(MOST_OF_JOBS)),
        ("x-overflow", text("reject-publish")),
        ("x-dead-letter-exchange", text("")),
        ("x-dead-letter-routing-key", text(DEAD)),
    ])
}

/// A queue where messages wait, and then go to the queue that is their routing key.
fn waiting(seconds: u16) -> FieldTable {
    table(&[
        ("x-queue-type", text("quorum")),
        (
            "x-message-ttl",
            AMQPValue::LongInt(i32::from(seconds) * 1000),
        ),
        ("x-dead-letter-strategy", text("at-least-once")),
        ("x-max-length-bytes", AMQPValue::LongInt(MOST_OF_JOBS)),
        ("x-overflow", text("reject-publish")),
        ("x-dead-letter-exchange", text("")),
    ])
}

#[cfg(test)]
mod tests;
