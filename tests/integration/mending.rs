//! Tables and markers that are gone or damaged: each is named, and made again, by the pool and in
//! one process; whoever mends may be killed meanwhile.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lumimill_tests::{
    CampaignFolder, Cluster, DIE_AT, DIE_ONCE, Ended, FaultProxy, HttpFault, Snapshot, snapshot,
    undisturbed,
};
use serde_json::Value;

use crate::pool::assert_same;
use crate::{lumimill, lumimill_worker};

/// A pool that has done a campaign of a dozen shards, and what it wrote.
struct Done {
    site: Cluster,
    folder: CampaignFolder,
    expected: Snapshot,
}

impl Done {
    fn start(test: &str) -> Option<Self> {
        let mut site = Cluster::start(test, lumimill(), lumimill_worker())?;
        let folder = site.campaign(6_000, 500);
        let expected = undisturbed(&lumimill(), &folder);
        site.serve("serve", &[]);
        site.worker("one", &["--slots", "2"]);
        let done = Self {
            site,
            folder,
            expected,
        };
        let _ = done.run(&["submit"]).expect_code(0);
        done.site.wait_for_campaign("demo");
        Some(done)
    }

    fn file(&self) -> String {
        self.folder.file().to_str().unwrap().to_owned()
    }

    /// Runs a command on the campaign file, which follows the first word.
    fn run(&self, args: &[&str]) -> Ended {
        let file = self.file();
        let mut all = vec![args[0], &file];
        all.extend(&args[1..]);
        self.site.run(&all)
    }

    fn shards(&self) -> Vec<String> {
        let markers = self.expected.keys();
        let shards = markers.filter_map(|name| name.strip_prefix("dimuon/_done/"));
        shards.map(str::to_owned).collect()
    }

    /// Takes a table away, empties one, changes a byte of one, and damages a marker; returns the
    /// four shards.
    fn damage(&self) -> Vec<String> {
        let shards = self.shards()[..4].to_vec();
        let [gone, empty, other, marker] = [0, 1, 2, 3].map(|place| &shards[place]);
        self.site
            .delete(&format!("demo/dimuon/part-{gone}.parquet"));
        self.site
            .put(&format!("demo/dimuon/part-{empty}.parquet"), b"");
        let key = format!("dimuon/part-{other}.parquet");
        let mut bytes = self.expected[&key].clone();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        self.site.put(&format!("demo/{key}"), &bytes);
        self.site
            .put(&format!("demo/dimuon/_done/{marker}"), b"{\"shard\":");
        shards
    }

    #[track_caller]
    fn assert_whole(&self) {
        self.site.wait_for_campaign("demo");
        assert_same(&self.expected, &self.site.objects("demo"));
        let _ = self.run(&["verify"]).expect_code(0);
    }

    fn stage(&self) -> Value {
        let status = self.run(&["status", "--json"]).expect_code(0).out;
        let status: Value = serde_json::from_str(&status).unwrap();
        status["stages"][0].clone()
    }
}

/// Shards that lines begin with, as a dry run lists them.
fn listed(said: &str) -> BTreeSet<String> {
    let words = said.lines().filter_map(|line| line.split(' ').next());
    let ids = words.filter(|word| word.len() == 32);
    ids.map(str::to_owned).collect()
}

#[test]
fn what_is_gone_or_damaged_is_named_and_made_again_by_the_pool() {
    let test = "what_is_gone_or_damaged_is_named_and_made_again_by_the_pool";
    let Some(done) = Done::start(test) else {
        return;
    };
    let _ = done.run(&["verify"]).expect_code(0);
    let shards = done.damage();
    let all = done.shards().len();
    let verified = done.run(&["verify"]).expect_code(3).out;
    for (shard, what) in
        shards
            .iter()
            .zip(["is missing", "has 0 bytes", "has hash", "cannot be used"])
    {
        let line = verified.lines().find(|line| line.contains(shard.as_str()));
        assert!(
            line.is_some_and(|line| line.contains(what)),
            "{shard} {what}: {verified}"
        );
    }
    assert!(verified.contains("4 problems"), "{verified}");
    assert!(verified.contains("--mend"), "{verified}");
    let stage = done.stage();
    assert_eq!(
        (&stage["gone"], &stage["damaged"], &stage["done"]),
        (&2.into(), &1.into(), &(all - 3).into()),
        "{stage}"
    );
    let status = done.run(&["status"]).expect_code(0).out;
    assert!(
        status.contains("2 gone") && status.contains("verify"),
        "{status}"
    );
    fetched_in_part(&done, &shards);
    // What is seen without reading every table, and what is seen by reading them.
    let missing = done
        .run(&["resubmit", "--missing", "--dry-run"])
        .expect_code(0)
        .out;
    let seen: BTreeSet<String> = [&shards[..2], &shards[3..]].concat().into_iter().collect();
    assert_eq!(listed(&missing), seen, "{missing}");
    let damaged = done
        .run(&["resubmit", "--damaged", "--dry-run"])
        .expect_code(0)
        .out;
    assert_eq!(
        listed(&damaged),
        shards.iter().cloned().collect(),
        "{damaged}"
    );
    assert_eq!(done.stage()["gone"], 2, "nothing was done so far");
    let mended = done.run(&["verify", "--mend"]).expect_code(0).out;
    assert!(
        mended.contains("4 shards published to pool cpu"),
        "{mended}"
    );
    done.assert_whole();
    fetched_whole(&done);
    let nothing = done.run(&["resubmit", "--damaged"]).expect_code(0).out;
    assert!(nothing.contains("nothing was changed"), "{nothing}");
}

/// All that can be had is brought, and the rest named.
fn fetched_in_part(done: &Done, shards: &[String]) {
    let into = done.folder.join("part");
    let into = into.to_str().unwrap();
    let fetched = done.run(&["fetch", "--output", into]).expect_code(3).out;
    for shard in shards {
        assert!(fetched.contains(shard.as_str()), "{shard}: {fetched}");
    }
    let tables = format!("{} tables are in", done.shards().len() - 4);
    assert!(fetched.contains(&tables), "{fetched}");
    assert!(fetched.contains("not whole"), "{fetched}");
    let folder = format!("{into}/demo");
    let _ = lumimill().run(&["verify", &folder]).expect_code(3);
}

/// A fetched folder can be verified, and fetched from.
fn fetched_whole(done: &Done) {
    let into = done.folder.join("whole");
    let into = into.to_str().unwrap();
    let _ = done.run(&["fetch", "--output", into]).expect_code(0);
    let folder = format!("{into}/demo");
    let _ = lumimill().run(&["verify", &folder]).expect_code(0);
    let copied = snapshot(Path::new(&folder));
    for (name, bytes) in &done.expected {
        let there = copied.get(name);
        assert!(there == Some(bytes), "{name} is not what it was");
    }
    let table = done.folder.join(&format!(
        "whole/demo/dimuon/part-{}.parquet",
        done.shards()[5]
    ));
    fs::write(&table, "x").unwrap();
    let _ = lumimill().run(&["verify", &folder]).expect_code(3);
}

#[test]
fn a_table_that_vanishes_before_the_end_is_made_again_before_it_is_said() {
    let test = "a_table_that_vanishes_before_the_end_is_made_again_before_it_is_said";
    let Some(mut site) = Cluster::start(test, lumimill(), lumimill_worker()) else {
        return;
    };
    let folder = site.campaign(6_000, 500);
    let expected = undisturbed(&lumimill(), &folder);
    let file = folder.file();
    let file = file.to_str().unwrap();
    let _ = site.run(&["submit", file]).expect_code(0);
    site.worker("one", &["--slots", "2"]);
    let all = expected
        .keys()
        .filter(|name| name.starts_with("dimuon/_done/"))
        .count();
    site.wait_until("all markers", |site| {
        site.keys("demo/dimuon/_done").len() == all
    });
    let status = site.run(&["status", file]).expect_code(0).out;
    assert!(
        !status.contains("at its end"),
        "there is no report: {status}"
    );
    let tables = site.keys("demo/dimuon");
    let table = tables.iter().find(|key| key.contains("/part-")).unwrap();
    site.delete(table);
    site.serve("serve", &[]);
    site.wait_for_campaign("demo");
    assert_same(&expected, &site.objects("demo"));
    let status = site.run(&["status", file]).expect_code(0).out;
    assert!(status.contains("at its end"), "{status}");
    assert!(
        site.log("serve").contains("to be done again"),
        "{}",
        site.log("serve")
    );
}

#[test]
fn workers_that_are_killed_while_they_mend() {
    let test = "workers_that_are_killed_while_they_mend";
    let Some(mut done) = Done::start(test) else {
        return;
    };
    for point in ["processed", "object-put", "marker-put"] {
        done.site.kill("one");
        done.damage();
        let once = done.folder.join("once");
        fs::write(&once, "").unwrap();
        done.site.set(DIE_AT, point);
        done.site.set(DIE_ONCE, once.to_str().unwrap());
        let _ = done.run(&["verify", "--mend"]).expect_code(0);
        done.site.worker("one", &["--slots", "2"]);
        done.site.wait_for_end("one");
        assert!(!once.exists(), "it was killed at {point}");
        done.site.worker("one", &["--slots", "2"]);
        done.assert_whole();
    }
}

/// The command is killed at each of its writes in turn; what it leaves is mended by the next one.
#[test]
fn whoever_mends_is_killed_at_each_write() {
    let test = "whoever_mends_is_killed_at_each_write";
    let Some(mut done) = Done::start(test) else {
        return;
    };
    let proxy = FaultProxy::http_to(done.site.store.port());
    let direct = done.site.store.endpoint();
    let file = done.file();
    let mut is_killed = true;
    let mut write = 0;
    while is_killed {
        done.damage();
        let (seen, held) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let (counted, reached) = (seen.clone(), held.clone());
        proxy.inject(move |request| {
            let is_probe = request.target.contains("_probe");
            let writes = ["PUT", "DELETE", "POST"].contains(&request.method.as_str());
            if !writes || is_probe || counted.fetch_add(1, Ordering::SeqCst) < write {
                return None;
            }
            reached.store(1, Ordering::SeqCst);
            Some(HttpFault::Reset)
        });
        let through = format!("http://{}", proxy.address());
        done.site.set("LUMIMILL_S3_ENDPOINT", &through);
        done.site.begin("mend", &["verify", &file, "--mend"]);
        done.site.set("LUMIMILL_S3_ENDPOINT", &direct);
        while held.load(Ordering::SeqCst) == 0 && done.site.ended("mend").is_none() {
            std::thread::sleep(Duration::from_millis(20));
        }
        is_killed = held.load(Ordering::SeqCst) == 1;
        done.site.kill("mend");
        proxy.pass();
        let _ = done.run(&["verify", "--mend"]);
        done.assert_whole();
        // The first ones one by one; later ones are alike.
        write += if write < 8 { 1 } else { 3 };
    }
    assert!(write > 8, "it was killed at {write} writes");
}

/// A campaign that was done in one process, in a folder.
fn alone() -> (CampaignFolder, Snapshot, Vec<String>) {
    let folder = CampaignFolder::demo(3_000);
    folder.change("events = 10_000", "events = 500");
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let expected = snapshot(&folder.output());
    let markers = expected.keys();
    let shards = markers.filter_map(|name| name.strip_prefix("dimuon/_done/"));
    let shards: Vec<String> = shards.map(str::to_owned).collect();
    assert!(shards.len() > 4);
    (folder, expected, shards)
}

fn table(folder: &CampaignFolder, shard: &str) -> std::path::PathBuf {
    folder.output().join(format!("dimuon/part-{shard}.parquet"))
}

#[test]
fn what_is_gone_or_of_another_size_is_made_again_by_the_next_run() {
    let (folder, expected, shards) = alone();
    fs::remove_file(table(&folder, &shards[0])).unwrap();
    fs::write(table(&folder, &shards[1]), "").unwrap();
    fs::write(table(&folder, &shards[2]), "another size").unwrap();
    let marker = folder.output().join(format!("dimuon/_done/{}", shards[3]));
    fs::write(marker, "").unwrap();
    let reported = lumimill().on("report", &folder.file()).expect_code(3).out;
    assert!(reported.contains("verify --mend"), "{reported}");
    let again = lumimill().on("run", &folder.file()).expect_code(0);
    again.says(&["4 tables are gone or damaged"]);
    assert!(
        snapshot(&folder.output()) == expected,
        "the bytes are those from before"
    );
}

#[test]
fn other_bytes_and_strays_are_mended_in_one_process() {
    let (folder, expected, shards) = alone();
    let mut bytes = expected[&format!("dimuon/part-{}.parquet", shards[0])].clone();
    bytes[100] ^= 1;
    fs::write(table(&folder, &shards[0]), &bytes).unwrap();
    let stray = table(&folder, "0123456789abcdef0123456789abcdef");
    fs::write(&stray, "of nobody").unwrap();
    // A folder in the place of a table.
    fs::remove_file(table(&folder, &shards[1])).unwrap();
    fs::create_dir(table(&folder, &shards[1])).unwrap();
    let verified = lumimill().on("verify", &folder.file()).expect_code(3).out;
    assert!(verified.contains("3 problems"), "{verified}");
    let missing = format!("part-{}.parquet is missing", shards[1]);
    assert!(verified.contains(&missing), "{verified}");
    assert!(
        verified.contains("0123456789abcdef0123456789abcdef"),
        "{verified}"
    );
    let file = folder.file();
    let mend = ["verify", file.to_str().unwrap(), "--mend"];
    let _ = lumimill().run(&mend).expect_code(0);
    assert!(
        snapshot(&folder.output()) == expected,
        "the bytes are those from before"
    );
    assert!(!stray.exists(), "readers would have seen it");
    // With something in it, the folder is somebody's: it is named, and stays.
    fs::remove_file(table(&folder, &shards[1])).unwrap();
    fs::create_dir(table(&folder, &shards[1])).unwrap();
    fs::write(table(&folder, &shards[1]).join("mine"), "x").unwrap();
    let failed = lumimill().run(&mend).expect_code(3);
    assert!(
        failed.out.contains(&shards[1]),
        "{}\n{}",
        failed.out,
        failed.err
    );
    assert!(table(&folder, &shards[1]).join("mine").exists());
}

#[test]
fn mending_a_campaign_that_was_changed_removes_nothing() {
    let (folder, expected, shards) = alone();
    fs::write(table(&folder, &shards[0]), "").unwrap();
    folder.change("pt > 3", "pt > 4");
    let file = folder.file();
    let mend = ["verify", file.to_str().unwrap(), "--mend"];
    lumimill().run(&mend).expect_code(2).says(&["--replace"]);
    assert_eq!(snapshot(&folder.output()).len(), expected.len());
}
