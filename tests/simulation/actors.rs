//! Workers and coordinators: those of the programs, each behind a link that may be killed.

use std::sync::Arc;
use std::time::Duration;

use lumimill::pack_sizes::PackSizes;
use lumimill::serve::Coordinator;
use lumimill_common::job::pack;
use lumimill_common::queue::{BEATS, Queue, QueueError, jobs};
use lumimill_worker::slots::Slots;
use lumimill_worker::stored_campaigns::StoredCampaigns;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::link::Link;
use crate::maker::SimMaker;
use crate::world::World;

const BEAT: Duration = Duration::from_secs(2);
/// Campaigns are small, and so are packs of their markers.
const PACKS: PackSizes = PackSizes {
    fewest: 1,
    typical: 2,
};

/// What an actor is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Role {
    Worker { pool: &'static str, slots: u16 },
    Coordinator,
}

/// A process that may die and be started again.
pub(crate) struct Actor {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) link: Arc<Link>,
    quit: CancellationToken,
    task: JoinHandle<()>,
    /// When it is started again, once it is dead.
    pub(crate) again: Option<Instant>,
    lives: u32,
}

impl Actor {
    pub(crate) fn start(world: &Arc<World>, name: String, role: Role) -> Self {
        let link = Link::new(world, &name);
        let quit = CancellationToken::new();
        let task = begin(&link, role, &quit);
        Self {
            name,
            role,
            link,
            quit,
            task,
            again: None,
            lives: 1,
        }
    }

    /// Starts it again, as another process.
    pub(crate) fn restart(&mut self, world: &Arc<World>) {
        self.kill();
        self.lives += 1;
        self.link = Link::new(world, &format!("{}.{}", self.name, self.lives));
        self.quit = CancellationToken::new();
        self.task = begin(&self.link, self.role, &self.quit);
        self.again = None;
        world.note(&self.link.name, "starts");
    }

    pub(crate) fn kill(&self) {
        self.link.kill();
        self.task.abort();
    }

    /// Asks it to end.
    pub(crate) fn quit(&self) {
        self.quit.cancel();
    }

    /// Whether it was asked to end.
    pub(crate) fn is_leaving(&self) -> bool {
        self.quit.is_cancelled()
    }

    /// Whether it is no more.
    pub(crate) fn is_over(&self) -> bool {
        self.link.is_dead() || self.task.is_finished()
    }
}

fn begin(link: &Arc<Link>, role: Role, quit: &CancellationToken) -> JoinHandle<()> {
    let (link, quit) = (link.clone(), quit.clone());
    match role {
        Role::Worker { pool, slots } => tokio::spawn(worker(link, pool, slots, quit)),
        Role::Coordinator => tokio::spawn(coordinator(link, quit)),
    }
}

async fn worker(link: Arc<Link>, pool: &'static str, count: u16, quit: CancellationToken) {
    let stop = CancellationToken::new();
    let campaigns = StoredCampaigns::new(link.site(), &link.name, stop.clone());
    let mut slots = Slots::new(&link.name, Box::new(campaigns), count);
    slots.stop = stop;
    slots.quit = quit;
    // Some of them are far away from the store.
    slots.ahead = link.name != "worker-0";
    slots.maker = Some(Arc::new(SimMaker(link.clone())));
    slots.witness = Some({
        let link = link.clone();
        Arc::new(move |point, _| {
            // Now and then one dies just there.
            if link.chance(link.world.faults().attempts / 20) {
                link.world.note(&link.name, format_args!("dies, {point:?}"));
                link.kill();
            }
        })
    });
    let slots = Arc::new(slots);
    let looking = async {
        loop {
            sleep(BEAT).await;
            slots.campaigns.look().await;
        }
    };
    tokio::select! {
        biased;
        () = at_work(&link, &slots, pool) => {}
        () = looking => {}
    }
    // A process ends with all that it does.
    link.kill();
}

async fn at_work(link: &Arc<Link>, slots: &Arc<Slots>, pool: &str) {
    loop {
        let queue: Arc<dyn Queue> = link.connect().await;
        let jobs = jobs(pool);
        let beating = async {
            loop {
                if let Ok(message) = pack(1, &slots.beat(pool)) {
                    let _ = queue.broadcast(BEATS, message).await;
                }
                sleep(BEAT).await;
            }
        };
        let ended: Result<(), QueueError> = tokio::select! {
            biased;
            ended = slots.consume(&queue, &jobs) => ended,
            () = beating => Ok(()),
        };
        if ended.is_ok() || slots.quit.is_cancelled() {
            let grace = Duration::from_secs(4);
            if timeout(grace, slots.idle()).await.is_err() {
                slots.stop.cancel();
                let _ = timeout(grace, slots.idle()).await;
            }
            return;
        }
        sleep(link.world.random.millis(300..3000)).await;
    }
}

async fn coordinator(link: Arc<Link>, quit: CancellationToken) {
    let site = link.site();
    let Ok(store) = site.open() else {
        return;
    };
    let coordinator = Coordinator::of(site, store).named(link.name.clone());
    let mut coordinator = coordinator.with_packs(PACKS);
    loop {
        let queue = coordinator
            .meanwhile("not connected yet", link.connect())
            .await;
        let ended = tokio::select! {
            biased;
            () = quit.cancelled() => return,
            ended = coordinator.serve(queue.as_ref(), false) => ended,
        };
        match ended {
            Err(error) if error.is::<QueueError>() => {}
            // It is a program that ends, and somebody has to start it again.
            ended => link.world.wrong(format!("a coordinator ended: {ended:?}")),
        }
        let wait = link.world.random.millis(300..3000);
        coordinator
            .meanwhile("the connection was lost", sleep(wait))
            .await;
    }
}
