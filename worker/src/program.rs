//! The worker as a program: what it is asked for, what it needs from its site, how it ends.

use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use clap::Parser;
use lumimill_common::control::live_key;
use lumimill_common::site::Site;
use lumimill_common::store::Place;
use lumimill_common::userinfo;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::byte_size::ByteSize;
use crate::commit_point::Witness;
use crate::given_back::share_heaps;
use crate::health::{Health, Served, serve};
use crate::log::start_log;
use crate::score::keep_runtime_within;
use crate::slots::Slots;
use crate::stored_campaigns::StoredCampaigns;
use crate::supervisor::Supervisor;

const HELP: &str = "\
Example:
  lumimill-worker --pool cpu --slots 8 --memory-limit 12GiB

Settings, from the environment or from a file that LUMIMILL_SITE names (mode 600):
  LUMIMILL_BROKER      amqps://user:password@host:5671/vhost
  LUMIMILL_BROKER_CA   PEM file of a private authority, for amqps
  LUMIMILL_STORE       s3://bucket/prefix, or a folder that all workers share
  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, LUMIMILL_S3_ENDPOINT, AWS_CA_BUNDLE … for s3://
  LUMIMILL_LOG         what to log, such as debug

SIGTERM or Ctrl-C: takes nothing new, finishes what is under way within the grace, hands back
the rest, and ends with 0; a second one ends it at once.

Exit codes:
  0    asked to end
  1    something unexpected went wrong
  2    wrong usage or settings; nothing was taken
  130  ended at once by a second signal";

/// Takes jobs of a pool from RabbitMQ, and writes their tables to the store.
#[derive(Debug, Parser)]
#[command(name = "lumimill-worker", version, after_help = HELP, max_term_width = 100)]
struct Arguments {
    /// Pool whose jobs it takes.
    #[arg(long, default_value = "cpu", value_parser = pool_name)]
    pool: String,
    /// Jobs that it does at a time [default: number of cores].
    #[arg(long, value_name = "N")]
    slots: Option<NonZeroU16>,
    /// Seconds after SIGTERM in which it ends: jobs finish, or are handed back towards the end.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    grace: u64,
    /// Memory that the worker may use, such as 4GiB: jobs that need more are refused, and when
    /// several together use more, one gives way.
    #[arg(long, value_name = "SIZE")]
    memory_limit: Option<ByteSize>,
    /// Address of /healthz, /readyz and /metrics [default: 127.0.0.1:9466, or a free port].
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
}

/// Time that a request takes to a store that is far away.
const FAR: Duration = Duration::from_millis(15);
/// Requests that say so.
const REQUESTS: usize = 4;
/// Time for all of them: a store that does not answer now is none that is known to be far away.
const LOOK: Duration = Duration::from_secs(2);

/// Names of pools become names of queues.
pub fn pool_name(text: &str) -> Result<String, String> {
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    match !text.is_empty() && text.len() <= 60 && text.chars().all(letter) {
        true => Ok(text.to_owned()),
        false => Err(String::from(
            "expected letters, digits, '-' and '_', at most 60",
        )),
    }
}

/// Refuses a command line with a password in it, before anything repeats it: all of the machine
/// can see it, too.
pub fn refuse_credentials() -> Result<(), String> {
    let has_some = |text: std::ffi::OsString| userinfo::find(&text.to_string_lossy()).is_some();
    match std::env::args_os().skip(1).position(has_some) {
        None => Ok(()),
        Some(at) => Err(format!("argument {}: {}", at + 1, userinfo::ADVICE)),
    }
}

/// Why the program ends with another code than 0.
enum Trouble {
    Usage(String),
    Unexpected(String),
}

/// Does what the command line says. A witness is told how far every attempt is.
#[must_use]
pub fn main(witness: Option<Witness>) -> ExitCode {
    if let Err(message) = refuse_credentials() {
        eprintln!("error: {message}");
        return ExitCode::from(2);
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are no mistakes; nothing can be done if printing fails.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    start_log("info");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let ended = match runtime {
        Ok(runtime) => {
            let ended = runtime.block_on(run(arguments, witness));
            // A job that was handed back may still be in its last batch.
            runtime.shutdown_background();
            ended
        }
        Err(error) => Err(Trouble::Unexpected(error.to_string())),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(Trouble::Usage(message)) => {
            error!("{message}");
            ExitCode::from(2)
        }
        Err(Trouble::Unexpected(message)) => {
            error!("{message}");
            ExitCode::from(1)
        }
    }
}

async fn run(arguments: Arguments, witness: Option<Witness>) -> Result<(), Trouble> {
    let usage = |error: &dyn std::fmt::Display| Trouble::Usage(error.to_string());
    let site = Site::load().map_err(|error| usage(&error))?;
    let name = name();
    let broker = site.broker(&name).map_err(|error| usage(&error))?;
    let root = site.store().map_err(|error| usage(&error))?;
    // Wrong credentials are found before a job is taken; a store that is down may come back.
    if let Err(error) = root.prepare().await
        && !error.is_transient()
    {
        return Err(usage(&error));
    }
    let stop = CancellationToken::new();
    let is_far = tokio::time::timeout(LOOK, is_far(&root)).await;
    let is_far = is_far.unwrap_or(false);
    let campaigns = StoredCampaigns::new(root, &name, stop.clone());
    let count = arguments.slots.map_or_else(cores, NonZeroU16::get);
    share_heaps(usize::from(count));
    let mut slots = Slots::new(&name, Box::new(campaigns), count);
    slots.stop = stop;
    slots.memory_limit = arguments.memory_limit.map(ByteSize::bytes);
    if let Some(bytes) = slots.memory_limit {
        keep_runtime_within(bytes);
    }
    // What several jobs use together is less well known the more of them there are.
    slots.ahead = is_far && slots.memory_limit.is_none();
    slots.witness = witness;
    let slots = Arc::new(slots);
    let health = Arc::new(Health::default());
    let served = Served::worker(&slots, &health, &arguments.pool);
    serve(arguments.listen, served)
        .await
        .map_err(|error| usage(&error))?;
    quit_on_signal(&slots).map_err(|error| Trouble::Unexpected(error.to_string()))?;
    let ahead = slots.ahead;
    info!(worker = name, pool = arguments.pool, slots = count, ahead, broker = %broker, "worker started");
    let supervisor = Supervisor {
        slots,
        broker,
        pool: arguments.pool,
        grace: Duration::from_secs(arguments.grace),
        end: OnceLock::new(),
        health,
    };
    let ended = supervisor.run().await;
    ended.map_err(|error| usage(&error))?;
    info!("worker ended");
    Ok(())
}

/// Whether the store is so far away that jobs are better looked at while others are done: by the
/// shortest of a few requests, as a machine that has much to do makes some of them long.
async fn is_far(root: &Place) -> bool {
    let Ok(store) = root.open() else {
        return false;
    };
    let mut shortest = Duration::MAX;
    for _ in 0..REQUESTS {
        let begun = Instant::now();
        if store.get(&live_key()).await.is_err() {
            return false;
        }
        shortest = shortest.min(begun.elapsed());
    }
    shortest >= FAR
}

fn cores() -> u16 {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    u16::try_from(cores).unwrap_or(u16::MAX)
}

/// Host and process, for people.
fn name() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = host.trim();
    let host = if host.is_empty() { "worker" } else { host };
    format!("{host}-{}", std::process::id())
}

fn quit_on_signal(slots: &Arc<Slots>) -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let slots = slots.clone();
    tokio::spawn(async move {
        for first in [true, false] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            match first {
                true => {
                    info!("asked to end: nothing new is taken");
                    slots.quit.cancel();
                }
                false => std::process::exit(130),
            }
        }
    });
    Ok(())
}
