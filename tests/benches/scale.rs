//! How a pool scales, on a real RabbitMQ and a folder for a store:
//!
//! ```text
//! cargo bench -p lumimill-tests --bench scale
//! ```
//!
//! Temporary files are the store's: `TMPDIR=/dev/shm` leaves the disk out of it, as the figures of
//! the README do.
//!
//! First empty jobs: campaigns of 1,000, 10,000 and 100,000 shards are planned from files of as
//! many certified events, their plans written, published with confirms, completed by a hollow
//! worker that writes a marker and a report for each, followed by a `lumimill serve` of its own
//! process, merged and reported, and looked at with `lumimill status`. Beside it stands what the store
//! takes by itself: puts of tables and markers by a client who does nothing else, and one listing of all. Then real jobs: one worker
//! with one slot and two of them, in turns. Figures are printed as the tables of the README.
//!
//! `LUMIMILL_SCALE_STORE=s3` does the empty jobs, and only those, on a SeaweedFS in place of the
//! folder; `LUMIMILL_SCALE_SHARDS=1000,10000` chooses how many.

#![expect(clippy::print_stdout, reason = "the tables are what it is for")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt};
use lumimill::campaign_file::CampaignFile;
use lumimill::jobs::JobsOf;
use lumimill::orders::put_in_force;
use lumimill::output::Output;
use lumimill::plan::{Plan, plan};
use lumimill::report_files::write_report;
use lumimill::roster::over;
use lumimill::submission::{running, write_models};
use lumimill_common::job::{Job, JobOutcome, JobReport, pack, unpack};
use lumimill_common::marker::Marker;
use lumimill_common::metric::{CutFlow, Partial};
use lumimill_common::queue::{AmqpQueue, AmqpSettings, Delivery, Queue, REPORTS, Settle, jobs};
use lumimill_common::shard::ShardId;
use lumimill_common::stage_keys::{marker_key, object_key};
use lumimill_common::store::{Place, Store};
use lumimill_tests::{BUCKET, CampaignFolder, Processors, RabbitMq, SeaweedFs};
use tokio::sync::Semaphore;

/// Variable that says where the empty jobs are kept: `s3`, or an address of such storage whose keys
/// are in the environment; in a folder when it says nothing.
const STORE: &str = "LUMIMILL_SCALE_STORE";
/// Variable that says how many empty jobs, one number for each campaign.
const SHARDS: &str = "LUMIMILL_SCALE_SHARDS";
const POOL: &str = "bench";
/// Jobs that the hollow worker has at a time.
const AT_ONCE: u16 = 64;
/// What is measured on nothing.
const METRIC: &str = r#"[[stage.metric]]
histogram = { column = "m_mumu", bins = 120, range = [0.0, 120.0] }
"#;
/// Bytes of a marker, about.
const MARKER: usize = 1_000;
/// What is in the place of a table.
const TABLE: &[u8] = b"none";
/// Times that one worker and two take turns.
const ROUNDS: usize = 3;

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let store = std::env::var(STORE).ok();
    if store.as_deref() == Some("s3") {
        return again_with_s3();
    }
    let Some(broker) = RabbitMq::start("scale") else {
        return Err("a RabbitMQ is needed: apt-get install rabbitmq-server".into());
    };
    println!(
        "| shards | planned, µs a shard | plan written, s | published/s | completed/s | the store alone, shards/s | reported, s after the last | ended, s after it | a listing alone, s | merged again, s | `status`, s | coordinator, MB | all but planning, µs a shard |"
    );
    println!("|{}", " --- |".repeat(13));
    let shards = std::env::var(SHARDS).unwrap_or_else(|_| String::from("1000,10000,100000"));
    for shards in shards.split(',') {
        let line = empty_jobs(&broker, shards.parse()?, store.as_deref()).await?;
        println!("{line}");
    }
    if store.is_some() {
        return Ok(());
    }
    let folder = CampaignFolder::demo(3_000_000);
    let (mut one, mut two) = (Vec::new(), Vec::new());
    let mut busy = [0.0, 0.0];
    for _ in 0..ROUNDS {
        for (workers, seconds) in [&mut one, &mut two].into_iter().enumerate() {
            let (took, share) = real_jobs(&broker, &folder, workers + 1)?;
            seconds.push(took);
            busy[workers] += 100.0 * share / ROUNDS as f64;
        }
    }
    let (one, two) = (median(&mut one), median(&mut two));
    println!(
        "\none worker {one:.2} s, two workers {two:.2} s: ratio {:.2}; with them and the broker the processors \
         were busy for {:.0} % and {:.0} % of the time",
        one / two,
        busy[0],
        busy[1]
    );
    Ok(())
}

/// The same in a process whose environment says how to reach a store that is there as long.
fn again_with_s3() -> Result<(), Failure> {
    let server = SeaweedFs::start("scale").ok_or("LUMIMILL_WEED must name a weed program")?;
    let mut again = Command::new(std::env::current_exe()?);
    server.environment(&mut again);
    let ended = again.env(STORE, format!("s3://{BUCKET}/scale")).status()?;
    match ended.success() {
        true => Ok(()),
        false => Err(format!("it ended with {ended}").into()),
    }
}

fn median(seconds: &mut [f64]) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

/// A campaign whose output is in a store of its own.
struct Bench {
    file: CampaignFile,
    root: Place,
    output: Output,
    plan: Plan,
    /// Where its shards are in the plan.
    places: BTreeMap<ShardId, usize>,
    /// What a shard of it took to plan.
    planned: Duration,
}

impl Bench {
    /// The first so many shards of a plan that has a shard for each certified event.
    async fn of(
        folder: &CampaignFolder,
        shards: usize,
        store: Option<&str>,
    ) -> Result<Self, Failure> {
        let file = CampaignFile::load(&folder.file())?;
        let slots = std::thread::available_parallelism()?;
        let begun = Instant::now();
        let mut plan = plan(&file.campaign, &file.base, &file.stages, slots)?;
        let took = begun.elapsed();
        let planned = plan.shards.len();
        if planned < shards {
            return Err(format!("{planned} shards were planned, expected {shards}").into());
        }
        plan.shards.truncate(shards);
        let root = match store {
            Some(address) => Place::read(Path::new(""), &format!("{address}/{shards}"))?,
            None => Place::Folder(folder.join("store")),
        };
        let output = Output::share(&root.join(file.campaign.name.as_str())?).await?;
        let ids = plan.shards.iter().map(|shard| shard.id);
        let places = ids.zip(0..).collect();
        Ok(Self {
            places,
            file,
            root,
            output,
            plan,
            planned: took.div_f64(planned as f64),
        })
    }

    /// The marker of a shard of which no event passes.
    fn marker(&self, job: &Job) -> Result<Vec<u8>, Failure> {
        let stage = &self.file.campaign.stages[0];
        let place = *self.places.get(&job.shard).ok_or("no such shard")?;
        let shard = &self.plan.shards[place];
        let steps = stage.steps(self.file.campaign.drops_duplicates());
        let mut cut_flow = CutFlow::new();
        let read = [
            shard.entries.end - shard.entries.start,
            shard.certified_events,
        ];
        let counts = read.into_iter().chain(std::iter::repeat(0));
        for ((name, unit), count) in steps.iter().zip(counts) {
            cut_flow.add(name, *unit, count);
        }
        let marker = Marker {
            shard: job.shard,
            object: object_key(&job.stage, job.shard).to_string(),
            rows: 0,
            bytes: TABLE.len() as u64,
            hash: blake3::hash(TABLE).to_hex().to_string(),
            cut_flow,
            tells_events: true,
            engines: Vec::new(),
            fits: BTreeMap::new(),
            partials: stage.measured().iter().map(Partial::new).collect(),
        };
        Ok(marker.to_bytes()?)
    }
}

async fn empty_jobs(
    broker: &RabbitMq,
    shards: usize,
    store: Option<&str>,
) -> Result<String, Failure> {
    // Not all of them are certified.
    let folder = CampaignFolder::demo(shards as u64 * 3 / 2);
    folder.change("events = 10_000", "events = 1");
    let text = std::fs::read_to_string(folder.file())?;
    let (before, _) = text.split_once("[[stage.metric]]").ok_or("no metric")?;
    folder.write("campaign.toml", format!("{before}{METRIC}"));
    let bench = Arc::new(Bench::of(&folder, shards, store).await?);
    let settings = AmqpSettings::new(&broker.address())?;
    let queue: Arc<dyn Queue> = Arc::new(AmqpQueue::connect(&settings).await?);
    let root = bench.root.open()?;
    let name = &bench.file.campaign.name;

    let begun = Instant::now();
    let store = bench.output.store();
    write_models(store.as_ref(), &bench.file).await?;
    let digest = bench
        .output
        .write_submission(&bench.file.text, &bench.plan)
        .await?;
    let control = running(&digest, POOL, &bench.file.base)?;
    let told = bench.output.told().await?;
    put_in_force(&bench.output, root.as_ref(), name, told, control).await?;
    let written = begun.elapsed();

    let publishing = Instant::now();
    let jobs_of = JobsOf {
        campaign: name,
        plan: &digest,
        pool: POOL,
        anew: Some(&BTreeSet::new()),
    };
    jobs_of.publish(queue.as_ref(), &bench.plan.shards).await?;
    let published = publishing.elapsed();

    let completing = Instant::now();
    let mut serve = Program::serve(broker, &bench.root)?;
    let most = Arc::new(AtomicU64::new(0));
    let watching = tokio::spawn(watch(queue.clone(), most.clone()));
    hollow_worker(&bench, &queue, shards).await?;
    let completed = completing.elapsed();
    watching.abort();

    let ending = Instant::now();
    let page = "report/index.html".parse()?;
    while store.get(&page).await?.is_none() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let reported = ending.elapsed();
    while !over(root.as_ref()).await?.contains(name) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let ended = ending.elapsed();
    let all = begun.elapsed();
    let peak = serve.peak_memory();
    serve.end();

    let looked = look(broker, &bench.root, name.as_str(), shards)?;
    let alone = Instant::now();
    bench.output.inventory(&bench.plan).await?;
    let listed = alone.elapsed();
    let alone = Instant::now();
    write_report(&bench.file.campaign, &bench.output, &bench.plan).await?;
    let merged = alone.elapsed();
    let alone = puts_alone(&bench).await?;
    let rate = |time: Duration| shards as f64 / time.as_secs_f64();
    let most = most.load(Ordering::Relaxed);
    eprintln!(
        "{shards} shards: at most {most} reports waited at a time once it had begun, which come in {:.2} s",
        most as f64 / rate(completed)
    );
    Ok(format!(
        "| {shards} | {:.1} | {:.2} | {:.0} | {:.0} | {alone:.0} | {:.1} | {:.1} | {:.1} | {:.2} | {:.2} | {} | {:.0} |",
        bench.planned.as_secs_f64() * 1e6,
        written.as_secs_f64(),
        rate(published),
        rate(completed),
        reported.as_secs_f64(),
        ended.as_secs_f64(),
        listed.as_secs_f64(),
        merged.as_secs_f64(),
        looked.as_secs_f64(),
        peak / 1_000_000,
        all.as_secs_f64() * 1e6 / shards as f64,
    ))
}

/// What `lumimill status` takes from its start to its end, when all is done.
fn look(
    broker: &RabbitMq,
    root: &Place,
    campaign: &str,
    shards: usize,
) -> Result<Duration, Failure> {
    let place = root.join(campaign)?.to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_lumimill-under-test"));
    equip(&mut command, broker, &root.to_string());
    let begun = Instant::now();
    let output = command.args(["status", &place, "--json"]).output()?;
    let took = begun.elapsed();
    let status: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    match status["stages"][0]["done"].as_u64() == Some(shards as u64) {
        true => Ok(took),
        false => Err(format!("not every shard is done: {status}").into()),
    }
}

/// Keeps the most reports that are in the queue at a time, after it was empty for a second: those that a
/// coordinator finds when it is started are left out.
async fn watch(queue: Arc<dyn Queue>, most: Arc<AtomicU64>) {
    const BEGUN: u32 = 20;
    let mut empty = 0;
    loop {
        let depth = queue.depth(REPORTS).await.unwrap_or(0);
        empty = if depth < u64::from(AT_ONCE) || empty >= BEGUN {
            empty + 1
        } else {
            0
        };
        if empty >= BEGUN {
            most.fetch_max(depth, Ordering::Relaxed);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Shards a second whose two objects a client puts who does nothing else, so many at a time: what the
/// store does by itself.
async fn puts_alone(bench: &Bench) -> Result<f64, Failure> {
    const SHARDS: usize = 5_000;
    let (store, marker) = (bench.output.store(), vec![b'x'; MARKER]);
    let begun = Instant::now();
    let putting = (0..SHARDS).map(|number| {
        let (store, marker) = (store.clone(), marker.clone());
        async move {
            for (name, bytes) in [("part", TABLE.to_vec()), ("_done", marker)] {
                let key = format!("_alone/{name}/{number}").parse()?;
                store.put(&key, bytes).await?;
            }
            Ok::<(), Failure>(())
        }
    });
    let mut putting = stream::iter(putting).buffer_unordered(usize::from(AT_ONCE));
    while let Some(put) = putting.next().await {
        put?;
    }
    Ok(SHARDS as f64 / begun.elapsed().as_secs_f64())
}

/// Completes jobs without doing them.
async fn hollow_worker(
    bench: &Arc<Bench>,
    queue: &Arc<dyn Queue>,
    shards: usize,
) -> Result<(), Failure> {
    let mut consumer = queue.consume(&jobs(POOL), AT_ONCE).await?;
    let free = Arc::new(Semaphore::new(usize::from(AT_ONCE)));
    for _ in 0..shards {
        let delivery = consumer.next().await?;
        let permit = free.clone().acquire_owned().await?;
        let (bench, queue) = (bench.clone(), queue.clone());
        tokio::spawn(async move {
            if let Err(error) = complete(&bench, queue.as_ref(), delivery).await {
                eprintln!("a job was not completed: {error}");
            }
            drop(permit);
        });
    }
    let _all = free.acquire_many(u32::from(AT_ONCE)).await?;
    Ok(())
}

async fn complete(bench: &Bench, queue: &dyn Queue, delivery: Delivery) -> Result<(), String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let job: Job = unpack(&delivery.message).map_err(|error| text(&error))?;
    let marker = bench.marker(&job).map_err(|error| text(&error))?;
    let store: Arc<dyn Store> = bench.output.store();
    for (key, bytes) in [
        (object_key(&job.stage, job.shard), TABLE.to_vec()),
        (marker_key(&job.stage, job.shard), marker.clone()),
    ] {
        let put = store.put(&key, bytes).await;
        put.map_err(|error| text(&error))?;
    }
    let report = JobReport {
        campaign: job.campaign,
        plan: job.plan,
        stage: job.stage,
        shard: job.shard,
        worker: String::from("hollow"),
        attempt: 1,
        outcome: match store.lists_md5() {
            true => JobOutcome::Marked {
                rows: 0,
                marker: String::from_utf8(marker).map_err(|error| text(&error))?,
            },
            false => JobOutcome::Done { rows: 0 },
        },
    };
    let message = pack(1, &report).map_err(|error| text(&error))?;
    let begun = Instant::now();
    // A queue that was declared a moment ago may refuse at first.
    while let Err(error) = queue.publish(REPORTS, message.clone()).await {
        if begun.elapsed() > Duration::from_secs(20) {
            return Err(text(&error));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let settled = delivery.settle(Settle::Done).await;
    settled.map(|_| ()).map_err(|error| text(&error))
}

/// Seconds that so many workers of one slot take for the demo's campaign, and the share of the processors'
/// time in which they had work meanwhile.
fn real_jobs(
    broker: &RabbitMq,
    folder: &CampaignFolder,
    workers: usize,
) -> Result<(f64, f64), Failure> {
    let store = folder.join("store");
    let place = Place::Folder(store.clone());
    let _ = std::fs::remove_dir_all(&store);
    let text = std::fs::read_to_string(folder.file())?;
    std::fs::write(
        folder.file(),
        text.replace("output = \"out\"", "output = \"store\""),
    )?;
    let mut working: Vec<Program> = (0..workers)
        .map(|_| Program::worker(broker, &place))
        .collect::<Result<_, _>>()?;
    // Connected and with nothing to do, so that starting them is not measured.
    std::thread::sleep(Duration::from_secs(3));
    let file = folder.file();
    let mut submit = Command::new(env!("CARGO_BIN_EXE_lumimill-under-test"));
    submit.arg("submit").arg(&file).args(["--pool", POOL]);
    equip(&mut submit, broker, &place.to_string());
    // Planned and checked before the first job is out, which is when the plan is there.
    let mut submit = submit.stdout(Stdio::null()).spawn()?;
    let control = store.join("demo/_control.json");
    while !control.exists() {
        std::thread::sleep(Duration::from_millis(2));
    }
    let (begun, processors) = (Instant::now(), Processors::now());
    submit.wait()?;
    let plan = Plan::from_parquet(std::fs::read(store.join("demo/plan.parquet"))?)?;
    let done = store.join("demo/dimuon/_done");
    while std::fs::read_dir(&done).map_or(0, Iterator::count) < plan.shards.len() {
        std::thread::sleep(Duration::from_millis(10));
    }
    let (seconds, busy) = (begun.elapsed().as_secs_f64(), processors.busy_since());
    working.iter_mut().for_each(Program::end);
    Ok((seconds, busy))
}

fn equip(command: &mut Command, broker: &RabbitMq, store: &str) {
    command
        .env("LUMIMILL_BROKER", broker.address())
        .env("LUMIMILL_STORE", store)
        .stdin(Stdio::null())
        .stderr(Stdio::null());
}

/// A program beside the bench; killed when it is dropped.
struct Program {
    child: Child,
}

impl Program {
    fn serve(broker: &RabbitMq, store: &Place) -> Result<Self, Failure> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lumimill-under-test"));
        command.arg("serve");
        equip(&mut command, broker, &store.to_string());
        let child = command.spawn()?;
        Ok(Self { child })
    }

    fn worker(broker: &RabbitMq, store: &Place) -> Result<Self, Failure> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_worker-under-test"));
        command.args(["--pool", POOL, "--slots", "1"]);
        equip(&mut command, broker, &store.to_string());
        let child = command.spawn()?;
        Ok(Self { child })
    }

    /// The most memory that it had resident, in bytes.
    fn peak_memory(&self) -> u64 {
        let status = PathBuf::from(format!("/proc/{}/status", self.child.id()));
        let status = std::fs::read_to_string(status).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let number = line.and_then(|line| line.split_whitespace().next());
        number
            .and_then(|number| number.parse::<u64>().ok())
            .unwrap_or(0)
            * 1024
    }

    fn end(&mut self) {
        // It may have ended by itself; either way it is gone after the wait.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.end();
    }
}
