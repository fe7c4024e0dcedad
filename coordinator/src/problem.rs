//! Something in an output that is not as it should be.

use std::fmt;

use lumimill_common::shard::ShardId;
use lumimill_common::store::{Key, StoreError};
use serde::{Serialize, Serializer};

use crate::soundness::Unsound;
use crate::stored::NewerVersion;

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// A shard without a marker, and whether it was given up.
    NotDone {
        /// The shard.
        shard: ShardId,
        /// Whether it was tried and given up.
        is_given_up: bool,
    },
    /// A shard whose metrics changed, and which is to be measured again on its table.
    ToMeasure(ShardId),
    /// A shard with a marker, as good as not done.
    Unsound(Unsound),
    /// A file of the report that is missing or damaged.
    Report {
        /// Key of it.
        key: Key,
        /// What is wrong with it.
        reason: String,
    },
    /// A model that is missing or damaged, and that whoever has it puts there again.
    Model {
        /// Key of it.
        key: Key,
        /// What is wrong with it.
        reason: String,
    },
    /// Something that somebody must see to first: its permissions, or what is in its place.
    Unreadable {
        /// Key of it.
        key: Key,
        /// Why not, and what to do.
        reason: String,
    },
    /// Something that the store gave no answer for; it may be asked again.
    NoAnswer {
        /// Key of it.
        key: Key,
        /// What it said.
        reason: String,
    },
    /// Something that a newer version wrote.
    Newer {
        /// Key of it.
        key: Key,
        /// Which form it has, and which are read.
        reason: String,
    },
    /// Something of no shard of the plan, which readers of the tables would see.
    Stray(Key),
    /// Something of nobody of ours, which readers of the tables would see.
    Foreign(Key),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotDone {
                shard,
                is_given_up: false,
            } => write!(f, "shard {shard}: not done"),
            Self::NotDone { shard, .. } => write!(f, "shard {shard}: not done, it was given up"),
            Self::ToMeasure(shard) => {
                write!(
                    f,
                    "shard {shard}: to be measured again, as its metrics changed"
                )
            }
            Self::Unsound(unsound) => unsound.fmt(f),
            Self::Report { key, reason } | Self::Model { key, reason } => {
                write!(f, "{key} {reason}")
            }
            Self::Unreadable { key, reason } | Self::NoAnswer { key, reason } => {
                write!(f, "{key} cannot be read: {reason}")
            }
            Self::Newer { key, reason } => write!(f, "{key}: {reason}"),
            Self::Stray(key) => write!(f, "{key} is not of this plan, and readers would see it"),
            Self::Foreign(key) => {
                write!(
                    f,
                    "{key} is not of this plan, and readers would see it: move it away"
                )
            }
        }
    }
}

impl Problem {
    pub(crate) fn report(key: Key, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self::Report { key, reason }
    }

    pub(crate) fn unreadable(key: Key, reason: &str) -> Self {
        let reason = reason.to_owned();
        Self::Unreadable { key, reason }
    }

    pub(crate) fn no_answer(key: Key, error: &StoreError) -> Self {
        let reason = error.reason().to_owned();
        Self::NoAnswer { key, reason }
    }

    /// What the store refuses to give, for good; anything else may pass.
    pub(crate) fn of_store(key: Key, error: StoreError) -> Result<Self, StoreError> {
        match error.is_transient() {
            true => Err(error),
            false => Ok(Self::unreadable(key, error.reason())),
        }
    }

    /// What the store refuses to give, and what a newer version wrote; anything else may pass.
    pub(crate) fn of(key: Key, error: anyhow::Error) -> anyhow::Result<Self> {
        match error.downcast::<NewerVersion>() {
            Ok(NewerVersion { reason, .. }) => Ok(Self::Newer { key, reason }),
            Err(error) => Ok(Self::of_store(key, error.downcast::<StoreError>()?)?),
        }
    }

    /// Key of what it is about, where that is one object.
    pub(crate) fn key(&self) -> Option<&str> {
        match self {
            Self::NotDone { .. } | Self::ToMeasure(_) => None,
            Self::Unsound(unsound) => Some(&unsound.key),
            Self::Report { key, .. }
            | Self::Model { key, .. }
            | Self::Unreadable { key, .. }
            | Self::NoAnswer { key, .. }
            | Self::Newer { key, .. }
            | Self::Stray(key)
            | Self::Foreign(key) => Some(key.as_str()),
        }
    }

    /// Whether it is of a shard that nobody has given up, and that is to be done again.
    #[must_use]
    pub(crate) fn is_due(&self) -> bool {
        match self {
            Self::Unsound(_) | Self::ToMeasure(_) => true,
            Self::NotDone { is_given_up, .. } => !is_given_up,
            _ => false,
        }
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
