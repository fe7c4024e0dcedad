//! Keeps a worker at work: connects, consumes, and when anything is lost drops all of it, waits a
//! little and connects again. What is under way meanwhile goes on, and is found done later.

use std::sync::Arc;
use std::time::Duration;

use lumimill_common::job::pack;
use lumimill_common::queue::{AmqpQueue, AmqpSettings, BEATS, Queue, QueueError, jobs};
use tracing::{info, warn};

use crate::back_off::BackOff;
use crate::health::Health;
use crate::slots::Slots;

/// Time between two heartbeats, and between two looks at what campaigns were told.
const BEAT: Duration = Duration::from_secs(2);
/// Time that jobs have to notice that they are to be handed back.
const LAST: Duration = Duration::from_secs(10);
/// Time that the broker has to say good-bye.
const GOOD_BYE: Duration = Duration::from_secs(5);

/// A worker that goes on until it is told to quit.
pub(crate) struct Supervisor {
    /// What it does with jobs.
    pub(crate) slots: Arc<Slots>,
    /// How it reaches the broker.
    pub(crate) broker: AmqpSettings,
    /// Pool whose jobs it takes.
    pub(crate) pool: String,
    /// Time that jobs have to finish once it is told to quit.
    pub(crate) grace: Duration,
    /// Where it says how it is.
    pub(crate) health: Arc<Health>,
}

impl Supervisor {
    /// Works until told to quit.
    ///
    /// # Errors
    /// When it never came to work, and trying again cannot help.
    pub(crate) async fn run(&self) -> Result<(), QueueError> {
        let mut back_off = BackOff::default();
        let mut has_worked = false;
        let looking = self.look();
        tokio::pin!(looking);
        loop {
            let session = async {
                let queue = tokio::select! {
                    queue = AmqpQueue::connect(&self.broker) => queue?,
                    () = self.slots.quit.cancelled() => {
                        self.finish().await;
                        return Ok(());
                    }
                };
                self.session(queue, &mut back_off, &mut has_worked).await
            };
            let ended = tokio::select! {
                ended = session => ended,
                () = &mut looking => return Ok(()),
            };
            self.health.connected(false);
            match ended {
                Ok(()) => return Ok(()),
                // Somebody may be changing a password while it works; at the start it is wrong.
                Err(error) if error.lasting && !has_worked => return Err(error),
                Err(error) => warn!(%error, "the broker is lost; connecting again soon"),
            }
            tokio::select! {
                () = self.slots.quit.cancelled() => {
                    self.finish().await;
                    return Ok(());
                }
                () = back_off.wait() => {}
                () = &mut looking => return Ok(()),
            }
        }
    }

    async fn session(
        &self,
        queue: AmqpQueue,
        back_off: &mut BackOff,
        has_worked: &mut bool,
    ) -> Result<(), QueueError> {
        let connection = Arc::new(queue);
        let queue: Arc<dyn Queue> = connection.clone();
        let jobs = jobs(&self.pool);
        let working = async {
            self.slots.consume(&queue, &jobs).await?;
            self.finish().await;
            Ok(())
        };
        let lost = async {
            connection.lost().await;
            Err(QueueError {
                broker: self.broker.to_string(),
                action: "work",
                reason: String::from("the connection was lost"),
                lasting: false,
            })
        };
        let beating = async {
            // What fails at once is not worth calling connected.
            tokio::time::sleep(BEAT / 4).await;
            *has_worked = true;
            back_off.reset();
            self.health.connected(true);
            info!(pool = self.pool, "connected to {}", self.broker);
            self.beat(queue.as_ref()).await
        };
        let ended = tokio::select! {
            ended = working => ended,
            ended = lost => ended,
            () = beating => Ok(()),
        };
        // The broker gives what is still out to others; it may be gone itself, or out of reach.
        let _ = tokio::time::timeout(GOOD_BYE, connection.close()).await;
        ended
    }

    /// Tells how the worker is, for ever.
    async fn beat(&self, queue: &dyn Queue) {
        loop {
            if let Ok(message) = pack(1, &self.slots.beat(&self.pool)) {
                // Nobody counts on a heartbeat; a lost connection is noticed elsewhere.
                let _ = queue.broadcast(BEATS, message).await;
            }
            tokio::time::sleep(BEAT).await;
        }
    }

    /// Looks at what campaigns were told, for ever.
    async fn look(&self) {
        loop {
            tokio::time::sleep(BEAT).await;
            self.slots.campaigns.look().await;
        }
    }

    /// Gives jobs the grace to finish, and hands back those that do not.
    async fn finish(&self) {
        if tokio::time::timeout(self.grace, self.slots.idle())
            .await
            .is_ok()
        {
            return;
        }
        warn!("the grace is over: what is under way is handed back");
        self.slots.stop.cancel();
        // One that does not notice loses its lease with the connection, which is as good.
        let _ = tokio::time::timeout(LAST, self.slots.idle()).await;
    }
}
