//! Input over a line that is watched, and that breaks: what is asked for, and what comes of it
//! when the answer does not come.

use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lumimill_common::store::{S3Reader, S3Settings, S3Url};
use lumimill_tests::{
    ACCESS_KEY, CampaignFolder, FaultProxy, HttpFault, HttpRequest, Program, SECRET_KEY, SeaweedFs,
    at_random,
};

use super::{FILES, assert_no_credentials, assert_same_results, command, files, put, text, url};
use crate::lumimill;

fn proxy(server: &SeaweedFs) -> FaultProxy {
    let endpoint = server.endpoint();
    let (_, port) = endpoint.rsplit_once(':').unwrap();
    FaultProxy::http_to(port.parse().unwrap())
}

/// The program, which reaches the server only over the line.
fn over(proxy: &FaultProxy, server: &SeaweedFs, args: &[&str]) -> Command {
    let mut command = command(server, args);
    command.env(
        "LUMIMILL_S3_ENDPOINT",
        format!("http://{}", proxy.address()),
    );
    command
}

/// The ranges of objects that were asked for.
#[derive(Debug, Default, Clone)]
struct Asked(Arc<Mutex<Vec<Range>>>);

#[derive(Debug, Clone, Copy)]
struct Range {
    first: u64,
    last: u64,
    of_one_version: bool,
}

impl Asked {
    fn note(&self, request: &HttpRequest) {
        let range = request.header("range").and_then(|range| {
            let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
            Some(Range {
                first: first.parse().ok()?,
                last: last.parse().ok()?,
                of_one_version: request.header("if-match").is_some(),
            })
        });
        self.0.lock().unwrap().extend(range);
    }

    /// Requests and bytes since it was last asked.
    fn so_far(&self) -> (u64, u64) {
        let ranges = std::mem::take(&mut *self.0.lock().unwrap());
        for range in &ranges {
            let opens = range.first == 0;
            assert!(opens != range.of_one_version, "{range:?}");
        }
        let bytes = ranges.iter().map(|range| range.last + 1 - range.first);
        (ranges.len() as u64, bytes.sum())
    }
}

/// Two files of 20,000 events, 3.3 MB and five clusters each, on a line that loses one request in
/// four.
#[test]
fn few_ranges_are_asked_for_and_lost_ones_again() {
    let Some(server) = SeaweedFs::start("input over a watched line") else {
        return;
    };
    let folder = CampaignFolder::demo(40_000);
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    std::fs::rename(folder.join("out"), folder.join("local")).unwrap();
    let mut size = 0;
    for name in ["dimuon_0.root", "dimuon_1.root"] {
        let file = folder.join(&format!("data/{name}"));
        size += file.metadata().unwrap().len();
        put(&server, &file, name);
    }
    folder.change(FILES, &files("*.root"));
    let proxy = proxy(&server);
    let asked = Asked::default();
    let campaign = folder.file();
    let run = |verb: &str| {
        let mut command = over(&proxy, &server, &[verb, text(&campaign)]);
        let ended = Program::finish(&mut command).expect_code(0);
        assert_no_credentials(&format!("{}{}", ended.out, ended.err));
    };

    let noted = asked.clone();
    proxy.inject(move |request| {
        noted.note(request);
        None
    });
    run("check");
    let (requests, bytes) = asked.so_far();
    eprintln!("check: {requests} requests, {bytes} bytes of {size}");
    // Found, opened for its branches and its plan and for its event numbers, and one range of run and
    // lumi section, and one with the event numbers, a cluster.
    assert!(
        requests <= 2 * (3 + 3 + 3 + 5 + 3 + 5),
        "checked with {requests} requests"
    );
    assert!(bytes * 3 < size, "checked with {bytes} bytes of {size}");
    run("plan");
    let (requests, bytes) = asked.so_far();
    eprintln!("plan: {requests} requests, {bytes} bytes of {size}");
    assert!(
        requests <= 2 * (3 + 3 + 3 + 5 + 3 + 5),
        "planned with {requests} requests"
    );
    assert!(bytes * 3 < size, "planned with {bytes} bytes of {size}");

    let (noted, faults) = (asked.clone(), random_faults());
    proxy.inject(move |request| {
        noted.note(request);
        faults(request)
    });
    run("run");
    let (requests, bytes) = asked.so_far();
    eprintln!("run: {requests} requests, {bytes} bytes of {size}");
    assert!(proxy.faults() > 0, "nothing was lost");
    // Once for the plan and once for the work, and what was lost again: more of it on a busy machine.
    assert!(bytes < 3 * size, "ran with {bytes} bytes of {size}");
    assert_same_results(&folder, "demo", "dimuon");
}

fn random_faults() -> impl Fn(&HttpRequest) -> Option<HttpFault> + Send + Sync + 'static {
    let faults = vec![
        HttpFault::SLOW_DOWN,
        HttpFault::INTERNAL_ERROR,
        HttpFault::Reset,
        HttpFault::LoseAnswer,
    ];
    at_random(11, 0.25, faults, 3)
}

/// Input and output are 40 ms away. A worker of one slot looks for the next shard, and asks for its
/// input, before the one that it does is in the store.
#[test]
fn what_is_far_away_is_asked_for_before_its_turn() {
    let Some(server) = SeaweedFs::start("input that is far away") else {
        return;
    };
    let folder = CampaignFolder::demo(40_000);
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    std::fs::rename(folder.join("out"), folder.join("local")).unwrap();
    for name in ["dimuon_0.root", "dimuon_1.root"] {
        put(&server, &folder.join(&format!("data/{name}")), name);
    }
    folder.change(FILES, &files("*.root"));
    folder.change("output = \"out\"", &format!("output = \"{}\"", url("far")));
    let proxy = proxy(&server);
    proxy.far(Duration::from_millis(40));
    let lines = Arc::new(Mutex::new(Vec::new()));
    let noted = lines.clone();
    proxy.inject(move |request| {
        let line = format!("{} {}", request.method, request.target);
        noted.lock().unwrap().push(line);
        None
    });
    let campaign = folder.file();
    let args = ["run", text(&campaign), "--slots", "1"];
    let ended = Program::finish(&mut over(&proxy, &server, &args)).expect_code(0);
    assert_no_credentials(&format!("{}{}", ended.out, ended.err));
    let lines = lines.lock().unwrap().clone();
    let at = |line: &str| {
        let found = lines.iter().enumerate();
        let found = found.filter(|(_, known)| known.starts_with(line) && known.contains("/_done/"));
        found.map(|(at, _)| at).collect::<Vec<_>>()
    };
    let (looked, done) = (at("GET"), at("PUT"));
    assert!(done.len() > 2, "{lines:#?}");
    // The second look comes before the first end.
    let second = looked.iter().find(|at| **at > looked[0]);
    assert!(second.is_some_and(|second| *second < done[0]), "{lines:#?}");
    let args = ["fetch", text(&campaign), "--output", "out"];
    let _ = Program::finish(command(&server, &args).current_dir(folder.path())).expect_code(0);
    assert_same_results(&folder, "demo", "dimuon");
}

/// A line that breaks in every answer is an error that may pass, never half of an answer.
#[test]
fn answers_that_break_off_may_be_asked_for_later() {
    let Some(server) = SeaweedFs::start("answers that break off") else {
        return;
    };
    let bytes: Vec<u8> = (0..700_000u32).map(|n| (n % 251) as u8).collect();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("object"), &bytes).unwrap();
    put(&server, &folder.path().join("object"), "object");
    let proxy = proxy(&server);
    let settings = S3Settings::read(&|name| match name {
        "AWS_ACCESS_KEY_ID" => Some(String::from(ACCESS_KEY)),
        "AWS_SECRET_ACCESS_KEY" => Some(String::from(SECRET_KEY)),
        "LUMIMILL_S3_ENDPOINT" => Some(format!("http://{}", proxy.address())),
        _ => None,
    });
    let reader = S3Reader::new(settings.unwrap()).unwrap();
    let address: S3Url = url("object").parse().unwrap();
    let object = reader.open(&address).unwrap().unwrap();
    proxy.cut_after(100_000);
    proxy.cut();
    let mut found = vec![0; 600_000];
    let error = object.read_at(5, &mut found).unwrap_err();
    assert!(error.is_transient(), "{error}");
    assert!(error.to_string().contains("broke off"), "{error}");
    proxy.pass();
    object.read_at(5, &mut found).unwrap();
    assert!(found == bytes[5..600_005]);
}
