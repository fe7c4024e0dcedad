//! The quick answer: events that are numbered upwards, as simulation counts them, are there once.
//!
//! A stretch of entries whose keys ascend has none twice, and two stretches share none where one ends
//! before the other begins. What is numbered in another order is known after a few entries to be so.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

use super::error::DuplicateError;
use super::read::{Key, batches_until, each_file};
use crate::plan::inputs::Scanned;

/// Stretches of all files, at most.
const MOST: usize = if cfg!(test) { 8 } else { 1 << 16 };

/// From which key to which each stretch goes.
#[derive(Debug, Default)]
struct Stretches(Vec<(Key, Key)>);

impl Stretches {
    /// Goes on with these keys of the same file.
    fn add(&mut self, keys: impl Iterator<Item = Key>) {
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

    fn are_too_many(&self) -> bool {
        self.0.len() > MOST
    }

    /// Whether no two have a key in common.
    fn are_apart(mut self) -> bool {
        self.0.sort_unstable();
        let mut neighbours = self.0.iter().zip(self.0.iter().skip(1));
        !self.are_too_many() && neighbours.all(|((_, last), (first, _))| last < first)
    }
}

/// Whether the order of events alone says that none is there twice.
pub(super) fn are_once(
    files: &[&Scanned<'_>],
    slots: NonZeroUsize,
) -> Result<bool, DuplicateError> {
    let all = Mutex::new(Stretches::default());
    let held = || all.lock().unwrap_or_else(PoisonError::into_inner);
    each_file(files, slots, |file| {
        if held().are_too_many() {
            return Ok(());
        }
        let mut of_file = Stretches::default();
        batches_until(file, |keys| {
            of_file.add(keys.iter().map(|(_, key)| *key));
            Ok(match of_file.are_too_many() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            })
        })?;
        held().0.append(&mut of_file.0);
        Ok(())
    })?;
    let all = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(all.are_apart())
}

#[cfg(test)]
mod tests {
    use super::{Key, MOST, Stretches};

    fn are_apart(files: &[&[Key]]) -> bool {
        let mut all = Stretches::default();
        for keys in files {
            let mut of_file = Stretches::default();
            keys.chunks(2)
                .for_each(|batch| of_file.add(batch.iter().copied()));
            all.0.append(&mut of_file.0);
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
        assert!(stretches.are_too_many() && !stretches.are_apart());
    }
}
