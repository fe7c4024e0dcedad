//! Dead letters: messages that nobody could do anything about, kept in the store below `_dead`,
//! where people look at them and send them again.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use lumimill_common::form::{self, Stored};
use lumimill_common::hex::hex;
use lumimill_common::job::{Job, unpack};
use lumimill_common::queue::{Message, ORIGIN, REASON, jobs};
use lumimill_common::stage_keys::marker_key;
use lumimill_common::store::{Key, Place, Store};
use lumimill_worker::program::pool_name;
use serde::{Deserialize, Serialize};

use crate::stored::record;

/// Letters that are looked at at a time.
const AT_ONCE: usize = 32;
/// Bytes that are kept of a body; no message of ours is longer.
const KEPT: usize = lumimill_common::wire::LIMIT;

/// A message that was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeadLetter {
    /// Hash of where it was and of what it says: the same message twice is one letter.
    pub id: String,
    /// Queue that it was in.
    pub queue: String,
    /// Why it was given up.
    pub reason: String,
    /// Its readable headers.
    pub headers: BTreeMap<String, String>,
    /// Which attempt it was.
    pub attempt: u32,
    /// Length of its body in bytes.
    pub bytes: usize,
    /// Its body in hexadecimal, the beginning when it is long.
    pub body: String,
}

impl Stored for DeadLetter {
    const FORM: u64 = 1;
    const OLDEST: u64 = 0;
}

impl DeadLetter {
    /// A letter of a message that was given up.
    #[must_use]
    pub(crate) fn of(message: &Message) -> Self {
        let header = |name: &str| message.headers.get(name).cloned();
        let queue = header(ORIGIN).unwrap_or_else(|| String::from("unknown"));
        let mut hash = blake3::Hasher::new();
        hash.update(queue.as_bytes());
        hash.update(&message.body);
        let kept = message.body.get(..KEPT).unwrap_or(&message.body);
        Self {
            id: hash.finalize().to_hex()[..16].to_owned(),
            queue,
            reason: header(REASON).unwrap_or_else(|| String::from("nobody said why")),
            headers: message.headers.clone(),
            attempt: message.attempt,
            bytes: message.body.len(),
            body: hex(kept),
        }
    }

    /// The job of a pool that it is; `None` when it is anything else.
    #[must_use]
    pub(crate) fn job(&self) -> Option<Job> {
        let message = self.message().filter(|_| self.is_of_a_pool())?;
        unpack(&message).ok()
    }

    /// Whether it was in the job queue of a pool, as far as it says so: it may say anything.
    fn is_of_a_pool(&self) -> bool {
        let pool = self.queue.strip_prefix(jobs("").as_str());
        pool.is_some_and(|pool| pool_name(pool).is_ok())
    }

    /// The message as it was before it was given up, as a first attempt; `None` when not all of
    /// it was kept.
    #[must_use]
    pub(crate) fn message(&self) -> Option<Message> {
        let digit = |at: usize| u8::from_str_radix(self.body.get(at..at + 2)?, 16).ok();
        let body: Option<Vec<u8>> = (0..self.body.len()).step_by(2).map(digit).collect();
        let mut headers = self.headers.clone();
        headers.remove(REASON);
        headers.remove(ORIGIN);
        body.filter(|body| body.len() == self.bytes)
            .map(|body| Message {
                body,
                headers,
                attempt: 1,
                postponed: 0,
            })
    }
}

fn folder() -> anyhow::Result<Key> {
    Ok("_dead".parse()?)
}

fn key(id: &str) -> anyhow::Result<Key> {
    let is_id = id.len() == 16 && id.chars().all(|c| c.is_ascii_hexdigit());
    anyhow::ensure!(
        is_id,
        "{id:?} is not the id of a dead letter: expected 16 digits"
    );
    Ok(format!("_dead/{id}.json").parse()?)
}

/// Keeps a letter.
pub(crate) async fn keep(root: &dyn Store, letter: &DeadLetter) -> anyhow::Result<()> {
    root.put(&key(&letter.id)?, form::write(letter)?).await?;
    Ok(())
}

/// A letter by its id.
pub(crate) async fn find(root: &dyn Store, id: &str) -> anyhow::Result<Option<DeadLetter>> {
    let key = key(id)?;
    let Some(bytes) = root.get(&key).await? else {
        return Ok(None);
    };
    record(
        root,
        &key,
        &bytes,
        "move it away, as nothing can be done about it",
    )
    .map(Some)
}

/// Every letter, by id.
pub(crate) async fn all(root: &dyn Store) -> anyhow::Result<Vec<DeadLetter>> {
    let listed = root.list(&folder()?).await?;
    let reading: Vec<_> = listed
        .iter()
        .map(|object| find(root, object.key.file_name().trim_end_matches(".json")))
        .collect();
    let letters: Vec<Option<DeadLetter>> = stream::iter(reading)
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(letters.into_iter().flatten().collect())
}

/// Whether the shards of letters were done meanwhile, in the order of the letters; what is not a
/// job is never done.
pub(crate) async fn done_meanwhile(
    root: &Place,
    letters: &[DeadLetter],
) -> anyhow::Result<Vec<bool>> {
    let is_done = async |letter: &DeadLetter| {
        let Some(job) = letter.job() else {
            return anyhow::Ok(false);
        };
        let store = root.join(job.campaign.as_str())?.open()?;
        let marker = marker_key(&job.stage, job.shard);
        // That it is there is enough.
        Ok(store.get_range(&marker, 0..1).await?.is_some())
    };
    let looking: Vec<_> = letters.iter().map(is_done).collect();
    stream::iter(looking).buffered(AT_ONCE).try_collect().await
}

/// Forgets a letter.
pub(crate) async fn forget(root: &dyn Store, id: &str) -> anyhow::Result<()> {
    root.delete(&key(id)?).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use lumimill_common::job::{Job, pack};
    use lumimill_common::queue::Message;

    use super::DeadLetter;

    #[test]
    fn a_letter_is_its_message_again() {
        let mut message = Message {
            body: vec![0, 255, 16],
            attempt: 3,
            ..Message::default()
        };
        for (name, value) in [
            ("queue", "lumimill.jobs.cpu"),
            ("reason", "odd"),
            ("shard", "1"),
        ] {
            message.headers.insert(name.to_owned(), value.to_owned());
        }
        let letter = DeadLetter::of(&message);
        assert_eq!(
            (letter.queue.as_str(), letter.bytes),
            ("lumimill.jobs.cpu", 3)
        );
        let again = letter.message().unwrap();
        assert_eq!((again.body, again.attempt), (vec![0, 255, 16], 1));
        assert_eq!(again.headers.len(), 1, "what was said of its death is gone");
        assert_eq!(letter.job(), None);
    }

    #[test]
    fn only_a_job_of_a_pool_is_sent_again() {
        let job = Job {
            campaign: "demo".parse().unwrap(),
            plan: String::from("digest"),
            stage: "dimuon".parse().unwrap(),
            shard: "0123456789abcdef0123456789abcdef".parse().unwrap(),
            is_new: false,
        };
        let from = |queue: &str| {
            let mut message = pack(2, &job).unwrap();
            message.headers.insert("queue".to_owned(), queue.to_owned());
            DeadLetter::of(&message).job()
        };
        assert_eq!(from("lumimill.jobs.cpu"), Some(job.clone()));
        let too_long = format!("lumimill.jobs.{}", "x".repeat(300));
        for queue in ["", "lumimill.jobs.", "lumimill.reports", &too_long] {
            assert_eq!(from(queue), None, "{queue:?}");
        }
    }

    #[test]
    fn of_a_long_message_the_beginning_is_kept() {
        let body = vec![7; 1 << 20];
        let letter = DeadLetter::of(&Message {
            body,
            ..Message::default()
        });
        assert_eq!((letter.bytes, letter.body.len()), (1 << 20, 128 << 10));
        assert_eq!(letter.message(), None);
    }
}
