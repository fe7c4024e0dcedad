//! Messages in the broker's terms, and back. What comes in may be anything.

use std::collections::BTreeMap;

use lapin::BasicProperties;
use lapin::message::Delivery;
use lapin::types::{AMQPValue, FieldTable, ShortString};

use super::super::{DEAD, GIVEN_UP, Message, ORIGIN, REASON};

/// Header with the number of the attempt.
const ATTEMPT: &str = "attempt";
/// Header with how often the attempt was put off.
const POSTPONED: &str = "postponed";
/// Headers must fit into one frame, all together.
const LONGEST_HEADER: usize = 4 * 1024;
const MOST_HEADERS: usize = 16;
/// Delivery mode of messages that are kept on disk.
const PERSISTENT: u8 = 2;

/// The properties under which a message is published.
pub(super) fn properties(message: &Message) -> BasicProperties {
    let mut headers = FieldTable::default();
    // What was said of its death goes before what came with it, which may be anything.
    let ours = |(name, _): &(&String, &String)| [REASON, ORIGIN].contains(&name.as_str());
    let (ours, others): (Vec<_>, Vec<_>) = message.headers.iter().partition(ours);
    for (name, value) in ours.into_iter().chain(others).take(MOST_HEADERS) {
        if let Ok(name) = ShortString::try_new(name.as_str()) {
            headers.insert(name, AMQPValue::LongString(shortened(value).into()));
        }
    }
    for (name, count) in [(ATTEMPT, message.attempt), (POSTPONED, message.postponed)] {
        headers.insert(name.into(), AMQPValue::LongLongInt(i64::from(count)));
    }
    BasicProperties::default()
        .with_delivery_mode(PERSISTENT)
        .with_content_type("application/octet-stream".into())
        .with_headers(headers)
}

fn shortened(value: &str) -> &str {
    value
        .get(..value.floor_char_boundary(LONGEST_HEADER))
        .unwrap_or(value)
}

/// What was delivered: its readable headers, and the attempt, which is 1 unless it says so.
pub(super) fn message(delivery: &mut Delivery, queue: &str) -> Message {
    let table = delivery.properties.headers().clone().unwrap_or_default();
    let entries = table.inner();
    let mut headers: BTreeMap<String, String> = entries
        .iter()
        .filter(|(name, _)| !name.as_str().starts_with("x-"))
        .filter_map(|(name, value)| Some((name.to_string(), readable(value)?)))
        .collect();
    if queue == DEAD
        && !headers.contains_key(REASON)
        && let Some((reason, origin)) = entries.get("x-death").and_then(given_up)
    {
        headers.insert(REASON.to_owned(), reason);
        headers.insert(ORIGIN.to_owned(), origin);
    }
    Message {
        body: std::mem::take(&mut delivery.data),
        headers,
        attempt: entries.get(ATTEMPT).and_then(whole).unwrap_or(1),
        postponed: entries.get(POSTPONED).and_then(whole).unwrap_or(0),
    }
}

fn readable(value: &AMQPValue) -> Option<String> {
    match value {
        AMQPValue::LongString(text) => Some(String::from_utf8_lossy(text.as_bytes()).into_owned()),
        AMQPValue::ShortString(text) => Some(text.to_string()),
        _ => None,
    }
}

fn whole(value: &AMQPValue) -> Option<u32> {
    match *value {
        AMQPValue::LongLongInt(number) => u32::try_from(number).ok(),
        AMQPValue::LongInt(number) => u32::try_from(number).ok(),
        AMQPValue::LongUInt(number) => Some(number),
        AMQPValue::ShortInt(number) => u32::try_from(number).ok(),
        AMQPValue::ShortShortInt(number) => u32::try_from(number).ok(),
        _ => None,
    }
}

/// Why the broker gave a message up, and in which queue; the last time comes first.
fn given_up(deaths: &AMQPValue) -> Option<(String, String)> {
    let AMQPValue::FieldArray(deaths) = deaths else {
        return None;
    };
    let Some(AMQPValue::FieldTable(last)) = deaths.as_slice().first() else {
        return None;
    };
    let entry = |name: &str| last.inner().get(name).and_then(readable);
    let (reason, queue) = (entry("reason")?, entry("queue")?);
    let why = match reason.as_str() {
        "delivery_limit" => {
            format!("every worker that took it from {queue} died or lost its connection")
        }
        _ => format!("{reason} in {queue}"),
    };
    Some((format!("{GIVEN_UP}: {why}"), queue))
}
