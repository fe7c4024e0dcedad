//! Reads the rows of a table as entries: in bounded batches, only the columns that are needed, and
//! no event in two batches.

use std::fmt::Display;
use std::fs::File;
use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, BooleanArray, RecordBatch, RecordBatchReader};
use arrow_schema::Schema;
use lumimill_common::campaign::{Join, MissingRows, StageName};
use lumimill_common::failure::{Failure, FailureKind};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};

use crate::beside::{Beside, Joined, Zipped};
use crate::compiled_stage::CompiledStage;
use crate::entry_reader::{BATCH_ENTRIES, Counted, Entries, EntryReader};
use crate::event_name::named;
use crate::identity::{KEYS, Role, column_of};
use crate::input::{as_u32, as_u64};
use crate::whole_events::WholeEvents;

/// A table of a stage that another one reads, whose bytes are known to be right.
pub(crate) struct Table<'a> {
    stage: &'a StageName,
    file: File,
    metadata: ArrowReaderMetadata,
}

impl<'a> Table<'a> {
    pub(crate) fn open(stage: &'a StageName, path: &Path) -> Result<Self, Failure> {
        let file = File::open(path).map_err(|error| unreadable(stage, &error))?;
        let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new());
        let metadata = metadata.map_err(|error| unreadable(stage, &error))?;
        Ok(Self {
            stage,
            file,
            metadata,
        })
    }

    /// Its columns.
    pub(crate) fn schema(&self) -> &Schema {
        self.metadata.schema()
    }

    /// The stage that made it.
    pub(crate) fn stage(&self) -> &StageName {
        self.stage
    }

    /// Bytes of a batch of these columns, unpacked.
    pub(crate) fn batch_bytes(&self, columns: &[String]) -> u64 {
        let of_groups = self.group_bytes(columns).map(|(rows, bytes)| {
            let batch = u128::from(BATCH_ENTRIES.min(rows));
            let of_batch = u128::from(bytes) * batch / u128::from(rows.max(1));
            u64::try_from(of_batch).unwrap_or(u64::MAX)
        });
        of_groups.max().unwrap_or(0)
    }

    /// Bytes of these columns, unpacked.
    pub(crate) fn bytes(&self, columns: &[String]) -> u64 {
        let of_groups = self.group_bytes(columns).map(|(_, bytes)| bytes);
        of_groups.fold(0, u64::saturating_add)
    }

    /// Rows of each row group, and bytes of these columns in it.
    fn group_bytes(&self, columns: &[String]) -> impl Iterator<Item = (u64, u64)> {
        let groups = self.metadata.metadata().row_groups().iter();
        groups.map(move |group| {
            let is_meant = |name: Option<&String>| name.is_some_and(|name| columns.contains(name));
            let chunks = group.columns().iter();
            let meant = chunks.filter(|chunk| is_meant(chunk.column_path().parts().first()));
            let bytes = meant.map(|chunk| chunk.uncompressed_size().unsigned_abs());
            let bytes = bytes.fold(0, u64::saturating_add);
            (group.num_rows().unsigned_abs(), bytes)
        })
    }

    /// Gives its rows to a stage, with what stands beside them.
    pub(crate) fn reader(
        self,
        dataset: &'a str,
        reading: &'a CompiledStage,
        beside: Vec<Beside>,
    ) -> Result<TableReader<'a>, Failure> {
        let stage = self.stage;
        let rows = self.rows(&reading.branches(false))?;
        let drops = |join: &&Join| join.missing == MissingRows::Drop;
        let steps = reading.stage().joins.iter().filter(drops);
        Ok(TableReader {
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

    /// Stands beside rows that it has one for one.
    pub(crate) fn zipped(self, reading: &CompiledStage) -> Result<Zipped, Failure> {
        let stage = self.stage;
        let names = self.added(reading);
        Ok(Zipped::new(stage, self.rows(&names)?))
    }

    /// Stands beside the rows of `parent`, with these columns, by its keys.
    pub(crate) fn joined(
        self,
        join: &Join,
        (parent, columns): (&StageName, &Schema),
        reading: &CompiledStage,
    ) -> Result<Joined, Failure> {
        let (stage, schema) = (self.stage, self.schema().clone());
        let mut names = self.added(reading);
        names.extend(keys(&schema));
        let rows = self.rows(&names)?;
        let none = RecordBatch::new_empty(rows.schema());
        let batches = rows.collect::<Result<Vec<_>, _>>();
        let batches = batches.map_err(|error| unreadable(stage, &error))?;
        let batches = [none].into_iter().chain(batches).collect();
        Joined::new(join, (parent, columns), (&schema, batches))
    }

    /// The columns that a stage reads of it where it stands beside others: none that says of what its
    /// rows are.
    fn added(&self, reading: &CompiledStage) -> Vec<String> {
        let schema = self.schema();
        let is_own = |name: &String| {
            let field = schema.field_with_name(name);
            field.is_ok_and(|field| Role::of(field).is_none())
        };
        let mut names = reading.branches(false);
        names.retain(is_own);
        names
    }

    /// Its rows, with those of these columns that it has.
    fn rows(self, names: &[String]) -> Result<ParquetRecordBatchReader, Failure> {
        let Self {
            stage,
            file,
            metadata,
        } = self;
        let fields = metadata.schema().fields().iter().enumerate();
        let needed = fields.filter(|(_, field)| names.contains(field.name()));
        let roots: Vec<usize> = needed.map(|(index, _)| index).collect();
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata);
        let columns = ProjectionMask::roots(builder.parquet_schema(), roots);
        let rows = usize::try_from(BATCH_ENTRIES).unwrap_or(usize::MAX);
        let builder = builder.with_projection(columns).with_batch_size(rows);
        builder.build().map_err(|error| unreadable(stage, &error))
    }
}

/// The columns of a table by which its rows are told apart.
fn keys(schema: &Schema) -> impl Iterator<Item = String> {
    let names = KEYS.into_iter().filter_map(|role| column_of(schema, role));
    names.map(str::to_owned)
}

/// What went wrong with bytes that are known to be right: no fault of theirs.
pub(crate) fn unreadable(stage: &StageName, error: &dyn Display) -> Failure {
    let message = format!("the table of stage {stage} cannot be read again: {error}");
    Failure::retry(FailureKind::Internal, stage, message)
}

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
            entries: is_wanted.then_some(Entries {
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
