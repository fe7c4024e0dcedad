//! The queue port on RabbitMQ, 3.10 to 4.x.
//!
//! One [`AmqpQueue`] is one connection. It does not heal: when the connection is lost, every call
//! says so, leases are lost, and whoever holds it drops everything and connects again. A publish
//! returns when the broker has confirmed; several at once share the wait, so a window of
//! publishes is many times faster than one after the other.
//!
//! Settling with a retry or as dead is a confirmed publish and then an acknowledgement. A
//! connection that breaks between the two leaves the message twice, never not at all.

mod consumer;
mod fault;
mod message;
mod publisher;
mod settings;
mod tls_port;
mod topology;

use std::sync::Arc;

use async_trait::async_trait;
use lapin::tcp::OwnedTLSConfig;
use lapin::{Channel, Connection, ConnectionProperties};

use super::{Consumer, Message, Queue, QueueError};
use consumer::AmqpConsumer;
use fault::Site;
use publisher::Publisher;
use topology::{Route, Topology};

pub use settings::{AmqpSettings, InvalidBroker};

/// A connection to RabbitMQ.
pub struct AmqpQueue {
    site: Site,
    connection: Arc<Connection>,
    topology: Arc<Topology>,
    publisher: Arc<Publisher>,
}

impl AmqpQueue {
    /// Connects and logs in.
    ///
    /// # Errors
    /// [`QueueError::lasting`] tells whether trying again could help: wrong credentials and
    /// unknown certificates stay wrong.
    pub async fn connect(settings: &AmqpSettings) -> Result<Self, QueueError> {
        let site = Site::new(settings);
        let tls = OwnedTLSConfig {
            identity: None,
            cert_chain: settings.authority().map(str::to_owned),
        };
        let runtime =
            lapin::runtime::default_runtime().map_err(|error| site.fault("connect", &error))?;
        let properties =
            ConnectionProperties::default().with_connection_name(settings.name().into());
        let connecting =
            Connection::connect_uri_with_config(settings.uri(), properties, tls, runtime);
        let connection = match site.in_time("connect", connecting).await {
            Ok(connection) => Arc::new(connection),
            Err(error) if error.lasting || settings.is_encrypted() => return Err(error),
            Err(error) => {
                let lasting = tls_port::is_one(settings).await;
                return Err(QueueError { lasting, ..error });
            }
        };
        let topology = Arc::new(Topology::new(site.clone(), connection.clone()));
        let publisher = Arc::new(Publisher::new(site.clone(), connection.clone()));
        Ok(Self {
            site,
            connection,
            topology,
            publisher,
        })
    }

    /// Whether the connection still stands, as far as is known.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.publisher.is_connected()
    }

    /// Returns when the connection is lost.
    pub async fn lost(&self) {
        self.publisher.lost().await;
    }

    /// Says good-bye to the broker; what is not settled is delivered again.
    pub async fn close(&self) -> Result<(), QueueError> {
        let closing = self.connection.close(200, "bye".into());
        self.site.in_time("close", closing).await
    }
}

/// What is told may come this much faster than it is looked at; so many of the largest messages
/// that the broker takes are held in memory.
const LISTENING: u16 = 64;

impl AmqpQueue {
    async fn take(
        &self,
        channel: Channel,
        queue: &str,
        prefetch: u16,
    ) -> Result<Box<dyn Consumer>, QueueError> {
        let topology = self.topology.clone();
        let publisher = self.publisher.clone();
        let site = self.site.clone();
        let consumer = AmqpConsumer::start(site, channel, queue, prefetch, topology, publisher);
        Ok(Box::new(consumer.await?))
    }
}

#[async_trait]
impl Queue for AmqpQueue {
    async fn publish(&self, queue: &str, message: Message) -> Result<(), QueueError> {
        self.topology.ensure(queue).await?;
        self.publisher.publish(&Route::to(queue), &message).await
    }

    async fn consume(&self, queue: &str, prefetch: u16) -> Result<Box<dyn Consumer>, QueueError> {
        self.topology.ensure(queue).await?;
        let channel = self.site.open_channel(&self.connection).await?;
        self.take(channel, queue, prefetch).await
    }

    async fn depth(&self, queue: &str) -> Result<u64, QueueError> {
        self.topology.depth(queue).await
    }

    async fn broadcast(&self, topic: &str, message: Message) -> Result<(), QueueError> {
        self.topology.ensure_topic(topic).await?;
        self.publisher.tell(topic, &message).await
    }

    async fn listen(&self, topic: &str) -> Result<Box<dyn Consumer>, QueueError> {
        self.topology.ensure_topic(topic).await?;
        let channel = self.site.open_channel(&self.connection).await?;
        let queue = self.topology.listener(&channel, topic).await?;
        self.take(channel, &queue, LISTENING).await
    }

    async fn trouble(&self) -> Option<String> {
        self.publisher.trouble().await
    }
}
