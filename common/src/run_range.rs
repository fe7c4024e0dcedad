//! Which runs a campaign is limited to: `"278820-280385"`, `"278820"`, `"278820,278822-278900"`.
//!
//! Runs only; lumi sections are the business of [`crate::lumi_mask`].

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use crate::event_id::Run;

#[cfg(test)]
mod tests;

/// A set of runs as sorted, disjoint, inclusive ranges; never empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RunRange {
    ranges: Vec<(Run, Run)>,
}

/// Why a text is not a run range.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RunRangeError {
    /// Nothing between two commas, or nothing at all.
    #[error(
        "run range {text:?}: part {part} is empty: expected a run or `first-last`, separated by commas"
    )]
    Empty {
        /// The whole text.
        text: String,
        /// Which part, from 1.
        part: usize,
    },
    /// Not a run number.
    #[error("run range {text:?}: {found:?} is not a run: expected a number from 1 to 4294967295")]
    NotARun {
        /// The whole text.
        text: String,
        /// What stands where a run should be.
        found: String,
    },
    /// The first run comes after the last.
    #[error("run range {text:?}: {first}-{last} is inverted: write {last}-{first}")]
    Inverted {
        /// The whole text.
        text: String,
        /// The run written first.
        first: Run,
        /// The run written last.
        last: Run,
    },
}

impl RunRange {
    /// Whether the run is in the range.
    pub fn contains(&self, run: Run) -> bool {
        let after = self.ranges.partition_point(|&(first, _)| first <= run);
        after
            .checked_sub(1)
            .and_then(|at| self.ranges.get(at))
            .is_some_and(|&(_, last)| run <= last)
    }

    /// The inclusive ranges, ascending and disjoint.
    pub fn ranges(&self) -> &[(Run, Run)] {
        &self.ranges
    }

    fn normalised(mut ranges: Vec<(Run, Run)>) -> Self {
        ranges.sort_unstable();
        let mut kept: Vec<(Run, Run)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match kept.last_mut() {
                Some(previous) if first.get() <= previous.1.get().saturating_add(1) => {
                    previous.1 = previous.1.max(last);
                }
                _ => kept.push((first, last)),
            }
        }
        Self { ranges: kept }
    }
}

impl FromStr for RunRange {
    type Err = RunRangeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let run = |found: &str| {
            let digits = !found.is_empty() && found.bytes().all(|byte| byte.is_ascii_digit());
            match found.parse() {
                Ok(number) if digits && number > 0 => Ok(Run::new(number)),
                _ => Err(RunRangeError::NotARun {
                    text: text.to_owned(),
                    found: found.to_owned(),
                }),
            }
        };
        let mut ranges = Vec::new();
        for (at, part) in text.split(',').enumerate() {
            if part.trim().is_empty() {
                return Err(RunRangeError::Empty {
                    text: text.to_owned(),
                    part: at + 1,
                });
            }
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (run(first.trim())?, run(last.trim())?);
            if first > last {
                return Err(RunRangeError::Inverted {
                    text: text.to_owned(),
                    first,
                    last,
                });
            }
            ranges.push((first, last));
        }
        Ok(Self::normalised(ranges))
    }
}

impl fmt::Display for RunRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (first, last)) in self.ranges.iter().enumerate() {
            if at > 0 {
                f.write_str(",")?;
            }
            if first == last {
                write!(f, "{first}")?;
            } else {
                write!(f, "{first}-{last}")?;
            }
        }
        Ok(())
    }
}

impl Serialize for RunRange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RunRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
