//! S3-compatible storage behind a line that breaks: the store's contract holds, and what cannot
//! be done fails in time, may be tried again, and leaves nothing behind.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use lumimill_common::store::{S3Settings, S3Store, Store, StoreError, conformance};
use lumimill_tests::{
    CampaignFolder, FaultProxy, HttpFault, HttpRequest, Program, SeaweedFs, at_random, snapshot,
};

use crate::lumimill;
use crate::s3::{assert_no_credentials, assert_same, key, objects, runtime};

const SEED: u64 = 20_161_116;
/// Attempts at one request, the first included.
const ATTEMPTS: u64 = 9;
/// Smallest part of an upload.
const PART: u64 = 5 << 20;

/// Settings of a client behind the proxy that gives up in seconds.
fn settings(server: &SeaweedFs, proxy: &FaultProxy) -> S3Settings {
    let endpoint = format!("http://{}", proxy.address());
    server
        .settings_changed(&[("LUMIMILL_S3_ENDPOINT", &endpoint)])
        .patience(Duration::from_secs(2))
}

fn store(server: &SeaweedFs, proxy: &FaultProxy, folder: &str) -> S3Store {
    let address = format!("s3://campaigns/{folder}").parse().unwrap();
    S3Store::open(address, settings(server, proxy).part(PART)).unwrap()
}

#[track_caller]
fn assert_transient(error: &StoreError) {
    assert!(error.is_transient(), "{error}");
    assert_no_credentials(&format!("{error} {error:?}"));
}

#[test]
fn the_contract_of_a_store_holds_on_a_line_that_breaks() {
    let Some(server) = SeaweedFs::start("the contract of a store on a line that breaks") else {
        return;
    };
    let proxy = FaultProxy::http_to(server.port());
    runtime().block_on(async {
        without_conditional_requests(&server, &proxy).await;
        answers_that_are_lost(&server, &proxy).await;
        a_third_of_all_requests_fails(&server, &proxy).await;
        slow_answers_and_short_connections(&server, &proxy).await;
        a_service_that_only_refuses(&server, &proxy).await;
        a_partition_ends_in_time(&server, &proxy).await;
    });
}

/// Turns are what is left, and `prepare` says so.
async fn without_conditional_requests(server: &SeaweedFs, proxy: &FaultProxy) {
    proxy.inject(|request| {
        let conditional = request.header("if-none-match").is_some();
        conditional.then_some(HttpFault::NOT_IMPLEMENTED)
    });
    let store = store(server, proxy, "without-conditions");
    assert!(!store.prepare().await.unwrap(), "it is noticed");
    conformance::check(&store).await;
    assert_eq!(proxy.faults(), 1, "it is tried once");
    proxy.pass();
    // One that knows only the condition that there is none.
    let faults = proxy.faults();
    proxy.inject(|request| {
        let conditional = request.header("if-match").is_some();
        conditional.then_some(HttpFault::NOT_IMPLEMENTED)
    });
    let store = self::store(server, proxy, "without-versions");
    assert!(store.prepare().await.unwrap(), "this one it knows");
    conformance::check(&store).await;
    assert_eq!(proxy.faults() - faults, 1, "it is tried once");
    proxy.pass();
    turns_of_the_dead_end(server, proxy).await;
}

/// Who died while it was their turn is waited for, not for ever; nobody else has it meanwhile.
async fn turns_of_the_dead_end(server: &SeaweedFs, proxy: &FaultProxy) {
    proxy.inject(|request| {
        let conditional = request.header("if-none-match").is_some();
        conditional.then_some(HttpFault::NOT_IMPLEMENTED)
    });
    let store = store(server, proxy, "left-turns");
    let (name, left) = (key("a/told"), key("a/told.turns/of-the-dead"));
    store.put(&left, Vec::new()).await.unwrap();
    let soon = Duration::from_secs(2);
    let put = tokio::time::timeout(soon, store.put_if_absent(&name, vec![1])).await;
    assert!(put.is_err(), "it is somebody else's turn");
    assert_eq!(store.get(&name).await.unwrap(), None);
    store.delete(&left).await.unwrap();
    assert!(store.put_if_absent(&name, vec![1]).await.unwrap());
    let left = store.list(&key("a/told.turns")).await.unwrap();
    assert!(left.is_empty(), "{left:?}");
    proxy.pass();
}

/// Loses the answer to the first request of a kind.
fn lose_first(
    of: impl Fn(&HttpRequest) -> bool + Send + Sync + 'static,
) -> impl Fn(&HttpRequest) -> Option<HttpFault> + Send + Sync + 'static {
    let lost = AtomicBool::new(false);
    move |request| {
        let now = of(request) && !lost.swap(true, Ordering::SeqCst);
        now.then_some(HttpFault::LoseAnswer)
    }
}

/// What was done is not done again, nor said to have failed.
async fn answers_that_are_lost(server: &SeaweedFs, proxy: &FaultProxy) {
    let store = store(server, proxy, "lost-answers");
    assert!(store.prepare().await.unwrap(), "conditional requests work");
    let faults = proxy.faults();
    proxy.inject(lose_first(|request| {
        request.header("if-none-match").is_some()
    }));
    let name = key("stage/_done/1");
    let won = store.put_if_absent(&name, b"mine".to_vec()).await.unwrap();
    assert!(won, "the put whose answer was lost did win");
    let (_, version) = store.get_version(&name).await.unwrap().unwrap();
    // The service is asked before whether it knows such a condition.
    let none = key("stage/none");
    let other = store.put_if_version(&none, Vec::new(), &version);
    assert!(!other.await.unwrap(), "there is none");
    proxy.inject(lose_first(|request| request.header("if-match").is_some()));
    let won = store.put_if_version(&name, b"more".to_vec(), &version);
    assert!(won.await.unwrap(), "and so did this one");
    proxy.inject(lose_first(|request| request.method == "DELETE"));
    store.delete(&name).await.unwrap();
    let bytes = large();
    let name = key("stage/part-1.parquet");
    for kind in ["POST", "PUT"] {
        proxy.inject(lose_first(move |request| {
            request.method == kind && request.target.contains("uploadId=")
        }));
        let file = store.scratch().join("large");
        std::fs::write(&file, &bytes).unwrap();
        store.put_file(&name, &file).await.unwrap();
        assert!(store.get(&name).await.unwrap().as_ref() == Some(&bytes));
        store.delete(&name).await.unwrap();
    }
    assert_eq!(proxy.faults() - faults, 5, "answers were lost");
    an_upload_is_finished_once(&store, proxy).await;
    assert_eq!(server.unfinished_uploads(), Vec::<String>::new());
    proxy.pass();
}

/// Services forget an upload when it is finished, so that the second attempt after a lost answer
/// is told that there is none; so is one whose upload was removed meanwhile.
async fn an_upload_is_finished_once(store: &S3Store, proxy: &FaultProxy) {
    const GONE: HttpFault = HttpFault::Answer {
        status: 404,
        code: "NoSuchUpload",
    };
    let (bytes, name) = (large(), key("stage/part-2.parquet"));
    let file = store.scratch().join("large");
    std::fs::write(&file, &bytes).unwrap();
    for first in [GONE, HttpFault::LoseAnswer] {
        let finished = AtomicBool::new(false);
        proxy.inject(move |request| {
            let finishes = request.method == "POST" && request.target.contains("uploadId=");
            let again = finishes && finished.swap(true, Ordering::SeqCst);
            finishes.then_some(if again { GONE } else { first })
        });
        let put = store.put_file(&name, &file).await;
        match first {
            GONE => assert_transient(&put.unwrap_err()),
            _ => put.unwrap(),
        }
        let kept = store.get(&name).await.unwrap();
        assert_eq!(kept.is_some(), first != GONE, "{first:?}");
    }
    assert!(store.get(&name).await.unwrap() == Some(bytes));
}

async fn a_third_of_all_requests_fails(server: &SeaweedFs, proxy: &FaultProxy) {
    let (requests, faults) = (proxy.requests(), proxy.faults());
    for seed in SEED..SEED + 4 {
        eprintln!("faults from seed {seed}");
        proxy.inject(at_random(seed, 1.0 / 3.0, failures(), ATTEMPTS as u32 - 1));
        let store = store(server, proxy, &format!("a-third-{seed}"));
        assert!(store.prepare().await.unwrap(), "conditional requests work");
        conformance::check(&store).await;
    }
    let (requests, faults) = (proxy.requests() - requests, proxy.faults() - faults);
    assert!(faults * 6 > requests, "{faults} of {requests} failed");
    proxy.pass();
}

/// The service's own failures, and connections that end before and after the request.
fn failures() -> Vec<HttpFault> {
    vec![
        HttpFault::INTERNAL_ERROR,
        HttpFault::SLOW_DOWN,
        HttpFault::Reset,
        HttpFault::LoseAnswer,
    ]
}

async fn slow_answers_and_short_connections(server: &SeaweedFs, proxy: &FaultProxy) {
    proxy.slow(Duration::from_millis(10));
    conformance::check_small(&store(server, proxy, "slow")).await;
    proxy.pass();
    for (bytes, folder) in [(1_500, "short"), (2_500, "less-short")] {
        let (connections, faults) = (proxy.connections(), proxy.faults());
        proxy.cut_after(bytes);
        conformance::check_small(&store(server, proxy, folder)).await;
        assert!(proxy.faults() - faults > 2, "connections were cut");
        assert!(proxy.connections() - connections < 60, "and made anew");
        proxy.pass();
        // Connections that are still open would be cut later.
        proxy.cut();
    }
}

/// Gives up after as many requests as it has attempts, soon.
async fn a_service_that_only_refuses(server: &SeaweedFs, proxy: &FaultProxy) {
    let store = store(server, proxy, "refusing");
    store.prepare().await.unwrap();
    proxy.inject(|_| Some(HttpFault::SLOW_DOWN));
    let requests = proxy.requests();
    let name = key("a/b");
    let errors = [
        store.put(&name, vec![1]).await.unwrap_err(),
        store.put_if_absent(&name, vec![1]).await.unwrap_err(),
        store.get(&name).await.unwrap_err(),
        store.list(&name).await.unwrap_err(),
        store.delete(&name).await.unwrap_err(),
    ];
    for error in &errors {
        assert_transient(error);
        assert!(error.to_string().contains("503 (SlowDown)"), "{error}");
    }
    assert_eq!(proxy.requests() - requests, ATTEMPTS * errors.len() as u64);
    proxy.pass();
    store.put(&name, vec![1]).await.unwrap();
}

/// A black hole is told in seconds; when it ends, the same store works. A put that was given up
/// may still arrive then, so it is repeated with the same bytes, as a job is.
async fn a_partition_ends_in_time(server: &SeaweedFs, proxy: &FaultProxy) {
    let address = "s3://campaigns/partition".parse().unwrap();
    let patience = Duration::from_millis(500);
    let settings = settings(server, proxy).patience(patience);
    let store = S3Store::open(address, settings).unwrap();
    let name = key("a/b");
    store.put(&name, vec![1; 1 << 20]).await.unwrap();
    let again = vec![2; 1 << 20];
    proxy.partition();
    let begun = Instant::now();
    let (got, put) = tokio::join!(store.get(&name), store.put(&name, again.clone()));
    let took = begun.elapsed();
    eprintln!("a partition was told in {took:?}");
    assert_transient(&got.unwrap_err());
    assert_transient(&put.unwrap_err());
    assert!(took >= patience, "{took:?}");
    proxy.heal();
    store.put(&name, again.clone()).await.unwrap();
    assert!(store.get(&name).await.unwrap() == Some(again));
}

/// 13 MB: three parts.
fn large() -> Vec<u8> {
    let byte = |n: u32| (n.wrapping_mul(2_654_435_761) >> 24) as u8;
    (0..13_000_001).map(byte).collect()
}

fn is_second_part(request: &HttpRequest) -> bool {
    request.target.contains("partNumber=2")
}

#[test]
fn uploads_that_break_off_leave_nothing() {
    let Some(server) = SeaweedFs::start("uploads that break off leave nothing") else {
        return;
    };
    let proxy = FaultProxy::http_to(server.port());
    runtime().block_on(async {
        let store = store(&server, &proxy, "broken-off");
        store.prepare().await.unwrap();
        let (bytes, name) = (large(), key("stage/part-1.parquet"));
        let file = store.scratch().join("large");
        std::fs::write(&file, &bytes).unwrap();
        // The second part never arrives: the upload is taken back.
        proxy.inject(|request| is_second_part(request).then_some(HttpFault::Reset));
        assert_transient(&store.put_file(&name, &file).await.unwrap_err());
        proxy.pass();
        assert_eq!(store.get(&name).await.unwrap(), None);
        assert_eq!(server.unfinished_uploads(), Vec::<String>::new());
        // Nothing arrives from the second part on: it is taken back when the service is back.
        let seen = AtomicU64::new(0);
        proxy.inject(move |request| {
            let from_now = is_second_part(request) || seen.load(Ordering::SeqCst) > 0;
            seen.fetch_add(u64::from(from_now), Ordering::SeqCst);
            from_now.then_some(HttpFault::Reset)
        });
        assert_transient(&store.put_file(&name, &file).await.unwrap_err());
        proxy.pass();
        assert_eq!(store.get(&name).await.unwrap(), None);
        assert_eq!(server.unfinished_uploads().len(), 1, "it is still there");
        store.put_file(&name, &file).await.unwrap();
        assert!(store.get(&name).await.unwrap() == Some(bytes));
        assert_eq!(server.unfinished_uploads(), Vec::<String>::new());
    });
}

#[test]
fn a_campaign_on_a_line_that_breaks_has_the_bytes_of_a_local_one() {
    let Some(server) = SeaweedFs::start("a campaign on a line that breaks") else {
        return;
    };
    let folder = CampaignFolder::demo(8_000);
    folder.change("events = 10_000", "events = 2_000");
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let local = snapshot(&folder.output());
    folder.change("output = \"out\"", "output = \"s3://campaigns/broken/out\"");
    let proxy = FaultProxy::http_to(server.port());
    eprintln!("faults from seed {SEED}");
    proxy.inject(at_random(SEED, 1.0 / 3.0, failures(), 2));
    proxy.cut_after(200_000);
    let file = folder.file();
    let args = ["run", file.to_str().unwrap(), "--slots", "6"];
    let mut command = lumimill().command(&args);
    server.environment(&mut command);
    command.env(
        "LUMIMILL_S3_ENDPOINT",
        format!("http://{}", proxy.address()),
    );
    let begun = Instant::now();
    let ended = Program::finish(&mut command).expect_code(0);
    let (requests, faults) = (proxy.requests(), proxy.faults());
    eprintln!("{faults} of {requests} failed, {:?}", begun.elapsed());
    assert!(faults * 6 > requests, "{faults} of {requests} failed");
    assert_no_credentials(&format!("{}{}", ended.out, ended.err));
    assert_same(&local, &objects(&server, "broken/out/demo"));
}
