//! The identities of certified events, entry by entry, in bounded batches.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::error::DuplicateError;
use crate::plan::event_columns::{EVENT, EventColumns, LUMI, RUN, batches};
use crate::plan::event_key::{Key, key};
use crate::plan::inputs::Scanned;

/// A number that looks random, the same for the same key (SplitMix64; Steele, Lea and Flood,
/// 2014).
pub(super) fn hash(key: Key) -> u64 {
    let mixed = |mut z: u64| {
        z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    mixed(mixed((key >> 64) as u64) ^ (key as u64))
}

/// Gives `visit` the certified events of a file in order, a batch at a time: entry and key.
pub(super) fn each_batch(
    file: &Scanned<'_>,
    mut visit: impl FnMut(&[(u64, Key)]) -> Result<(), DuplicateError>,
) -> Result<(), DuplicateError> {
    let Scanned { input, scan } = file;
    if !scan.has_event_numbers || scan.cuts.is_empty() {
        return Ok(());
    }
    let root = input.file.location.open()?;
    let tree = root.table(&input.tree)?;
    let columns = EventColumns::open(&root, &tree, &[RUN, LUMI, EVENT])?;
    let ends = scan.cuts.first().zip(scan.cuts.last());
    let all = ends.map_or(0..0, |(first, last)| first.entries.start..last.entries.end);
    let mut columns = columns.expecting(all);
    let mut keys = Vec::new();
    for cut in &scan.cuts {
        for batch in batches(cut.entries.clone()) {
            let ids = columns.read(batch.clone())?;
            let certified = cut.lumis.certified(&ids.runs, &ids.lumis);
            let rows = ids.runs.iter().zip(&ids.lumis).zip(&ids.events);
            let rows = batch.zip(rows).zip(certified.values());
            keys.clear();
            keys.extend(
                rows.filter(|(_, certified)| *certified)
                    .map(|((entry, ((run, lumi), event)), _)| (entry, key(*run, *lumi, *event))),
            );
            visit(&keys)?;
        }
    }
    Ok(())
}

/// Visits files, `slots` at a time; an error is that of the first file that has one.
pub(super) fn each_file(
    files: &[&Scanned<'_>],
    slots: NonZeroUsize,
    visit: impl Fn(&Scanned<'_>) -> Result<(), DuplicateError> + Sync,
) -> Result<(), DuplicateError> {
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let errors = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..slots.get().min(files.len()) {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(file) = files.get(at) else { break };
                    if let Err(error) = visit(file) {
                        let mut errors = errors.lock().unwrap_or_else(PoisonError::into_inner);
                        errors.insert(at, error);
                        stop.store(true, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let errors = errors.into_inner().unwrap_or_else(PoisonError::into_inner);
    errors.into_values().next().map_or(Ok(()), Err)
}
