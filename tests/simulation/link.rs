//! How one actor reaches store and broker: whatever it asks for takes time, may not arrive, and does
//! not once it is dead.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use lumimill_common::store::{OwnPlace, Place};
use tokio::time::{Instant, sleep};

use crate::broker::Connection;
use crate::control_log::Command;
use crate::store::SimStore;
use crate::world::{World, lock};

#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) name: String,
    pub(crate) world: Arc<World>,
    /// Whoever looks at the end, and is part of nothing.
    is_observer: bool,
    is_dead: AtomicBool,
    /// Until when the store is out of its reach.
    cut_off: Mutex<Instant>,
    connection: Mutex<Option<Arc<Connection>>>,
    /// What a person does with it.
    pub(crate) command: Mutex<Option<Command>>,
}

impl Link {
    pub(crate) fn new(world: &Arc<World>, name: &str) -> Arc<Self> {
        Arc::new(Self::of(world, name, false))
    }

    pub(crate) fn observer(world: &Arc<World>) -> Arc<Self> {
        Arc::new(Self::of(world, "observer", true))
    }

    fn of(world: &Arc<World>, name: &str, is_observer: bool) -> Self {
        Self {
            name: name.to_owned(),
            world: world.clone(),
            is_observer,
            is_dead: AtomicBool::new(false),
            cut_off: Mutex::new(Instant::now()),
            connection: Mutex::default(),
            command: Mutex::default(),
        }
    }

    /// The site, seen from here.
    pub(crate) fn site(self: &Arc<Self>) -> Place {
        let link = self.clone();
        Place::Own(OwnPlace::new(move |folder| {
            Arc::new(SimStore::new(&link, folder))
        }))
    }

    /// A new connection to the broker, in place of the one before.
    pub(crate) async fn connect(self: &Arc<Self>) -> Arc<Connection> {
        self.on_the_way().await;
        let connection = Arc::new(Connection::new(self));
        let before = lock(&self.connection).replace(connection.clone());
        if let Some(before) = before {
            before.cut();
        }
        connection
    }

    /// Breaks the connection to the broker.
    pub(crate) fn cut(&self) {
        if let Some(connection) = lock(&self.connection).take() {
            connection.cut();
        }
    }

    /// Puts the store out of its reach.
    pub(crate) fn cut_off(&self, until: Instant) {
        *lock(&self.cut_off) = until;
    }

    pub(crate) fn is_cut_off(&self) -> bool {
        !self.is_observer && (self.world.is_out() || *lock(&self.cut_off) > Instant::now())
    }

    /// Ends whatever is behind it: nothing that it asks for from now on is answered.
    pub(crate) fn kill(&self) {
        self.is_dead.store(true, Ordering::Relaxed);
        self.cut();
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.is_dead.load(Ordering::Relaxed)
    }

    /// Does not return to the dead.
    pub(crate) async fn alive(&self) {
        if self.is_dead() {
            std::future::pending::<()>().await;
        }
    }

    /// The time that a request or an answer takes.
    pub(crate) async fn on_the_way(&self) {
        if self.is_observer {
            return;
        }
        self.alive().await;
        let random = &self.world.random;
        let time = match random.chance(self.world.faults().slow) {
            true => random.millis(1000..9000),
            false => random.millis(1..25),
        };
        sleep(time).await;
    }

    /// Whether something happens that happens so often.
    pub(crate) fn chance(&self, of_a_thousand: u64) -> bool {
        !self.is_observer && self.world.random.chance(of_a_thousand)
    }
}
