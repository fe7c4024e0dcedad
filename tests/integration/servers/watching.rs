//! A campaign that is looked at while it is done: every shard is somewhere, and what is said of the
//! moment is so.

use lumimill_common::job::{Beat, unpack};
use lumimill_common::queue::BEATS;
use lumimill_tests::{Cluster, SLOW};
use serde_json::Value;

use crate::faults::{CAMPAIGN, Post, STAGE, WORKERS};
use crate::pool::SECOND_STAGE;
use crate::{lumimill, lumimill_worker};

#[test]
fn a_running_campaign_says_how_far_it_is() {
    let test = "a_running_campaign_says_how_far_it_is";
    let Some(mut site) = Cluster::start(test, lumimill(), lumimill_worker()) else {
        return;
    };
    let folder = site.campaign(12_000, 500);
    let text = std::fs::read_to_string(folder.file()).unwrap();
    folder.write("campaign.toml", format!("{text}{SECOND_STAGE}"));
    let file = folder.file();
    let file = file.to_str().unwrap();
    // Each holds its first jobs when their events are behind it, for longer than a heartbeat.
    site.set(SLOW, "processed:3:6");
    site.serve("serve", &[]);
    for name in WORKERS {
        site.worker(name, &["--slots", "1"]);
    }
    let post = Post::at(&site);
    let _ = site.run(&["submit", file]).expect_code(0);
    post.hear(BEATS, |message| {
        let beat: Beat = unpack(message).unwrap();
        beat.running.iter().any(|job| job.entries > 0)
    });
    wait_for_json(&site, file);
    wait_for_text(&site, file);
    site.wait_for_campaign(CAMPAIGN);
    let status = json(&site, file);
    assert_eq!(status["state"], "ended", "{status:#}");
    for stage in status["stages"].as_array().unwrap() {
        assert_eq!(stage["done"], stage["shards"], "{stage:#}");
        assert_eq!(stage["events_done"], stage["events"], "{stage:#}");
    }
    let text = site.run(&["status", file]).expect_code(0).out;
    assert!(text.contains("at its end"), "{text}");
    assert!(
        text.contains(&format!("[{}] 100%", "#".repeat(24))),
        "{text}"
    );
}

fn json(site: &Cluster, file: &str) -> Value {
    let status = site.run(&["status", file, "--json"]).expect_code(0);
    serde_json::from_str(&status.out).unwrap()
}

fn number(value: &Value) -> u64 {
    value
        .as_u64()
        .unwrap_or_else(|| panic!("{value} is no number"))
}

/// Waits until the first stage is in the midst of it, all three work and their pace is known.
fn wait_for_json(site: &Cluster, file: &str) {
    let mut last = Value::Null;
    site.wait_until("a status in the midst of it", |site| {
        let status = json(site, file);
        let stages = status["stages"].as_array().unwrap();
        stages.iter().for_each(assert_adds_up);
        assert_eq!(status["state"], "running", "too late: {status:#}\n{last:#}");
        let first = &stages[0];
        let is_in_it = ["done", "queued"]
            .iter()
            .all(|state| number(&first[*state]) > 0);
        let all_work = number(&first["running"]) == WORKERS.len() as u64;
        let has_pace = status["events_per_second"].as_f64() > Some(0.0);
        last = status;
        is_in_it && all_work && has_pace
    });
    assert_eq!(last["served"], true, "{last:#}");
    let (first, second) = (&last["stages"][0], &last["stages"][1]);
    // Neither reads the other: both are out.
    assert_eq!(second["planned"], 0, "{last:#}");
    assert_eq!(
        second["events"], first["events"],
        "of the same files: {last:#}"
    );
    let left: u64 = [first, second]
        .iter()
        .map(|stage| number(&stage["events"]) - number(&stage["events_done"]))
        .sum();
    let pace = last["events_per_second"].as_f64().unwrap();
    let seconds = number(&last["eta_seconds"]) as f64;
    assert!((seconds - left as f64 / pace).abs() <= 1.0, "{last:#}");
    let workers = last["workers"].as_array().unwrap();
    assert_eq!(workers.len(), WORKERS.len(), "{last:#}");
    for worker in workers {
        assert_eq!(
            (number(&worker["slots"]), &worker["pool"]),
            (1, &Value::from("cpu"))
        );
        assert!(number(&worker["memory"]) > 1 << 20, "{worker:#}");
    }
}

/// A shard is in one of the states.
fn assert_adds_up(stage: &Value) {
    let states = ["planned", "queued", "running", "done", "failed", "dead"];
    let sum: u64 = states.iter().map(|state| number(&stage[*state])).sum();
    assert_eq!(sum, number(&stage["shards"]), "{stage:#}");
}

/// The same for people, who read it line by line.
fn wait_for_text(site: &Cluster, file: &str) {
    let mut text = String::new();
    site.wait_until("a status in the midst of it", |site| {
        text = site.run(&["status", file]).expect_code(0).out;
        let lines = [STAGE, "muons"].map(|stage| stage_line(&text, stage).to_owned());
        lines.iter().for_each(|line| assert_line_adds_up(line));
        assert!(text.contains("running, 3 workers"), "too late: {text}");
        count(&lines[0], "running") == 3 && text.contains(" events/s, ETA ")
    });
    assert!(text.contains(" of 3 slots busy"), "{text}");
    let second = stage_line(&text, "muons");
    assert!(count(second, "queued") > 10, "both are out: {text}");
}

fn stage_line<'a>(text: &'a str, stage: &str) -> &'a str {
    let begins = format!("  stage {stage} [");
    let line = text.lines().find(|line| line.starts_with(&begins));
    line.unwrap_or_else(|| panic!("no stage {stage} in {text}"))
}

/// What a line says of a state; 0 when it says nothing.
fn count(line: &str, state: &str) -> u64 {
    let mut parts = line.split([',', ';', ':']).map(str::trim);
    let part = parts.find(|part| part.ends_with(state));
    part.map_or(0, first_number)
}

fn first_number(text: &str) -> u64 {
    let word = text.split(' ').next().unwrap();
    word.parse()
        .unwrap_or_else(|_| panic!("no number in {text:?}"))
}

fn assert_line_adds_up(line: &str) {
    let all = line.split(" of ").nth(1).map(first_number).unwrap();
    let states = [
        "shards done",
        "failed",
        "dead",
        "running",
        "queued",
        "planned",
    ];
    let sum: u64 = states.iter().map(|state| count(line, state)).sum();
    assert_eq!(sum, all, "{line}");
    let events = line.split("; ").nth(1).unwrap();
    let of = events.split(" of ").nth(1).map(first_number).unwrap();
    let share = first_number(events) as f64 / of as f64;
    assert_eq!(line.matches('#').count(), (share * 24.0) as usize, "{line}");
    let percent = format!("] {:>3}%:", (share * 100.0) as u64);
    assert!(line.contains(&percent), "{line}");
}
