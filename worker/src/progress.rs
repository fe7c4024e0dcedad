//! How far an attempt is, in entries of its shard.

use std::sync::atomic::Ordering;

use lumimill_common::shard::Shard;

use crate::attempt::Attempt;
use crate::unfinished::Unfinished;

/// Entries of a shard that are behind one who reads rows: as many of all entries as of all rows.
#[derive(Debug)]
pub(crate) struct Pace {
    entries: u64,
    rows: u64,
    read: u64,
    told: u64,
}

impl Pace {
    /// Of a shard whose entries gave so many rows.
    pub(crate) fn of(shard: &Shard, rows: u64) -> Self {
        Self {
            entries: shard.entries.end.saturating_sub(shard.entries.start),
            rows,
            read: 0,
            told: 0,
        }
    }

    /// How many more entries are behind, after so many more rows.
    pub(crate) fn entries(&mut self, rows: u64) -> u64 {
        self.read = self.read.saturating_add(rows);
        let behind =
            u128::from(self.entries) * u128::from(self.read) / u128::from(self.rows.max(1));
        let behind = u64::try_from(behind)
            .unwrap_or(self.entries)
            .min(self.entries);
        let more = behind.saturating_sub(self.told);
        self.told += more;
        more
    }

    /// How many entries nobody was told of: those of which there is no row.
    pub(crate) fn left(&self) -> u64 {
        self.entries - self.told
    }
}

/// How far an attempt is, and whether it is to go on.
pub(crate) struct Steps<'a> {
    attempt: &'a Attempt,
    entries: u64,
}

impl<'a> Steps<'a> {
    pub(crate) fn of(attempt: &'a Attempt) -> Self {
        Self {
            attempt,
            entries: 0,
        }
    }

    /// Entries behind it.
    pub(crate) fn entries(&self) -> u64 {
        self.entries
    }

    pub(crate) fn count(&mut self, entries: u64) {
        self.entries += entries;
        self.attempt.progress.store(self.entries, Ordering::Relaxed);
        self.attempt.production.advance(entries);
    }

    pub(crate) fn check(&self) -> Result<(), Unfinished> {
        match self.attempt.stop.is_cancelled() {
            true => Err(Unfinished::Stopped("the work was stopped")),
            false => Ok(()),
        }
    }

    /// Counts entries, and looks whether to go on.
    pub(crate) fn advance(&mut self, entries: u64) -> Result<(), Unfinished> {
        self.count(entries);
        self.check()
    }
}
