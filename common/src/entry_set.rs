//! Sets of entries of one tree, as ranges: which of them do not count.
//!
//! As bytes a set takes two small numbers a range, so that a million single entries are a few
//! megabytes and a million entries in a row are a few bytes. It knows nothing of events.

use std::ops::Range;

use thin_vec::ThinVec;

/// Entries of a tree: ascending ranges that neither overlap nor touch.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct EntrySet {
    ranges: ThinVec<Range<u64>>,
}

/// Bytes that are not a set of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a set of entries: damaged at byte {at}")]
pub struct DamagedEntries {
    at: usize,
}

impl EntrySet {
    /// The set of these ranges, in any order; empty ones add nothing.
    #[must_use]
    pub fn from_ranges(ranges: impl IntoIterator<Item = Range<u64>>) -> Self {
        let mut ranges: Vec<Range<u64>> = ranges.into_iter().collect();
        ranges.retain(|range| range.start < range.end);
        ranges.sort_unstable_by_key(|range| (range.start, range.end));
        let mut set = Self::default();
        ranges.into_iter().for_each(|range| set.add(range));
        set
    }

    /// Adds an entry that is after all others.
    pub fn push(&mut self, entry: u64) {
        self.add(entry..entry.saturating_add(1));
    }

    /// Adds a range that does not begin before the last one.
    fn add(&mut self, range: Range<u64>) {
        match self.ranges.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => self.ranges.push(range),
        }
    }

    /// The ranges, ascending.
    #[must_use]
    pub fn ranges(&self) -> &[Range<u64>] {
        &self.ranges
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        let lengths = self.ranges.iter().map(|range| range.end - range.start);
        lengths.fold(0, u64::saturating_add)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Those of a range.
    #[must_use]
    pub fn within(&self, entries: &Range<u64>) -> Self {
        let first = self
            .ranges
            .partition_point(|range| range.end <= entries.start);
        let of_range = self.ranges.iter().skip(first);
        let of_range = of_range.take_while(|range| range.start < entries.end);
        let cut = |range: &Range<u64>| range.start.max(entries.start)..range.end.min(entries.end);
        Self {
            ranges: of_range.map(cut).collect(),
        }
    }

    /// Those of both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self::from_ranges(self.ranges.iter().chain(&other.ranges).cloned())
    }

    /// The set as bytes: for each range the gap before it and its length, as LEB128.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.ranges.len().saturating_mul(3));
        let mut reached = 0;
        for range in &self.ranges {
            put(&mut bytes, range.start - reached);
            put(&mut bytes, range.end - range.start);
            reached = range.end;
        }
        bytes
    }

    /// Reads what [`EntrySet::to_bytes`] wrote.
    ///
    /// # Errors
    /// When the bytes are not what it would have written.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DamagedEntries> {
        let mut ranges = ThinVec::new();
        let (mut at, mut reached) = (0, 0_u64);
        while at < bytes.len() {
            let damaged = DamagedEntries { at };
            let gap = take(bytes, &mut at).ok_or(damaged)?;
            let length = take(bytes, &mut at).ok_or(damaged)?;
            let start = reached.checked_add(gap).ok_or(damaged)?;
            let end = start.checked_add(length).ok_or(damaged)?;
            if length == 0 || (gap == 0 && !ranges.is_empty()) {
                return Err(damaged);
            }
            ranges.push(start..end);
            reached = end;
        }
        Ok(Self { ranges })
    }
}

fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn take(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.get(*at)?;
        *at += 1;
        let part = u64::from(byte & 0x7f);
        if shift == 63 && part > 1 {
            return None;
        }
        number |= part << shift;
        if byte & 0x80 == 0 {
            // A number has one way to be written.
            return (byte != 0 || shift == 0).then_some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::EntrySet;

    fn entries(set: &EntrySet) -> BTreeSet<u64> {
        set.ranges().iter().cloned().flatten().collect()
    }

    proptest! {
        #[test]
        fn a_set_is_its_entries_and_its_bytes(
            single in proptest::collection::btree_set(0_u64..300, 0..80),
            other in proptest::collection::vec((0_u64..300, 0_u64..20), 0..10),
            from in 0_u64..300,
            count in 0_u64..300,
        ) {
            let mut set = EntrySet::default();
            single.iter().for_each(|entry| set.push(*entry));
            prop_assert_eq!(&entries(&set), &single);
            prop_assert_eq!(set.len(), single.len() as u64);
            prop_assert_eq!(EntrySet::from_bytes(&set.to_bytes()).unwrap(), set.clone());
            let part = set.within(&(from..from + count));
            let expected: BTreeSet<u64> =
                single.iter().copied().filter(|entry| (from..from + count).contains(entry)).collect();
            prop_assert_eq!(entries(&part), expected);
            let other = EntrySet::from_ranges(other.iter().map(|(start, count)| *start..start + count));
            let both: BTreeSet<u64> = single.union(&entries(&other)).copied().collect();
            let union = set.union(&other);
            prop_assert_eq!(entries(&union), both);
            prop_assert_eq!(EntrySet::from_bytes(&union.to_bytes()).unwrap(), union);
        }

        #[test]
        fn any_bytes_are_a_set_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            if let Ok(set) = EntrySet::from_bytes(&bytes) {
                prop_assert_eq!(set.to_bytes(), bytes);
            }
        }
    }

    #[test]
    fn a_million_single_entries_are_a_few_megabytes() {
        let mut set = EntrySet::default();
        (0..1_000_000).for_each(|at| set.push(at * 90));
        assert_eq!(set.to_bytes().len(), 2_000_000);
        let mut row = EntrySet::default();
        (0..1_000_000).for_each(|at| row.push(at));
        assert!(row.to_bytes().len() < 8);
    }
}
