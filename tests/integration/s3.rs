//! S3-compatible storage: the store's contract and whole campaigns, on a real server.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;

use lumimill_common::store::{Key, S3Address, S3Store, Store, StoreError, conformance};
use lumimill_tests::{
    ACCESS_KEY, BUCKET, CampaignFolder, Ended, Program, SECRET_KEY, SeaweedFs, Snapshot, snapshot,
};
use tokio::runtime::Runtime;

use crate::lumimill;

pub(crate) fn key(text: &str) -> Key {
    text.parse().unwrap()
}

pub(crate) fn runtime() -> Runtime {
    Runtime::new().unwrap()
}

#[track_caller]
pub(crate) fn assert_no_credentials(text: &str) {
    for secret in [ACCESS_KEY, SECRET_KEY] {
        assert!(!text.contains(secret), "a credential is shown:\n{text}");
    }
}

#[test]
fn the_contract_of_a_store_holds() {
    let Some(mut server) = SeaweedFs::start("the contract of a store in S3") else {
        return;
    };
    let runtime = runtime();
    runtime.block_on(async {
        let store = server.store("suite");
        assert!(store.prepare().await.unwrap(), "conditional requests work");
        conformance::check(&store).await;
        assert_no_credentials(&format!("{store:?}"));
        one_of_eight_wins(&server).await;
        listings_come_in_pages(&server).await;
        large_files_go_in_parts(&server).await;
        refusals_are_clear(&server).await;
    });
    runtime.block_on(acknowledged_puts_survive(&mut server));
}

/// Eight writers at the same moment: one is told that it won, and its bytes stay.
async fn one_of_eight_wins(server: &SeaweedFs) {
    let stores: Vec<Arc<S3Store>> = (0..8)
        .map(|_| Arc::new(server.store("one-winner")))
        .collect();
    for round in 0..10 {
        let name = key(&format!("race/{round}"));
        let mut writers = tokio::task::JoinSet::new();
        for (writer, store) in stores.iter().enumerate() {
            let (store, name) = (store.clone(), name.clone());
            writers.spawn(async move {
                let bytes = format!("writer {writer}").into_bytes();
                let won = store.put_if_absent(&name, bytes.clone()).await.unwrap();
                won.then_some(bytes)
            });
        }
        let winners: Vec<_> = writers.join_all().await.into_iter().flatten().collect();
        assert_eq!(winners.len(), 1, "round {round}: {winners:?}");
        let kept = stores[0].get(&name).await.unwrap();
        assert_eq!(kept.as_ref(), winners.first());
    }
}

async fn listings_come_in_pages(server: &SeaweedFs) {
    let address = "s3://campaigns/paged".parse().unwrap();
    let store = S3Store::open(address, server.settings().page(3)).unwrap();
    // Long listings are asked for in parts, cut at hexadecimal digits: names on, around and far
    // from the cuts.
    let mut expected = Vec::new();
    let cuts = "0123456789abcdef".chars();
    let names = cuts.flat_map(|digit| [format!("{digit}"), format!("{digit}{digit}.json")]);
    let odd = ["-first", "0x/deep", "5a/deep/er", "Upper", "_under", "zz"];
    for (size, name) in names.chain(odd.map(str::to_owned)).enumerate() {
        let name = key(&format!("listed/{name}"));
        store.put(&name, vec![0; size]).await.unwrap();
        expected.push((name, size as u64));
    }
    expected.sort();
    store.put(&key("listed-too/1"), Vec::new()).await.unwrap();
    let found = store.list(&key("listed")).await.unwrap();
    let found: Vec<_> = found
        .into_iter()
        .map(|object| (object.key, object.size))
        .collect();
    assert_eq!(found, expected);
}

/// 13 MB in parts of 5 MiB; a file that is gone leaves what was there.
async fn large_files_go_in_parts(server: &SeaweedFs) {
    let address = "s3://campaigns/large".parse().unwrap();
    let store = S3Store::open(address, server.settings().part(5 << 20)).unwrap();
    store.prepare().await.unwrap();
    let bytes: Vec<u8> = (0..13_000_001u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let file = store.scratch().join("large");
    std::fs::write(&file, &bytes).unwrap();
    let name = key("stage/part-1.parquet");
    store.put_file(&name, &file).await.unwrap();
    assert!(!file.exists(), "the file moved");
    assert!(store.get(&name).await.unwrap() == Some(bytes.clone()));
    let gone = store.put_file(&name, &file).await.unwrap_err();
    assert!(gone.to_string().contains("part-1.parquet"), "{gone}");
    assert!(store.get(&name).await.unwrap() == Some(bytes));
    let scratch = store.scratch();
    drop(store);
    assert!(!scratch.exists(), "scratch space is removed");
}

async fn refusals_are_clear(server: &SeaweedFs) {
    let refused = |error: StoreError, texts: &[&str]| {
        assert!(!error.is_transient(), "{error}");
        let shown = format!("{error} {error:?}");
        for text in texts {
            assert!(shown.contains(text), "expected {text:?} in {shown}");
        }
        assert_no_credentials(&shown);
    };
    let address: S3Address = "s3://campaigns/wrong".parse().unwrap();
    let wrong = S3Store::open(address, server.settings_with("another-secret")).unwrap();
    let texts = ["s3://campaigns/wrong", "AWS_SECRET_ACCESS_KEY"];
    refused(wrong.prepare().await.unwrap_err(), &texts);
    refused(wrong.get(&key("a/b")).await.unwrap_err(), &texts);
    refused(wrong.list(&key("a")).await.unwrap_err(), &texts);
    refused(wrong.put(&key("a/b"), vec![1]).await.unwrap_err(), &texts);
    let address: S3Address = "s3://no-such-bucket/x".parse().unwrap();
    let nowhere = S3Store::open(address, server.settings()).unwrap();
    let texts = ["s3://no-such-bucket/x", "there is no such bucket"];
    refused(nowhere.prepare().await.unwrap_err(), &texts);
    refused(nowhere.get(&key("a/b")).await.unwrap_err(), &texts);
    refused(nowhere.list(&key("a")).await.unwrap_err(), &texts);
}

/// What was acknowledged before a `kill -9` of the server is there afterwards, whole.
async fn acknowledged_puts_survive(server: &mut SeaweedFs) {
    let store = server.store("durable");
    let body = |number: usize| vec![(number % 251) as u8; 1 + number * 37];
    for number in 0..100 {
        let name = key(&format!("kept/{number}"));
        store.put(&name, body(number)).await.unwrap();
    }
    server.kill_and_restart();
    let store = server.store("durable");
    for number in 0..100 {
        let name = key(&format!("kept/{number}"));
        let mut found = store.get(&name).await;
        for _ in 0..20 {
            // The volumes report to the master some seconds after the service answers.
            if found.is_ok() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            found = store.get(&name).await;
        }
        assert!(
            found.unwrap() == Some(body(number)),
            "put {number} was lost"
        );
    }
}

/// The program on a campaign, with what it needs to reach the server.
fn run(server: &SeaweedFs, args: &[&str]) -> Ended {
    let mut command: Command = lumimill().command(args);
    server.environment(&mut command);
    let ended = Program::finish(&mut command);
    assert_no_credentials(&format!("{}{}", ended.out, ended.err));
    ended
}

#[test]
fn a_campaign_in_s3_has_the_bytes_of_a_local_one() {
    let Some(server) = SeaweedFs::start("a campaign in S3") else {
        return;
    };
    let folder = CampaignFolder::demo(12_000);
    folder.change("events = 10_000", "events = 2_000");
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let local = snapshot(&folder.output());
    folder.change("output = \"out\"", "output = \"s3://campaigns/tests/out\"");
    let file = folder.file();
    let file = file.to_str().unwrap();
    let _ = run(&server, &["run", file, "--slots", "2"]).expect_code(0);
    assert_same(&local, &objects(&server, "tests/out/demo"));
    let place = format!("s3://{BUCKET}/tests/out/demo");
    for target in [file, &place] {
        let status = run(&server, &["status", target]).expect_code(0);
        assert!(status.out.contains(" 0 failed"), "{}", status.out);
        let verified = run(&server, &["verify", target]).expect_code(0);
        assert!(
            verified.out.contains("all as their markers say"),
            "{}",
            verified.out
        );
        let _ = run(&server, &["report", target]).expect_code(0);
    }
    let again = run(&server, &["run", file]).expect_code(0);
    assert!(again.err.contains("nothing to do"), "{}", again.err);
    assert_same(&local, &objects(&server, "tests/out/demo"));
    a_damaged_object_is_found(&server, &place);
    wrong_settings_are_told(&server, file);
}

pub(crate) fn objects(server: &SeaweedFs, folder: &str) -> Snapshot {
    let (parent, name) = folder.rsplit_once('/').unwrap();
    let store = server.store(parent);
    runtime().block_on(async {
        let mut objects = BTreeMap::new();
        for object in store.list(&key(name)).await.unwrap() {
            let below = object.key.as_str()[name.len() + 1..].to_owned();
            objects.insert(below, store.get(&object.key).await.unwrap().unwrap());
        }
        objects
    })
}

/// The same objects with the same bytes; the copy of the campaign file says where it went, and
/// a folder's lock is no object.
#[track_caller]
pub(crate) fn assert_same(local: &Snapshot, remote: &Snapshot) {
    let is_output = |name: &&String| !["_lock", "campaign.toml"].contains(&name.as_str());
    let names =
        |files: &Snapshot| -> Vec<String> { files.keys().filter(is_output).cloned().collect() };
    assert_eq!(names(local), names(remote), "the same objects");
    assert!(remote.len() > 15, "several shards: {}", remote.len());
    for name in names(local) {
        assert!(local[&name] == remote[&name], "{name} differs");
    }
}

fn a_damaged_object_is_found(server: &SeaweedFs, place: &str) {
    let store = server.store("tests/out/demo");
    runtime().block_on(async {
        let parts = store.list(&key("dimuon")).await.unwrap();
        let part = parts
            .into_iter()
            .find(|object| object.key.file_name().starts_with("part-"))
            .unwrap();
        store.put(&part.key, b"not this".to_vec()).await.unwrap();
    });
    let _ = run(server, &["verify", place]).expect_code(3);
}

fn wrong_settings_are_told(server: &SeaweedFs, file: &str) {
    let with = |name: &str, value: &str| {
        let mut command = lumimill().command(&["run", file]);
        server.environment(&mut command);
        command.env(name, value);
        let ended = Program::finish(&mut command).expect_code(2);
        assert_no_credentials(&ended.err);
        ended
    };
    with("AWS_SECRET_ACCESS_KEY", "another-secret").says(&["access denied", "s3://campaigns"]);
    with("AWS_SECRET_ACCESS_KEY", "").says(&["AWS_SECRET_ACCESS_KEY is not set"]);
    with("LUMIMILL_S3_ENDPOINT", "localhost").says(&["the endpoint does not begin with http"]);
}
