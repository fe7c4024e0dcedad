//! The unit of work and of output: one stage, one file, one range of entries.
//!
//! A [`ShardId`] is a hash of everything that decides the bytes of the shard's output, so a
//! changed configuration changes exactly the ids it must, and a key of the store never holds
//! the output of two configurations.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::campaign::{Campaign, Stage, StageName};
use crate::entry_set::EntrySet;
use crate::lumi_mask::LumiMask;

/// Raised whenever the same shard would be written with other bytes than before.
pub const OUTPUT_VERSION: u32 = 2;

/// Identity of an input file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileIdentity {
    /// Path or URL, as the campaign names it: relative to the campaign file unless absolute.
    pub url: String,
    /// Size in bytes.
    pub size: u64,
    /// ROOT UUID in hexadecimal (32 digits), all zero when the file has none.
    pub uuid: String,
}

/// One stage, one file, one range of entries, with its certified lumi sections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shard {
    /// Hash of everything that decides the output.
    pub id: ShardId,
    /// Stage that it belongs to.
    pub stage: StageName,
    /// Dataset of the file.
    pub dataset: String,
    /// Input file.
    pub file: FileIdentity,
    /// Tree to read.
    pub tree: String,
    /// Entries to read, `[start, stop)`.
    pub entries: Range<u64>,
    /// Certified events among them.
    pub certified_events: u64,
    /// Certified lumi sections of the range; `None` where every event counts as certified.
    pub lumis: Option<LumiMask>,
    /// Entries of the range that do not count, as an earlier shard has their events.
    pub dropped: EntrySet,
}

impl Shard {
    /// The id of this shard under the digest of what its stage writes (see [`stage_digest`]).
    #[must_use]
    pub fn compute_id(&self, stage_digest: &str) -> ShardId {
        let mut hash = blake3::Hasher::new();
        let lumis = self
            .lumis
            .as_ref()
            .map(LumiMask::to_json)
            .unwrap_or_default();
        let fields = [
            self.stage.as_str(),
            stage_digest,
            &self.dataset,
            &self.file.url,
            &self.file.uuid,
            &self.tree,
            &lumis,
        ];
        for field in fields {
            hash.update(&(field.len() as u64).to_le_bytes());
            hash.update(field.as_bytes());
        }
        for number in [self.file.size, self.entries.start, self.entries.end] {
            hash.update(&number.to_le_bytes());
        }
        hash.update(&self.dropped.to_bytes());
        hash.update(&OUTPUT_VERSION.to_le_bytes());
        ShardId::from_hash(&hash.finalize())
    }
}

/// Digest of what a stage does, apart from where its input comes from: its configuration, the
/// functions it may call, and the SHA-256 of its model files in order.
#[must_use]
pub fn stage_digest(campaign: &Campaign, stage: &Stage, model_hashes: &[String]) -> String {
    let mut stage = stage.clone();
    stage.datasets.clear();
    for model in &mut stage.models {
        model.forget_paths();
    }
    // With it, shards count one step more.
    let drops_duplicates = campaign.drops_duplicates();
    let parts = (&stage, &campaign.functions, model_hashes, drops_duplicates);
    let text = serde_json::to_string(&parts).unwrap_or_default();
    blake3::hash(text.as_bytes()).to_hex().to_string()
}

/// Hash that names a shard: 32 hexadecimal digits; all zero until it is computed.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct ShardId([u8; 16]);

impl ShardId {
    fn from_hash(hash: &blake3::Hash) -> Self {
        let mut id = [0; 16];
        id.copy_from_slice(&hash.as_bytes()[..16]);
        Self(id)
    }

    /// A seed for anything of this shard that needs one.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Text that is not a shard id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a shard id: expected 32 lower-case hexadecimal digits")]
pub struct InvalidShardId(String);

impl FromStr for ShardId {
    type Err = InvalidShardId;

    fn from_str(text: &str) -> Result<Self, InvalidShardId> {
        let invalid = || InvalidShardId(text.chars().take(40).collect());
        let digits = text.as_bytes();
        let lower = |digit: &u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
        if digits.len() != 32 || !digits.iter().all(lower) {
            return Err(invalid());
        }
        let number = u128::from_str_radix(text, 16).map_err(|_| invalid())?;
        Ok(Self(number.to_be_bytes()))
    }
}

impl TryFrom<String> for ShardId {
    type Error = InvalidShardId;

    fn try_from(text: String) -> Result<Self, InvalidShardId> {
        text.parse()
    }
}

impl From<ShardId> for String {
    fn from(id: ShardId) -> String {
        id.to_string()
    }
}
