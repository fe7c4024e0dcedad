//! Stretches of events whose numbers ascend: events that are numbered upwards, as simulation counts
//! them, are known by them to be there once.
//!
//! A stretch of entries whose keys ascend has none twice, and two stretches share none where one ends
//! before the other begins. What is numbered in another order is known after a few entries to be so.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::event_key::Key;

/// Stretches of all files, at most.
const MOST: usize = if cfg!(test) { 8 } else { 1 << 16 };

/// From which key to which each stretch goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Stretches(Vec<(Key, Key)>);

impl Stretches {
    /// Goes on with these keys of the same file.
    pub(super) fn add(&mut self, keys: impl Iterator<Item = Key>) {
        for key in keys {
            match self.0.last_mut() {
                Some((_, last)) if *last < key => *last = key,
                _ => self.0.push((key, key)),
            }
            if self.are_too_many() {
                return;
            }
        }
    }

    /// Adds those of another file.
    pub(super) fn add_file(&mut self, file: &Self) {
        self.0.extend_from_slice(&file.0);
    }

    fn are_too_many(&self) -> bool {
        self.0.len() > MOST
    }

    /// Whether no two have a key in common.
    pub(super) fn are_apart(mut self) -> bool {
        self.0.sort_unstable();
        let mut neighbours = self.0.iter().zip(self.0.iter().skip(1));
        !self.are_too_many() && neighbours.all(|((_, last), (first, _))| last < first)
    }
}

/// How many stretches were found in files that are compared, and looked at side by side.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicUsize);

impl Count {
    /// Whether these are too many, with those of the files before.
    pub(super) fn are_too_many(&self, stretches: &Stretches) -> bool {
        self.0
            .load(Ordering::Relaxed)
            .saturating_add(stretches.0.len())
            > MOST
    }

    /// Adds those of a file that was looked at to its end, or as long as there were few.
    pub(super) fn add(&self, stretches: &Stretches) {
        self.0.fetch_add(stretches.0.len(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::{Count, Key, MOST, Stretches};

    fn are_apart(files: &[&[Key]]) -> bool {
        let mut all = Stretches::default();
        for keys in files {
            let mut of_file = Stretches::default();
            keys.chunks(2)
                .for_each(|batch| of_file.add(batch.iter().copied()));
            all.add_file(&of_file);
        }
        all.are_apart()
    }

    #[test]
    fn what_ascends_and_does_not_overlap_is_there_once() {
        assert!(are_apart(&[]));
        assert!(are_apart(&[&[], &[1, 2, 9], &[10, 11]]));
        assert!(are_apart(&[&[20, 21, 5, 6], &[7, 8]]), "in any order");
        assert!(!are_apart(&[&[1, 2, 2]]));
        assert!(!are_apart(&[&[1, 5, 3]]), "one within the other");
        assert!(!are_apart(&[&[1, 2, 9], &[9, 10]]));
        assert!(!are_apart(&[&[1, 9], &[4, 5]]), "not told by this");
    }

    #[test]
    fn what_is_in_no_order_is_given_up_soon() {
        let downwards: Vec<Key> = (0..1_000).rev().collect();
        let mut stretches = Stretches::default();
        stretches.add(downwards.iter().copied());
        assert_eq!(stretches.0.len(), MOST + 1);
        assert!(stretches.are_too_many() && !stretches.clone().are_apart());
        let (count, one) = (Count::default(), Stretches(vec![(1, 2)]));
        assert!(!count.are_too_many(&one));
        count.add(&stretches);
        assert!(count.are_too_many(&one), "of all files");
    }
}
