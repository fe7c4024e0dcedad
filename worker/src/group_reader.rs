//! Reads a shard of a flat table as events: rows with the same keys are one, and none is in two
//! batches.

use std::ops::Range;

use arrow_array::{BooleanArray, RecordBatch};
use arrow_select::concat::concat_batches;
use lumimill_common::campaign::Grouping;
use lumimill_common::failure::{Failure, FailureKind};
use lumimill_common::shard::Shard;

use crate::batch_bytes::batch_of;
use crate::certification::certify;
use crate::compiled_stage::CompiledStage;
use crate::entry_reader::{Counted, Entries, EntryReader};
use crate::event_name::event_name;
use crate::grouped::{begins, columns_of_rows, events};
use crate::input::{EventReader, EventTable, input_failure, schema_of};
use crate::stretches::Stretches;

/// Rows of one event, at most: what bounds memory.
const MOST_ROWS: usize = 1 << 22;

/// The reader of one shard, whose entries are rows of whole events.
#[derive(Debug)]
pub(crate) struct GroupReader<'a> {
    shard: &'a Shard,
    tree: &'a EventTable,
    stage: &'a CompiledStage,
    grouping: &'a Grouping,
    rows: EventReader,
    /// Rows that are read at a time.
    batch: u64,
    /// What is still to be read; none when all is given.
    left: Option<Range<u64>>,
    /// Rows of an event that may go on.
    held: Option<RecordBatch>,
    /// The event that the last batch began with, and the entry that each of it begins with.
    start: u64,
    first_rows: Vec<u64>,
}

impl<'a> GroupReader<'a> {
    pub(crate) fn open(
        shard: &'a Shard,
        tree: &'a EventTable,
        (stage, grouping): (&'a CompiledStage, &'a Grouping),
    ) -> Result<Self, Failure> {
        let wanted = stage.branches(shard.lumis.is_some());
        let names = columns_of_rows(&schema_of(tree), grouping, &wanted);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let rows = tree.reader(&names);
        let columns = names.iter().filter_map(|name| tree.column(name));
        let batch = batch_of(columns, tree.entries());
        let mut reader = Self {
            rows: rows.map_err(|error| input_failure(&shard.file.url, &error))?,
            shard,
            tree,
            stage,
            grouping,
            batch,
            left: Some(shard.entries.clone()),
            held: None,
            start: 0,
            first_rows: Vec::new(),
        };
        reader.check_end(shard.entries.start)?;
        reader.check_end(shard.entries.end)?;
        EventReader::expect(&mut [&mut reader.rows], shard.entries.clone());
        Ok(reader)
    }

    /// That no event is cut here.
    fn check_end(&mut self, entry: u64) -> Result<(), Failure> {
        if entry == 0 || entry >= self.tree.entries() || self.shard.entries.is_empty() {
            return Ok(());
        }
        let rows = self.rows.read(entry - 1..entry + 1);
        let rows = rows.map_err(|error| input_failure(&self.shard.file.url, &error))?;
        let begins = begins(&rows, &self.grouping.keys).map_err(|error| self.rejected(error))?;
        match begins.last() {
            Some(false) => {
                let event = event_name(self.tree, entry);
                Err(self.rejected(format!(
                    "{event} would be cut in two: shards of a stage that groups rows cannot be split"
                )))
            }
            _ => Ok(()),
        }
    }

    fn rejected(&self, message: impl std::fmt::Display) -> Failure {
        let url = &self.shard.file.url;
        Failure::reject(FailureKind::Column, url, format!("{url}: {message}"))
    }

    /// The rows of whole events, and which begin one; all that are left at the end.
    fn whole(&mut self) -> Result<Option<(RecordBatch, Vec<bool>, u64)>, Failure> {
        while let Some(left) = self.left.take() {
            let stop = left.end.min(left.start.saturating_add(self.batch));
            let read = self.rows.read(left.start..stop);
            let read = read.map_err(|error| input_failure(&self.shard.file.url, &error))?;
            let held = self.held.take();
            let first = left.start - held.as_ref().map_or(0, |held| held.num_rows() as u64);
            let rows = match &held {
                Some(held) => concat_batches(&read.schema(), [held, &read]),
                None => Ok(read),
            };
            let rows = rows.map_err(|error| self.rejected(error))?;
            let mut begins =
                begins(&rows, &self.grouping.keys).map_err(|error| self.rejected(error))?;
            if stop >= left.end {
                return Ok(Some((rows, begins, first)));
            }
            self.left = Some(stop..left.end);
            let last = begins.iter().rposition(|begins| *begins).unwrap_or(0);
            let count = rows.num_rows() - last;
            if count > MOST_ROWS {
                let event = event_name(self.tree, first + last as u64);
                let message =
                    format!("{event} has more than {MOST_ROWS} rows: no event is so large");
                return Err(self.rejected(message));
            }
            self.held = Some(rows.slice(last, count));
            if last > 0 {
                begins.truncate(last);
                return Ok(Some((rows.slice(0, last), begins, first)));
            }
        }
        Ok(None)
    }
}

impl EntryReader for GroupReader<'_> {
    fn next(&mut self) -> Result<Option<Counted>, Failure> {
        let Some((rows, begins, first)) = self.whole()? else {
            return Ok(None);
        };
        self.start += self.first_rows.len() as u64;
        let places = begins.iter().zip(first..).filter(|(begins, _)| **begins);
        self.first_rows = places.map(|(_, row)| row).collect();
        let batch = events(&rows, &begins, self.grouping).map_err(|error| self.rejected(error))?;
        let lumis = self.shard.lumis.as_ref();
        let url = &self.shard.file.url;
        let counts = lumis.map(|mask| certify(url, &batch, mask)).transpose()?;
        let counts = counts.filter(|mask: &BooleanArray| !mask.is_empty());
        let (mut certified_rows, mut certified) = (0, 0);
        let mut event = 0;
        for (row, begins) in begins.iter().enumerate() {
            event += usize::from(*begins && row > 0);
            let counts = counts.as_ref().is_none_or(|mask| mask.value(event));
            certified_rows += u64::from(counts);
            certified += u64::from(counts && *begins);
        }
        let batch = self.stage.as_read(batch, &self.shard.dataset);
        let batch = batch.map_err(|error| self.rejected(error))?;
        Ok(Some(Counted {
            start: self.start,
            left: vec![rows.num_rows() as u64, certified_rows, certified],
            entries: Some(Entries {
                stretches: Stretches::whole(batch.num_rows()),
                batch,
                counts,
                events: None,
            }),
        }))
    }

    fn name(&self, entry: u64) -> String {
        let place = usize::try_from(entry.saturating_sub(self.start)).unwrap_or(usize::MAX);
        let row = self.first_rows.get(place).copied();
        event_name(self.tree, row.unwrap_or(self.shard.entries.start))
    }
}
