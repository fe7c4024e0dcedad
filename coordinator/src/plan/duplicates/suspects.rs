//! The events that are there more than once, exactly, a part of all events at a time.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use super::ascending::are_once;
use super::error::DuplicateError;
use super::filter::Filter;
use super::read::{each_batch, each_file, hash};
use crate::plan::event_key::Key;
use crate::plan::inputs::Scanned;

/// Parts into which events are divided, at most.
const MOST_PARTS: u64 = 1 << 24;

/// Those whose hash ends, from its upper half, in a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    number: u64,
    /// A power of two.
    of: u64,
}

impl Part {
    fn has(self, key: Key) -> bool {
        (hash(key) >> 32) & (self.of - 1) == self.number
    }
}

/// A search, part by part.
pub(super) struct Search<'a> {
    files: &'a [&'a Scanned<'a>],
    slots: NonZeroUsize,
    at_once: usize,
    /// Identities of a part, if all that are there are in one.
    expected: usize,
    filter: Option<Filter>,
    left: Vec<Part>,
}

impl<'a> Search<'a> {
    /// Begins a search that holds `at_once` identities, at most, beside its filter.
    pub(super) fn begin(
        files: &'a [&'a Scanned<'a>],
        slots: NonZeroUsize,
        at_once: usize,
    ) -> Result<Self, DuplicateError> {
        let cuts = files.iter().flat_map(|file| &file.scan.cuts);
        let events = cuts.fold(0_u64, |sum, cut| sum.saturating_add(cut.certified_events));
        let mut search = Self {
            files,
            slots,
            at_once,
            expected: 0,
            filter: None,
            left: Vec::new(),
        };
        if are_once(files) {
            return Ok(search);
        }
        search.left.push(Part { number: 0, of: 1 });
        match usize::try_from(events).ok().filter(|all| *all <= at_once) {
            Some(all) => search.expected = all,
            None => search.filter = Some(Filter::of(files, slots, events)?),
        }
        Ok(search)
    }

    /// Whether every part was searched.
    pub(super) fn is_over(&self) -> bool {
        self.left.is_empty()
    }

    /// The events of the next part that are there more than once, ascending; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Vec<Key>>, DuplicateError> {
        let Some(part) = self.left.pop() else {
            return Ok(None);
        };
        let held = Mutex::new(Held {
            keys: Vec::with_capacity(self.expected),
            part,
            at_once: self.at_once,
            left: Vec::new(),
        });
        let filter = self.filter.as_ref();
        each_file(self.files, self.slots, |file| {
            each_batch(file, |keys| {
                let keys = keys.iter().map(|(_, key)| *key);
                let is_wanted =
                    |key: &Key| part.has(*key) && filter.is_none_or(|filter| filter.suspects(*key));
                let keys: Vec<Key> = keys.filter(is_wanted).collect();
                let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
                held.add(keys).ok_or_else(|| DuplicateError::Incomparable {
                    file: file.input.file.identity.url.clone(),
                })
            })
        })?;
        let held = held.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.left.extend_from_slice(&held.left);
        Ok(Some(held.doubled()))
    }
}

/// The identities of a part; smaller the more of them there are.
struct Held {
    keys: Vec<Key>,
    part: Part,
    at_once: usize,
    /// What was left for later.
    left: Vec<Part>,
}

impl Held {
    /// Adds identities; `None` when no part is small enough.
    fn add(&mut self, keys: Vec<Key>) -> Option<()> {
        let part = self.part;
        self.keys
            .extend(keys.into_iter().filter(|key| part.has(*key)));
        if self.keys.len() <= self.at_once {
            return Some(());
        }
        self.keep_two();
        while self.keys.len() > self.at_once / 2 {
            let Part { number, of } = self.part;
            if of >= MOST_PARTS {
                return None;
            }
            self.left.push(Part {
                number: number + of,
                of: of * 2,
            });
            self.part = Part { number, of: of * 2 };
            let part = self.part;
            self.keys.retain(|key| part.has(*key));
        }
        Some(())
    }

    /// Keeps two of each that is there more often.
    fn keep_two(&mut self) {
        self.keys.sort_unstable();
        let mut kept = 0;
        for at in 0..self.keys.len() {
            if kept < 2 || self.keys[kept - 2] != self.keys[at] {
                self.keys[kept] = self.keys[at];
                kept += 1;
            }
        }
        self.keys.truncate(kept);
    }

    fn doubled(mut self) -> Vec<Key> {
        self.keys.sort_unstable();
        let same = self.keys.chunk_by(|a, b| a == b);
        let doubled = same.filter(|same| same.len() > 1);
        doubled.filter_map(|same| same.first().copied()).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Held, Key, Part};

    /// All keys, added in lumps to as many parts as it takes.
    fn doubled(keys: &[Key], at_once: usize) -> Vec<Key> {
        let mut left = vec![Part { number: 0, of: 1 }];
        let mut found = Vec::new();
        while let Some(part) = left.pop() {
            let mut held = Held {
                keys: Vec::new(),
                part,
                at_once,
                left: Vec::new(),
            };
            for lump in keys.chunks(7) {
                held.add(lump.to_vec()).unwrap();
                assert!(held.keys.len() <= at_once + 7);
            }
            left.extend_from_slice(&held.left);
            found.extend(held.doubled());
        }
        found.sort_unstable();
        found
    }

    #[test]
    fn what_is_there_twice_is_found_however_little_is_held() {
        let keys: Vec<Key> = (0..500)
            .chain(100..200)
            .chain(150..160)
            .chain([3; 90])
            .collect();
        let expected: Vec<Key> = [3].into_iter().chain(100..200).collect();
        for at_once in [16, 50, 300, 10_000] {
            assert_eq!(doubled(&keys, at_once), expected, "{at_once} at once");
        }
    }

    #[test]
    fn one_event_many_times_takes_no_memory() {
        let keys = vec![7; 10_000];
        assert_eq!(doubled(&keys, 16), [7]);
        let other: BTreeSet<Key> = doubled(&[1, 2, 3], 16).into_iter().collect();
        assert!(other.is_empty());
    }
}
