use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lapin::types::{AMQPValue, FieldTable};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::super::{BEATS, DEAD, REPORTS, jobs};
use super::{DELAYS, Route, arguments as declared, retry, waiting};

#[test]
fn delays_are_rounded_up_to_those_there_are() {
    for (after, exchange) in [
        (0, "lumimill.retry.1s"),
        (4_000, "lumimill.retry.4s"),
        (4_001, "lumimill.retry.16s"),
        (256_000, "lumimill.retry.300s"),
        (u64::MAX, "lumimill.retry.1800s"),
    ] {
        let route = Route::delayed("lumimill.jobs.cpu", Duration::from_millis(after));
        assert_eq!(
            (route.exchange.as_str(), route.key.as_str()),
            (exchange, "lumimill.jobs.cpu")
        );
    }
}

/// What an administrator gives the broker beforehand.
#[derive(Deserialize)]
struct Definitions {
    users: Vec<BTreeMap<String, Value>>,
    queues: Vec<Declared>,
    exchanges: Vec<Declared>,
    bindings: Vec<Binding>,
}

#[derive(Deserialize)]
struct Declared {
    name: String,
    durable: bool,
    auto_delete: bool,
    #[serde(rename = "type")]
    kind: Option<String>,
    arguments: Value,
}

#[derive(Deserialize)]
struct Binding {
    source: String,
    destination: String,
    routing_key: String,
}

fn definitions() -> Definitions {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../deploy/rabbitmq/definitions.json"
    );
    let text = std::fs::read_to_string(path).expect("the definitions");
    serde_json::from_str(&text).expect("definitions in JSON")
}

fn arguments(table: &FieldTable) -> Value {
    let value = |value: &AMQPValue| match value {
        AMQPValue::LongString(text) => json!(String::from_utf8_lossy(text.as_bytes())),
        AMQPValue::LongInt(number) => json!(number),
        other => panic!("an argument of another kind: {other:?}"),
    };
    let entries = table.inner().iter();
    entries
        .map(|(name, found)| (name.to_string(), value(found)))
        .collect()
}

#[test]
fn an_administrators_queues_are_those_that_would_be_declared() {
    let found = definitions();
    let pools = ["cpu", "highmem", "gpu"].map(jobs);
    let names = pools.into_iter().chain([REPORTS, DEAD].map(str::to_owned));
    let mut expected: BTreeMap<String, Value> = names
        .map(|name| {
            let how = arguments(&declared(&name));
            (name, how)
        })
        .collect();
    for seconds in DELAYS {
        expected.insert(retry(seconds), arguments(&waiting(seconds)));
    }
    assert!(
        found
            .queues
            .iter()
            .all(|queue| queue.durable && !queue.auto_delete)
    );
    let queues: BTreeMap<_, _> = found
        .queues
        .into_iter()
        .map(|queue| (queue.name, queue.arguments))
        .collect();
    assert_eq!(queues, expected);
}

/// Only hints may be lost to a limit.
#[test]
fn every_queue_has_a_limit_and_none_loses_a_job_to_it() {
    for queue in definitions().queues {
        let bytes = queue.arguments.get("x-max-length-bytes");
        assert!(bytes.and_then(Value::as_u64) > Some(0), "{}", queue.name);
        let hints = queue.name == REPORTS;
        let overflow = if hints { "drop-head" } else { "reject-publish" };
        assert_eq!(queue.arguments["x-overflow"], overflow, "{}", queue.name);
    }
}

#[test]
fn an_administrators_exchanges_are_those_that_would_be_declared() {
    let found = definitions();
    let mut expected: BTreeSet<String> = DELAYS.into_iter().map(retry).collect();
    for binding in &found.bindings {
        assert_eq!(binding.source, binding.destination);
        assert_eq!(binding.routing_key, "");
    }
    let bound: BTreeSet<_> = found.bindings.into_iter().map(|one| one.source).collect();
    assert_eq!(bound, expected);
    expected.insert(BEATS.to_owned());
    for exchange in &found.exchanges {
        assert_eq!(exchange.kind.as_deref(), Some("fanout"));
        assert!(exchange.durable && !exchange.auto_delete);
        assert_eq!(exchange.arguments, json!({}));
    }
    let exchanges: BTreeSet<_> = found.exchanges.into_iter().map(|one| one.name).collect();
    assert_eq!(exchanges, expected);
}

#[test]
fn no_password_is_in_the_definitions() {
    for user in definitions().users {
        let fields: Vec<&str> = user.keys().map(String::as_str).collect();
        assert_eq!(fields, ["name", "tags"]);
    }
}
