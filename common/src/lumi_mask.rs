//! Which lumi sections are certified, processed or missing: sets of (run, lumi section).
//!
//! Ranges are stored, never expanded: a mask of `[1, 4294967295]` costs as much as one of
//! `[1, 1]`. A mask is always normalised, so equal sets are equal values with equal digests.
//! It does not know which files hold which lumi sections.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::event_id::{LumiSection, Run};

mod algebra;
mod certified;
mod parse;
#[cfg(test)]
mod tests;

pub use parse::{MaskError, MaskNote, MaskProblem, NoteKind};

/// Consecutive lumi sections of one run, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LumiRange {
    run: Run,
    first: LumiSection,
    last: LumiSection,
}

impl LumiRange {
    /// The range `first..=last` of a run; none when inverted.
    pub fn try_new(run: Run, first: LumiSection, last: LumiSection) -> Option<Self> {
        (first <= last).then_some(Self { run, first, last })
    }

    /// The run.
    pub fn run(self) -> Run {
        self.run
    }

    /// The first lumi section.
    pub fn first(self) -> LumiSection {
        self.first
    }

    /// The last lumi section, included.
    pub fn last(self) -> LumiSection {
        self.last
    }

    /// How many lumi sections it spans, at least one.
    fn sections(self) -> u64 {
        u64::from(self.last.get() - self.first.get()) + 1
    }

    /// Whether `next`, which does not sort before `self`, overlaps or continues it.
    fn touches(self, next: Self) -> bool {
        self.run == next.run && next.first.get() <= self.last.get().saturating_add(1)
    }
}

/// A set of lumi sections: sorted ranges that neither overlap nor touch.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct LumiMask {
    ranges: Box<[LumiRange]>,
}

impl LumiMask {
    /// The set of these ranges, in any order.
    pub fn from_ranges(ranges: impl IntoIterator<Item = LumiRange>) -> Self {
        let mut ranges: Vec<LumiRange> = ranges.into_iter().collect();
        ranges.sort_unstable();
        let mut kept: Vec<LumiRange> = Vec::with_capacity(ranges.len());
        for range in ranges {
            match kept.last_mut() {
                Some(previous) if previous.touches(range) => {
                    previous.last = previous.last.max(range.last);
                }
                _ => kept.push(range),
            }
        }
        kept.shrink_to_fit();
        Self {
            ranges: kept.into_boxed_slice(),
        }
    }

    /// The set of these (run, lumi section) pairs, in any order, repeated or not.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (Run, LumiSection)>) -> Self {
        let mut ranges: Vec<LumiRange> = Vec::new();
        for (run, lumi) in pairs {
            let single = LumiRange {
                run,
                first: lumi,
                last: lumi,
            };
            // Events come in runs of the same or the next lumi section: keep those as one.
            match ranges.last_mut() {
                Some(open) if open.first <= lumi && open.touches(single) => {
                    open.last = open.last.max(lumi);
                }
                _ => ranges.push(single),
            }
        }
        Self::from_ranges(ranges)
    }

    /// The ranges, sorted by run and lumi section.
    pub fn ranges(&self) -> &[LumiRange] {
        &self.ranges
    }

    /// Every (run, lumi section), ascending; lazily, as a range may span four thousand million.
    pub fn iter(&self) -> impl Iterator<Item = (Run, LumiSection)> + '_ {
        self.ranges.iter().flat_map(|range| {
            (range.first.get()..=range.last.get()).map(|lumi| (range.run, LumiSection::new(lumi)))
        })
    }

    /// How many lumi sections it holds.
    pub fn len(&self) -> u64 {
        self.ranges
            .iter()
            .fold(0, |sum: u64, range| sum.saturating_add(range.sections()))
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// The runs it has lumi sections of, ascending.
    pub fn runs(&self) -> impl Iterator<Item = Run> + '_ {
        self.ranges
            .chunk_by(|a, b| a.run == b.run)
            .filter_map(|of_run| of_run.first().map(|range| range.run))
    }

    /// Compact JSON on one line, `{"297050": [[12, 137], [193, 776]]}`: what CRAB writes and
    /// brilcalc and every certification tool read; runs ascending.
    pub fn to_json(&self) -> String {
        let mut json = String::from("{");
        for (at, of_run) in self.ranges.chunk_by(|a, b| a.run == b.run).enumerate() {
            for (index, range) in of_run.iter().enumerate() {
                let separator = match (at, index) {
                    (0, 0) => "",
                    _ => ", ",
                };
                json.push_str(separator);
                if index == 0 {
                    // Writing to a string cannot fail.
                    let _ = write!(json, "\"{}\": [", range.run);
                }
                let _ = write!(json, "[{}, {}]", range.first, range.last);
            }
            json.push(']');
        }
        json.push('}');
        json
    }

    /// BLAKE3 of the set: equal for equal sets, however they were written.
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        for range in &self.ranges {
            for number in [range.run.get(), range.first.get(), range.last.get()] {
                hasher.update(&number.to_le_bytes());
            }
        }
        *hasher.finalize().as_bytes()
    }
}

/// As the map of [`LumiMask::to_json`].
impl Serialize for LumiMask {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let of_run = |ranges: &[LumiRange]| -> Vec<(LumiSection, LumiSection)> {
            ranges
                .iter()
                .map(|range| (range.first, range.last))
                .collect()
        };
        let map: BTreeMap<Run, Vec<(LumiSection, LumiSection)>> = self
            .ranges
            .chunk_by(|a, b| a.run == b.run)
            .filter_map(|ranges| Some((ranges.first()?.run, of_run(ranges))))
            .collect();
        map.serialize(serializer)
    }
}

/// From a map as [`LumiMask::to_json`] writes it: for masks written by Lumimill, which may hold
/// lumi section 0; those of people go through [`LumiMask::parse`].
impl<'de> Deserialize<'de> for LumiMask {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map: BTreeMap<Run, Vec<(LumiSection, LumiSection)>> =
            BTreeMap::deserialize(deserializer)?;
        let mut ranges = Vec::new();
        for (run, of_run) in map {
            for (first, last) in of_run {
                let range = LumiRange::try_new(run, first, last).ok_or_else(|| {
                    serde::de::Error::custom(format!(
                        "run {run}: lumi range [{first}, {last}] is inverted"
                    ))
                })?;
                ranges.push(range);
            }
        }
        Ok(Self::from_ranges(ranges))
    }
}
