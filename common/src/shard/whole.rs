//! All shards of a stage together, where a shard reads what every one of them holds.

use std::fmt;
use std::str::FromStr;

use super::{InvalidShardId, ShardId};
use crate::campaign::StageName;
use crate::field_hash::FieldHash;

/// All shards of a stage of one plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WholeStage {
    /// The stage.
    pub stage: StageName,
    /// Hash of their ids, in the order of the plan.
    pub digest: ShardId,
}

/// Text that is not a whole stage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidWholeStage {
    /// Not a name and a digest.
    #[error("{0:?} is no stage with the digest of its shards")]
    Parts(String),
    /// The digest is none.
    #[error(transparent)]
    Digest(#[from] InvalidShardId),
}

impl WholeStage {
    /// A stage of these shards.
    #[must_use]
    pub fn of(stage: &StageName, shards: &[ShardId]) -> Self {
        let mut hash = FieldHash::of("whole");
        hash.text("stage", stage.as_str())
            .texts("shards", shards.iter().map(ShardId::to_string));
        Self {
            stage: stage.clone(),
            digest: ShardId::from_hash(&hash.finish()),
        }
    }
}

impl fmt::Display for WholeStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.stage, self.digest)
    }
}

impl FromStr for WholeStage {
    type Err = InvalidWholeStage;

    fn from_str(text: &str) -> Result<Self, InvalidWholeStage> {
        let invalid = || InvalidWholeStage::Parts(text.chars().take(80).collect());
        let (stage, digest) = text.rsplit_once(' ').ok_or_else(invalid)?;
        Ok(Self {
            stage: stage.parse().map_err(|_| invalid())?,
            digest: digest.parse()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_of_these_shards_in_this_order_and_comes_back() {
        let ids: Vec<ShardId> = ["0", "1", "2"]
            .map(|digit| digit.repeat(32).parse().unwrap())
            .to_vec();
        let stage = "dstar".parse().unwrap();
        let whole = WholeStage::of(&stage, &ids);
        assert_eq!(whole.to_string().parse(), Ok(whole.clone()));
        assert_ne!(WholeStage::of(&stage, &ids[1..]), whole);
        let reversed: Vec<ShardId> = ids.iter().rev().copied().collect();
        assert_ne!(WholeStage::of(&stage, &reversed), whole);
        for text in ["dstar", "dstar 1", "", "a/b 00"] {
            assert!(text.parse::<WholeStage>().is_err(), "{text}");
        }
    }
}
