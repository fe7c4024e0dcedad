//! How far an attempt is, in entries of its shard.

use std::sync::atomic::Ordering;

use lumimill_common::shard::Shard;
use tokio::time::Instant;

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

/// Seconds before its end at which the next job is looked at: those of some round trips to a store that is
/// far away.
const SOON: f64 = 0.5;

/// How far an attempt is, and whether it is to go on.
pub(crate) struct Steps<'a> {
    attempt: &'a Attempt,
    entries: u64,
    began: Instant,
}

impl<'a> Steps<'a> {
    pub(crate) fn of(attempt: &'a Attempt) -> Self {
        Self {
            attempt,
            entries: 0,
            began: Instant::now(),
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
        // Who makes tables in another way has a clock of its own.
        if self.attempt.maker.is_none() && self.seconds_left() < SOON {
            self.attempt.seat.soon();
        }
    }

    /// How long it will take from here, as fast as it went so far.
    fn seconds_left(&self) -> f64 {
        let shard = &self.attempt.shard.entries;
        let all = shard.end.saturating_sub(shard.start);
        let left = all.saturating_sub(self.entries);
        self.began.elapsed().as_secs_f64() * left as f64 / self.entries.max(1) as f64
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
