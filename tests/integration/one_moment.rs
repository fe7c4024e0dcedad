//! Two people at one campaign at the same moment: one of them is held just before the campaign is
//! told something, until the other one is done.

use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lumimill_common::job::{Job, unpack};
use lumimill_common::queue::{Settle, jobs};
use lumimill_tests::{CampaignFolder, Cluster, FaultProxy, undisturbed};
use serde_json::Value;

use crate::faults::Post;
use crate::{lumimill, lumimill_worker};

/// A site with a campaign, and a line to its store on which one write can be held.
struct Meeting {
    site: Cluster,
    folder: CampaignFolder,
    proxy: FaultProxy,
}

impl Meeting {
    fn at(test: &str) -> Option<Self> {
        let site = Cluster::start(test, lumimill(), lumimill_worker())?;
        let folder = site.campaign(3_000, 500);
        let proxy = FaultProxy::http_to(site.store.port());
        Some(Self {
            site,
            folder,
            proxy,
        })
    }

    fn file(&self) -> String {
        self.folder.file().to_str().unwrap().to_owned()
    }

    fn run(&self, args: &[&str]) -> lumimill_tests::Ended {
        let file = self.file();
        let mut all = vec![args[0], &file];
        all.extend(&args[1..]);
        self.site.run(&all)
    }

    /// Runs a command that is held where it tells the campaign something, while `meanwhile` is done.
    fn meet(&mut self, args: &[&str], meanwhile: impl FnOnce(&Self)) -> (i32, String) {
        let (told, arrives) = mpsc::channel();
        let (go_on, waits) = mpsc::channel::<()>();
        let waits = Arc::new(Mutex::new(Some(waits)));
        self.proxy.inject(move |request| {
            let is_it = request.method == "PUT" && request.target.contains("_control.json");
            let waits = is_it.then(|| waits.lock().unwrap().take()).flatten();
            if let Some(waits) = waits {
                told.send(()).unwrap();
                // Everything on this line waits, which is that command alone.
                let _ = waits.recv_timeout(Duration::from_secs(120));
            }
            None
        });
        let direct = self.site.store.endpoint();
        let through = format!("http://{}", self.proxy.address());
        self.site.set("LUMIMILL_S3_ENDPOINT", &through);
        let file = self.file();
        let mut all = vec![args[0], file.as_str()];
        all.extend(&args[1..]);
        self.site.begin("held", &all);
        self.site.set("LUMIMILL_S3_ENDPOINT", &direct);
        let arrived = arrives.recv_timeout(Duration::from_secs(120));
        assert!(
            arrived.is_ok(),
            "it tells nothing: {}",
            self.site.log("held")
        );
        meanwhile(self);
        go_on.send(()).unwrap();
        let code = self.site.wait_for_end("held");
        self.proxy.pass();
        (code, self.site.log("held"))
    }

    fn control(&self) -> Value {
        let bytes = self.site.object("demo/_control.json").unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    /// Takes the jobs of a queue, and returns their plans and shards.
    fn jobs(&self, pool: &str, count: usize) -> Vec<(String, String)> {
        let post = Post::at(&self.site);
        let taken = post.take(&jobs(pool), count, &Settle::Done);
        assert_eq!(post.depth(&jobs(pool)), 0);
        let job = |message| unpack::<Job>(message).unwrap();
        let taken = taken.iter().map(job);
        taken.map(|job| (job.plan, job.shard.to_string())).collect()
    }
}

/// How many shards are published to each pool, as it is said.
fn published(said: &str) -> Vec<(String, usize)> {
    let line = |line: &str| {
        let (count, rest) = line.split_once(' ')?;
        let (_, pool) = rest.split_once("published to pool ")?;
        Some((pool.split(' ').next()?.to_owned(), count.parse().ok()?))
    };
    said.lines().filter_map(line).collect()
}

/// Shard and pool of each line that names both.
fn listed(said: &str) -> Vec<(String, String)> {
    let line = |line: &str| {
        let (rest, pool) = line.rsplit_once(" to pool ")?;
        let shard = rest.split(' ').next().filter(|word| word.len() == 32)?;
        Some((shard.to_owned(), pool.to_owned()))
    };
    said.lines().filter_map(line).collect()
}

#[test]
fn two_submits_a_pause_and_a_resubmit_at_one_moment() {
    let test = "two_submits_a_pause_and_a_resubmit_at_one_moment";
    let Some(mut meeting) = Meeting::at(test) else {
        return;
    };
    // The first submission ever, by two.
    let (code, said) = meeting.meet(&["submit", "--pool", "highmem"], |meeting| {
        let _ = meeting.run(&["submit"]).expect_code(0);
    });
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("at the same moment") && said.contains("nothing was changed"),
        "{said}"
    );
    let first = meeting.control();
    assert_eq!(first["pool"], "cpu");
    // Two changes of it.
    let text = std::fs::read_to_string(meeting.folder.file()).unwrap();
    meeting.folder.change("pt > 3", "pt > 4");
    let (code, said) = meeting.meet(&["submit", "--replace"], |meeting| {
        meeting.folder.change("pt > 4", "pt > 5");
        let _ = meeting.run(&["submit", "--replace"]).expect_code(0);
    });
    assert_eq!(code, 1, "{said}");
    let second = meeting.control();
    assert_ne!(first["plan"], second["plan"]);
    // A pause while somebody submits, and somebody who submits while it is paused.
    std::fs::write(meeting.folder.file(), text).unwrap();
    let (code, said) = meeting.meet(&["pause"], |meeting| {
        let _ = meeting.run(&["submit", "--replace"]).expect_code(0);
    });
    assert_eq!(code, 0, "{said}");
    let paused = meeting.control();
    assert_eq!(
        (&paused["plan"], &paused["state"]),
        (&first["plan"], &"paused".into())
    );
    let again = meeting.run(&["submit", "--replace"]).expect_code(0).out;
    assert!(again.contains("is paused"), "{again}");
    assert_eq!(meeting.control(), paused);
    // Parts of it are sent again while somebody submits.
    meeting.folder.change("pt > 3", "pt > 6");
    let (code, said) = meeting.meet(&["resubmit", "--missing", "--split", "2"], |meeting| {
        let _ = meeting.run(&["submit", "--replace"]).expect_code(0);
    });
    assert_eq!(code, 1, "{said}");
    let third = meeting.control();
    assert_ne!(third["plan"], paused["plan"]);
    // It is cancelled while somebody lets it go on.
    let (code, said) = meeting.meet(&["resume"], |meeting| {
        let _ = meeting.run(&["cancel"]).expect_code(0);
    });
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("is cancelled"), "{said}");
    assert_eq!(meeting.control()["state"], "cancelled");
}

#[test]
fn a_resubmission_that_finds_nothing_changes_nothing() {
    let test = "a_resubmission_that_finds_nothing_changes_nothing";
    let Some(mut meeting) = Meeting::at(test) else {
        return;
    };
    let _ = meeting.run(&["submit"]).expect_code(0);
    let _ = meeting.run(&["cancel"]).expect_code(0);
    let before = meeting.control();
    for which in ["--failed", "--dead"] {
        let said = meeting.run(&["resubmit", which]).expect_code(0).out;
        assert!(said.contains("nothing was changed"), "{said}");
        let cut = ["resubmit", which, "--split", "2", "--pool", "highmem"];
        let _ = meeting.run(&cut).expect_code(0);
    }
    assert_eq!(meeting.control(), before);
    assert!(meeting.site.keys("_campaigns/active").is_empty());
    // One that is at its end is not cancelled any more.
    meeting.site.serve("serve", &[]);
    meeting.site.worker("one", &["--slots", "2"]);
    let _ = meeting.run(&["submit"]).expect_code(0);
    meeting.site.wait_for_campaign("demo");
    let control = meeting.control();
    let said = meeting.run(&["cancel"]).expect_code(0).out;
    assert!(said.contains("at its end already"), "{said}");
    assert_eq!(meeting.control(), control);
    let _ = meeting.run(&["verify"]).expect_code(0);
}

#[test]
fn what_a_dry_run_says_is_what_happens() {
    let test = "what_a_dry_run_says_is_what_happens";
    let Some(meeting) = Meeting::at(test) else {
        return;
    };
    let expected = undisturbed(&lumimill(), &meeting.folder);
    let markers = expected.keys();
    let shards = markers.filter_map(|name| name.strip_prefix("dimuon/_done/"));
    let shards: Vec<&str> = shards.collect();
    assert_dry_run_is_true(&meeting, &["submit", "--pool", "cpu"]);
    for shard in &shards[..2] {
        let failure = r#"{"disposition":"retry","kind":"memory","subject":"","message":"large"}"#;
        let attempt = format!(r#"{{"attempt":3,"fingerprint":"0a1b2c","failure":{failure}}}"#);
        let record = format!(r#"{{"shard":"{shard}","attempts":[{attempt}]}}"#);
        let key = format!("demo/dimuon/_failed/{shard}.json");
        meeting.site.put(&key, record.as_bytes());
    }
    let said = assert_dry_run_is_true(
        &meeting,
        &["resubmit", "--dead", "--split", "2", "--pool", "highmem"],
    );
    // The parts of those two that hold certified events, and all others where they were.
    let [(to, parts), (home, others)] = &published(&said)[..] else {
        panic!("two pools: {said}");
    };
    assert_eq!((to.as_str(), home.as_str()), ("highmem", "cpu"), "{said}");
    assert!((3..=4).contains(parts), "{said}");
    assert_eq!(*others, shards.len() - 2, "{said}");
    assert_dry_run_is_true(&meeting, &["resubmit", "--missing"]);
    assert_dry_run_is_true(&meeting, &["resubmit", "--missing", "--split", "3"]);
    assert_dry_run_is_true(&meeting, &["submit"]);
}

/// Runs a command dry and for real: the jobs that are in the queues then are those that were
/// announced, shard by shard and pool by pool.
#[track_caller]
fn assert_dry_run_is_true(meeting: &Meeting, args: &[&str]) -> String {
    let before = meeting.site.object("demo/_control.json");
    let dry = meeting
        .run(&[args, &["--dry-run"]].concat())
        .expect_code(0)
        .out;
    assert_eq!(
        meeting.site.object("demo/_control.json"),
        before,
        "it changes nothing"
    );
    let said = meeting.run(args).expect_code(0).out;
    let control = meeting.control();
    let mut announced = listed(&dry);
    assert!(!announced.is_empty(), "{dry}");
    let mut found = Vec::new();
    for pool in ["cpu", "highmem"] {
        let count = announced.iter().filter(|(_, to)| to == pool).count();
        for (plan, shard) in meeting.jobs(pool, count) {
            assert_eq!(plan, control["plan"].as_str().unwrap());
            found.push((shard, pool.to_owned()));
        }
    }
    announced.sort();
    found.sort();
    assert_eq!(announced, found, "{args:?}\n{dry}\n{said}");
    said
}
