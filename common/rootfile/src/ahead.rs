//! Reading ahead, where bytes come from far away: the baskets and pages of the next entries are on their way
//! while those before them are worked on.

use std::collections::VecDeque;
use std::ops::Range;

use crate::file::RootFile;
use crate::source::Begun;
use crate::wanted::{Wanted, joined};

/// Bytes that are asked for at once, about.
const WINDOW: u64 = 4 << 20;
/// How many of those are on their way besides what is worked on: together what a connection of 300 MB/s
/// brings within a round trip of 50 ms.
const WINDOWS: u64 = 4;
/// The same, at most.
const LARGEST_WINDOW: u64 = 4 * WINDOW;
/// Ranges that are asked for at once, about: baskets may be small and far from one another.
const RANGES: u64 = 64;

/// What is on its way for entries that are read in ascending order, for all who read some of their
/// branches.
#[derive(Debug)]
pub(crate) struct Ahead {
    file: RootFile,
    /// Baskets on disk of each branch, or pages of each column, by their first entries.
    branches: Vec<Vec<(u64, Wanted)>>,
    /// Entries that nothing was asked for yet.
    left: Range<u64>,
    /// Entries that are asked for at once.
    step: u64,
    windows: VecDeque<Window>,
}

/// Baskets that were asked for together.
#[derive(Debug)]
struct Window {
    /// Where the entries end in whose midst they begin.
    end: u64,
    begun: Box<dyn Begun>,
}

impl Ahead {
    /// Of a file, and all entries of a tree of it, the branches whose baskets these are. Nothing is asked for yet.
    pub(crate) fn of(
        (file, all): (RootFile, u64),
        branches: Vec<Vec<(u64, Wanted)>>,
        entries: Range<u64>,
    ) -> Self {
        let baskets = branches.iter().flatten();
        let bytes: u64 = baskets.map(|(_, basket)| u64::from(basket.length)).sum();
        let step = u128::from(WINDOW) * u128::from(all) / u128::from(bytes.max(1));
        Self {
            file,
            branches,
            left: entries,
            step: u64::try_from(step).unwrap_or(u64::MAX).max(1),
            windows: VecDeque::new(),
        }
    }

    /// Asks for what follows entries that are wanted now, and forgets what is before them; `false`
    /// where asking ahead brings nothing.
    pub(crate) fn ask(&mut self, wanted: &Range<u64>) -> bool {
        self.windows.retain(|window| window.end > wanted.start);
        // What was passed over is not wanted any more.
        self.left.start = self.left.start.max(wanted.start.min(self.left.end));
        while !self.left.is_empty() && self.left.start < self.far_enough(wanted) {
            let is_first = self.left.start <= wanted.start;
            let (end, ranges) = self.next(is_first);
            let Some(begun) = self.file.source().begin(&ranges) else {
                return false;
            };
            self.windows.push_back(Window { end, begun });
            self.left.start = end;
        }
        true
    }

    /// Where that ends which is asked for when these entries are wanted.
    fn far_enough(&self, wanted: &Range<u64>) -> u64 {
        wanted.end.saturating_add(self.step.saturating_mul(WINDOWS))
    }

    /// The ranges of the next step, and where it ends: fewer entries where gaps make them too large, or
    /// too many.
    fn next(&mut self, is_first: bool) -> (u64, Vec<Range<u64>>) {
        loop {
            let end = self.left.start.saturating_add(self.step).min(self.left.end);
            let entries = self.left.start..end;
            let ranges = self.ranges(&entries, is_first);
            let bytes: u64 = ranges.iter().map(|range| range.end - range.start).sum();
            let count = ranges.len() as u64;
            // How many times as much as is to be asked for, where that is more than twice.
            let excess = (bytes / WINDOW).max(count / RANGES);
            if excess < 2 || self.step == 1 {
                // A file says itself how large its baskets are.
                let fits = bytes <= LARGEST_WINDOW;
                return (end, if fits { ranges } else { Vec::new() });
            }
            self.step = (self.step / excess).max(1);
        }
    }

    /// Where the baskets are that begin within some entries and, where these are the first that are
    /// read, those that hold their beginning.
    fn ranges(&self, entries: &Range<u64>, is_first: bool) -> Vec<Range<u64>> {
        let mut baskets = Vec::new();
        for branch in &self.branches {
            let from = branch.partition_point(|(first, _)| *first < entries.start);
            let to = branch.partition_point(|(first, _)| *first < entries.end);
            let begins_there = branch
                .get(from)
                .is_some_and(|(first, _)| *first == entries.start);
            let from = match is_first && !begins_there {
                true => from.saturating_sub(1),
                false => from,
            };
            let within = branch.get(from..to).unwrap_or_default();
            baskets.extend(within.iter().map(|(_, basket)| *basket));
        }
        baskets.sort_unstable_by_key(|basket| basket.offset);
        let gap = self.file.source().worthwhile_gap();
        let (mut ranges, mut rest) = (Vec::new(), baskets.as_slice());
        while let Some(first) = rest.first() {
            let (count, end) = joined(first, rest, gap);
            ranges.push(first.offset..end);
            rest = rest.get(count..).unwrap_or_default();
        }
        ranges
    }

    /// The record of a basket that was asked for, for which it waits; `false` where it was not, or did
    /// not come.
    pub(crate) fn take(&self, basket: &Wanted, record: &mut Vec<u8>) -> bool {
        let length = u64::from(basket.length);
        if length > LARGEST_WINDOW {
            return false;
        }
        record.resize(basket.length as usize, 0);
        let mut windows = self.windows.iter();
        windows.any(|window| window.begun.take(basket.offset, record))
    }
}
