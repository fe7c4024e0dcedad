//! Reads the rows of a table as entries: in bounded batches, only the columns that are needed, and
//! no event in two batches.

use std::fmt::Display;

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, BooleanArray, RecordBatch, RecordBatchReader};
use lumimill_common::campaign::{Join, MissingRows, StageName};
use lumimill_common::failure::{Failure, FailureKind};
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;

use crate::beside::Beside;
use crate::compiled_stage::CompiledStage;
use crate::entry_reader::{Counted, Entries, EntryReader};
use crate::event_name::named;
use crate::input::{as_u32, as_u64};
use crate::stored_table::{StoredTable, unreadable};
use crate::stretches::Stretches;
use crate::whole_events::WholeEvents;

/// The rows of a table, from the first one on.
pub(crate) struct TableReader<'a> {
    stage: &'a StageName,
    dataset: &'a str,
    reading: &'a CompiledStage,
    rows: ParquetRecordBatchReader,
    beside: Vec<Beside>,
    /// The steps in which joins may leave rows out.
    joins: Vec<String>,
    whole: WholeEvents,
    /// The row that the next batch begins with.
    start: u64,
    /// The batch before, and the row that it began with.
    last: Option<(u64, RecordBatch)>,
}

impl<'a> TableReader<'a> {
    /// Gives its rows to a stage, with what stands beside them.
    pub(crate) fn new(
        table: StoredTable<'a>,
        dataset: &'a str,
        reading: &'a CompiledStage,
        beside: Vec<Beside>,
    ) -> Result<Self, Failure> {
        let stage = table.stage();
        let rows = table.rows(&reading.branches(false))?;
        let drops = |join: &&Join| join.missing == MissingRows::Drop;
        let steps = reading.stage().joins.iter().filter(drops);
        Ok(Self {
            stage,
            dataset,
            reading,
            rows,
            beside,
            joins: steps.map(Join::step).collect(),
            whole: WholeEvents::of(reading.events().clone()),
            start: 0,
            last: None,
        })
    }
}

impl TableReader<'_> {
    /// The next rows of whole events; none at the end.
    fn whole_rows(&mut self) -> Result<Option<RecordBatch>, Failure> {
        let stage = self.stage;
        for batch in self.rows.by_ref() {
            let batch = batch.map_err(|error| unreadable(stage, &error))?;
            let batch = with_beside(&mut self.beside, batch)?;
            let whole = self.whole.next(batch);
            if let Some(whole) = whole.map_err(|error| unreadable(stage, &error))? {
                return Ok(Some(whole));
            }
        }
        Ok(self.whole.held.take())
    }
}

impl TableReader<'_> {
    /// How many rows of a batch are left after each join, and which; all, where none leaves any out.
    fn left(&self, batch: &RecordBatch) -> (Vec<u64>, Option<BooleanArray>) {
        let mut left = vec![batch.num_rows() as u64];
        let mut stay: Option<Vec<bool>> = None;
        for step in &self.joins {
            let mask = batch.column_by_name(step);
            let Some(mask) = mask.and_then(|column| column.as_boolean_opt()) else {
                continue;
            };
            let before = stay.unwrap_or_else(|| vec![true; mask.len()]);
            let both = before.iter().zip(mask.values());
            let now: Vec<bool> = both.map(|(before, there)| *before && there).collect();
            left.push(now.iter().filter(|stays| **stays).count() as u64);
            stay = Some(now);
        }
        (left, stay.map(BooleanArray::from))
    }
}

/// Rows with the columns of what stands beside them.
fn with_beside(beside: &mut [Beside], rows: RecordBatch) -> Result<RecordBatch, Failure> {
    let mut all = rows.clone();
    for table in beside {
        let found = table.find(&rows)?;
        let added = found.added_to(&all);
        all = added.map_err(|error| Failure::reject(FailureKind::Column, "rows", error))?;
    }
    Ok(all)
}

impl EntryReader for TableReader<'_> {
    fn next(&mut self) -> Result<Option<Counted>, Failure> {
        let batch = match (self.whole_rows()?, &self.last) {
            (Some(batch), _) => batch,
            (None, None) => {
                let none = RecordBatch::new_empty(self.rows.schema());
                with_beside(&mut self.beside, none)?
            }
            (None, Some(_)) => return Ok(None),
        };
        let failure = |error: &dyn Display| Failure::reject(FailureKind::Column, self.stage, error);
        let events = self
            .whole
            .events
            .rows(&batch)
            .map_err(|error| failure(&error))?;
        // Where each row is one, there is nothing to say.
        let events = match self.whole.events.columns() {
            [] => None,
            _ => events.event_numbers(),
        };
        let (start, read) = (self.start, batch.num_rows() as u64);
        self.start += read;
        self.last = Some((start, batch.clone()));
        let (left, counts) = self.left(&batch);
        let is_wanted = batch.num_rows() == 0 || left.last() != Some(&0);
        let batch = self.reading.as_read(batch, self.dataset);
        let batch = batch.map_err(|error| failure(&error))?;
        Ok(Some(Counted {
            start,
            left,
            entries: is_wanted.then(|| Entries {
                stretches: Stretches::whole(batch.num_rows()),
                batch,
                counts,
                events,
            }),
        }))
    }

    fn name(&self, entry: u64) -> String {
        let place = format!("row {entry} of stage {}", self.stage);
        let known = |column: usize| {
            let (start, batch) = self.last.as_ref()?;
            let row = usize::try_from(entry.checked_sub(*start)?).ok()?;
            let name = self.reading.event_columns()[column];
            let values: &ArrayRef = batch.column_by_name(name)?;
            match column {
                2 => as_u64(name, values).ok()?.values().get(row).copied(),
                _ => as_u32(name, values)
                    .ok()?
                    .values()
                    .get(row)
                    .map(|value| u64::from(*value)),
            }
        };
        named([0, 1, 2].map(known), &place)
    }
}

#[cfg(test)]
mod tests;
