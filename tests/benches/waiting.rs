//! How much of its throughput a worker keeps where storage is far away, on a real RabbitMQ and a
//! SeaweedFS behind a line that holds back every request for 50 ms:
//!
//! ```text
//! cargo bench -p lumimill-tests --bench waiting
//! ```
//!
//! The demo's main job, one slot: input and output on the local disk, both on storage at the other end
//! of the line when it holds nothing back, and both on storage that is far away, in turns; and two
//! slots on the local disk. What is measured begins with the first marker and ends with the last: how a worker goes on, not how it
//! starts. `LUMIMILL_WEED` names a weed program; `LUMIMILL_WAITING_MS` says how far away storage is.

#![expect(clippy::print_stdout, reason = "the tables are what it is for")]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lumimill_common::store::{Key, LocalStore, Store};
use lumimill_tests::{BUCKET, CampaignFolder, FaultProxy, Processors, RabbitMq, SeaweedFs};

/// Events of the campaign: two files.
const EVENTS: u64 = 5_000_000;
/// Certified events of a shard.
const OF_A_SHARD: u64 = 500_000;
/// Times that they take turns.
const ROUNDS: usize = 3;
const POOL: &str = "bench";
/// Variable that says how far away storage is, in milliseconds.
const FAR: &str = "LUMIMILL_WAITING_MS";

type Failure = Box<dyn std::error::Error>;

/// Where input and output are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Where {
    Here,
    NextDoor,
    Far,
}

struct Bench {
    broker: RabbitMq,
    server: SeaweedFs,
    proxy: FaultProxy,
    far: Duration,
    folder: CampaignFolder,
    text: String,
}

fn main() -> Result<(), Failure> {
    let broker = RabbitMq::start("waiting");
    let broker = broker.ok_or("a RabbitMQ is needed: apt-get install rabbitmq-server")?;
    let server = SeaweedFs::start("waiting").ok_or("LUMIMILL_WEED must name a weed program")?;
    let proxy = FaultProxy::http_to(server.port());
    let far = std::env::var(FAR).ok().and_then(|text| text.parse().ok());
    let far = Duration::from_millis(far.unwrap_or(50));
    let folder = CampaignFolder::demo(EVENTS);
    folder.change("events = 10_000", &format!("events = {OF_A_SHARD}"));
    let text = std::fs::read_to_string(folder.file())?;
    let bench = Bench {
        broker,
        server,
        proxy,
        far,
        folder,
        text,
    };
    bench.bring()?;
    eprintln!("the files are there");
    let places = [Where::Here, Where::NextDoor, Where::Far];
    let mut times = [const { Vec::new() }; 4];
    let mut busy = [0.0; 4];
    let mut take = |at: usize, (seconds, share): (f64, f64)| {
        times[at].push(seconds);
        busy[at] += share / ROUNDS as f64;
    };
    for _ in 0..ROUNDS {
        for (at, place) in places.into_iter().enumerate() {
            take(at, bench.seconds(place, 1)?);
        }
        take(3, bench.seconds(Where::Here, 2)?);
    }
    let [here, next_door, away, two] = times.each_mut().map(|times| median(times));
    println!(
        "| one slot, shards of {OF_A_SHARD} certified events | s a shard | of the throughput here | all processors \
         busy, % |"
    );
    println!("| --- | --- | --- | --- |");
    let far = far.as_millis();
    let rows = [
        (String::from("input and output on this disk"), here),
        (String::from("on S3, 0 ms away"), next_door),
        (format!("on S3, {far} ms away"), away),
        (String::from("two slots on this disk"), two),
    ];
    for ((what, seconds), busy) in rows.into_iter().zip(busy) {
        println!(
            "| {what} | {seconds:.2} | {:.2} | {busy:.0} |",
            here / seconds
        );
    }
    Ok(())
}

fn median(seconds: &mut [f64]) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

impl Bench {
    /// Brings the files to storage.
    fn bring(&self) -> Result<(), Failure> {
        let store = self.server.store("input");
        let runtime = tokio::runtime::Runtime::new()?;
        for name in ["dimuon_0.root", "dimuon_1.root"] {
            let key: Key = name.parse()?;
            let file = self.folder.join(&format!("data/{name}"));
            runtime.block_on(store.put(&key, std::fs::read(file)?))?;
        }
        Ok(())
    }

    /// What one worker takes from the first marker to the last, a shard, and for how many percent of the
    /// time the processors had work.
    fn seconds(&self, place: Where, slots: u16) -> Result<(f64, f64), Failure> {
        let folder = &self.folder;
        let _ = std::fs::remove_dir_all(folder.join("store"));
        let store = match place {
            Where::Here => "store".to_owned(),
            _ => format!("s3://{BUCKET}/output/{place:?}-{slots}-{}", now()),
        };
        let mut text = self
            .text
            .replace("output = \"out\"", &format!("output = {store:?}"));
        if place != Where::Here {
            text = text.replace("data/", &format!("s3://{BUCKET}/input/"));
        }
        folder.write("campaign.toml", text);
        let root = match place {
            Where::Here => folder.join("store").display().to_string(),
            _ => store.clone(),
        };
        let mut worker = Command::new(env!("CARGO_BIN_EXE_worker-under-test"));
        worker.args(["--pool", POOL, "--slots", &slots.to_string()]);
        self.equip(&mut worker, &root);
        if place != Where::Here {
            let latency = match place {
                Where::Far => self.far,
                _ => Duration::ZERO,
            };
            self.proxy.far(latency);
            let endpoint = format!("http://{}", self.proxy.address());
            worker.env("LUMIMILL_S3_ENDPOINT", endpoint);
        }
        let worker = Worker(worker.spawn()?);
        // Connected and with nothing to do, so that starting it is not measured.
        std::thread::sleep(Duration::from_secs(2));
        let file = folder.file();
        let mut submit = Command::new(env!("CARGO_BIN_EXE_lumimill-under-test"));
        submit.arg("submit").arg(&file).args(["--pool", POOL]);
        self.equip(&mut submit, &root);
        let mut submit = submit.stdout(Stdio::null()).spawn()?;
        let output: Box<dyn Store> = match place {
            Where::Here => Box::new(LocalStore::create(folder.join("store"))?),
            _ => {
                let folder = store.trim_start_matches(&format!("s3://{BUCKET}/"));
                Box::new(self.server.store(folder))
            }
        };
        let runtime = tokio::runtime::Runtime::new()?;
        let control: Key = "demo/_control.json".parse()?;
        while runtime.block_on(output.get(&control))?.is_none() {
            if let Some(ended) = submit.try_wait()? {
                return Err(format!("submit ended with {ended}").into());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let done: Key = "demo/dimuon/_done".parse()?;
        let shards = usize::try_from(EVENTS / OF_A_SHARD)?;
        // Two thirds of the demo's events are certified.
        let least = shards * 2 / 3;
        let mut begun: Option<((usize, Instant), Processors)> = None;
        let mut busy = 0.0;
        let mut seen = (0, Instant::now());
        loop {
            let found = runtime.block_on(output.list(&done))?.len();
            if found > seen.0 {
                seen = (found, Instant::now());
                busy = begun.map_or(0.0, |(_, processors)| processors.busy_since());
                begun = begun.or_else(|| Some((seen, Processors::now())));
            }
            if found >= least && seen.1.elapsed() > Duration::from_secs(4) {
                break;
            }
            if seen.1.elapsed() > Duration::from_secs(60) {
                return Err(format!("{found} shards were done, and no more").into());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        drop(worker);
        submit.wait()?;
        let ((first, begun), _) = begun.ok_or("no shard was done")?;
        let shards = seen.0 - first;
        let seconds = (seen.1 - begun).as_secs_f64();
        let busy = 100.0 * busy;
        eprintln!(
            "{place:?}, slots {slots}: {shards} more shards in {seconds:.2} s, processors busy {busy:.0} %"
        );
        Ok((seconds / shards as f64, busy))
    }

    fn equip(&self, command: &mut Command, store: &str) {
        self.server.environment(command);
        command
            .env("LUMIMILL_BROKER", self.broker.address())
            .env("LUMIMILL_STORE", Path::new(store))
            .stdin(Stdio::null())
            .stderr(Stdio::null());
    }
}

/// Nanoseconds, as a name that nobody had before.
fn now() -> u128 {
    let since = std::time::UNIX_EPOCH.elapsed();
    since.unwrap_or_default().as_nanos()
}

/// Killed when it is dropped.
struct Worker(Child);

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone after the wait.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
