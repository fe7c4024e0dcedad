//! In which order the certified events of a file are, seen while it is looked at for its lumi sections.

use std::ops::Range;

use arrow_array::BooleanArray;
use lumimill_worker::input::{EventFile, EventTable};

use super::event_columns::{EVENT, EventColumnError, EventColumns, EventIds, has_event_numbers};
use super::event_key::key;
use super::stretches::{Count, Stretches};

/// The order of a file's events.
pub(super) struct EventOrder<'a> {
    /// Event numbers, as long as there is something to be seen.
    pub(super) numbers: Option<EventColumns>,
    stretches: Stretches,
    count: &'a Count,
}

impl<'a> EventOrder<'a> {
    /// Of a table whose events may have numbers; `count` is of all files.
    pub(super) fn of(
        file: &EventFile,
        table: &EventTable,
        count: &'a Count,
    ) -> Result<Self, EventColumnError> {
        let numbers = has_event_numbers(table).then(|| EventColumns::open(file, table, &[EVENT]));
        Ok(Self {
            numbers: numbers.transpose()?,
            stretches: Stretches::default(),
            count,
        })
    }

    /// Goes on with these entries, of which these are certified.
    pub(super) fn add(
        &mut self,
        entries: Range<u64>,
        ids: &EventIds,
        certified: &BooleanArray,
    ) -> Result<(), EventColumnError> {
        let Some(numbers) = &mut self.numbers else {
            return Ok(());
        };
        if certified.true_count() == 0 {
            return Ok(());
        }
        let events = numbers.read(entries)?.events;
        let rows = ids.runs.iter().zip(&ids.lumis).zip(&events);
        let rows = rows.zip(certified.values());
        let certified = rows.filter(|(_, certified)| *certified);
        let keys = certified.map(|(((run, lumi), event), _)| key(*run, *lumi, *event));
        self.stretches.add(keys);
        if self.count.are_too_many(&self.stretches) {
            self.numbers = None;
        }
        Ok(())
    }

    /// The stretches of the file; none where those of all files are too many.
    pub(super) fn finish(self) -> Option<Stretches> {
        let are_few = !self.count.are_too_many(&self.stretches);
        self.count.add(&self.stretches);
        are_few.then_some(self.stretches)
    }
}
