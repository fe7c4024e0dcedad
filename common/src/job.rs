//! What travels over the queue: jobs to workers, reports back; references only, never data.

use serde::{Deserialize, Serialize};

use crate::campaign::{CampaignName, StageName};
use crate::failure::Failure;
use crate::queue::Message;
use crate::shard::ShardId;
use crate::wire::{Content, WireError, decode, encode};

/// A shard to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The campaign, to be looked up in the store.
    pub campaign: CampaignName,
    /// Digest of the plan (see [`crate::control::plan_digest`]) that the campaign must have;
    /// otherwise the job is out of date.
    pub plan: String,
    /// The stage.
    pub stage: StageName,
    /// The shard, to be looked up in the plan.
    pub shard: ShardId,
}

/// What became of an attempt at a shard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The campaign.
    pub campaign: CampaignName,
    /// The stage.
    pub stage: StageName,
    /// The shard.
    pub shard: ShardId,
    /// Who tried.
    pub worker: String,
    /// Which try it was, from 1.
    pub attempt: u32,
    /// How it ended.
    pub outcome: Outcome,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

/// How a worker is, told every few seconds to whoever listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beat {
    /// Its name: host and process.
    pub worker: String,
    /// Pool that it takes jobs of.
    pub pool: String,
    /// Jobs that it does at a time.
    pub slots: u32,
    /// Jobs that it does now.
    pub running: Vec<Running>,
    /// Entries processed since it began, those of attempts that failed left out.
    pub entries: u64,
    /// Shards done since it began.
    pub done: u64,
    /// Attempts that failed since it began.
    pub failed: u64,
    /// Memory in use, in bytes.
    pub memory: u64,
}

/// A job that a worker does now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// The campaign.
    pub campaign: CampaignName,
    /// The shard.
    pub shard: ShardId,
    /// Which try it is, from 1.
    pub attempt: u32,
    /// Seconds since it began.
    pub seconds: u64,
    /// Entries behind it.
    pub entries: u64,
}

impl Content for Beat {
    const NAME: &'static str = "heartbeat";
    const KIND: u8 = 3;
    const VERSION: u16 = 1;
}

impl Labelled for Beat {
    fn labels(&self) -> Vec<(&'static str, String)> {
        vec![("worker", self.worker.clone()), ("pool", self.pool.clone())]
    }
}

impl Content for Job {
    const NAME: &'static str = "job";
    const KIND: u8 = 1;
    const VERSION: u16 = 1;
}

impl Content for Report {
    const NAME: &'static str = "report";
    const KIND: u8 = 2;
    const VERSION: u16 = 1;
}

/// A content that has facts for people who look at the queue.
pub trait Labelled: Content {
    /// The facts, by the name of their header.
    fn labels(&self) -> Vec<(&'static str, String)>;
}

impl Labelled for Job {
    fn labels(&self) -> Vec<(&'static str, String)> {
        vec![
            ("campaign", self.campaign.to_string()),
            ("stage", self.stage.to_string()),
            ("shard", self.shard.to_string()),
        ]
    }
}

impl Labelled for Report {
    fn labels(&self) -> Vec<(&'static str, String)> {
        vec![
            ("campaign", self.campaign.to_string()),
            ("stage", self.stage.to_string()),
            ("shard", self.shard.to_string()),
            ("worker", self.worker.clone()),
        ]
    }
}

/// Packs a job or a report. Which attempt it is travels beside it, not in it, so that a message
/// is tried again as it is.
pub fn pack<T: Labelled>(attempt: u32, content: &T) -> Result<Message, WireError> {
    let labels = content.labels().into_iter();
    Ok(Message {
        body: encode(content)?,
        headers: labels
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
        attempt,
        postponed: 0,
    })
}

/// Unpacks a job or a report.
pub fn unpack<T: Content>(message: &Message) -> Result<T, WireError> {
    decode(&message.body)
}
