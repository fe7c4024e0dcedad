//! Each reason to wait is said, and nothing else is.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use lumimill_common::control::Control;
use lumimill_common::failure::{Failure, FailureKind};
use lumimill_common::shard::ShardId;

use super::super::State;
use super::{Facts, waits};
use crate::live::{Heard, Live, LiveCampaign, LiveWorker, Retries};
use crate::submission::running;

const HERE: Duration = Duration::from_secs(1);

fn control() -> Control {
    running("digest", "cpu", Path::new("/data")).unwrap()
}

fn worker(name: &str, resting: Option<&str>) -> LiveWorker {
    LiveWorker {
        name: name.to_owned(),
        pool: String::from("cpu"),
        slots: 1,
        running: 0,
        done: 0,
        failed: 0,
        memory: 0,
        conspicuous: false,
        resting: resting.map(str::to_owned),
    }
}

fn live() -> Live {
    let campaign = LiveCampaign {
        running: BTreeMap::new(),
        published: Vec::new(),
        rate: 0.0,
        trouble: None,
        put_off: Vec::new(),
        tally: None,
    };
    Live {
        campaigns: BTreeMap::from([(String::from("demo"), campaign)]),
        ..Live::default()
    }
}

/// What is said of a campaign of one shard.
fn said(
    state: State,
    control: &Control,
    heard: Option<(Live, Duration)>,
    workers: &[LiveWorker],
    retries: &[(ShardId, Option<Failure>)],
) -> Vec<String> {
    let heard = heard.map(|(live, silent)| Heard { live, silent });
    let found = waits(&Facts {
        campaign: "demo",
        state,
        control: Some(control),
        heard: heard.as_ref(),
        workers,
        retries,
    });
    let line = |wait: super::Wait| format!("{}: {}", wait.about, wait.message);
    found.into_iter().map(line).collect()
}

fn running_with(live: Live, workers: &[LiveWorker]) -> Vec<String> {
    said(State::Running, &control(), Some((live, HERE)), workers, &[])
}

#[test]
fn who_is_at_work_waits_for_nothing() {
    let workers = [worker("a", None)];
    assert_eq!(running_with(live(), &workers), [""; 0]);
    let none: [&str; 0] = [];
    assert_eq!(said(State::Ended, &control(), None, &[], &[]), none);
}

#[test]
fn a_pool_without_workers_is_named() {
    let mut live = live();
    live.waiting = BTreeMap::from([(String::from("cpu"), 7), (String::from("highmem"), 0)]);
    let mut control = control();
    control.more_pools.insert(String::from("highmem"));
    let heard = Some((live.clone(), HERE));
    let lines = said(State::Running, &control, heard, &[], &[]);
    let expected = "pool: pool cpu has no workers, 7 jobs wait: lumimill-worker --pool cpu";
    assert_eq!(lines, [expected], "what went to highmem is done");
    live.waiting.insert(String::from("highmem"), 1);
    let heard = Some((live, HERE));
    let lines = said(State::Running, &control, heard, &[worker("a", None)], &[]);
    assert!(lines[0].contains("pool highmem has no workers, 1 jobs"));
}

#[test]
fn workers_that_rest_say_why() {
    let why = Some("store: access denied");
    let workers = ["a", "b", "c", "d"].map(|name| worker(name, why));
    let workers = [workers.as_slice(), &[worker("e", None)]].concat();
    let lines = running_with(live(), &workers);
    assert_eq!(
        lines,
        ["workers: 4 of 5 workers rest (a, b, c, …): store: access denied"]
    );
}

#[test]
fn a_coordinator_is_silent_and_not_absent() {
    let silent = Duration::from_secs(75);
    let lines = said(State::Running, &control(), Some((live(), silent)), &[], &[]);
    assert_eq!(
        lines.len(),
        1,
        "of what it told nothing is believed: {lines:?}"
    );
    assert!(
        lines[0].starts_with("coordinator: the coordinator is silent for 75 s"),
        "{lines:?}"
    );
    let lines = said(State::Running, &control(), None, &[], &[]);
    assert!(
        lines[0].contains("no coordinator was ever heard of"),
        "{lines:?}"
    );
}

#[test]
fn a_broker_that_takes_nothing_is_told_from_workers_that_are_gone() {
    let mut live = live();
    live.broker = Some(String::from(
        "the broker takes no messages (connection.blocked)",
    ));
    let lines = running_with(live, &[]);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("broker: ") && lines[0].contains("connection.blocked"));
}

#[test]
fn what_keeps_the_coordinator_from_driving_it_is_said() {
    let mut live = live();
    let trouble = "declare a queue failed: import deploy/rabbitmq/definitions.json";
    let campaign = live.campaigns.get_mut("demo").unwrap();
    campaign.trouble = Some(trouble.to_owned());
    campaign.put_off = vec![Retries {
        shards: 12,
        kind: FailureKind::Store,
        message: String::from("503 SlowDown"),
    }];
    let lines = running_with(live, &[worker("a", None)]);
    assert!(lines[0].contains(trouble), "{lines:?}");
    assert_eq!(
        lines[1],
        "retry: 12 shards are tried again (store): 503 SlowDown"
    );
}

#[test]
fn what_is_tried_again_says_why() {
    let failure = |basket: u32| {
        let message = format!("basket {basket} is short");
        Some(Failure::retry(FailureKind::Input, "a.root", message))
    };
    let id = |digit: char| -> ShardId { digit.to_string().repeat(32).parse().unwrap() };
    let retries = [
        (id('0'), failure(1)),
        (id('1'), failure(2)),
        (id('2'), None),
    ];
    let heard = Some((live(), HERE));
    let lines = said(
        State::Paused,
        &control(),
        heard,
        &[worker("a", None)],
        &retries,
    );
    assert!(lines[0].contains("`lumimill resume demo`"), "{lines:?}");
    assert!(
        lines[1].starts_with("retry: 2 shards are tried again (input): basket "),
        "{lines:?}"
    );
    assert_eq!(lines[2], "retry: 1 more shards are tried again");
}
