//! Where the events are that are there more than once, in the order of the plan: the first of
//! each, and the others.

use super::error::DuplicateError;
use super::found::Found;
use super::read::{each_batch, hash};
use crate::plan::event_key::Key;
use crate::plan::inputs::Scanned;

/// Bits for each event of a first look.
const PLACES: usize = 16;

/// Events by identity, looked up fast where most are not among them.
struct Doubled<'a> {
    keys: &'a [Key],
    places: Vec<u64>,
}

impl<'a> Doubled<'a> {
    fn of(keys: &'a [Key]) -> Self {
        let words = (keys.len() * PLACES).next_power_of_two().div_ceil(64);
        let mut doubled = Self {
            keys,
            places: vec![0; words],
        };
        for key in keys {
            let (word, bit) = doubled.place(*key);
            doubled.places[word] |= bit;
        }
        doubled
    }

    fn place(&self, key: Key) -> (usize, u64) {
        let at = hash(key) % (self.places.len() as u64 * 64);
        (usize::try_from(at / 64).unwrap_or_default(), 1 << (at % 64))
    }

    fn find(&self, key: Key) -> Option<usize> {
        let (word, bit) = self.place(key);
        (self.places[word] & bit != 0)
            .then(|| self.keys.binary_search(&key).ok())
            .flatten()
    }
}

/// Reads files in the order of the plan, and adds to what was found; `keys` ascend.
pub(super) fn locate(
    files: &[&Scanned<'_>],
    keys: &[Key],
    found: &mut Found,
) -> Result<(), DuplicateError> {
    if keys.is_empty() {
        return Ok(());
    }
    let doubled = Doubled::of(keys);
    let mut seen = vec![false; keys.len()];
    for (at, file) in files.iter().enumerate() {
        let mut dropped = lumimill_common::entry_set::EntrySet::default();
        each_batch(file, |events| {
            for (entry, key) in events {
                let Some(number) = doubled.find(*key) else {
                    continue;
                };
                found.meet(*key, at, seen[number]);
                if std::mem::replace(&mut seen[number], true) {
                    dropped.push(*entry);
                }
            }
            Ok(())
        })?;
        found.drop_also(at, &dropped);
    }
    Ok(())
}
