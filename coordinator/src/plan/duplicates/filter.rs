//! A first look at many events: which may be there twice, by two bits a hash.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};

use super::error::DuplicateError;
use super::read::{each_batch, each_file, hash};
use crate::plan::event_key::Key;
use crate::plan::inputs::Scanned;

/// Places, at most: two bitmaps of 128 MiB. At 10^8 events some 9% of them share a place by
/// chance.
const MOST_PLACES: u64 = 1 << 30;
/// Places for each event, where memory allows.
const PLACES: u64 = 16;

/// The places that more than one event has.
pub(super) struct Filter {
    shared: Vec<AtomicU64>,
}

fn place(key: Key, places: u64) -> (usize, u64) {
    let at = hash(key) & (places - 1);
    (usize::try_from(at / 64).unwrap_or_default(), 1 << (at % 64))
}

fn bitmap(places: u64) -> Vec<AtomicU64> {
    (0..places.div_ceil(64))
        .map(|_| AtomicU64::new(0))
        .collect()
}

impl Filter {
    /// Reads the events of all files once; they are about `events`.
    pub(super) fn of(
        files: &[&Scanned<'_>],
        slots: NonZeroUsize,
        events: u64,
    ) -> Result<Self, DuplicateError> {
        let places = events.saturating_mul(PLACES).clamp(64, MOST_PLACES);
        let places = places.checked_next_power_of_two().unwrap_or(MOST_PLACES);
        let (taken, shared) = (bitmap(places), bitmap(places));
        each_file(files, slots, |file| {
            each_batch(file, |keys| {
                for (_, key) in keys {
                    let (word, bit) = place(*key, places);
                    let before = taken
                        .get(word)
                        .map_or(0, |word| word.fetch_or(bit, Ordering::Relaxed));
                    if before & bit != 0
                        && let Some(word) = shared.get(word)
                    {
                        word.fetch_or(bit, Ordering::Relaxed);
                    }
                }
                Ok(())
            })
        })?;
        Ok(Self { shared })
    }

    /// Whether another event may be the same as one that was read.
    pub(super) fn suspects(&self, key: Key) -> bool {
        let (word, bit) = place(key, self.shared.len() as u64 * 64);
        let word = self.shared.get(word);
        word.is_some_and(|word| word.load(Ordering::Relaxed) & bit != 0)
    }
}
