//! Campaigns under faults: a pool at work on a real broker and a real store, somebody who breaks
//! things meanwhile, and at the end the same bytes as if nobody had.

mod endings;
mod kills;
mod messages;
mod poison;
mod reports;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::OnceLock;
use std::time::Duration;

use lumimill_common::control::plan_digest;
use lumimill_common::job::Job;
use lumimill_common::queue::{AmqpQueue, AmqpSettings, Message, Queue, Settle};

use lumimill_tests::{CampaignFolder, Cluster, Snapshot, undisturbed};

use crate::{lumimill, lumimill_worker};

/// Events of the campaign, and of each of its shards but the last ones of its files.
const EVENTS: u64 = 36_000;
const SHARD_EVENTS: u64 = 500;
/// Shards that there are at least.
const SHARDS: usize = 60;
/// Name of the campaign, and of its one stage.
pub(crate) const CAMPAIGN: &str = "demo";
pub(crate) const STAGE: &str = "dimuon";

/// A site with a campaign, and what the campaign comes to when nothing is broken.
pub(crate) struct Trial {
    pub(crate) site: Cluster,
    folder: CampaignFolder,
    expected: &'static Snapshot,
}

impl Trial {
    /// Broker, store and campaign; nobody at work, nothing submitted. `None`, said loudly, when
    /// the servers are not installed.
    pub(crate) fn start(test: &str) -> Option<Self> {
        let site = Cluster::start(test, lumimill(), lumimill_worker())?;
        Some(Self::at(site))
    }

    /// The campaign at a site.
    pub(crate) fn at(site: Cluster) -> Self {
        static EXPECTED: OnceLock<Snapshot> = OnceLock::new();
        let folder = site.campaign(EVENTS, SHARD_EVENTS);
        // The same for every folder: neither plan nor output knows where its input is.
        let expected = EXPECTED.get_or_init(|| undisturbed(&lumimill(), &folder));
        let trial = Self {
            site,
            folder,
            expected,
        };
        let shards = trial.shards().len();
        assert!(shards >= SHARDS, "expected {SHARDS} shards, found {shards}");
        trial
    }

    /// The campaign file.
    pub(crate) fn file(&self) -> String {
        self.folder.file().to_str().unwrap().to_owned()
    }

    /// Ids of the shards.
    pub(crate) fn shards(&self) -> Vec<String> {
        let done = format!("{STAGE}/_done/");
        let markers = self.expected.keys();
        markers
            .filter_map(|name| name.strip_prefix(&done))
            .map(str::to_owned)
            .collect()
    }

    /// The job of a shard.
    pub(crate) fn job(&self, shard: &str) -> Job {
        let campaign = std::fs::read(self.file()).unwrap();
        Job {
            campaign: CAMPAIGN.parse().unwrap(),
            plan: plan_digest(&self.expected["plan.parquet"], &campaign),
            stage: STAGE.parse().unwrap(),
            shard: shard.parse().unwrap(),
            is_new: false,
        }
    }

    /// One coordinator and three workers, `serve`, `w0`, `w1` and `w2`.
    pub(crate) fn start_pool(&mut self) {
        self.site.serve("serve", &[]);
        for name in WORKERS {
            self.start_worker(name);
        }
    }

    /// A worker of one slot.
    pub(crate) fn start_worker(&mut self, name: &str) {
        self.site.worker(name, &["--slots", "1"]);
    }

    /// Submits the campaign.
    pub(crate) fn submit(&self) {
        let _ = self.site.run(&["submit", &self.file()]).expect_code(0);
    }

    /// Shards with a marker; none while the store is down.
    pub(crate) fn done(&self) -> usize {
        self.site.keys(&format!("{CAMPAIGN}/{STAGE}/_done")).len()
    }

    /// Waits until so many shards have a marker.
    #[track_caller]
    pub(crate) fn wait_for_done(&self, shards: usize) {
        self.site
            .wait_until(&format!("{shards} shards done"), |_| self.done() >= shards);
    }

    /// Whether somebody has brought the campaign to its end.
    pub(crate) fn has_ended(&self) -> bool {
        self.site.has_ended(CAMPAIGN)
    }

    /// Replaces text of the campaign file.
    pub(crate) fn change(&self, from: &str, to: &str) {
        self.folder.change(from, to);
    }

    /// What the campaign comes to, once it was changed.
    pub(crate) fn expect_anew(&mut self) {
        self.expected = Box::leak(Box::new(undisturbed(&lumimill(), &self.folder)));
    }

    /// Waits for the end of the campaign, and holds all of it against the undisturbed run: every
    /// object and report byte for byte, every shard once, every lumi section accounted for.
    #[track_caller]
    pub(crate) fn assert_undisturbed(&self) {
        self.site.wait_for_campaign(CAMPAIGN);
        let found = self.site.objects(CAMPAIGN);
        let lost: Vec<_> = self
            .expected
            .keys()
            .filter(|name| !found.contains_key(*name))
            .collect();
        let new = found
            .iter()
            .filter(|(name, _)| !self.expected.contains_key(*name));
        let new: Vec<_> = new
            .map(|(name, bytes)| (name, String::from_utf8_lossy(bytes)))
            .collect();
        assert!(
            lost.is_empty() && new.is_empty(),
            "lost {lost:?}, new {new:?}"
        );
        for (name, bytes) in self.expected {
            assert!(found[name] == *bytes, "{name} differs");
        }
        let verified = self.site.run(&["verify", &self.file()]).expect_code(0);
        let all = format!("{} objects, ", self.shards().len());
        assert!(verified.out.contains(&all), "{}", verified.out);
        assert_ledger_closes(&found["report/metrics.json"]);
    }
}

/// Somebody else at the broker.
pub(crate) struct Post {
    runtime: tokio::runtime::Runtime,
    queue: AmqpQueue,
    address: String,
}

impl Post {
    pub(crate) fn at(site: &Cluster) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let address = site.broker.address();
        let settings = AmqpSettings::new(&address).unwrap();
        let queue = runtime.block_on(AmqpQueue::connect(&settings)).unwrap();
        Self {
            runtime,
            queue,
            address,
        }
    }

    pub(crate) fn publish(&self, queue: &str, message: Message) {
        let publishing = self.queue.publish(queue, message);
        self.runtime.block_on(publishing).unwrap();
    }

    pub(crate) fn tell(&self, topic: &str, message: Message) {
        let telling = self.queue.broadcast(topic, message);
        self.runtime.block_on(telling).unwrap();
    }

    pub(crate) fn depth(&self, queue: &str) -> u64 {
        let looking = self.queue.depth(queue);
        self.runtime.block_on(looking).unwrap()
    }

    /// Loses what waits in a queue, and says how many messages that were.
    pub(crate) fn purge(&self, queue: &str) -> u32 {
        self.runtime.block_on(async {
            let connection = lapin::Connection::connect(&self.address, Default::default());
            let channel = connection.await.unwrap().create_channel().await.unwrap();
            let purged = channel.queue_purge(queue.into(), Default::default());
            purged.await.unwrap()
        })
    }

    /// Listens to a topic until something is told on it.
    #[track_caller]
    pub(crate) fn hear(&self, topic: &str, is_it: impl Fn(&Message) -> bool) {
        const PATIENCE: Duration = Duration::from_secs(60);
        let hearing = async {
            let mut told = self.queue.listen(topic).await.unwrap();
            while !is_it(&told.next().await.unwrap().message) {}
        };
        let heard = async { tokio::time::timeout(PATIENCE, hearing).await };
        let heard = self.runtime.block_on(heard);
        assert!(heard.is_ok(), "it was not told on {topic} in {PATIENCE:?}");
    }

    /// Takes so many messages from a queue, and ends each in this way.
    #[track_caller]
    pub(crate) fn take(&self, queue: &str, count: usize, settle: &Settle) -> Vec<Message> {
        const PATIENCE: Duration = Duration::from_secs(180);
        let taking = async {
            let mut consumer = self.queue.consume(queue, 100).await.unwrap();
            let mut taken = Vec::new();
            while taken.len() < count {
                let next = tokio::time::timeout(PATIENCE, consumer.next()).await;
                let found = taken.len();
                let next = next.unwrap_or_else(|_| panic!("{found} of {count} in {queue}"));
                let delivery = next.unwrap();
                taken.push(delivery.message.clone());
                assert!(delivery.settle(settle.clone()).await.unwrap());
            }
            taken
        };
        self.runtime.block_on(taking)
    }
}

/// A counter or gauge of a program that serves its metrics on a port.
#[track_caller]
pub(crate) fn metric(port: u16, name: &str) -> u64 {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let ask = b"GET /metrics HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n";
    stream.write_all(ask).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let is_named = |line: &&str| line.split(['{', ' ']).next() == Some(name);
    let line = answer.lines().find(is_named);
    let line = line.unwrap_or_else(|| panic!("no {name} in {answer}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

/// The workers of a pool.
pub(crate) const WORKERS: [&str; 3] = ["w0", "w1", "w2"];

fn assert_ledger_closes(metrics: &[u8]) {
    let metrics: serde_json::Value = serde_json::from_slice(metrics).unwrap();
    let lumis = &metrics["lumis"];
    let count = |name: &str| {
        let count = lumis[name].as_u64();
        count.unwrap_or_else(|| panic!("no number {name} in {lumis}"))
    };
    assert!(count("certified") > 0, "{lumis}");
    assert_eq!(count("processed") + count("missing"), count("certified"));
    assert_eq!(count("missing"), 0, "every shard is done: {lumis}");
}

/// Random choices that can be made again: of a seed that is printed, or of `LUMIMILL_FAULT_SEED`.
pub(crate) struct Chance {
    state: u64,
}

impl Chance {
    /// Of the environment's seed, or a new one.
    pub(crate) fn new(test: &str) -> Self {
        let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64;
        let seed = number("LUMIMILL_FAULT_SEED").unwrap_or(now);
        eprintln!("{test}: again with LUMIMILL_FAULT_SEED={seed}");
        Self { state: seed }
    }

    /// A number below another one; the generator is SplitMix64 (Steele et al., OOPSLA 2014).
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    /// One of some things.
    pub(crate) fn one_of<'a, T>(&mut self, things: &'a [T]) -> &'a T {
        let index = self.below(things.len() as u64);
        &things[usize::try_from(index).unwrap()]
    }

    /// Waits, up to so long.
    pub(crate) fn wait(&mut self, longest: Duration) {
        let millis = self.below(longest.as_millis() as u64);
        std::thread::sleep(Duration::from_millis(millis));
    }
}

/// Faults of a test that goes on for as many as it is told: `LUMIMILL_FAULT_ROUNDS` asks for more.
pub(crate) fn rounds(usual: u64) -> u64 {
    number("LUMIMILL_FAULT_ROUNDS").unwrap_or(usual)
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("{variable}: {text:?} is no number")))
}
