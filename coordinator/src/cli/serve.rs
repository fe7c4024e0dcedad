//! `lumimill serve`: the coordinator of a pool.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use lumimill_common::queue::QueueError;
use lumimill_worker::back_off::BackOff;
use lumimill_worker::health::{Health, Served, metrics_text, serve as serve_health};
use tokio::signal::unix::{SignalKind, signal};
use tracing::{info, warn};

use super::block_on::block_on;
use super::broker::{connect, root_patiently, site};
use crate::campaign_file::Mistakes;
use crate::exit_code::Exit;
use crate::serve::{Coordinator, Counts};

/// A connection that lasted so long was a good one: the next one is tried soon.
const STEADY: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// End when every campaign that was submitted is at its end.
    #[arg(long)]
    until_done: bool,
    /// Address of /healthz, /readyz and /metrics [default: 127.0.0.1:9466, or a free port].
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
}

pub(super) fn serve(args: &ServeArgs) -> anyhow::Result<Exit> {
    let site = site()?;
    block_on(async {
        let name = format!("lumimill serve {}", std::process::id());
        let (place, store) = root_patiently(&site).await?;
        let mut coordinator = Coordinator::of(place.clone(), store);
        let health = Arc::new(Health::default());
        serve_health(args.listen, served(&health, coordinator.counts())).await?;
        info!("serving the campaigns in {place}");
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut back_off = BackOff::default();
        let mut has_served = false;
        let mut trouble = String::from("not connected yet");
        let working = async {
            loop {
                let connecting = connect(&site, &name);
                let ended = match coordinator.meanwhile(&trouble, connecting).await {
                    Ok(queue) => {
                        health.connected(true);
                        has_served = true;
                        let since = Instant::now();
                        let ended = coordinator.serve(queue.as_ref(), args.until_done).await;
                        health.connected(false);
                        if since.elapsed() > STEADY {
                            back_off.reset();
                        }
                        ended
                    }
                    Err(error) => Err(error),
                };
                let Err(error) = ended else {
                    return anyhow::Ok(());
                };
                // Somebody may be changing a password while it works; at the start it is wrong.
                let may_pass = |error: &QueueError| has_served || !error.lasting;
                let is_refused = has_served && error.is::<Mistakes>();
                if !is_refused && !error.downcast_ref::<QueueError>().is_some_and(may_pass) {
                    return Err(error);
                }
                warn!("the broker is lost, connecting again soon: {error:#}");
                trouble = format!("{error:#}");
                coordinator.meanwhile(&trouble, back_off.wait()).await;
            }
        };
        tokio::select! {
            ended = working => ended?,
            // Nothing is held that is not in the store.
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        info!("coordinator ended");
        Ok(Exit::Done)
    })
}

fn served(health: &Arc<Health>, counts: Arc<Counts>) -> Served {
    let (health, is_ready) = (health.clone(), health.clone());
    Served {
        ready: Arc::new(move || is_ready.ready()),
        metrics: Arc::new(move || {
            let now = |count: &AtomicU64| count.load(Ordering::Relaxed);
            let connected = u64::from(health.is_connected());
            let gauges = [
                ("campaigns", "Campaigns driven", now(&counts.campaigns)),
                ("connected", "Whether the broker is there", connected),
            ];
            let counters = [
                (
                    "unreadable_messages",
                    "Reports and heartbeats that could not be read",
                    now(&counts.unreadable),
                ),
                (
                    "dead_letters",
                    "Messages that were given up and put into the store",
                    now(&counts.letters),
                ),
                (
                    "connections_lost",
                    "Times that the broker was lost",
                    health.lost(),
                ),
            ];
            metrics_text("lumimill_coordinator", &[], &gauges, &counters)
        }),
    }
}
