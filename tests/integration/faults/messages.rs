//! Messages that are not what they should be, on every queue while a campaign is done.

use lumimill_common::job::{Job, JobOutcome, JobReport, pack};
use lumimill_common::queue::{
    BEATS, DEAD, GIVEN_UP, Message, ORIGIN, REASON, REPORTS, Settle, jobs,
};
use lumimill_common::wire::{Content, LIMIT, encode};
use lumimill_tests::free_port;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

use super::{Post, Trial, WORKERS, metric};

#[test]
fn what_is_not_a_message_is_set_aside_on_every_queue() {
    const TEST: &str = "what_is_not_a_message_is_set_aside_on_every_queue";
    let Some(mut trial) = Trial::start(TEST) else {
        return;
    };
    let port = free_port();
    let listen = format!("127.0.0.1:{port}");
    trial.site.serve("serve", &["--listen", &listen]);
    trial.submit();
    let post = Post::at(&trial.site);
    let shards = trial.shards();
    let job = trial.job(&shards[0]);
    let spoilt = spoilt(&job);
    // In front of the workers, and in the midst of their work.
    let mut expected = spoil(&post, &jobs("cpu"), &spoilt);
    for name in WORKERS {
        trial.start_worker(name);
    }
    expected.extend(spoil(&post, REPORTS, &spoilt));
    expected.extend(spoil_reports(&post, &job));
    expected.extend(undoable(&post, &job));
    expected.extend(dead_on_arrival(&post, &job));
    expected.extend(by_way_of_a_retry(&mut trial, &post));
    for (_, message) in &spoilt {
        post.tell(BEATS, message.clone());
    }
    trial.assert_undisturbed();
    trial.site.wait_until("the last letter", |_| {
        metric(port, "lumimill_coordinator_dead_letters_total") >= expected.len() as u64
    });
    assert_letters(&trial, &expected);
    let unreadable = metric(port, "lumimill_coordinator_unreadable_messages_total");
    let heard = 2 * spoilt.len() as u64 + 1;
    assert_eq!(unreadable, heard, "reports and heartbeats");
    for name in ["serve", "w0", "w1", "w2", "odd"] {
        assert_eq!(trial.site.ended(name), None, "{name} lives");
    }
    let logs = trial.site.logs();
    assert!(!logs.contains("panicked"), "{logs}");
    // What is no job of a pool cannot be sent again, and stays where people see it.
    let replayed = trial.site.run(&["dead", "replay", "--all"]).expect_code(0);
    let sent = format!("2 of {} letters", expected.len());
    assert!(replayed.out.contains(&sent), "{}", replayed.out);
    trial.assert_undisturbed();
}

/// A letter that is expected: its queue, and words of its reason.
type Expected = (String, &'static str);

#[track_caller]
fn assert_letters(trial: &Trial, expected: &[Expected]) {
    let listed = trial.site.run(&["dead", "list", "--json"]).expect_code(0);
    let letters: Vec<Value> = serde_json::from_str(&listed.out).unwrap();
    let mut left: Vec<(&str, &str)> = letters
        .iter()
        .map(|letter| {
            let text = |name: &str| letter[name].as_str().unwrap();
            (text("queue"), text("reason"))
        })
        .collect();
    for (queue, reason) in expected {
        let is_it = |found: &(&str, &str)| found.0 == queue && found.1.contains(reason);
        let found = left.iter().position(is_it);
        let found = found.unwrap_or_else(|| panic!("no {reason:?} from {queue} in {left:#?}"));
        left.swap_remove(found);
    }
    assert!(left.is_empty(), "nobody expected {left:#?}");
    let list = trial.site.run(&["dead", "list"]).expect_code(0);
    let count = format!("{} dead letters", expected.len());
    assert!(list.out.contains(&count), "{}", list.out);
}

fn message(body: impl Into<Vec<u8>>) -> Message {
    Message {
        body: body.into(),
        attempt: 1,
        ..Message::default()
    }
}

/// Bytes that are neither a job nor a report nor a heartbeat, and what is said about each.
fn spoilt(job: &Job) -> Vec<(&'static str, Message)> {
    let whole = encode(job).unwrap();
    let changed = |place: usize, value: u8| {
        let mut bytes = whole.clone();
        bytes[place] = value;
        message(bytes)
    };
    let mut crowded = message("with more headers than are kept");
    crowded.attempt = 0;
    for number in 0..40 {
        let name = format!("a{number:02}");
        crowded.headers.insert(name, "x".repeat(2_000));
    }
    vec![
        ("0 bytes, too short", message("")),
        (
            "not a message of lumimill",
            message("GET / HTTP/1.1\r\n\r\n"),
        ),
        ("65537 bytes, at most", message(vec![0xff; LIMIT + 1])),
        ("1048576 bytes", message(vec![b'L'; 1 << 20])),
        ("written by a newer lumimill", changed(4, 2)),
        ("kind 200", changed(5, 200)),
        ("not a message of lumimill", crowded),
    ]
}

fn spoil(post: &Post, queue: &str, spoilt: &[(&'static str, Message)]) -> Vec<Expected> {
    for (_, message) in spoilt {
        post.publish(queue, message.clone());
    }
    let reasons = spoilt.iter().map(|(reason, _)| *reason);
    reasons.map(|reason| (queue.to_owned(), reason)).collect()
}

fn spoil_reports(post: &Post, job: &Job) -> Vec<Expected> {
    post.publish(REPORTS, pack(1, job).unwrap());
    vec![(REPORTS.to_owned(), "kind 1, expected report")]
}

/// A job that whoever forges messages could write.
#[derive(Serialize, Deserialize)]
struct Forged {
    campaign: String,
    plan: String,
    stage: String,
    shard: String,
    is_new: bool,
}

impl Content for Forged {
    const NAME: &'static str = "job";
    const KIND: u8 = Job::KIND;
    const VERSION: u16 = Job::VERSION;
}

/// Messages of the right form that no worker can do anything about.
fn undoable(post: &Post, job: &Job) -> Vec<Expected> {
    let queue = jobs("cpu");
    let whole = encode(job).unwrap();
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let mut newer = whole.clone();
    newer[6] = 9;
    let report = JobReport {
        campaign: job.campaign.clone(),
        plan: job.plan.clone(),
        stage: job.stage.clone(),
        shard: job.shard,
        worker: String::from("lost"),
        attempt: 1,
        outcome: JobOutcome::Done { rows: 1 },
    };
    let forged = |campaign: &str, stage: &str| {
        let forged = Forged {
            campaign: campaign.to_owned(),
            plan: job.plan.clone(),
            stage: stage.to_owned(),
            shard: job.shard.to_string(),
            is_new: true,
        };
        encode(&forged).unwrap()
    };
    let bodies = [
        ("is damaged", flipped),
        ("job of version 9", newer),
        ("the envelope announces", whole[..whole.len() - 5].to_vec()),
        ("expected job (1)", encode(&report).unwrap()),
        ("\"../demo\" is not a name", forged("../demo", "dimuon")),
        ("\"../_dead\" is not a name", forged("demo", "../_dead")),
        ("\"/etc/passwd\" is not a name", forged("/etc/passwd", "a")),
        (
            "was not submitted to this store",
            forged("nobody", "dimuon"),
        ),
        ("is not in the plan", forged("demo", "other")),
    ];
    let mut expected = Vec::new();
    for (reason, body) in bodies {
        post.publish(&queue, message(body));
        expected.push((queue.clone(), reason));
    }
    // Out of date is no mistake: it is dropped.
    let old = Job {
        plan: String::from("of last week"),
        ..job.clone()
    };
    post.publish(&queue, pack(1, &old).unwrap());
    expected
}

/// Letters that nobody gave up.
fn dead_on_arrival(post: &Post, job: &Job) -> Vec<Expected> {
    post.publish(DEAD, message("out of the blue"));
    let forged = |queue: &str, attempt: u32| {
        let mut message = pack(attempt, job).unwrap();
        let reason = format!("{GIVEN_UP}: or so it says");
        message.headers.insert(REASON.to_owned(), reason);
        message.headers.insert(ORIGIN.to_owned(), queue.to_owned());
        message
    };
    // One that may be true is tried again; no other is sent where it says.
    post.publish(DEAD, forged(&jobs("cpu"), 1));
    let nowhere = "x".repeat(300);
    let mut expected = vec![("unknown".to_owned(), "nobody said why")];
    for queue in ["lumimill.retry.1s", &nowhere] {
        post.publish(DEAD, forged(queue, 1));
        expected.push((queue.to_owned(), "or so it says"));
    }
    expected
}

/// A worker of another pool gets what was put off before it came.
fn by_way_of_a_retry(trial: &mut Trial, post: &Post) -> Vec<Expected> {
    let queue = jobs("odd");
    post.publish(&queue, message("to be put off"));
    let after = Duration::from_secs(1);
    let _ = post.take(&queue, 1, &Settle::Later { after });
    let arguments = ["--slots", "1", "--pool", "odd"];
    trial.site.worker("odd", &arguments);
    vec![(queue, "not a message of lumimill")]
}
