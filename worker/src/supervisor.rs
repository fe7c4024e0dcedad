//! Keeps a worker at work: connects, consumes, and when anything is lost drops all of it, waits a
//! little and connects again. What is under way meanwhile goes on, and is found done later.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use lumimill_common::job::pack;
use lumimill_common::queue::{AmqpQueue, AmqpSettings, BEATS, Queue, QueueError, jobs};
use tokio::time::Instant;
use tracing::{info, warn};

use crate::back_off::BackOff;
use crate::health::Health;
use crate::slots::Slots;

/// Time between two heartbeats, and between two looks at what campaigns were told.
const BEAT: Duration = Duration::from_secs(2);
/// The part of the grace, at most, that is kept for handing back what is under way.
const HANDING_BACK: Duration = Duration::from_secs(5);
/// The least time that handing back has, whatever the grace.
const LEAST: Duration = Duration::from_secs(1);
/// Time that the broker has to say good-bye.
const GOOD_BYE: Duration = Duration::from_secs(5);
/// The same when the worker is to end.
const LAST_WORD: Duration = Duration::from_secs(1);
/// A grace that is longer than anybody waits.
const FOR_EVER: Duration = Duration::from_secs(365 * 24 * 3600);

/// A worker that goes on until it is told to quit.
pub(crate) struct Supervisor {
    /// What it does with jobs.
    pub(crate) slots: Arc<Slots>,
    /// How it reaches the broker.
    pub(crate) broker: AmqpSettings,
    /// Pool whose jobs it takes.
    pub(crate) pool: String,
    /// Time that it has to end once it is told to quit.
    pub(crate) grace: Duration,
    /// When that is over, once it was told.
    pub(crate) end: OnceLock<Instant>,
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
            self.say_good_bye(queue.as_ref()).await;
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
        let hurried = async {
            self.slots.quit.cancelled().await;
            tokio::time::sleep(LAST_WORD).await;
        };
        tokio::select! {
            _ = tokio::time::timeout(GOOD_BYE, connection.close()) => {}
            () = hurried => {}
        }
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

    /// Tells that the worker ends, so that nobody lists it until its silence is noticed.
    async fn say_good_bye(&self, queue: &dyn Queue) {
        let mut last = self.slots.beat(&self.pool);
        last.ended = true;
        if let Ok(message) = pack(1, &last) {
            // Its silence says it too.
            let told = queue.broadcast(BEATS, message);
            let _ = tokio::time::timeout(LAST_WORD, told).await;
        }
    }

    /// Looks at what campaigns were told, for ever.
    async fn look(&self) {
        loop {
            tokio::time::sleep(BEAT).await;
            self.slots.campaigns.look().await;
        }
    }

    /// Gives jobs most of the grace to finish, and what is left of it to be handed back.
    async fn finish(&self) {
        let grace = self.grace.min(FOR_EVER);
        let end = *self.end.get_or_init(|| Instant::now() + grace);
        let warning = end - HANDING_BACK.min(grace / 4);
        if tokio::time::timeout_at(warning, self.slots.idle())
            .await
            .is_ok()
        {
            return;
        }
        warn!("the grace is over: what is under way is handed back");
        self.slots.stop.cancel();
        // One that cannot be handed back loses its lease with the connection, and the broker
        // counts that.
        let end = end.max(Instant::now() + LEAST);
        let _ = tokio::time::timeout_at(end, self.slots.idle()).await;
    }
}
