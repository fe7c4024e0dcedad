//! What travels over the queue: jobs to workers, reports back; references only, never data.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::queue::Message;
use crate::shard::ShardId;

/// Largest body that is looked at, in bytes.
const LIMIT: usize = 64 * 1024;

/// A shard to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// The shard, to be looked up in the plan.
    pub shard: ShardId,
}

/// What became of an attempt at a shard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// The shard.
    pub shard: ShardId,
    /// Which try it was, from 1.
    pub attempt: u32,
    /// How it ended.
    pub outcome: Outcome,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Outcome {
    /// Its marker is in the store.
    Done {
        /// Rows of its output.
        rows: u64,
    },
    /// It failed, and will be tried again.
    Retrying {
        /// Why.
        failure: Failure,
    },
    /// It failed, and will not be tried again by itself.
    Failed {
        /// Why.
        failure: Failure,
    },
}

/// A body that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a message of this version: {0}")]
pub struct Unreadable(String);

/// Packs a job or a report, with its shard as a readable header.
pub fn pack<T: Serialize>(
    shard: ShardId,
    attempt: u32,
    content: &T,
) -> Result<Message, Unreadable> {
    let body = serde_json::to_vec(content).map_err(|error| Unreadable(error.to_string()))?;
    let headers = [(String::from("shard"), shard.to_string())].into();
    Ok(Message {
        body,
        headers,
        attempt,
    })
}

/// Unpacks a job or a report.
pub fn unpack<T: DeserializeOwned>(message: &Message) -> Result<T, Unreadable> {
    if message.body.len() > LIMIT {
        let length = message.body.len();
        return Err(Unreadable(format!(
            "{length} bytes, at most {LIMIT} are read"
        )));
    }
    serde_json::from_slice(&message.body).map_err(|error| Unreadable(error.to_string()))
}
