//! What travels over the queue: jobs to workers, reports back; references only, never data.

use serde::{Deserialize, Serialize};

use crate::campaign::{CampaignName, StageName};
use crate::failure::Failure;
#[cfg(doc)]
use crate::marker::pack;
use crate::printable::printable;
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
    /// Whether nothing of it was in the store when it was published, and no job of it before: whoever is
    /// the first to get it need not look.
    pub is_new: bool,
}

/// What became of an attempt at a shard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobReport {
    /// The campaign.
    pub campaign: CampaignName,
    /// Digest of the plan that the job was of.
    pub plan: String,
    /// The stage.
    pub stage: StageName,
    /// The shard.
    pub shard: ShardId,
    /// Who tried.
    pub worker: String,
    /// Which try it was, from 1.
    pub attempt: u32,
    /// How it ended.
    pub outcome: JobOutcome,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobOutcome {
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
    /// It is not wanted any more, by a campaign that was cancelled or has another plan by now; whoever
    /// had it before, and died, may have left parts of it.
    Dropped,
    /// Its marker is in the store, and these are its bytes.
    Marked {
        /// Rows of its output.
        rows: u64,
        /// What was put there, at most [`pack::LARGEST`] bytes; the store alone says what is there.
        marker: String,
    },
}

impl JobOutcome {
    /// Whether the shard is said to be done.
    #[must_use]
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done { .. } | Self::Marked { .. })
    }
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
    /// Why it takes nothing new at the moment, if so.
    pub resting: Option<String>,
    /// Whether it ends with this, so that it is heard of no more.
    pub ended: bool,
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

/// More than any worker has or did, ever: of slots, of entries and shards, of bytes of memory, and
/// of seconds.
const MOST_SLOTS: u32 = 65_535;
const MOST_THINGS: u64 = 1 << 53;
const MOST_MEMORY: u64 = 1 << 50;
const MOST_SECONDS: u64 = 10 * 366 * 86_400;
/// Bytes of a name.
const LONGEST_NAME: usize = 255;
/// Bytes of a reason.
const LONGEST_REASON: usize = 4096;

impl Beat {
    /// Whether a worker can be so; what it says is added up with what others say, and shown.
    ///
    /// # Errors
    /// What of it cannot be.
    pub fn check(&self) -> Result<(), &'static str> {
        let is_name = |name: &str| {
            (1..=LONGEST_NAME).contains(&name.len()) && printable(name).as_ref() == name
        };
        let is_possible =
            |running: &Running| running.seconds <= MOST_SECONDS && running.entries <= MOST_THINGS;
        let counts = [self.entries, self.done, self.failed];
        let at_once = u64::from(self.slots).saturating_mul(3).max(3);
        for (is_wrong, what) in [
            (!is_name(&self.worker), "the name of the worker"),
            (!is_name(&self.pool), "the name of the pool"),
            (self.slots > MOST_SLOTS, "the number of slots"),
            (
                self.resting
                    .as_ref()
                    .is_some_and(|why| why.len() > LONGEST_REASON),
                "why it rests",
            ),
            (
                self.running.len() as u64 > at_once,
                "the number of jobs under way",
            ),
            (counts.iter().any(|count| *count > MOST_THINGS), "a count"),
            (self.memory > MOST_MEMORY, "the memory"),
            (!self.running.iter().all(is_possible), "a job under way"),
        ] {
            if is_wrong {
                return Err(what);
            }
        }
        Ok(())
    }
}

impl Content for Beat {
    const NAME: &'static str = "heartbeat";
    const KIND: u8 = 3;
    const VERSION: u16 = 2;
}

impl Labelled for Beat {
    fn labels(&self) -> Vec<(&'static str, String)> {
        vec![("worker", self.worker.clone()), ("pool", self.pool.clone())]
    }
}

impl Content for Job {
    const NAME: &'static str = "job";
    const KIND: u8 = 1;
    const VERSION: u16 = 2;
}

impl Content for JobReport {
    const NAME: &'static str = "report";
    const KIND: u8 = 2;
    const VERSION: u16 = 3;
    // Which knew no outcome with a marker.
    const OLDEST: u16 = 2;
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

impl Labelled for JobReport {
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

#[cfg(test)]
mod tests {
    use super::{Beat, Running};

    fn beat() -> Beat {
        Beat {
            worker: String::from("node-1"),
            pool: String::from("cpu"),
            slots: 8,
            running: vec![Running {
                campaign: "demo".parse().unwrap(),
                shard: "0123456789abcdef0123456789abcdef".parse().unwrap(),
                attempt: 1,
                seconds: 5,
                entries: 100,
            }],
            entries: 1000,
            done: 3,
            failed: 0,
            memory: 1 << 30,
            resting: None,
            ended: false,
        }
    }

    #[test]
    fn a_heartbeat_with_absurd_numbers_is_told_from_one_that_can_be() {
        assert_eq!(beat().check(), Ok(()));
        let absurd: [fn(&mut Beat); 9] = [
            |beat| beat.resting = Some("x".repeat(60_000)),
            |beat| beat.slots = u32::MAX,
            |beat| beat.entries = 1 << 63,
            |beat| beat.done = u64::MAX,
            |beat| beat.memory = u64::MAX,
            |beat| beat.running[0].seconds = u64::MAX,
            |beat| beat.running = vec![beat.running[0].clone(); 100],
            |beat| beat.worker = "x".repeat(60_000),
            |beat| beat.pool = String::from("cpu\u{1b}[2J"),
        ];
        for change in absurd {
            let mut beat = beat();
            change(&mut beat);
            assert!(beat.check().is_err(), "{beat:?}");
        }
    }
}
