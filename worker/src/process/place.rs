//! Where rows are from, for those who say what is wrong with one.

use lumimill_common::failure::{Failure, FailureKind};
use lumimill_common::shard::Shard;

use crate::entry_reader::EntryReader;
use crate::feature::{Rows, RunError};
use crate::stage_model::NotScored;
use crate::stretches::Stretches;

/// Where a batch is from.
pub(super) struct Place<'a> {
    pub(super) shard: &'a Shard,
    pub(super) reader: &'a dyn EntryReader,
    /// The entry that it begins with.
    pub(super) start: u64,
    /// Which of its entries are there.
    pub(super) stretches: &'a Stretches,
}

impl Place<'_> {
    /// Why rows are not scored, with the event of the row that it is about.
    pub(super) fn not_scored(&self, rows: &Rows, wrong: NotScored) -> Failure {
        let wrong = match wrong {
            NotScored::Failed(failure) => return failure,
            NotScored::Row(wrong) => wrong,
        };
        let message = format!("{}: {}", self.event(rows, wrong.row), wrong.message);
        Failure::reject(FailureKind::Model, &self.shard.file.url, message)
    }

    /// The event of a row.
    pub(super) fn event(&self, rows: &Rows, row: usize) -> String {
        let entry = rows.event_index.values().get(row);
        let entry = entry.map_or(0, |entry| *entry as usize);
        self.reader.name(self.entry(entry))
    }

    /// An entry as the reader counts, by its place among those that are there.
    pub(super) fn entry(&self, place: usize) -> u64 {
        let within = self.stretches.entry(place);
        self.start.saturating_add(within as u64)
    }

    /// What went wrong in a batch, with the event that it went wrong at.
    pub(super) fn failure(&self, error: RunError) -> Failure {
        let url = &self.shard.file.url;
        let error = error.of_batch(|place| self.entry(place));
        match error.entry() {
            Some(entry) => {
                let event = self.reader.name(self.entry(entry));
                Failure::reject(FailureKind::Column, url, format!("{event}: {error}"))
            }
            None => Failure::reject(FailureKind::Column, url, error),
        }
    }
}
