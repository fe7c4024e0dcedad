//! Union, intersection and difference of masks: linear in their ranges.

use super::{LumiMask, LumiRange};
use crate::event_id::{LumiSection, Run};
use crate::run_range::RunRange;

impl LumiMask {
    /// Whether this lumi section is in the set.
    pub fn contains(&self, run: Run, lumi: LumiSection) -> bool {
        let after = self
            .ranges
            .partition_point(|range| (range.run, range.first) <= (run, lumi));
        after
            .checked_sub(1)
            .and_then(|at| self.ranges.get(at))
            .is_some_and(|range| range.run == run && lumi <= range.last)
    }

    /// The lumi sections in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        if other.is_empty() {
            return self.clone();
        }
        Self::from_ranges(self.ranges.iter().chain(&other.ranges).copied())
    }

    /// The lumi sections in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let mut ranges = Vec::new();
        let (mut left, mut right) = (self.ranges.iter(), other.ranges.iter());
        let (mut a, mut b) = (left.next(), right.next());
        while let (Some(x), Some(y)) = (a, b) {
            if x.run == y.run {
                ranges.extend(LumiRange::try_new(
                    x.run,
                    x.first.max(y.first),
                    x.last.min(y.last),
                ));
            }
            if (x.run, x.last) <= (y.run, y.last) {
                a = left.next();
            } else {
                b = right.next();
            }
        }
        Self {
            ranges: ranges.into_boxed_slice(),
        }
    }

    /// The lumi sections of `self` that are not in `other`.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        let mut ranges = Vec::new();
        let mut holes = other.ranges.iter().peekable();
        for range in &self.ranges {
            let mut rest = Some(*range);
            while let (Some(open), Some(hole)) = (rest, holes.peek()) {
                if (hole.run, hole.last) < (open.run, open.first) {
                    holes.next();
                    continue;
                }
                if (hole.run, hole.first) > (open.run, open.last) {
                    break;
                }
                ranges.extend(before(open, **hole));
                rest = after(open, **hole);
            }
            ranges.extend(rest);
        }
        Self {
            ranges: ranges.into_boxed_slice(),
        }
    }

    /// The lumi sections of these runs only.
    #[must_use]
    pub fn restrict(&self, runs: &RunRange) -> Self {
        let of_runs = |range: &&LumiRange| runs.contains(range.run);
        Self {
            ranges: self.ranges.iter().filter(of_runs).copied().collect(),
        }
    }
}

/// What of `range` comes before a hole of the same run.
fn before(range: LumiRange, hole: LumiRange) -> Option<LumiRange> {
    let last = hole.first.get().checked_sub(1)?;
    LumiRange::try_new(
        range.run,
        range.first,
        LumiSection::new(last).min(range.last),
    )
}

/// What of `range` comes after a hole of the same run.
fn after(range: LumiRange, hole: LumiRange) -> Option<LumiRange> {
    let first = hole.last.get().checked_add(1)?;
    LumiRange::try_new(
        range.run,
        LumiSection::new(first).max(range.first),
        range.last,
    )
}
