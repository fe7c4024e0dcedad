//! How a program is, over HTTP: `/healthz` (it lives), `/readyz` (it works, or why not), `/metrics`
//! (Prometheus). On loopback unless told otherwise; nothing can be changed through it.

mod line;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use axum::Router;
use axum::http::{StatusCode, header};
use axum::routing::get;
use lumimill_common::printable::printable;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tracing::info;

use self::line::answer;
use crate::slots::Slots;

/// Port where it listens when nobody says where.
const PORT: u16 = 9466;

/// Whether the program is connected.
#[derive(Debug, Default)]
pub struct Health {
    connected: AtomicBool,
    lost: AtomicU64,
}

impl Health {
    /// Says whether the broker is there.
    pub fn connected(&self, connected: bool) {
        let before = self.connected.swap(connected, Ordering::Relaxed);
        self.lost
            .fetch_add(u64::from(before && !connected), Ordering::Relaxed);
    }

    /// Whether the broker was there last.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.connected.load(Ordering::Relaxed)
    }

    /// The same as an answer.
    pub fn ready(&self) -> Result<(), String> {
        match self.is_connected() {
            true => Ok(()),
            false => Err(String::from("not connected")),
        }
    }

    /// How often the broker was lost.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

type Answer = Arc<dyn Fn() -> String + Send + Sync>;

/// What is served.
#[derive(Clone)]
pub struct Served {
    /// Whether it works; if not, why.
    pub ready: Arc<dyn Fn() -> Result<(), String> + Send + Sync>,
    /// Its metrics, in the text format of Prometheus.
    pub metrics: Answer,
}

/// Serves in the background; returns where. Without an address a taken port is no error:
/// several workers share a machine.
pub async fn serve(address: Option<SocketAddr>, served: Served) -> io::Result<SocketAddr> {
    let usual = SocketAddr::from((Ipv4Addr::LOCALHOST, PORT));
    let listener = match (TcpListener::bind(address.unwrap_or(usual)).await, address) {
        (Err(error), None) if error.kind() == io::ErrorKind::AddrInUse => {
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?
        }
        (Err(error), _) => {
            let address = address.unwrap_or(usual);
            return Err(io::Error::new(
                error.kind(),
                format!("cannot listen on {address}: {error}"),
            ));
        }
        (listener, _) => listener?,
    };
    let found = listener.local_addr()?;
    info!("health and metrics on http://{found}");
    tokio::spawn(answer(listener, routes(served)));
    Ok(found)
}

fn routes(served: Served) -> Router {
    let Served { ready, metrics } = served;
    let text = [(
        header::CONTENT_TYPE,
        "application/openmetrics-text; version=1.0.0; charset=utf-8",
    )];
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route(
            "/readyz",
            get(async move || match ready() {
                Ok(()) => (StatusCode::OK, String::from("ready\n")),
                Err(why) => {
                    let why = format!("{}\n", printable(&why));
                    (StatusCode::SERVICE_UNAVAILABLE, why)
                }
            }),
        )
        .route("/metrics", get(async move || (text, metrics())))
}

impl Served {
    /// What a worker serves.
    #[must_use]
    pub fn worker(slots: &Arc<Slots>, health: &Arc<Health>, pool: &str) -> Self {
        let (works, is) = (slots.clone(), health.clone());
        let ready = move || match works.resting() {
            _ if works.quit.is_cancelled() => Err(String::from("ending")),
            Some(why) => is.ready().and(Err(format!("resting: {why}"))),
            None => is.ready(),
        };
        let (slots, health, pool) = (slots.clone(), health.clone(), pool.to_owned());
        Self {
            ready: Arc::new(ready),
            metrics: Arc::new(move || worker_metrics(&slots, &health, &pool)),
        }
    }
}

fn worker_metrics(slots: &Slots, health: &Health, pool: &str) -> String {
    let beat = slots.beat(pool);
    let labels = [("pool", pool.to_owned())];
    let gauges = [
        ("slots", "Jobs done at a time", u64::from(beat.slots)),
        ("running", "Jobs under way", beat.running.len() as u64),
        ("memory_bytes", "Resident memory", beat.memory),
        (
            "connected",
            "Whether the broker is there",
            u64::from(health.is_connected()),
        ),
        (
            "resting",
            "Whether nothing new is taken after failures that are no fault of the jobs",
            u64::from(slots.resting().is_some()),
        ),
    ];
    let counters = [
        ("shards_done", "Shards done", beat.done),
        ("attempts_failed", "Attempts that failed", beat.failed),
        ("entries", "Entries processed", beat.entries),
        (
            "leases_lost",
            "Leases lost while a job was done",
            slots.lost(),
        ),
        (
            "connections_lost",
            "Times that the broker was lost",
            health.lost(),
        ),
    ];
    metrics_text("lumimill_worker", &labels, &gauges, &counters)
}

/// Name, what it says, and its value now.
pub type Metric = (&'static str, &'static str, u64);

/// Metrics in the text format of Prometheus, each name behind a prefix, each with these labels.
#[must_use]
pub fn metrics_text(
    prefix: &str,
    labels: &[(&'static str, String)],
    gauges: &[Metric],
    counters: &[Metric],
) -> String {
    let labels = labels.iter().cloned();
    let labels = labels.map(|(name, value)| (name.into(), value.into()));
    let mut registry = Registry::with_prefix_and_labels(prefix, labels);
    for (name, help, value) in gauges {
        let gauge: Gauge = Gauge::default();
        gauge.set(i64::try_from(*value).unwrap_or(i64::MAX));
        registry.register(*name, *help, gauge);
    }
    for (name, help, value) in counters {
        let counter: Counter = Counter::default();
        counter.inc_by(*value);
        registry.register(*name, *help, counter);
    }
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = encode(&mut text, &registry);
    text
}
