//! Publishes, and waits for the broker to confirm.

use std::sync::Arc;
use std::time::Duration;

use lapin::message::BasicReturnMessage;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{Channel, Confirmation, Connection};
use tokio::sync::Mutex;

use super::super::{Message, QueueError};
use super::fault::Site;
use super::message::properties;
use super::topology::Route;

const ACTION: &str = "publish";
/// What is said of a message that the broker does not take.
const REFUSED: &str = "the broker refused it: the queue is full, or the broker has no room";
/// How often one looks whether the connection still stands.
const GLANCE: Duration = Duration::from_millis(100);

/// Name that no queue has.
const NOBODY: &str = "lumimill.nobody";
/// How long the broker may take for a message to nobody.
const A_MOMENT: Duration = Duration::from_secs(5);
const BLOCKED: &str = "the broker takes no messages (connection.blocked): it is short of memory or \
                       disk; see `rabbitmqctl status` for its alarms";
const SILENT: &str = "the broker has not confirmed a message for 5 s";

/// The channel that everything of a connection is published on.
pub(super) struct Publisher {
    site: Site,
    connection: Arc<Connection>,
    channel: Mutex<Option<Channel>>,
}

impl Publisher {
    pub(super) fn new(site: Site, connection: Arc<Connection>) -> Self {
        Self {
            site,
            connection,
            channel: Mutex::default(),
        }
    }

    /// Publishes a message; it is safe with the broker when this returns.
    pub(super) async fn publish(&self, route: &Route, message: &Message) -> Result<(), QueueError> {
        let mandatory = BasicPublishOptions {
            mandatory: true,
            ..BasicPublishOptions::default()
        };
        self.send(route, message, mandatory).await
    }

    /// Tells whoever listens to a topic.
    pub(super) async fn tell(&self, topic: &str, message: &Message) -> Result<(), QueueError> {
        let route = Route::by_way_of(topic);
        let optional = BasicPublishOptions::default();
        self.send(&route, message, optional).await
    }

    async fn send(
        &self,
        route: &Route,
        message: &Message,
        options: BasicPublishOptions,
    ) -> Result<(), QueueError> {
        let channel = self.channel().await?;
        let exchange = self.site.short(ACTION, &route.exchange)?;
        let key = self.site.short(ACTION, &route.key)?;
        let properties = properties(message);
        let confirmed = async {
            let sent = channel.basic_publish(exchange, key, options, &message.body, properties);
            sent.await?.await
        };
        match self.site.in_time(ACTION, confirmed).await? {
            Confirmation::Ack(None) => Ok(()),
            Confirmation::Ack(Some(returned)) => Err(self.returned(route, &returned)),
            Confirmation::Nack(_) => Err(self.refused(route, REFUSED)),
            Confirmation::NotRequested => Err(self.refused(route, "the broker does not confirm")),
        }
    }

    /// Why nothing can be published now, if so. A broker that is short of memory or disk tells those
    /// who publish, and no others: a message to nobody is published, and thrown away.
    pub(super) async fn trouble(&self) -> Option<String> {
        let blocked = async {
            while !self.connection.status().blocked() {
                tokio::time::sleep(GLANCE).await;
            }
        };
        let nobody = Route::to(NOBODY);
        let optional = BasicPublishOptions::default();
        let nothing = Message::default();
        let confirmed = async {
            self.send(&nobody, &nothing, optional).await?;
            // The broker takes the first message of a connection that it then blocks.
            tokio::time::sleep(2 * GLANCE).await;
            Ok::<(), QueueError>(())
        };
        tokio::select! {
            biased;
            () = blocked => Some(String::from(BLOCKED)),
            confirmed = confirmed => confirmed.err().map(|error| error.to_string()),
            () = tokio::time::sleep(A_MOMENT) => Some(String::from(SILENT)),
        }
    }

    /// Whether the connection still stands, as far as is known.
    pub(super) fn is_connected(&self) -> bool {
        self.connection.status().connected()
    }

    /// Returns when the connection is lost.
    pub(super) async fn lost(&self) {
        while self.is_connected() {
            tokio::time::sleep(GLANCE).await;
        }
    }

    fn returned(&self, route: &Route, returned: &BasicReturnMessage) -> QueueError {
        self.refused(route, &format!("it came back: {}", returned.reply_text))
    }

    fn refused(&self, route: &Route, why: &str) -> QueueError {
        let Route { exchange, key } = route;
        self.site
            .error(ACTION, format!("to {exchange:?} {key:?}: {why}"))
    }

    /// The channel; another one when the broker closed it over an error of a message.
    async fn channel(&self) -> Result<Channel, QueueError> {
        let mut current = self.channel.lock().await;
        if let Some(channel) = current
            .as_ref()
            .filter(|channel| channel.status().connected())
        {
            return Ok(channel.clone());
        }
        let channel = self.site.open_channel(&self.connection).await?;
        let selecting = channel.confirm_select(ConfirmSelectOptions::default());
        self.site.in_time("ask for confirms", selecting).await?;
        *current = Some(channel.clone());
        Ok(channel)
    }
}
